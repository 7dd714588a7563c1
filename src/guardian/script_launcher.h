// Where the daemon is a unit of systemd: has systemd start a launcher (scripts/launcher.h) outside of that unit, and
// another one where it is lost, so that the unit's limits hold for the daemon alone and not for services.
//
// Without one scripts run as this process's own, within those limits; that is said.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "loop/watch.h"
#include "net/socket.h"
#include "posix/fd.h"
#include "scripts/launched_starter.h"
#include "system/unit_request.h"

namespace cluster::guardian {

// After a failure, or where one is lost that was asked for less than that long ago.
inline constexpr Duration kLauncherAgain = seconds(60);

class ScriptLauncher {
 public:
  // `bus` as in --bus. `first` comes once, from the loop: there is a launcher, or none can be had now.
  ScriptLauncher(event_base* base, std::string bus, std::function<void()> first);

  void ask();
  scripts::Starter& starter() { return starter_; }

 private:
  bool wanted() const;
  void answered(std::string why_not);
  void lost(const std::string& why);
  void begin_without(const std::string& why);

  event_base* const base_;
  const std::string bus_;
  const std::string own_unit_;
  std::function<void()> first_;
  scripts::LaunchedStarter starter_;
  Fd guardians_, launchers_;  // the ends of the socket, until it is answered
  std::unique_ptr<system::UnitRequest> request_;
  int asked_ = 0;  // how often
  MonoTime asked_last_ = MonoTime::min();
  Watch again_, done_;
};

}  // namespace cluster::guardian
