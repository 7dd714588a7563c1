// Maintenance of this host, and what this host knows of that of others: docs/ownership.md.

#include <algorithm>
#include <utility>

#include "core/node_state.h"

namespace cluster::core {

using Phase = Maintenance::Phase;

void Node::State::load_maintenance(Context& context) {
  upkeeps.read(settings);
  grants.leave_alone(upkeeps.nodes());
  const BegunMaintenance begun = begun_maintenance(boot.stored);
  if (begun.token == 0) return;
  const Maintenance& ours = upkeeps.of(name_of(config.self));
  if (ours.keeps() && ours.token == begun.token) {
    upkeep.begun = begun;
  } else {
    persist(context, {to_write(BegunMaintenance{})});
  }
}

// One of the settings that say so has changed, or what the hosts are called.
void Node::State::read_maintenance() {
  upkeeps.read(settings);
  grants.leave_alone(upkeeps.nodes());
  upkeep.reread = dirty = true;
}

void Node::State::store_settings(Context& context, const std::vector<wire::Setting>& changed) {
  std::vector<Write> writes;
  writes.reserve(changed.size());
  for (const wire::Setting& setting : changed) writes.push_back(Settings::to_write(setting));
  const StoreTicket ticket = persist(context, std::move(writes));
  for (const wire::Setting& setting : changed) {
    if (!about_maintenance(setting.key())) continue;
    upkeep.unstored[setting.key()] = ticket;
    continuations[ticket] = StoredUpkeeps{};
  }
}

void Node::State::upkeep_stored(StoreTicket ticket) {
  std::erase_if(upkeep.unstored, [&](const auto& entry) { return entry.second == ticket; });
}

// The disk has room again.
void Node::State::store_upkeep_again(Context& context) {
  std::vector<wire::Setting> again;
  for (const wire::Setting& setting : settings.all())
    if (upkeep.unstored.contains(setting.key())) again.push_back(setting);
  if (!again.empty()) store_settings(context, again);
}

// The token of that host's maintenance, once all of it is known and stored here: from then on this host grants what
// is kept there to nobody else. 0: none.
uint64_t Node::State::known_upkeep(const std::string& host) const {
  return upkeep.unstored.empty() && upkeeps.complete(host) ? upkeeps.of(host).token : 0;
}

void Node::State::add_maintenance(wire::Record& record) const {
  for (const auto& [host, maintenance] : upkeeps.all()) {
    const uint64_t token = host == name_of(config.self) ? upkeep.begun.token : known_upkeep(host);
    if (token != 0 && record.maintenance_size() < kMaxEdges) record.add_maintenance(token);
  }
}

bool Node::State::lists_upkeep(const Member& member, uint64_t token) const {
  const auto& listed = member.record.maintenance();
  return std::find(listed.begin(), listed.end(), token) != listed.end();
}

bool Node::State::in_maintenance() const {
  return upkeeps.of(name_of(config.self)).phase != Phase::kNone;
}

HostId Node::State::keeper_of(const std::string& name) const {
  const HostEntry* host = config.host(upkeeps.keeper(name));
  return host == nullptr ? HostId{} : host->id;
}

bool Node::State::left_alone(const std::string& name) const {
  return upkeep.begun.token != 0 && keeper_of(name) == config.self;
}

// -------------------------------------------------------------------------------- of this host

void Node::State::drive_maintenance(Context& context) {
  if (std::exchange(upkeep.reread, false)) yield_to_other_keepers(context);
  if (upkeep.ticket || leaving || !settled) return;
  const Maintenance& ours = upkeeps.of(name_of(config.self));
  if (upkeep.begun.token != 0 && (!ours.keeps() || ours.token != upkeep.begun.token)) {
    context.alert(AlertKind::kMaintenance, name_of(config.self), Severity::kWarning,
                  "the maintenance of this host was ended by another host: what runs here goes on "
                  "only where nobody has taken it over");
    store_begun(context, BegunMaintenance{});
    maintenance_over(context);
    return;
  }
  if (upkeep.phase != ours.phase) {
    upkeep.phase = ours.phase;
    upkeep.since = context.now.mono;
  }
  switch (ours.phase) {
    case Phase::kNone: break;
    case Phase::kWanted: propose_maintenance(context); break;
    case Phase::kKept:
      if (upkeep.begun.token == 0) begin_maintenance(context, ours);
      break;
    case Phase::kEnding: end_maintenance(context, ours); break;
  }
}

MonoTime Node::State::next_maintenance() const {
  const bool waits =
      (upkeep.phase == Phase::kKept && upkeep.begun.token == 0) || upkeep.phase == Phase::kEnding;
  return waits && !upkeep.ticket ? upkeep.since + patience() : kNever;
}

void Node::State::propose_maintenance(Context& context) {
  for (const auto& [name, service] : services)
    if (service.stop_failed())
      return refuse_maintenance(context, name + " could not be stopped here; clear it first");
  const bool at_rest =
      claims.empty() && std::all_of(services.begin(), services.end(),
                                    [](const auto& s) { return s.second.at_rest(); });
  if (!at_rest || voters.joint()) return;
  Maintenance proposed;
  proposed.phase = Phase::kKept;
  proposed.token = rng.next() | 1;
  std::vector<std::pair<std::string, std::string>> entries;
  const std::string host = name_of(config.self);
  for (const auto& [name, service] : services)
    if (service.running()) entries.emplace_back(kept_key(name), kept_value(proposed.token, host));
  proposed.services = entries.size();
  entries.emplace_back(maintenance_key(host), to_value(proposed));
  set_maintenance(context, entries);
}

// What this host itself says of its maintenance.
void Node::State::set_maintenance(Context& context,
                                  const std::vector<std::pair<std::string, std::string>>& entries) {
  std::vector<wire::Setting> written;
  for (const auto& [key, value] : entries) {
    written.push_back(settings.write(context.now.wall, key, value));
    settings.merge(context.now.wall, written.back());
    setting_news.push_back(written.back());
  }
  store_settings(context, written);
  read_maintenance();
}

void Node::State::refuse_maintenance(Context& context, const std::string& why) {
  context.alert(AlertKind::kMaintenance, name_of(config.self), Severity::kWarning,
                "the maintenance of this host does not begin: " + why);
  Maintenance none;
  none.refused = as_line(why, kMaxReasonBytes);
  forget_maintenance(context, none);
}

void Node::State::forget_maintenance(Context& context, const Maintenance& none) {
  const std::string host = name_of(config.self);
  std::vector<std::pair<std::string, std::string>> entries;
  for (const std::string& service : upkeeps.kept_by(host))
    entries.emplace_back(kept_key(service), "");
  entries.emplace_back(maintenance_key(host), to_value(none));
  set_maintenance(context, entries);
}

std::string Node::State::who_does_not_know(uint64_t token) const {
  std::string out;
  for (const auto& [node, member] : members.all())
    if (node != self && member.up && !lists_upkeep(member, token))
      out += (out.empty() ? "" : ", ") + name_of(member.host);
  return out;
}

// Empty: whoever has to know does, so that nobody starts what is left alone.
std::string Node::State::why_not_begun(const Maintenance& ours) const {
  if (const std::string missing = who_does_not_know(ours.token); !missing.empty())
    return missing + " did not answer";
  if (known_upkeep(name_of(config.self)) != ours.token) return "it cannot be stored";
  for (const std::string& name : upkeeps.kept_by(name_of(config.self))) {
    const auto lease = leases.find(name);
    if (by_majority(name) &&
        (lease == leases.end() || !lease->second.agreed_by_quorum(voters, ours.token)))
      return "no majority of the voters has agreed to leave " + name + " alone";
  }
  return "";
}

void Node::State::begin_maintenance(Context& context, const Maintenance& ours) {
  for (const std::string& name : upkeeps.kept_by(name_of(config.self))) {
    const Service* kept = service(name);
    if (kept == nullptr || !kept->running())
      return refuse_maintenance(context, name + " no longer runs here");
  }
  const std::string why = why_not_begun(ours);
  if (why.empty()) {
    store_begun(context, BegunMaintenance{ours.token, boot.machine_boot});
  } else if (context.now.mono >= upkeep.since + patience()) {
    refuse_maintenance(context, why);
  } else if (upkeep.asked != ours.token && who_does_not_know(ours.token).empty()) {
    // Voters agree as they answer a renewal: the next is not waited for.
    upkeep.asked = ours.token;
    renew_at = context.now.mono;
  }
}

void Node::State::store_begun(Context& context, const BegunMaintenance& begun) {
  upkeep.ticket = persist(context, {to_write(begun)});
  continuations[upkeep.ticket] = StoredBegun{begun};
}

void Node::State::begun_stored(Context& context, const StoredBegun& stored) {
  upkeep.ticket = StoreTicket{};
  const Maintenance& ours = upkeeps.of(name_of(config.self));
  if (stored.begun.token == 0) {
    if (upkeep.begun.token == 0) return;
    maintenance_over(context);
    if (ours.phase == Phase::kEnding) forget_maintenance(context, Maintenance{});
    return;
  }
  upkeep.begun = stored.begun;
  if (!ours.keeps() || ours.token != stored.begun.token) return;
  leave_services_alone(context);
  context.alert(
      AlertKind::kMaintenance, name_of(config.self), Severity::kInfo,
      "this host is in maintenance; services left alone: " + std::to_string(ours.services));
}

void Node::State::begun_not_stored(Context& context, const StoredBegun& stored,
                                   const std::string& why) {
  upkeep.ticket = StoreTicket{};
  if (stored.begun.token != 0) {
    refuse_maintenance(context, "it cannot be stored: " + why);
  } else if (upkeep.begun.token != 0) {
    keep_on(context, upkeeps.of(name_of(config.self)));
  }
  disk_refuses(context, why);
}

void Node::State::leave_services_alone(Context& context) {
  for (auto& [name, service] : services) service.leave_alone(context.now.mono, left_alone(name));
  for (auto& [name, lease] : leases) lease.left_alone = left_alone(name);
  for (auto& [name, due] : guarded) due = context.now.mono;
  dirty = true;
}

// Two sides of a partition may both have been in maintenance with a copy. Where they meet one of them keeps it, and the
// other looks after its own again, which stops it.
void Node::State::yield_to_other_keepers(Context& context) {
  bool yields = false;
  for (const auto& [name, service] : services) {
    if (upkeep.begun.token == 0 || !service.left_alone() || left_alone(name) || !keeper_of(name))
      continue;
    context.alert(AlertKind::kOwnership, name, Severity::kWarning,
                  "service " + name + " is kept by the maintenance of " + name_of(keeper_of(name)) +
                      ", so it is no longer left alone here");
    yields = true;
  }
  if (yields) leave_services_alone(context);
}

void Node::State::maintenance_over(Context& context) {
  upkeep.begun = {};
  leave_services_alone(context);
  context.alert(AlertKind::kMaintenance, name_of(config.self), Severity::kInfo,
                "the maintenance of this host is over");
}

// Its leases have ends again: they must not have come yet.
void Node::State::end_maintenance(Context& context, const Maintenance& ours) {
  if (upkeep.begun.token == 0) return forget_maintenance(context, Maintenance{});
  const MonoTime now = context.now.mono;
  const bool fresh = std::all_of(leases.begin(), leases.end(), [&](const auto& entry) {
    const OwnLease& lease = entry.second;
    return lease.counts_from != MonoTime::min() && now < lease.counts_from + lease.dead / 2;
  });
  if (fresh) {
    store_begun(context, BegunMaintenance{});
  } else if (now >= upkeep.since + patience()) {
    keep_on(context, ours);
  }
}

// It cannot end now.
void Node::State::keep_on(Context& context, Maintenance ours) {
  ours.phase = Phase::kKept;
  set_maintenance(context, {{maintenance_key(name_of(config.self)), to_value(ours)}});
}

// --------------------------------------------------------------------------------- of operators

std::optional<std::pair<Refusal, std::string>> Node::State::refuse_for_maintenance(
    const Command& command) const {
  using Refused = std::pair<Refusal, std::string>;
  const Maintenance& of_host = upkeeps.of(name_of(command.host));
  const HostId keeper = keeper_of(command.service);
  switch (command.verb) {
    case Verb::kMaintenanceOn: {
      const Member* member = member_of(command.host);
      if (of_host.phase == Phase::kEnding)
        return Refused{Refusal::kBusy,
                       "the maintenance of " + name_of(command.host) + " is ending"};
      if (command.host == config.self || (member != nullptr && member->up)) break;
      return Refused{Refusal::kNotAble, name_of(command.host) + " is down"};
    }
    case Verb::kStandby:
      if (of_host.phase == Phase::kNone) break;
      return Refused{Refusal::kNotAble,
                     name_of(command.host) + " is in maintenance; end that first"};
    case Verb::kStop:
    case Verb::kRestart:
    case Verb::kDisable:
    case Verb::kMove:
      if (keeper == HostId{}) break;
      return Refused{Refusal::kNotAble, command.service + " is left alone, as " + name_of(keeper) +
                                            " is in maintenance"};
    default: break;
  }
  return std::nullopt;
}

// A host that is up ends it itself. That nothing runs on one that is down any more is the operator's word.
std::vector<std::pair<std::string, std::string>> Node::State::maintenance_ended(HostId host) const {
  const std::string name = name_of(host);
  Maintenance its = upkeeps.of(name);
  const bool up = host == config.self || members.up(host);
  if (its.phase == Phase::kNone || (its.phase == Phase::kEnding && up)) return {};
  if (its.keeps() && up) {
    its.phase = Phase::kEnding;
    return {{maintenance_key(name), to_value(its)}};
  }
  std::vector<std::pair<std::string, std::string>> entries;
  for (const std::string& service : upkeeps.kept_by(name))
    entries.emplace_back(kept_key(service), "");
  entries.emplace_back(maintenance_key(name), "");
  return entries;
}

std::optional<Reply> Node::State::outcome_of_maintenance(const PendingCommand& pending) const {
  const Command& command = pending.command;
  const std::string name = name_of(command.host);
  const Maintenance& its = upkeeps.of(name);
  const Member* member = member_of(command.host);
  const bool up = command.host == config.self || (member != nullptr && member->up);
  const auto reply = [&](Refusal refusal, std::string text) {
    return Reply{command.request, refusal, std::move(text)};
  };
  if (command.verb == Verb::kMaintenanceOff) {
    if (its.phase == Phase::kNone) return reply(Refusal::kNone, name + " is not in maintenance");
    if (its.phase == Phase::kKept)
      return reply(Refusal::kFailed, "the maintenance of " + name +
                                         " goes on, as no majority of the voters answers it");
    if (!up)
      return reply(Refusal::kFailed,
                   name +
                       " went down before its maintenance had ended; if nothing runs there any "
                       "more, say so again");
    return std::nullopt;
  }
  if (its.phase == Phase::kNone)
    return reply(Refusal::kFailed, its.refused.empty()
                                       ? "the maintenance of " + name + " was ended meanwhile"
                                       : its.refused);
  const bool begun = command.host == config.self
                         ? upkeep.begun.token == its.token
                         : member != nullptr && lists_upkeep(*member, its.token);
  if (its.keeps() && begun)
    return reply(Refusal::kNone,
                 name + " is in maintenance; services left alone: " + std::to_string(its.services));
  if (!up)
    return reply(Refusal::kFailed, name +
                                       " went down before its maintenance had begun: it begins "
                                       "once " +
                                       name + " is back");
  return std::nullopt;
}

}  // namespace cluster::core
