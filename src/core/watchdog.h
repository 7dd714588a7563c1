// How long the guardian may be silent before its supervisor has to kill it, and then all that runs here: a guardian that
// stands still, alone or with its engine, cannot stop what a lease no longer covers.
#pragma once

#include <optional>

#include "core/context.h"

namespace cluster::core {

// From the moment at which a supervisor's timer is due until services are dead: systemd's timers are late by up to
// 250 ms, and the rest is for killing the guardian and for `clusterd --fence`.
inline constexpr Duration kFencingTime = milliseconds(500);
// Less would be taken for a standstill on a machine that is merely busy.
inline constexpr Duration kShortestSilence = milliseconds(200);

class Watchdog {
 public:
  // `longest`: what the supervisor allows where no lease asks for less.
  explicit Watchdog(Duration longest) : longest_(longest) {}

  // What the supervisor is to be told now: for how long it may hear nothing more. nullopt: nothing yet.
  std::optional<Duration> feed(MonoTime now, MonoTime leases_end);

  // When to ask again, whatever happens before.
  MonoTime due() const { return due_; }

 private:
  const Duration longest_;
  MonoTime due_ = MonoTime::min();
  MonoTime fires_ = MonoTime::max();
};

}  // namespace cluster::core
