#include "tests/scenarios/chronicle.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "tests/sim/describe.h"

namespace cluster::scenarios {

using sim::Life;
using sim::Machine;

void Chronicle::stepped(Machine& machine, const core::Event* event, const core::Actions& out) {
  const auto* told = event == nullptr ? nullptr : std::get_if<core::AlertSent>(event);
  if (told != nullptr && tells_alerts_ && !told->failed.empty())
    add(machine.name() + " could not tell people: " + told->failed);
  for (const core::Action& action : out) {
    if (const auto* online = std::get_if<core::HostOnline>(&action)) {
      saw(machine, online->name + " up");
    } else if (const auto* offline = std::get_if<core::HostOffline>(&action)) {
      saw(machine, offline->name + " down");
    } else if (const auto* alert = std::get_if<core::Alert>(&action)) {
      add(machine.name() + " alerts (" + core::to_string(alert->severity) + "): " + alert->text);
    } else if (const auto* sent = std::get_if<core::SendAlert>(&action);
               sent != nullptr && tells_alerts_) {
      add(machine.name() + " tells people (" + sent->kind + " of " + sent->subject + ", " +
          core::to_string(sent->severity) + "): " + sent->text);
    }
  }
}

void Chronicle::saw(const Machine& machine, const std::string& what) {
  if (tallies_)
    ++seen_[what];
  else
    add(machine.name() + " sees " + what);
}

std::vector<std::string> Chronicle::take() {
  for (const auto& [what, times] : seen_)
    add("  " + std::to_string(times) + (times == 1 ? " host sees " : " hosts see ") + what);
  seen_.clear();
  return std::exchange(lines_, {});
}

void Chronicle::script_begins(Machine& machine, const core::RunScript& run) {
  if (run.script == core::Script::kStatus) return;
  std::string why, from, to;
  for (const auto& [key, value] : run.environment) {
    if (key == "CLUSTER_REASON") why = value;
    if (key == "CLUSTER_FROM") from = value;
    if (key == "CLUSTER_TO") to = value;
  }
  const auto name = [&](const std::string& id) {
    for (const sim::HostSpec& h : machine.spec().hosts)
      if (std::to_string(h.id.value) == id) return h.name;
    return id;
  };
  if (run.script == core::Script::kStart) {
    add(machine.name() + " starts " + run.service + " (" + why +
        (from.empty() ? "" : " from " + name(from)) + ")");
  } else {
    add(machine.name() + " stops " + run.service + " (" + why +
        (to.empty() ? "" : " to " + name(to)) + ")");
  }
}

void Chronicle::script_ended(Machine& machine, const std::string& service, core::Script script,
                             const core::ScriptEnded& end) {
  bool good = end.how == core::ScriptEnd::kExited && end.code == 0;
  if (script == core::Script::kStatus) {
    if (!good) add(machine.name() + " checks " + service + ": " + sim::to_string(end));
    return;
  }
  std::string what = script == core::Script::kStart ? "start" : "stop";
  if (good) {
    add(machine.name() + (script == core::Script::kStart ? " runs " : " has stopped ") + service);
  } else {
    add(machine.name() + ": " + what + " of " + service + " ends with " + sim::to_string(end));
  }
}

void Chronicle::copies_changed(Machine&, const std::string& service) {
  int now = static_cast<int>(world_.copies(service).size());
  most_[service] = std::max(most_[service], now);
  auto it = gaps_.find(service);
  if (it == gaps_.end()) return;
  Gap& gap = it->second;
  if (now > 0 && gap.open_since) {
    gap.longest = std::max(gap.longest, world_.now() - *gap.open_since);
    gap.open_since.reset();
  } else if (now == 0 && !gap.open_since) {
    gap.open_since = world_.now();
  }
}

int Chronicle::most_copies(const std::string& service) const {
  auto it = most_.find(service);
  return it == most_.end() ? 0 : it->second;
}

void Chronicle::watch_gap(const std::string& service) {
  gaps_[service] = {};
  if (world_.copies(service).empty()) gaps_[service].open_since = world_.now();
}

Duration Chronicle::gap(const std::string& service) const {
  auto it = gaps_.find(service);
  if (it == gaps_.end()) return Duration();
  Duration open = it->second.open_since ? world_.now() - *it->second.open_since : Duration();
  return std::max(open, it->second.longest);
}

void Chronicle::lived(Machine& machine, Life life) {
  switch (life) {
    case Life::kEngineStarted: add(machine.name() + " comes up"); break;
    case Life::kEngineDied: add(machine.name() + "'s engine dies"); break;
    case Life::kPowerLost: add(machine.name() + " loses power"); break;
    case Life::kLeft: add(machine.name() + " has left"); break;
    default: break;
  }
}

}  // namespace cluster::scenarios
