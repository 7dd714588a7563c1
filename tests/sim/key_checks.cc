#include "tests/sim/key_checks.h"

#include <algorithm>
#include <variant>

#include "wire/cluster.pb.h"

namespace cluster::sim {

namespace {

bool has_proved_secret(const Machine& machine, const NodeId& with) {
  const core::Stored& stored = machine.disk().stored();
  const auto it = stored.find("pair/" + with.hex());
  wire::StoredPair pair;
  return it != stored.end() && pair.ParseFromString(it->second) && pair.has_kept();
}

}  // namespace

void KeyChecks::stepped(Machine& machine, const core::Event* event, const core::Actions& out) {
  if (event == nullptr) return;
  if (const auto* command = std::get_if<core::Command>(event)) {
    if (command->verb == core::Verb::kReadmit) readmitted_.insert(command->host);
    if (command->verb == core::Verb::kReadmitSelf) forgetful_.insert(machine.index());
  }
  const auto* up = std::get_if<core::LinkUp>(event);
  if (up == nullptr || up->generation != core::Generation{}) return;
  if (readmitted_.contains(up->host) || readmitted_.contains(machine.id()) ||
      forgetful_.contains(machine.index()))
    return;
  const bool turned_away = std::any_of(out.begin(), out.end(), [&](const core::Action& action) {
    const auto* close = std::get_if<core::CloseLink>(&action);
    return close != nullptr && close->link == up->link;
  });
  if (turned_away) return;
  // The other end looks for itself.
  if (has_proved_secret(machine, up->node))
    world_.violated(Verdict::kSafety, machine.name() + " lets in " + up->name +
                                          " by the passphrases, which a secret of theirs has "
                                          "replaced");
}

std::optional<std::string> KeyChecks::locked_out() const {
  for (MachineId a = 0; a < world_.size(); ++a)
    for (MachineId b = 0; b < world_.size(); ++b)
      if (a != b && !world_.network().can_authenticate(a, b))
        return world_.machine(a).name() + " cannot authenticate to " + world_.machine(b).name();
  return std::nullopt;
}

}  // namespace cluster::sim
