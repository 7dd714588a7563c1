// Two kinds of time that cannot be mixed up.
//
// MonoTime counts CLOCK_BOOTTIME (it goes on during sleep) and serves every deadline.
// WallTime counts since the Unix epoch (UTC) and only stamps things for people and for HLC.
// Neither clock has a now(): the shell reads the system's clocks, the core is told.
#pragma once

#include <chrono>
#include <cstdint>

namespace cluster {

using Duration = std::chrono::nanoseconds;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct BootClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

struct WallClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<WallClock>;
  static constexpr bool is_steady = false;
};

using MonoTime = BootClock::time_point;
using WallTime = WallClock::time_point;

// The instant at which the core is asked to take one step.
struct Now {
  MonoTime mono;
  WallTime wall;
};

constexpr int64_t to_ms(Duration d) { return std::chrono::duration_cast<milliseconds>(d).count(); }
constexpr int64_t to_us(Duration d) { return std::chrono::duration_cast<microseconds>(d).count(); }
constexpr double to_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace cluster
