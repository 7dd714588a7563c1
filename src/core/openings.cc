#include "core/openings.h"

namespace cluster::core {

bool Openings::seen(HostId host, const std::string& whereabouts) {
  const auto [it, first] = hosts_.try_emplace(host, State{whereabouts, 0, {}, {}});
  if (first || it->second.whereabouts == whereabouts) return false;
  it->second = State{whereabouts, 0, {}, {}};
  return true;
}

MonoTime Openings::open_until(HostId host) const {
  const auto it = hosts_.find(host);
  return it == hosts_.end() ? MonoTime::min() : it->second.until;
}

MonoTime Openings::next_ask(HostId host) const {
  const auto it = hosts_.find(host);
  return it == hosts_.end() ? kNever : it->second.not_before;
}

void Openings::begin(HostId host, MonoTime now, Duration pause) {
  State& state = hosts_[host];
  ++state.tries;
  state.until = now + kOpeningTime;
  state.not_before = state.until + pause;
  if (state.tries >= kQuickOpenings) state.not_before += kOpeningAgain;
}

}  // namespace cluster::core
