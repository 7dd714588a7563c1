// What the service supervisor is told (sd_notify(3)): datagrams to NOTIFY_SOCKET. Without one nothing is sent.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/time.h"
#include "posix/fd.h"

namespace cluster::daemon {

class Notify {
 public:
  // By NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which are taken out of the environment unless `kept` for a child.
  // `main_pid` is the process that the supervisor has started, for which this one speaks.
  static Notify from_environment(pid_t main_pid, bool kept = false);
  Notify(std::string socket, std::optional<Duration> watchdog, pid_t main_pid);

  bool wanted() const { return static_cast<bool>(fd_); }

  void ready(const std::string& status) const;
  void status(const std::string& text) const;
  void reloading() const;  // ready() ends it
  void stopping(const std::string& status) const;
  void extend_timeout(Duration by) const;

  // How long the supervisor was told to bear silence; nullopt: it does not mind.
  std::optional<Duration> watchdog() const;
  // A sign of life: the supervisor is to bear that much silence from now on.
  void feed_watchdog(Duration silence) const;

 private:
  void send(const std::string& message) const;

  std::string socket_;
  std::optional<Duration> watchdog_;
  pid_t main_pid_;
  Fd fd_;
};

}  // namespace cluster::daemon
