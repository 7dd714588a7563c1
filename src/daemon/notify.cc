#include "daemon/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace cluster::daemon {

namespace {

std::string value_of(const char* name, bool kept) {
  const char* value = getenv(name);
  std::string text = value != nullptr ? value : "";
  if (!kept) unsetenv(name);
  return text;
}

std::optional<int64_t> number(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

Notify Notify::from_environment(pid_t main_pid, bool kept) {
  const std::string socket = value_of("NOTIFY_SOCKET", kept);
  const auto interval = number(value_of("WATCHDOG_USEC", kept));
  const std::string pid = value_of("WATCHDOG_PID", kept);
  std::optional<Duration> watchdog;
  if (interval && (pid.empty() || pid == std::to_string(main_pid))) {
    watchdog = microseconds(*interval);
  }
  return Notify(socket, watchdog, main_pid);
}

Notify::Notify(std::string socket, std::optional<Duration> watchdog, pid_t main_pid)
    : socket_(std::move(socket)), watchdog_(watchdog), main_pid_(main_pid) {
  if (socket_.empty() || (socket_[0] != '/' && socket_[0] != '@')) return;
  if (socket_.size() >= sizeof(sockaddr_un::sun_path)) return;
  fd_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void Notify::send(const std::string& message) const {
  if (!fd_) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  memcpy(to.sun_path, socket_.data(), socket_.size());
  // '@' stands for the null byte of an abstract address, whose length is exact.
  const bool abstract = to.sun_path[0] == '@';
  if (abstract) to.sun_path[0] = '\0';
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size() + (abstract ? 0 : 1));
  // A supervisor that does not listen is no reason to stop working.
  sendto(fd_.get(), message.data(), message.size(), MSG_NOSIGNAL,
         reinterpret_cast<const sockaddr*>(&to), length);
}

void Notify::ready(const std::string& status) const {
  send("READY=1\nSTATUS=" + one_line(status) + "\nMAINPID=" + std::to_string(main_pid_));
}

void Notify::status(const std::string& text) const { send("STATUS=" + one_line(text)); }

void Notify::reloading() const {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  send("RELOADING=1\nMONOTONIC_USEC=" +
       std::to_string(int64_t{t.tv_sec} * 1000000 + t.tv_nsec / 1000));
}

void Notify::stopping(const std::string& status) const {
  send("STOPPING=1\nSTATUS=" + one_line(status));
}

void Notify::extend_timeout(Duration by) const {
  send("EXTEND_TIMEOUT_USEC=" + std::to_string(to_us(by)));
}

std::optional<Duration> Notify::watchdog() const { return fd_ ? watchdog_ : std::nullopt; }

void Notify::feed_watchdog(Duration silence) const {
  send("WATCHDOG=1\nWATCHDOG_USEC=" + std::to_string(to_us(silence)));
}

}  // namespace cluster::daemon
