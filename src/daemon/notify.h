// What the service supervisor is told (sd_notify(3)): datagrams to NOTIFY_SOCKET. Without one nothing is sent.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/time.h"

namespace cluster::daemon {

class Notify {
 public:
  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment. `main_pid` is the process that the
  // supervisor has started, for which this one speaks.
  static Notify from_environment(pid_t main_pid);
  Notify(std::string socket, std::optional<Duration> watchdog, pid_t main_pid);
  ~Notify();
  Notify(Notify&& other) noexcept;
  Notify& operator=(Notify&&) = delete;

  bool wanted() const { return fd_ >= 0; }

  void ready(const std::string& status) const;
  void status(const std::string& text) const;
  void reloading() const;  // ready() ends it
  void stopping(const std::string& status) const;
  void extend_timeout(Duration by) const;
  void watchdog() const;

  // Asks for a watchdog that fires after `limit`, where that is sooner than what the supervisor was told to allow.
  void limit_watchdog(std::optional<Duration> limit);
  // How often watchdog() is due: half of what the supervisor allows.
  std::optional<Duration> watchdog_interval() const;

 private:
  void send(const std::string& message) const;

  std::string socket_;
  std::optional<Duration> watchdog_;  // as the supervisor was told to allow
  std::optional<Duration> allowed_;   // now
  pid_t main_pid_;
  int fd_ = -1;
};

}  // namespace cluster::daemon
