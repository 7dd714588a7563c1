#include "core/dialer.h"

#include <algorithm>
#include <charconv>

namespace cluster::core {

namespace {

constexpr Duration kFirstPause = milliseconds(50);
constexpr Duration kShortestPatience = milliseconds(200);
constexpr uint32_t kPatientEach = 8;  // of so many dials

}  // namespace

void Dialer::configure(Duration beat_interval, Duration dead_time) {
  beat_ = beat_interval;
  dead_ = dead_time;
}

Duration Dialer::patience(const State& state) const {
  if (!state.target.own || !state.rtt || state.failures % kPatientEach == kPatientEach - 1)
    return kLongestConnect;
  return std::min(kLongestConnect, std::max({kShortestPatience, beat_, 4 * *state.rtt}));
}

bool Dialer::dialling(HostId host) const {
  auto it = hosts_.find(host);
  return it != hosts_.end() && it->second.dial;
}

std::optional<HostId> Dialer::host_of(DialId dial) const {
  for (const auto& [host, state] : hosts_)
    if (state.dial == dial) return host;
  return std::nullopt;
}

const DialTarget* Dialer::target_of(DialId dial) const {
  for (const auto& [host, state] : hosts_)
    if (state.dial == dial) return &state.target;
  return nullptr;
}

const DialTarget* Dialer::target_of(HostId host) const {
  auto it = hosts_.find(host);
  return it == hosts_.end() || !it->second.dial ? nullptr : &it->second.target;
}

void Dialer::dial_if_due(Context& context, HostId host, const DialTarget& target) {
  State& state = hosts_[host];
  if (state.dial || context.now.mono < state.not_before) return;
  state.dial = DialId(next_dial_++);
  state.target = target;
  state.began = context.now.mono;
  context.emit(Dial{state.dial, host, target.address, target.port, patience(state)});
}

MonoTime Dialer::due_at(HostId host) const {
  auto it = hosts_.find(host);
  if (it == hosts_.end()) return MonoTime{};
  return it->second.dial ? kNever : it->second.not_before;
}

MonoTime Dialer::began(HostId host) const {
  auto it = hosts_.find(host);
  return it == hosts_.end() || !it->second.dial ? kNever : it->second.began;
}

uint32_t Dialer::failures(HostId host) const {
  auto it = hosts_.find(host);
  return it == hosts_.end() ? 0 : it->second.failures;
}

void Dialer::linked(HostId host) {
  State& state = hosts_[host];
  state.dial = DialId{};
  state.failures = 0;
  state.not_before = MonoTime{};
}

void Dialer::link_lost(HostId host, std::optional<Duration> rtt) {
  at_once(host);
  if (rtt) hosts_[host].rtt = rtt;
}

void Dialer::failed(Context& context, HostId host) {
  const bool silent = context.now.mono >= hosts_[host].began + kShortestPatience;
  failed(context, host, silent ? beat_ : dead_ / 2);
}

void Dialer::failed(Context& context, HostId host, Duration longest) {
  State& state = hosts_[host];
  state.dial = DialId{};
  Duration pause = kFirstPause;
  for (uint32_t i = 0; i < state.failures && pause < longest; ++i) pause *= 2;
  pause = std::min(pause, longest);
  ++state.failures;
  const MonoTime now = context.now.mono;
  state.not_before = std::max<MonoTime>(state.began + context.rng.between(pause / 2, pause),
                                        now + kFirstPause / 2);
}

void Dialer::again_at(HostId host, MonoTime at) {
  State& state = hosts_[host];
  state.dial = DialId{};
  ++state.failures;
  state.not_before = at;
}

void Dialer::at_once(HostId host) {
  auto it = hosts_.find(host);
  if (it == hosts_.end()) return;
  it->second.not_before = MonoTime{};
  it->second.failures = 0;
}

void Dialer::hold(HostId host, MonoTime until) {
  State& state = hosts_[host];
  if (!state.dial && state.failures == 0) state.not_before = until;
}

void Dialer::cancel(Context& context, HostId host) {
  auto it = hosts_.find(host);
  if (it == hosts_.end() || !it->second.dial) return;
  context.emit(CancelDial{it->second.dial});
  it->second.dial = DialId{};
}

void Dialer::forget(Context& context, HostId host) {
  cancel(context, host);
  hosts_.erase(host);
}

std::optional<DialTarget> parse_address(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  DialTarget out;
  out.address = text.substr(0, colon);
  if (out.address.front() == '[') {
    if (out.address.size() < 3 || out.address.back() != ']') return std::nullopt;
    out.address = out.address.substr(1, out.address.size() - 2);
  }
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + colon + 1, end, out.port);
  if (error != std::errc{} || last != end || out.port == 0) return std::nullopt;
  return out;
}

}  // namespace cluster::core
