#include "tests/sim/order_checks.h"

#include <string_view>
#include <variant>

#include "tests/sim/describe.h"

namespace cluster::sim {

namespace {

constexpr std::string_view kCarriedOut = "restarted/";

}  // namespace

void OrderChecks::lived(Machine& machine, Life life) {
  if (life != Life::kEngineStarted) return;
  const auto of_it = [&](const auto& entry) { return entry.first.first == machine.index(); };
  std::erase_if(known_, of_it);
  std::erase_if(written_, of_it);
  for (const auto& [key, value] : machine.disk().stored())
    if (key.starts_with(kCarriedOut))
      known_[{machine.index(), key.substr(kCarriedOut.size())}] = value;
}

void OrderChecks::stepped(Machine& machine, const core::Event*, const core::Actions& out) {
  for (const core::Action& action : out) {
    const auto* persist = std::get_if<core::Persist>(&action);
    if (persist == nullptr) continue;
    for (const auto& write : persist->writes)
      if (write.key.starts_with(kCarriedOut))
        written_[{machine.index(), write.key.substr(kCarriedOut.size())}] =
            write.value.value_or("");
  }
}

void OrderChecks::script_begins(Machine& machine, const core::RunScript& run) {
  if (run.script != core::Script::kStart) return;
  const Place place{machine.index(), run.service};
  const uint64_t epoch = epoch_of(run);
  const bool in_place = std::exchange(epochs_[place], epoch) == epoch;
  if (!in_place || value_of(run, "CLUSTER_REASON") != "operator") return;
  if (!written_.contains(place) || written_[place] == known_[place])
    world_.violated(Verdict::kSafety, machine.name() + " restarts " + run.service +
                                          ", though that order was carried out before");
}

}  // namespace cluster::sim
