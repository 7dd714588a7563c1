// The original's protocol for a program that wants to be told of hosts: it gives its PID once, and gets
// hostOnline(s) and hostOffline(s) on com.bammeson.clusterhandler until that process ends.
//
// The registration outlives the connection to the bus. One program at a time; a later one replaces it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "bus/connector.h"
#include "bus/pump.h"
#include "posix/fd.h"

namespace cluster::bus {

class Clusterhandler {
 public:
  explicit Clusterhandler(event_base* base) : base_(base) {}
  Clusterhandler(const Clusterhandler&) = delete;
  Clusterhandler& operator=(const Clusterhandler&) = delete;

  // False: there is no such process. `caller` is the unique name that asked.
  bool accept(int32_t pid, const std::string& caller);

  // The bus is another one now: unique names of the old one mean nothing.
  void forget_caller() { caller_.clear(); }

  bool registered() const { return pid_ != 0; }
  int32_t pid() const { return pid_; }

  // Told where it owns com.bammeson.clusterhandler, else at the connection that registered it. Nothing
  // is started for it and no answer is awaited.
  void tell(sdbus::IConnection& connection, sdbus::IProxy& driver, bool online,
            const std::string& name, std::function<void()> sent) const;

 private:
  void forget();

  event_base* base_;
  int32_t pid_ = 0;
  Fd pidfd_;
  EventPtr ended_;
  std::string caller_;
};

}  // namespace cluster::bus
