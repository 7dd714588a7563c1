// A machine's two clocks as functions of the simulation's time: CLOCK_BOOTTIME, which may run a little
// fast or slow and begins anew at each boot, and the wall clock, which may also be wrong and jump.
#pragma once

#include "base/ensure.h"
#include "base/time.h"
#include "tests/sim/queue.h"

namespace cluster::sim {

class Clock {
 public:
  // What the wall clocks of healthy machines show when the simulation begins.
  static constexpr Duration kEpoch = hours(24 * 365 * 57);

  void boot(Instant now, Duration uptime) {
    base_ = now;
    uptime_ = uptime;
  }
  // Parts per million by which this machine's time runs fast.
  void set_drift(Instant now, int64_t ppm) {
    uptime_ = uptime_at(now);
    wall_offset_ += scaled(now - wall_base_) - (now - wall_base_);
    base_ = wall_base_ = now;
    ppm_ = ppm;
  }
  // How far the wall clock is off the truth from now on.
  void set_wall_error(Instant now, Duration error) {
    wall_base_ = now;
    wall_offset_ = error;
  }
  // Seconds since 1970, as on a board without a battery before its clock is set.
  void set_wall_to_1970(Instant now) { set_wall_error(now, -(kEpoch + now)); }

  MonoTime mono(Instant now) const { return MonoTime(uptime_at(now)); }
  WallTime wall(Instant now) const {
    return WallTime(kEpoch + wall_base_ + wall_offset_ + scaled(now - wall_base_));
  }
  // The first instant at which mono() has reached `time`.
  Instant when(MonoTime time) const {
    Duration left = time.time_since_epoch() - uptime_;
    Instant guess = base_ + left - Duration(left.count() / kMillion * ppm_);
    while (mono(guess) < time) guess += std::max(Duration(1), time - mono(guess));
    return guess;
  }

 private:
  static constexpr int64_t kMillion = 1'000'000;

  Duration scaled(Duration d) const { return d + Duration(d.count() / kMillion * ppm_); }
  Duration uptime_at(Instant now) const { return uptime_ + scaled(now - base_); }

  Instant base_{};
  Duration uptime_{};
  Instant wall_base_{};
  Duration wall_offset_{};
  int64_t ppm_ = 0;
};

}  // namespace cluster::sim
