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

// "h1..h40" stands for all of these.
inline std::vector<std::string> unfold(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (const std::string& word : words) {
    const size_t dots = word.find("..");
    const size_t digits =
        dots == std::string::npos ? 0 : word.find_last_not_of("0123456789", dots - 1) + 1;
    if (dots == std::string::npos || digits == dots) {
      out.push_back(word);
      continue;
    }
    const std::string prefix = word.substr(0, digits);
    if (word.compare(dots + 2, prefix.size(), prefix) != 0)
      throw std::runtime_error("not a row of hosts: " + word);
    const int last = std::stoi(word.substr(dots + 2 + prefix.size()));
    for (int i = std::stoi(word.substr(digits, dots - digits)); i <= last; ++i)
      out.push_back(prefix + std::to_string(i));
  }
  return out;
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
