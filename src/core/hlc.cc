#include "core/hlc.h"

#include <algorithm>

namespace cluster::core {

uint64_t wall_us(WallTime time) {
  return static_cast<uint64_t>(std::max<int64_t>(0, to_us(time.time_since_epoch())));
}

bool was_ever_set(WallTime clock) { return clock >= kEarliestTime; }

bool is_ahead(uint64_t stamp_us, uint64_t now_us) {
  return stamp_us > now_us + static_cast<uint64_t>(to_us(kMaxClockLead));
}

bool too_far_ahead(const Stamp& stamp, WallTime now) {
  return was_ever_set(now) && is_ahead(stamp.wall_us, wall_us(now));
}

Stamp HybridClock::make(WallTime now) {
  const uint64_t wall = wall_us(now);
  if (wall > last_.wall_us) {
    last_ = Stamp{wall, 0, node_};
  } else {
    last_ = Stamp{last_.wall_us, last_.logical + 1, node_};
  }
  return last_;
}

void HybridClock::see(const Stamp& stamp) { last_ = std::max(last_, stamp); }

}  // namespace cluster::core
