// The smallest parts of a story: words and lengths of time.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "base/time.h"

namespace cluster::scenarios {

inline std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> words;
  size_t at = 0;
  while ((at = line.find_first_not_of(' ', at)) != std::string::npos) {
    size_t end = line.find(' ', at);
    words.push_back(line.substr(at, end - at));
    if (end == std::string::npos) break;
    at = end;
  }
  return words;
}

// "250ms", "5s", "10m", "2h"; a minus sign is allowed.
inline Duration duration(const std::string& text) {
  size_t digits = 0;
  int64_t count = std::stoll(text, &digits);
  std::string unit = text.substr(digits);
  if (unit == "ms") return milliseconds(count);
  if (unit == "s") return seconds(count);
  if (unit == "m") return minutes(count);
  if (unit == "h") return hours(count);
  throw std::runtime_error("not a length of time: " + text);
}

}  // namespace cluster::scenarios
