// Has systemd make a transient unit, a scope for a process that is there or a service that it starts: StartTransientUnit of
// org.freedesktop.systemd1, on a connection of its own, so that nothing of an earlier request or an earlier bus is in its
// way. It never waits, and always ends.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "system/bus_connection.h"

namespace cluster::system {

// For the whole of it, from connecting on.
inline constexpr Duration kUnitPatience = seconds(2);

// Between two questions, to a systemd that is about to be on the bus or about to be rid of a unit of that name.
inline constexpr Duration kUnitPause = milliseconds(100);

// `text` as part of a unit's name: systemd.unit(5), "String escaping".
std::string escape_unit(const std::string& text);

// A scope (NAME.scope) of `process`, or else a service (NAME.service) that is `command`.
struct TransientUnit {
  std::string unit;
  std::string description;
  std::string slice;   // NAME.slice; "": where systemd puts it
  std::string before;  // a unit that is stopped before this one is; "": none
  pid_t process = 0;
  std::vector<std::string> command = {};  // with a path for its first word
  int input = -1;                         // its stdin, closed by whoever has asked once it is done
};

class UnitRequest {
 public:
  // "": systemd says that the unit has begun. May destroy the request; comes once, from the loop.
  using Done = std::function<void(const std::string& why_not)>;
  UnitRequest(event_base* base, const std::string& where, TransientUnit unit, Done done);
  ~UnitRequest();

 private:
  void compare_numbers();
  void ask();
  void job_ended(const std::string& job, const std::string& result);
  void end(const std::string& why_not);

  static int on_number(sd_bus_message* reply, void* self, sd_bus_error*);
  static int on_job(sd_bus_message* reply, void* self, sd_bus_error*);
  static int on_job_removed(sd_bus_message* signal, void* self, sd_bus_error*);

  const TransientUnit unit_;
  const Done done_;
  std::string job_;  // that will have made it; "": not known yet
  std::vector<std::pair<std::string, std::string>> ended_jobs_;  // of this unit, with their results
  bool over_ = false;
  std::string why_not_;
  EventPtr patience_, end_, again_;
  std::unique_ptr<BusConnection> bus_;
};

}  // namespace cluster::system
