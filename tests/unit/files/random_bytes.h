// Bytes in which nothing repeats.
#pragma once

#include <string>

#include "base/rng.h"

namespace cluster::files {

inline std::string random_bytes(Rng& rng, size_t size) {
  std::string out(size, '\0');
  for (char& byte : out) byte = static_cast<char>(rng.next());
  return out;
}

inline std::string random_bytes(size_t size, uint64_t seed) {
  Rng rng(seed);
  return random_bytes(rng, size);
}

}  // namespace cluster::files
