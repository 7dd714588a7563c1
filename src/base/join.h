// Words or lines as one text.
#pragma once

#include <string>
#include <string_view>

namespace cluster {

// `parts`: strings.
template <class Parts>
std::string joined(const Parts& parts, std::string_view by) {
  std::string out;
  bool first = true;
  for (const std::string& part : parts) {
    if (!first) out += by;
    out += part;
    first = false;
  }
  return out;
}

}  // namespace cluster
