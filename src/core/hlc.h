// Hybrid logical clock stamps (Kulkarni et al. 2014): ordered like the wall clocks that made them, and
// never before what their maker had seen. Equal stamps of different nodes are ordered by node.
#pragma once

#include <compare>
#include <cstdint>

#include "base/ids.h"
#include "base/time.h"

namespace cluster::core {

// A stamp further ahead of the receiver's wall clock than this is refused and has to be made anew:
// one clock that is wrong by a year must not win every argument for a year.
inline constexpr Duration kMaxClockLead = minutes(1);
// A clock that shows an earlier time than this (the start of 2026) was never set: it judges nobody.
inline constexpr WallTime kEarliestTime{seconds(1'767'225'600)};

struct Stamp {
  uint64_t wall_us = 0;
  uint64_t logical = 0;
  NodeId node;

  auto operator<=>(const Stamp&) const = default;
};

class HybridClock {
 public:
  explicit HybridClock(NodeId node) : node_(node) {}

  // A stamp later than every one made or seen.
  Stamp make(WallTime now);
  void see(const Stamp& stamp);
  void forget() { last_ = Stamp{}; }
  const Stamp& latest() const { return last_; }

 private:
  NodeId node_;
  Stamp last_;
};

uint64_t wall_us(WallTime time);  // 0 before the epoch
bool was_ever_set(WallTime clock);
// By more than kMaxClockLead.
bool is_ahead(uint64_t stamp_us, uint64_t now_us);
// Likewise, of a clock that was ever set.
bool too_far_ahead(const Stamp& stamp, WallTime now);

}  // namespace cluster::core
