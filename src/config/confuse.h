// The one place that calls libconfuse.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace cluster::config {

// Reads `KEY = VALUE` and `KEY = {VALUE, …}` of these keys and no others. The scanner of libconfuse
// is global, so calls exclude one another; after a malformed string it stays in that state, so
// `text` must have passed scan(). Error: what libconfuse said.
Result<std::map<std::string, std::vector<std::string>>> read_with_libconfuse(
    const std::string& text, const std::vector<std::string>& keys);

}  // namespace cluster::config
