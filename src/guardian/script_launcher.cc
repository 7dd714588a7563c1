#include "guardian/script_launcher.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <utility>

#include "daemon/clock.h"
#include "daemon/logging.h"
#include "guardian/scopes.h"
#include "scripts/launcher.h"

namespace cluster::guardian {

namespace {

using core::LogLevel;
using daemon::log;

}  // namespace

ScriptLauncher::ScriptLauncher(event_base* base, std::string bus, std::function<void()> first)
    : base_(base),
      bus_(std::move(bus)),
      own_unit_(unit_of_this_process()),
      first_(std::move(first)),
      starter_(base, [this](const std::string& why) { lost(why); }),
      again_(base, -1, 0, [this] { ask(); }),
      done_(base, -1, 0, [this] {
        if (const auto callback = std::exchange(first_, nullptr)) callback();
      }) {}

// Only where it is systemd that has started it: a shell is in some unit too.
bool ScriptLauncher::wanted() const {
  return bus_ != "none" && !own_unit_.empty() && getppid() == 1 && under_systemd();
}

void ScriptLauncher::ask() {
  if (!wanted()) return done_.add(Duration{});
  asked_last_ = daemon::read_clocks().mono;
  if (!scripts::launcher_sockets(&guardians_, &launchers_))
    return begin_without(std::string("no pair of sockets: ") + strerror(errno));
  const std::string self = std::to_string(getpid());
  system::TransientUnit unit;
  unit.unit = "cluster-launcher-" + self + "-" + std::to_string(++asked_) + ".service";
  unit.description = "Cluster's start of scripts";
  // At shutdown the daemon hands its services over first.
  unit.before = own_unit_;
  // This very program, also after an upgrade on disk.
  unit.command = {"/proc/" + self + "/exe", "--launcher"};
  unit.input = launchers_.get();
  request_ = std::make_unique<system::UnitRequest>(
      base_, bus_, std::move(unit), [this](const std::string& why_not) { answered(why_not); });
}

void ScriptLauncher::answered(std::string why_not) {
  const auto request = std::move(request_);  // until all of this is over
  launchers_.reset();
  Fd socket = std::move(guardians_);
  if (why_not.empty()) {
    if (const Status used = starter_.use(std::move(socket)); !used) why_not = used.error();
  }
  if (!why_not.empty()) return begin_without(why_not);
  log(asked_ > 1 ? LogLevel::kInfo : LogLevel::kDebug,
      "scripts are started outside of " + own_unit_);
  done_.add(Duration{});
}

void ScriptLauncher::begin_without(const std::string& why) {
  log(LogLevel::kWarning, "scripts run within the limits of " + own_unit_ + ": " + why);
  again_.add(kLauncherAgain);
  done_.add(Duration{});
}

void ScriptLauncher::lost(const std::string& why) {
  log(LogLevel::kWarning, "whoever starts scripts outside of " + own_unit_ +
                              " is lost, and those that ran are killed: " + why);
  const Duration since = daemon::read_clocks().mono - asked_last_;
  again_.add(since >= kLauncherAgain ? Duration{} : kLauncherAgain - since);
}

}  // namespace cluster::guardian
