#include "tests/sim/alert_checks.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/hlc.h"
#include "tests/sim/checks.h"

namespace cluster::sim {

void AlertChecks::stepped(Machine& machine, const core::Event* event, const core::Actions& out) {
  if (const auto* sent = event == nullptr ? nullptr : std::get_if<core::AlertSent>(event)) {
    const auto about = under_way_.find({machine.index(), sent->alert});
    if (about != under_way_.end()) {
      Told& last = last_[about->second];
      last.answered = last.by == machine.index() && sent->failed.empty();
      under_way_.erase(about);
    }
  }
  for (const core::Action& action : out)
    if (const auto* alert = std::get_if<core::SendAlert>(&action)) told(machine, *alert);
}

void AlertChecks::lived(Machine& machine, Life life) {
  if (life == Life::kThawed || life == Life::kAwake || life == Life::kReloaded) return;
  std::erase_if(under_way_,
                [&](const auto& entry) { return entry.first.first == machine.index(); });
  for (auto& [host, last] : last_)
    if (last.by == machine.index()) last.answered = false;
}

void AlertChecks::told(Machine& machine, const core::SendAlert& alert) {
  ++count_;
  const bool down = alert.kind == core::to_string(core::AlertKind::kHostDown);
  if (!down && alert.kind != core::to_string(core::AlertKind::kHostUp)) return;
  const core::View view = machine.view();
  const auto host = std::find_if(view.hosts.begin(), view.hosts.end(),
                                 [&](const core::HostView& h) { return h.name == alert.subject; });
  if (host == view.hosts.end() || host->up == down)
    return world_.violated(Verdict::kSafety,
                           machine.name() + " tells people what it does not see: " + alert.text);
  Told& last = last_[alert.subject];
  if (down && last.kind == alert.kind && last.answered && knew(machine, last))
    return world_.violated(Verdict::kSafety, machine.name() + " tells people again what " +
                                                 world_.machine(last.by).name() +
                                                 " has told them: " + alert.text);
  last = {alert.kind, machine.index(), world_.now(), false};
  under_way_[{machine.index(), alert.alert}] = alert.subject;
}

// Both have been in touch since, and neither takes the other's settings for those of another time.
bool AlertChecks::knew(const Machine& machine, const Told& last) const {
  const Machine& teller = world_.machine(last.by);
  if (machine.index() == last.by) return true;
  const auto since = world_.together().since(machine.index(), last.by);
  const Duration apart = machine.now().wall - teller.now().wall;
  return since && *since + settle_bound(world_) < last.at && std::chrono::abs(apart) < seconds(1) &&
         last.at + settle_bound(world_) < world_.now();
}

}  // namespace cluster::sim
