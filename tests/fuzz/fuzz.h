// What the fuzzers share. A property that does not hold ends the program by ENSURE, as a crash would, and
// libFuzzer keeps the input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.h"

namespace cluster::fuzz {

// The input as a stream of choices, read from its front; past its end everything is 0. Cutting, joining
// and repeating parts of it therefore cuts, joins and repeats what happens.
class Input {
 public:
  Input(const uint8_t* bytes, size_t size) : rest_(reinterpret_cast<const char*>(bytes), size) {}

  bool empty() const { return rest_.empty(); }
  uint8_t byte() { return static_cast<uint8_t>(number(1)); }
  bool flag() { return (byte() & 1) != 0; }
  // Big endian.
  uint64_t number(size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && !rest_.empty(); ++i) {
      value = value << 8 | static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
    }
    return value;
  }
  // In [0, bound), from two bytes.
  size_t below(size_t bound) { return number(2) % bound; }
  template <class T, size_t N>
  const T& pick(const T (&choices)[N]) {
    return choices[byte() % N];
  }
  // A length in two bytes, then so many.
  std::string text() { return take(number(2)); }
  std::string take(size_t size) {
    const std::string_view part = rest_.substr(0, size);
    rest_.remove_prefix(part.size());
    return std::string(part);
  }

 private:
  std::string_view rest_;
};

// Fit to be a line of a log or a terminal.
inline bool one_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
}

}  // namespace cluster::fuzz
