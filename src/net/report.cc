#include "net/report.h"

namespace cluster::net {

bool Throttle::allow(const std::string& kind, const std::string& address, uint64_t* suppressed,
                     Clock::time_point now) {
  if (entries_.size() >= kMaxRemembered && !entries_.contains({kind, address})) {
    std::erase_if(entries_, [&](const auto& e) { return now - e.second.said >= kPeriod; });
    if (entries_.size() >= kMaxRemembered && !address.empty())
      return allow(kind, "", suppressed, now);
  }
  const auto [at, fresh] = entries_.try_emplace({kind, address});
  Entry& entry = at->second;
  if (!fresh && now - entry.said < kPeriod) {
    ++entry.suppressed;
    return false;
  }
  *suppressed = std::exchange(entry.suppressed, 0);
  entry.said = now;
  return true;
}

}  // namespace cluster::net
