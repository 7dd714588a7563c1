// For how long what runs here may go on without this core: said anew each beat, so that whoever stands by knows when
// the core is dead, or stands still, and the others are about to take over.

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

void Node::State::drive_guards(Context& context) {
  const MonoTime now = context.now.mono;
  for (auto it = guarded.begin(); it != guarded.end();) {
    const Service* local = service(it->first);
    const bool over = local == nullptr || local->idle();
    if (over) context.emit(Unguard{it->first});
    it = over ? guarded.erase(it) : std::next(it);
  }
  for (const auto& [name, service] : services) {
    if (service.idle()) continue;
    auto due = guarded.find(name);
    if (due == guarded.end() || now >= due->second) say_guard(context, service);
  }
}

void Node::State::say_guard(Context& context, const Service& service) {
  const MonoTime now = context.now.mono;
  guarded[service.name()] = now + config.beat_interval;
  Guard guard;
  guard.service = service.name();
  guard.epoch = service.epoch();
  guard.runs = service.running();
  guard.environment = environment(service, Reason::kLostOwnership, config.self, HostId{});
  const auto lease = leases.find(service.name());
  guard.lease = lease != leases.end();
  if (left_alone(service.name())) {
    guard.stop_at = guard.kill_at = kNever;
  } else if (guard.lease) {
    const MonoTime stop_by = lease->second.stop_by(), kill_by = lease->second.kill_by();
    guard.stop_at = stop_by + std::min<Duration>((kill_by - stop_by) / 4, kGuardLaterStop);
    guard.kill_at = kill_by + kGuardLaterKill;
  } else {
    // The others wait for the dead time from the last beat on: a beat is what `stop` has before they start.
    guard.stop_at = now + config.dead_time - config.beat_interval;
    guard.kill_at = guard.stop_at + service.entry().stop_timeout;
  }
  context.emit(std::move(guard));
}

MonoTime Node::State::next_guard() const {
  MonoTime next = kNever;
  for (const auto& [name, due] : guarded) next = std::min(next, due);
  return next;
}

}  // namespace cluster::core
