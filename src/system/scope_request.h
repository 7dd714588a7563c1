// Has systemd put one process into a transient scope: StartTransientUnit of org.freedesktop.systemd1, on a connection of
// its own, so that nothing of an earlier request or an earlier bus is in its way. It never waits, and always ends.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "system/bus_connection.h"

namespace cluster::system {

// For the whole of it, from connecting on.
inline constexpr Duration kScopePatience = seconds(2);

// Between two questions to a systemd that is about to be on the bus.
inline constexpr Duration kAbsentPause = milliseconds(100);

// `text` as part of a unit's name: systemd.unit(5), "String escaping".
std::string escape_unit(const std::string& text);

struct Scope {
  std::string unit;  // NAME.scope
  std::string description;
  std::string slice;   // NAME.slice
  std::string before;  // a unit that is stopped before this one is; "": none
  pid_t process = 0;
};

class ScopeRequest {
 public:
  // "": systemd says that the scope has begun. May destroy the request; comes once, from the loop.
  using Done = std::function<void(const std::string& why_not)>;
  ScopeRequest(event_base* base, const std::string& where, Scope scope, Done done);
  ~ScopeRequest();

 private:
  void compare_numbers();
  void ask();
  void job_ended(const std::string& job, const std::string& result);
  void end(const std::string& why_not);

  static int on_number(sd_bus_message* reply, void* self, sd_bus_error*);
  static int on_job(sd_bus_message* reply, void* self, sd_bus_error*);
  static int on_job_removed(sd_bus_message* signal, void* self, sd_bus_error*);

  const Scope scope_;
  const Done done_;
  std::string job_;  // that will have made it; "": not known yet
  std::vector<std::pair<std::string, std::string>> ended_jobs_;  // of this unit, with their results
  bool over_ = false;
  std::string why_not_;
  EventPtr patience_, end_, again_;
  std::unique_ptr<BusConnection> bus_;
};

}  // namespace cluster::system
