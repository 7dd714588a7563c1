#include "tests/sim/needs_checks.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "tests/sim/checks.h"
#include "tests/sim/describe.h"

namespace cluster::sim {

namespace {

constexpr Duration kLookEvery = seconds(1);
// Disks and claims besides the scripts themselves.
constexpr Duration kSlack = seconds(30);

std::vector<std::string> needs_of(const ServiceSpec& service) {
  std::vector<std::string> out = service.after;
  if (!service.with.empty()) out.push_back(service.with);
  return out;
}

const core::ServiceView* find(const core::View& view, const std::string& service) {
  for (const core::ServiceView& seen : view.services)
    if (seen.name == service) return &seen;
  return nullptr;
}

bool to_run_there(const core::View& view, const std::string& service, HostId host) {
  const core::ServiceView* seen = find(view, service);
  if (seen == nullptr || seen->disabled || seen->stopped_by_operator) return false;
  return std::none_of(view.hosts.begin(), view.hosts.end(), [&](const core::HostView& h) {
    return h.id == host && (h.standby || !h.up);
  });
}

}  // namespace

NeedsChecks::NeedsChecks(World& world) : world_(world) {
  world.watch(*this);
  world.queue().after(kLookEvery, [this] { look(); });
}

bool NeedsChecks::comes_after_itself(const std::string& service) const {
  std::set<std::string> reached;
  std::vector<std::string> open = {service};
  while (!open.empty()) {
    const std::string at = open.back();
    open.pop_back();
    for (MachineId m = 0; m < world_.size(); ++m) {
      const ServiceSpec* spec = world_.machine(m).spec().service(at);
      if (spec == nullptr) continue;
      for (const std::string& need : needs_of(*spec)) {
        if (need == service) return true;
        if (reached.insert(need).second) open.push_back(need);
      }
    }
  }
  return false;
}

bool NeedsChecks::together(MachineId a, MachineId b) const {
  if (a == b) return true;
  const auto since = world_.together().since(a, b);
  return since && world_.now() - *since >= settle_bound(world_) &&
         !world_.machine(a).disk().failed() && !world_.machine(b).disk().failed();
}

void NeedsChecks::script_begins(Machine& machine, const core::RunScript& run) {
  const Place place{machine.index(), run.service};
  if (run.script == core::Script::kStart) {
    const uint64_t epoch = epoch_of(run);
    const bool again = std::exchange(epochs_[place], epoch) == epoch;
    if (!again) check_start(machine, run.service);
    starting_[place] = world_.now();
  }
  if (run.script == core::Script::kStop && value_of(run, "CLUSTER_REASON") == "shutdown")
    check_shutdown(machine, run.service);
}

void NeedsChecks::check_start(Machine& machine, const std::string& service) {
  const ServiceSpec* spec = machine.spec().service(service);
  if (spec == nullptr || !machine.healthy() || comes_after_itself(service)) return;
  const core::View view = machine.view();
  for (const std::string& need : needs_of(*spec)) {
    for (MachineId other = 0; other < world_.size(); ++other) {
      const Machine& there = world_.machine(other);
      if (!there.healthy() || !together(machine.index(), other) ||
          there.scripts().running_script(need) != core::Script::kStart ||
          world_.now() - starting_[{other, need}] < settle_bound(world_) ||
          !to_run_there(view, need, there.id()))
        continue;
      // A copy too many of it may be starting there.
      if (world_.copies(need).size() > 1) continue;
      return world_.violated(Verdict::kSafety, machine.name() + " starts " + service + " while " +
                                                   need + ", which it comes after, still starts " +
                                                   "on " + there.name());
    }
  }
}

void NeedsChecks::check_shutdown(Machine& machine, const std::string& service) {
  // Before a sleep only what is owned by majority has to go.
  if (machine.restored() || !machine.leaving()) return;
  for (const ServiceSpec& other : machine.spec().services) {
    const std::vector<std::string> needs = needs_of(other);
    const Scripts::Copy& copy = machine.scripts().copy(other.name);
    if (!copy.alive || copy.unstoppable || machine.left_alone(other.name) ||
        comes_after_itself(other.name) ||
        std::find(needs.begin(), needs.end(), service) == needs.end())
      continue;
    return world_.violated(Verdict::kSafety, machine.name() + " leaves and stops " + service +
                                                 " before " + other.name +
                                                 ", which comes after it");
  }
}

void NeedsChecks::lived(Machine& machine, Life) {
  std::erase_if(alone_, [&](const auto& entry) { return entry.first.first == machine.index(); });
}

bool NeedsChecks::alone(const Machine& machine, const ServiceSpec& follower) const {
  const Scripts::Copy& copy = machine.scripts().copy(follower.name);
  if (!copy.alive || copy.unstoppable || machine.scripts().copy(follower.with).alive) return false;
  if (!machine.core().inspect().settled || machine.restored() || machine.disk().failed() ||
      machine.left_alone(follower.name))
    return false;
  // Its core may take a leader that has died by itself for alive, until a check has told.
  const core::View view = machine.view();
  const core::ServiceView* leader = find(view, follower.with);
  return leader == nullptr || std::find(leader->running_on.begin(), leader->running_on.end(),
                                        machine.id()) == leader->running_on.end();
}

Duration NeedsChecks::bound(const Machine& machine) const {
  Duration scripts{};
  for (const ServiceSpec& s : machine.spec().services)
    scripts = std::max(scripts, s.start_timeout + s.stop_timeout + s.status_timeout);
  return settle_bound(world_) + 2 * scripts + kSlack;
}

void NeedsChecks::look() {
  for (MachineId m = 0; m < world_.size(); ++m) {
    const Machine& machine = world_.machine(m);
    if (!machine.healthy()) continue;
    for (const ServiceSpec& s : machine.spec().services) {
      if (s.with.empty()) continue;
      if (!alone(machine, s)) {
        alone_.erase({m, s.name});
        continue;
      }
      const Instant since = alone_.try_emplace({m, s.name}, world_.now()).first->second;
      if (world_.now() - since <= bound(machine)) continue;
      return world_.violated(
          Verdict::kSafety, s.name + " runs on " + machine.name() + " without " + s.with + " for " +
                                std::to_string(to_ms(world_.now() - since) / 1000) + " s");
    }
  }
  world_.queue().after(kLookEvery, [this] { look(); });
}

}  // namespace cluster::sim
