// One connection to a message bus on a libevent loop. Nothing here waits: connecting, greeting and calls go on while the
// loop turns, and what a bus that hangs does not take stays in the library's queue.
#pragma once

#include <systemd/sd-bus.h>

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "loop/event.h"

namespace cluster::system {

// The bus itself, as a peer on it.
inline constexpr char kDriver[] = "org.freedesktop.DBus";
inline constexpr char kDriverPath[] = "/org/freedesktop/DBus";

class BusConnection {
 public:
  struct Watcher {
    std::function<void()> ready;                       // once: calls may be made
    std::function<void(const std::string& why)> lost;  // once, and nothing after it
  };

  // `where` is system, session or the address of a bus on this machine. The watcher is called from the loop, and may
  // destroy the connection only in `lost`.
  BusConnection(event_base* base, const std::string& where, Watcher watcher);
  ~BusConnection();
  BusConnection(const BusConnection&) = delete;
  BusConnection& operator=(const BusConnection&) = delete;

  // For what is said on it, between `ready` and `lost`, in callbacks of the library or followed by kick().
  sd_bus* get() const { return bus_; }
  void kick();

 private:
  void turn();
  void arm();
  void lose(const std::string& why);

  event_base* const base_;
  const Watcher watcher_;
  sd_bus* bus_ = nullptr;
  int fd_ = -1;
  short events_ = 0;
  bool ready_ = false, lost_ = false;
  std::string why_lost_;
  EventPtr io_, wake_, end_;
};

// An errno, negative as the library returns it, or the error of a reply, as a sentence.
std::string reason_of(int error, const sd_bus_error* said = nullptr);

}  // namespace cluster::system
