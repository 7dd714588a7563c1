// What must hold after every event of a run, whatever happens to the machines.
//
// CopyChecks compares what the cores do with the truth of Scripts: no two copies of a service among
// machines that reach each other, no start without the grants of all of them, no stop for a rival who
// was never there, one script of a service at a time. NumberChecks holds incarnations and epochs to their promise of never going back. Both use
// settle_bound(): for how long two machines must have reached each other, without a break, before they
// can be expected to have heard of each other's services.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "tests/sim/watcher.h"
#include "tests/sim/world.h"

namespace cluster::sim {

Duration settle_bound(World& world);

class CopyChecks final : public Watcher {
 public:
  explicit CopyChecks(World& world);

  void stepped(Machine& machine, const core::Event* event, const core::Actions& out) override;
  void script_begins(Machine& machine, const core::RunScript& run) override;
  void script_ended(Machine& machine, const std::string& service, core::Script script,
                    const core::ScriptEnded& end) override;
  void copies_changed(Machine& machine, const std::string& service) override;
  void lived(Machine& machine, Life life) override;

 private:
  // Of the voter's machine and engine, to the claimant, for service and epoch.
  using Grant = std::tuple<MachineId, uint64_t, NodeId, std::string, uint64_t>;

  void check_stop(Machine& machine, const core::RunScript& run);
  // Of ownership majority, whoever reaches whom.
  bool by_majority(const std::string& service) const;
  void check_lease(Machine& machine, const std::string& service, uint64_t epoch);
  void check_alone(const std::string& service);
  void look();
  void look_at(const std::string& service);
  void check_start(Machine& machine, const std::string& service, uint64_t epoch);
  // Since when the two reach each other and have been able to store what they must.
  std::optional<Instant> together_since(MachineId a, MachineId b) const;
  bool together_for(MachineId a, MachineId b, Duration bound) const;
  Duration hand_over_bound(const Machine& machine, const std::string& service) const;

  World& world_;
  std::set<Grant> grants_;
  std::map<std::pair<MachineId, std::string>, uint64_t> started_;  // the newest epoch
  std::map<std::string, int> alive_;  // by service: machines with a copy
  std::map<std::string, std::pair<uint64_t, MachineId>> leased_;  // the newest owner's epoch
  std::map<MachineId, Instant> woke_;
  std::map<std::pair<MachineId, std::string>, bool> was_alive_;
  std::map<std::pair<MachineId, std::string>, Instant> seen_alive_;  // when a copy came or went
  // Copies that died by themselves, and whose host has not stopped what it takes to be running.
  std::set<std::pair<MachineId, std::string>> believed_;
};

class NumberChecks final : public Watcher {
 public:
  explicit NumberChecks(World& world) : world_(world) { world.watch(*this); }

  // The machine's state was lost or put back on purpose: what it said before does not bind it.
  void forgive(MachineId machine);
  // A quorum of that first set has known it.
  bool counted(const core::Names& first) const {
    const auto set = sets_.find(1);
    return set != sets_.end() && set->second == first;
  }

  void stepped(Machine& machine, const core::Event* event, const core::Actions& out) override;
  void script_begins(Machine& machine, const core::RunScript& run) override;

 private:
  struct Spoken {
    uint64_t incarnation = 0;
    uint64_t engine = 0;
  };
  void check_incarnation(Machine& machine, uint64_t incarnation);
  void check_heard_epochs(Machine& machine);
  void check_voters(Machine& machine);
  void check_set(const Machine& machine, uint64_t number, const core::Names& names);
  void check_told_voters(Machine& machine, const std::string& bytes);

  World& world_;
  std::map<MachineId, Spoken> spoken_;
  std::map<std::pair<MachineId, std::string>, uint64_t> started_epoch_;
  std::map<std::tuple<MachineId, uint64_t, std::string>, uint64_t> heard_;
  std::map<MachineId, Instant> looked_;
  struct KeptVoters {
    std::string text;  // as it is on the disk
    uint64_t number = 0;
    uint64_t origin = 0;
    core::Names names;
  };
  bool came_to_nothing(const KeptVoters& kept);
  std::map<MachineId, KeptVoters> kept_voters_;
  std::map<uint64_t, core::Names> sets_;
  std::map<core::Names, std::set<std::string>> first_sets_;  // by whom each was known
};

}  // namespace cluster::sim
