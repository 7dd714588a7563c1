// A small seeded generator (splitmix64, Steele et al. 2014): the same seed gives the same numbers
// on every machine. Not for secrets.
#pragma once

#include <cstdint>

#include "base/ensure.h"
#include "base/time.h"

namespace cluster {

class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  // In [0, bound); bound > 0.
  uint64_t below(uint64_t bound) {
    ENSURE(bound > 0);
    return next() % bound;
  }
  // In [low, high].
  int64_t between(int64_t low, int64_t high) {
    ENSURE(low <= high);
    return low + static_cast<int64_t>(below(static_cast<uint64_t>(high - low) + 1));
  }
  Duration between(Duration low, Duration high) {
    return Duration(between(low.count(), high.count()));
  }
  bool chance(double probability) { return unit() < probability; }
  // In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  // An independent generator.
  Rng fork() { return Rng(next()); }

 private:
  uint64_t state_;
};

}  // namespace cluster
