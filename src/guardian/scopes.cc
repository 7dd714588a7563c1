#include "guardian/scopes.h"

#include <unistd.h>

#include <utility>

#include "daemon/clock.h"
#include "daemon/logging.h"
#include "scripts/group.h"

namespace cluster::guardian {

namespace {

using core::LogLevel;
using daemon::log;

constexpr char kSystemd[] = "/run/systemd/system";  // sd_booted(3)

}  // namespace

// The last part of the path that is one: below it a delegated group may have others.
std::string unit_of_this_process() {
  auto folder = scripts::group::of_process(0);
  while (folder && !folder->empty()) {
    if (folder->ends_with(".service")) return folder->substr(folder->rfind('/') + 1);
    const size_t slash = folder->rfind('/');
    folder->erase(slash == std::string::npos ? 0 : slash);
  }
  return "";
}

bool under_systemd() { return access(kSystemd, F_OK) == 0; }

SystemdScopes::SystemdScopes(event_base* base, std::string bus)
    : base_(base), bus_(std::move(bus)), own_unit_(unit_of_this_process()) {}

bool SystemdScopes::ready() { return bus_ != "none" && daemon::read_clocks().mono >= not_before_; }

void SystemdScopes::make(const std::string& service, pid_t pid, Done done) {
  system::TransientUnit scope;
  scope.unit = "cluster-" + system::escape_unit(service) + ".scope";
  scope.description = "Cluster service " + service;
  scope.slice = kScopesSlice;
  // At shutdown the daemon hands its services over before systemd ends what is left of them.
  scope.before = own_unit_;
  scope.process = pid;
  requests_[pid] = std::make_unique<system::UnitRequest>(
      base_, bus_, std::move(scope),
      [this, pid, service, callback = std::move(done)](const std::string& why_not) {
        const auto request = std::move(requests_.at(pid));  // until all of this is over
        requests_.erase(pid);
        if (why_not.empty() && !std::exchange(told_, "").empty())
          log(LogLevel::kInfo, "services begin in scopes of systemd again");
        callback(why_not);
      });
}

void SystemdScopes::failed(const std::string& service, const std::string& why) {
  not_before_ = daemon::read_clocks().mono + kScopesAgain;
  // On a machine without systemd that is as it should be.
  const LogLevel level = under_systemd() ? LogLevel::kWarning : LogLevel::kInfo;
  const bool known = std::exchange(told_, why) == why;
  log(known ? LogLevel::kDebug : level,
      "service " + service + " begins in the daemon's own control groups, not in a scope: " + why);
}

}  // namespace cluster::guardian
