// The system's clocks, read here and nowhere else in the daemon, and the one timer that the core asks for.
#pragma once

#include <string>

#include "base/time.h"
#include "loop/watch.h"
#include "posix/fd.h"

namespace cluster::daemon {

// Names this boot of the system, or of the container that this is: nothing that runs has been running in another.
// Empty where /proc does not tell.
std::string read_machine_boot();

Now read_clocks();  // CLOCK_BOOTTIME and CLOCK_REALTIME

// Wakes at a point of CLOCK_BOOTTIME, so that one that passed during sleep comes right after it.
class WakeTimer {
 public:
  WakeTimer(event_base* base, std::function<void()> due);

  void set(MonoTime at);  // replaces the one before

 private:
  void fired();

  const Fd fd_;
  const std::function<void()> due_;
  MonoTime at_{};
  bool armed_ = false;
  Watch readable_;
};

}  // namespace cluster::daemon
