#include "daemon/clock.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

namespace cluster::daemon {

namespace {

Duration read_clock(clockid_t which) {
  timespec t{};
  ENSURE(clock_gettime(which, &t) == 0);
  return seconds(t.tv_sec) + Duration(t.tv_nsec);
}

Fd open_timer() {
  Fd fd(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
  ENSURE(fd, "timerfd_create");
  return fd;
}

}  // namespace

std::string read_machine_boot() {
  std::ifstream kernel("/proc/sys/kernel/random/boot_id"), init("/proc/1/stat");
  std::string id, line;
  if (!std::getline(kernel, id) || !std::getline(init, line)) return "";
  // proc_pid_stat(5): field 22 is the start time; the name, field 2, may hold blanks and ends with the last ')'.
  constexpr int kStartTime = 22, kAfterName = 3;
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string start;
  for (int field = kAfterName; field <= kStartTime; ++field) fields >> start;
  return id + " " + start;
}

Now read_clocks() {
  return Now{MonoTime(read_clock(CLOCK_BOOTTIME)), WallTime(read_clock(CLOCK_REALTIME))};
}

WakeTimer::WakeTimer(event_base* base, std::function<void()> due)
    : fd_(open_timer()),
      due_(std::move(due)),
      readable_(base, fd_.get(), EV_READ | EV_PERSIST, [this] { fired(); }) {
  readable_.add();
}

void WakeTimer::set(MonoTime at) {
  if (armed_ && at == at_) return;
  armed_ = true;
  at_ = at;
  // 0 would disarm it.
  const Duration since_boot = std::max(at.time_since_epoch(), Duration(1));
  const auto whole = std::chrono::duration_cast<seconds>(since_boot);
  itimerspec spec{};
  spec.it_value.tv_sec = whole.count();
  spec.it_value.tv_nsec = (since_boot - whole).count();
  ENSURE(timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0);
}

void WakeTimer::fired() {
  uint64_t count = 0;
  if (read(fd_.get(), &count, sizeof count) != sizeof count) return;
  armed_ = false;
  due_();
}

}  // namespace cluster::daemon
