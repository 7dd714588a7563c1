// Whether it is this host that is offline: for the dead time neither another host nor any of what `probe` names has
// been heard. Then the others have taken it for down and start what it runs, so it stops that.

#include <algorithm>
#include <string_view>

#include "core/node_state.h"

namespace cluster::core {

namespace {

// So many have to go unanswered.
constexpr int kFewestProbes = 2;
// Probes in a dead time, where beats are further apart than that.
constexpr int kProbesPerDeadTime = 4;

}  // namespace

// When the last of the links is late, as far as it is known now.
MonoTime Node::State::alone_from() const {
  MonoTime from = isolation.since;
  for (const auto& [id, link] : links.all())
    if (link.established && !link.relay) from = std::max(from, link.late_from());
  return from;
}

void Node::State::drive_isolation(Context& context) {
  const MonoTime now = context.now.mono;
  if (config.probe.empty()) {
    isolation.look_at = kNever;
    return end_isolation(context, "`probe` is no longer configured");
  }
  for (const auto& [id, link] : links.all())
    if (link.established && !link.relay)
      isolation.heard = std::max(isolation.heard, link.last_received);
  const MonoTime alone = alone_from();
  if (now < alone) {
    isolation.probes = 0;
    isolation.look_at = alone;
    return end_isolation(context, "another host is heard");
  }
  const Duration pause =
      std::min<Duration>(config.beat_interval, config.dead_time / kProbesPerDeadTime);
  if (isolation.probes == 0 || now >= isolation.probed + pause) {
    isolation.probed = now;
    ++isolation.probes;
    context.emit(Probe{config.probe});
  }
  isolation.look_at = isolation.probed + pause;
  const MonoTime offline_from = isolation.heard + config.dead_time;
  if (isolation.offline || isolation.probes <= kFewestProbes) return;
  if (now < offline_from) {
    isolation.look_at = std::min(isolation.look_at, offline_from);
    return;
  }
  isolation.offline = dirty = true;
  context.alert(AlertKind::kOffline, name_of(config.self), Severity::kCritical,
                "this host is offline: for " + in_seconds(now - isolation.heard) +
                    " it has heard neither another host nor any of what `probe` names; it stops "
                    "what another host can run");
}

void Node::State::on(Context& context, const ProbeAnswered&) {
  isolation.heard = context.now.mono;
  end_isolation(context, "an address that `probe` names has answered");
}

void Node::State::end_isolation(Context& context, std::string_view why) {
  if (!isolation.offline) return;
  isolation.offline = false;
  dirty = true;
  context.alert(AlertKind::kOffline, name_of(config.self), Severity::kInfo,
                "this host is no longer taken for offline: " + std::string(why));
}

// Nothing that was not heard during a sleep or a stall says anything.
void Node::State::begin_listening(MonoTime now) {
  isolation.since = isolation.heard = now;
  isolation.probes = 0;
}

// Empty: nothing of this speaks against running it here.
std::string Node::State::why_offline(const Order& order) const {
  if (!isolation.offline || order.preference.size() < 2) return "";
  return "is offline: neither another host nor any of what `probe` names has been heard";
}

}  // namespace cluster::core
