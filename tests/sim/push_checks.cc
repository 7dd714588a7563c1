#include "tests/sim/push_checks.h"

#include <utility>
#include <variant>

namespace cluster::sim {

void PushChecks::ended(const std::string& push, std::string how) {
  if (applied_.contains(push))
    world_.violated(Verdict::kSafety, "push " + push + " is in force somewhere, and " + how);
  ended_.emplace(push, std::move(how));
}

void PushChecks::stepped(Machine& machine, const core::Event* event, const core::Actions& out) {
  if (event != nullptr) {
    if (const auto* push = std::get_if<core::ConfigPush>(event))
      asked_[push->request] = push->files.services;
    if (const auto* looked = std::get_if<core::ConfigValidated>(event)) {
      std::set<MachineId>& refused = refused_by_[machine.looked_at(looked->id)];
      if (looked->faults.empty()) {
        refused.erase(machine.index());
      } else {
        refused.insert(machine.index());
      }
    }
  }
  for (const core::Action& action : out) {
    if (const auto* apply = std::get_if<core::ApplyConfig>(&action)) {
      const std::string& push = apply->files.services;
      applied_.insert(push);
      for (const MachineId refused : refused_by_[push])
        world_.violated(Verdict::kSafety, machine.name() + " applies push " + push + ", which " +
                                              world_.machine(refused).name() + " refuses");
      if (const auto end = ended_.find(push); end != ended_.end())
        world_.violated(Verdict::kSafety,
                        machine.name() + " applies push " + push + ", though " + end->second);
    }
    const auto* reply = std::get_if<core::Reply>(&action);
    if (reply == nullptr) continue;
    const auto asked = asked_.find(reply->request);
    if (asked == asked_.end()) continue;
    // Of a host that leaves meanwhile nothing is promised.
    if (reply->refusal != core::Refusal::kNone && reply->refusal != core::Refusal::kLeaving)
      ended(asked->second, "on " + machine.name() + " it was said to have come to nothing");
    asked_.erase(asked);
  }
}

std::optional<std::string> PushChecks::unrest() const {
  const core::PushId* newest = nullptr;
  std::map<MachineId, core::Node::Inspection> seen;
  for (MachineId m = 0; m < world_.size(); ++m)
    if (world_.machine(m).healthy()) seen[m] = world_.machine(m).core().inspect();
  for (const auto& [m, now] : seen) {
    const std::string& name = world_.machine(m).name();
    if (newest == nullptr) newest = &now.push;
    if (now.push != *newest)
      return name + " knows of push " + std::to_string(now.push.count) + " and another host of " +
             std::to_string(newest->count);
    if (now.push && !now.push_applied)
      return name + " has not applied push " + std::to_string(now.push.count);
    if (now.push_undecided) return name + " does not know what became of a push";
  }
  return std::nullopt;
}

}  // namespace cluster::sim
