// FNV-1a, 64 bits: tells apart what nobody forges (configurations, states of a simulation).
// Whatever an attacker may choose is hashed with SHA-256 by the shell.
#pragma once

#include <cstdint>
#include <string_view>

namespace cluster {

class Digest {
 public:
  Digest& add(std::string_view bytes) {
    for (unsigned char c : bytes) mix(c);
    return add(static_cast<uint64_t>(bytes.size()));
  }
  Digest& add(uint64_t number) {
    for (int i = 0; i < 8; ++i) mix(static_cast<uint8_t>(number >> (8 * i)));
    return *this;
  }
  uint64_t value() const { return value_; }

 private:
  void mix(uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001b3ULL; }
  uint64_t value_ = 0xcbf29ce484222325ULL;
};

}  // namespace cluster
