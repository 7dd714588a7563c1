// The nodes of one content's tree as bytes: what is stored of them, and how the chunks of a file are found by them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "files/content.h"

namespace cluster::files {

using NodeMap = std::map<std::string, std::string>;  // bytes, by digest

std::string to_bytes(const std::vector<Node>& nodes);
std::string to_bytes(const NodeMap& nodes);
NodeMap nodes_from(std::string_view bytes);  // what is damaged is left out

// Calls for each chunk of that content, in order, as far as `nodes` has the way there. False: not all of it.
bool for_each_chunk(
    const NodeMap& nodes, const std::string& content, uint64_t size,
    const std::function<void(const std::string& digest, uint64_t offset, uint64_t bytes)>& chunk);

}  // namespace cluster::files
