#include "core/watchdog.h"

#include <algorithm>

namespace cluster::core {

std::optional<Duration> Watchdog::feed(MonoTime now, MonoTime leases_end) {
  Duration silence = longest_;
  if (leases_end != kNever) {
    const Duration left = leases_end - now - kFencingTime;
    silence = std::min(silence, std::max<Duration>(left, kShortestSilence));
  }
  if (now < due_ && now + silence >= fires_) return std::nullopt;
  fires_ = now + silence;
  due_ = now + silence / 2;
  return silence;
}

}  // namespace cluster::core
