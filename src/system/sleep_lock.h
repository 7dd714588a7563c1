// What logind knows of this machine's sleep: when it is near, and that it has to wait for us (an inhibitor lock of mode
// delay). Where there is no logind, or it refuses, nothing is heard and nothing delayed.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/io.h"
#include "posix/fd.h"
#include "system/bus_connection.h"

namespace cluster::system {

// After the lock is let go what was said last is still to leave this machine.
inline constexpr Duration kLastWords = milliseconds(200);
// Until a bus that has gone is looked for again; it doubles from the first to the last.
inline constexpr Duration kFirstBusPause = seconds(1), kLastBusPause = minutes(1);
// Until a logind that refused is asked again.
inline constexpr Duration kAskAgain = seconds(30);

class SleepLock {
 public:
  struct Watcher {
    std::function<void(bool near)> planned;  // near, or over; may be repeated
    std::function<void(core::LogLevel, const std::string&)> log;
  };

  // `where` as in BusConnection; "none": nothing is done. The watcher is called from the loop.
  SleepLock(event_base* base, const std::string& where, Watcher watcher);
  SleepLock(const SleepLock&) = delete;
  SleepLock& operator=(const SleepLock&) = delete;

  void perform(const core::DelaySleep& action);

 private:
  void connect();
  void connected();
  void lost(const std::string& why);
  void ask();
  void ask_later();
  void let_go() { lock_.reset(); }
  void no_lock(const std::string& why);

  static int on_planned(sd_bus_message* signal, void* self, sd_bus_error*);
  static int on_preparing(sd_bus_message* reply, void* self, sd_bus_error*);
  static int on_owner(sd_bus_message* signal, void* self, sd_bus_error*);
  static int on_lock(sd_bus_message* reply, void* self, sd_bus_error*);

  event_base* const base_;
  const std::string where_;
  const Watcher watcher_;
  bool wanted_ = false, ready_ = false, asking_ = false;
  std::string told_;  // why there is no lock, as it was said last
  Fd lock_;
  Duration pause_ = kFirstBusPause;
  EventPtr connect_, ask_again_, let_go_;
  std::unique_ptr<BusConnection> bus_;
};

}  // namespace cluster::system
