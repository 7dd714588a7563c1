// Members of the daemon's JSON, whatever they are: one that is missing or of another type has its default.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cluster::ctl {

using Json = nlohmann::ordered_json;

std::string text_at(const Json& object, const char* key);  // safe for a terminal
bool flag_at(const Json& object, const char* key);
uint64_t number_at(const Json& object, const char* key);
uint32_t id_at(const Json& object, const char* key);
const Json& list_at(const Json& object, const char* key);
std::vector<uint32_t> ids_at(const Json& object, const char* key);

// With a comma where both are something.
std::string joined(const std::string& a, const std::string& b);

}  // namespace cluster::ctl
