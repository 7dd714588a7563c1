#include "tests/sim/alert_checks.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/alerts.h"
#include "core/hlc.h"
#include "tests/sim/checks.h"
#include "wire/cluster.pb.h"

namespace cluster::sim {

namespace {

constexpr Duration kLookEvery = seconds(10);
// What else may take time before a host's turn comes: that others are up, or are no more, has to be seen.
constexpr Duration kTurnSlack = minutes(1);

std::string setting_of(const std::string& kind, const std::string& subject) {
  const bool host = kind.starts_with("host-");
  return std::string(core::kAlertPrefix) + (host ? "host/" : "service/") + subject;
}

}  // namespace

AlertChecks::AlertChecks(World& world) : world_(world) {
  world.watch(*this);
  world.queue().after(kLookEvery, [this] { look(); });
}

void AlertChecks::stepped(Machine& machine, const core::Event* event, const core::Actions& out) {
  if (const auto* sent = event == nullptr ? nullptr : std::get_if<core::AlertSent>(event)) {
    failed_ = failed_ || !sent->failed.empty();
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
  lived_[machine.index()] = world_.now();
  if (life == Life::kThawed || life == Life::kAwake || life == Life::kReloaded) return;
  std::erase_if(under_way_,
                [&](const auto& entry) { return entry.first.first == machine.index(); });
  for (auto& [subject, last] : last_)
    if (last.by == machine.index()) last.answered = false;
}

void AlertChecks::told(Machine& machine, const core::SendAlert& alert) {
  ++count_;
  if (alert.from != HostId{}) return;
  if (alert.kind.starts_with("host-")) check_host(machine, alert);
  const std::string subject = setting_of(alert.kind, alert.subject);
  last_[subject] = {alert.kind, alert.text, machine.index(), world_.now(), false};
  under_way_[{machine.index(), alert.alert}] = subject;
}

void AlertChecks::check_host(Machine& machine, const core::SendAlert& alert) {
  if (alert.kind == core::to_string(core::AlertKind::kHostFlaps)) return;
  const bool down = alert.kind == core::to_string(core::AlertKind::kHostDown);
  const core::View view = machine.view();
  const auto host = std::find_if(view.hosts.begin(), view.hosts.end(),
                                 [&](const core::HostView& h) { return h.name == alert.subject; });
  if (host == view.hosts.end() || host->up == down)
    return world_.violated(Verdict::kSafety,
                           machine.name() + " tells people what it does not see: " + alert.text);
  const Told& last = last_[setting_of(alert.kind, alert.subject)];
  if (down && last.kind == alert.kind && last.answered && knew(machine, last))
    world_.violated(Verdict::kSafety, machine.name() + " tells people again what " +
                                          world_.machine(last.by).name() +
                                          " has told them: " + alert.text);
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

// Where a host has a way to tell, its turn comes. After a failure it may be an hour's.
void AlertChecks::look() {
  if (failed_) return;
  const Duration line = static_cast<int64_t>(world_.size()) * core::kAlertPatience + kTurnSlack;
  for (MachineId i = 0; i < world_.size(); ++i) {
    const Machine& machine = world_.machine(i);
    if (!machine.healthy() || machine.alerting() != Alerting::kGood ||
        world_.now() < lived_[i] + kTurnSlack)
      continue;
    for (const auto& untold : machine.core().inspect().untold)
      if (machine.now().mono > untold.since + line && machine.view().silences.empty())
        return world_.violated(Verdict::kLiveness,
                               machine.name() + " could have told long since: " + untold.what);
  }
  world_.queue().after(kLookEvery, [this] { look(); });
}

// Of what flaps people are told later.
std::optional<std::string> AlertChecks::misled() const {
  const core::Stored& stored = world_.machine(MachineId{0}).disk().stored();
  for (const auto& [subject, last] : last_) {
    if (!last.kind.ends_with("-down") || !last.answered) continue;
    wire::Setting setting;
    const auto kept = stored.find("setting/" + subject);
    if (kept != stored.end() && !setting.ParseFromString(kept->second)) continue;
    if (core::Telling::parse(setting.value()).last == core::LastTold::kGood)
      return "people were left with what " + world_.machine(last.by).name() +
             " told them last: " + last.text;
  }
  return std::nullopt;
}

}  // namespace cluster::sim
