// Orders of operators: each becomes replicated settings, is stored, and is answered once its effect is
// there, or cannot come.

#include <algorithm>

#include "core/node_state.h"
#include "core/silence.h"

namespace cluster::core {

namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

bool about_service(Verb verb) {
  switch (verb) {
    case Verb::kStandby:
    case Verb::kOnline:
    case Verb::kMaintenanceOn:
    case Verb::kMaintenanceOff:
    case Verb::kReadmit:
    case Verb::kReadmitSelf:
    case Verb::kSilence: return false;
    default: return true;
  }
}

bool about_host(Verb verb) {
  return !about_service(verb) && verb != Verb::kReadmitSelf && verb != Verb::kSilence;
}

}  // namespace

const Member* Node::State::member_of(HostId host) const {
  return host == config.self ? members.find(self) : members.of(host);
}

uint64_t Node::State::failures_of(HostId host, const std::string& name) const {
  if (host == config.self) {
    const Service* local = service(name);
    return local == nullptr ? 0 : local->failures();
  }
  const Member* member = members.of(host);
  const wire::Holding* holding = member == nullptr ? nullptr : holding_of(*member, name);
  return holding == nullptr ? 0 : holding->failures();
}

void Node::State::on(Context& context, const Command& command) {
  if (const auto refusal = refuse(command, context.now.mono)) {
    context.emit(Reply{command.request, refusal->first, refusal->second});
    return;
  }
  if (command.verb == Verb::kReadmit) return open_for_readmission(context, command);
  if (command.verb == Verb::kReadmitSelf) return forget_secrets(context, command);
  PendingCommand pending;
  pending.command = command;
  const std::string& name = command.service;
  if (about_service(command.verb))
    for (HostId host : orders.find(name)->preference)
      pending.failures_before[host] = failures_of(host, name);
  Entries entries;
  const auto unset = [&](const std::string& key) {
    if (!settings.get(key).empty()) entries.emplace_back(key, "");
  };
  switch (command.verb) {
    case Verb::kStart: unset("stop/" + name); break;
    case Verb::kStop: entries.emplace_back("stop/" + name, std::to_string(session.id)); break;
    case Verb::kRestart:
      pending.token = std::to_string(rng.next());
      entries.emplace_back("restart/" + name, pending.token);
      break;
    case Verb::kEnable: unset("disable/" + name); break;
    case Verb::kDisable: entries.emplace_back("disable/" + name, "1"); break;
    case Verb::kMove: entries.emplace_back("move/" + name, name_of(command.host)); break;
    case Verb::kClear:
      entries.emplace_back("clear/" + name, "1");
      unset("move/" + name);
      break;
    case Verb::kStandby: entries.emplace_back("standby/" + name_of(command.host), "1"); break;
    case Verb::kOnline: unset("standby/" + name_of(command.host)); break;
    case Verb::kMaintenanceOn:
      if (!upkeeps.of(name_of(command.host)).keeps())
        entries.emplace_back(maintenance_key(name_of(command.host)), "on");
      break;
    case Verb::kMaintenanceOff: entries = maintenance_ended(command.host); break;
    case Verb::kSilence: entries.push_back(silence(*this, context.now.wall, command)); break;
    case Verb::kReadmit:
    case Verb::kReadmitSelf: break;
  }
  write_settings(context, pending, entries);
  commands.push_back(std::move(pending));
  dirty = true;
}

std::optional<std::pair<Refusal, std::string>> Node::State::refuse(const Command& command,
                                                                   MonoTime) const {
  using Refused = std::pair<Refusal, std::string>;
  if (leaving) return Refused{Refusal::kLeaving, "this host is leaving the cluster"};
  const bool needs_host = command.verb == Verb::kMove || about_host(command.verb);
  if (needs_host && config.host(command.host) == nullptr)
    return Refused{Refusal::kUnknownHost,
                   "the hosts file has no line " + std::to_string(command.host.value)};
  if (command.verb == Verb::kReadmit && command.host == config.self)
    return Refused{Refusal::kNotAble,
                   "this is that host; readmit it on another, or forget its secrets with "
                   "readmit self"};
  if (command.verb == Verb::kSilence) return refuse_silence(*this, command);
  if (command.verb == Verb::kOnline && !push_refused(command.host).empty())
    return Refused{Refusal::kNotAble,
                   name_of(command.host) +
                       " is on standby, as it cannot apply the configuration that was pushed: " +
                       push_refused(command.host)};
  if (auto refused = refuse_for_maintenance(command)) return refused;
  if (!about_service(command.verb)) return std::nullopt;
  const Order* order = orders.find(command.service);
  if (order == nullptr)
    return Refused{Refusal::kUnknownService, "the services file has no " + command.service};
  const bool disabled = !settings.get("disable/" + command.service).empty();
  const bool stopped = stopped_by_operator(command.service);
  const bool wants_it_to_run =
      command.verb == Verb::kStart || command.verb == Verb::kMove || command.verb == Verb::kRestart;
  if (disabled && wants_it_to_run)
    return Refused{Refusal::kNotAble, command.service + " is disabled; enable it first"};
  if (stopped && wants_it_to_run && command.verb != Verb::kStart)
    return Refused{Refusal::kNotAble, command.service + " is stopped; start it first"};
  if (command.verb != Verb::kMove) return std::nullopt;
  for (const Candidate& candidate : placement_input(*order).candidates) {
    if (candidate.host != command.host) continue;
    std::string obstacle;
    if (!candidate.up) {
      obstacle = "is down";
    } else if (candidate.standby) {
      obstacle = "is on standby";
    } else if (!candidate.able) {
      obstacle = candidate.why_not;
    } else {
      obstacle = bound_elsewhere(candidate);
    }
    if (obstacle.empty()) return std::nullopt;
    return Refused{Refusal::kNotAble, candidate.name + " " + obstacle};
  }
  return Refused{Refusal::kNotAble, name_of(command.host) + " is not on the line of " +
                                        command.service + " in the services file"};
}

void Node::State::write_settings(Context& context, PendingCommand& pending,
                                 const Entries& entries) {
  if (entries.empty()) return;
  std::vector<Write> writes;
  for (const auto& [key, value] : entries) {
    pending.settings.push_back(settings.write(context.now.wall, key, value));
    writes.push_back(Settings::to_write(pending.settings.back()));
  }
  pending.ticket = persist(context, std::move(writes));
  continuations[pending.ticket] = StoredSettings{pending.command.request};
}

void Node::State::settings_stored(Context& context, RequestId request, bool ok,
                                  const std::string& why) {
  auto it = std::find_if(commands.begin(), commands.end(), [&](const PendingCommand& pending) {
    return pending.command.request == request;
  });
  if (it == commands.end()) return;
  if (!ok) {
    context.emit(Reply{request, Refusal::kFailed, "the order cannot be stored: " + why});
    commands.erase(it);
    return;
  }
  it->ticket = StoreTicket{};
  for (const wire::Setting& setting : std::exchange(it->settings, {}))
    if (settings.merge(context.now.wall, setting) == Merged::kApplied)
      apply_setting(context, setting, true);
}

// A setting that has come into force here, from an operator or from a peer.
void Node::State::apply_setting(Context& context, const wire::Setting& setting, bool stored) {
  if (!stored) store_settings(context, {setting});
  setting_news.push_back(setting);
  dirty = true;
  alerts.hosts.due = true;
  note_told(context, setting.key());
  apply_readmission(context, setting);
  if (about_maintenance(setting.key())) read_maintenance();
  constexpr std::string_view kClear = "clear/";
  if (!setting.key().starts_with(kClear)) return;
  const std::string name = setting.key().substr(kClear.size());
  cleared_at[name] = context.now.mono;
  not_before.erase(name);
  boot.stored.erase(kBarPrefix + name);
  persist(context, {{kBarPrefix + name, std::nullopt}});
  Service* local = service(name);
  if (local == nullptr) return;
  local->lift_bar();
  local->retry_stop(context, *this);
}

// ---------------------------------------------------------------------------------------- answers

void Node::State::settle_commands(Context& context) {
  for (auto it = commands.begin(); it != commands.end();) {
    std::optional<Reply> reply;
    if (!it->ticket && settled) reply = outcome(*it, context.now.mono);
    if (reply) context.emit(std::move(*reply));
    it = reply ? commands.erase(it) : std::next(it);
  }
}

std::optional<Reply> Node::State::outcome(const PendingCommand& pending, MonoTime now) const {
  const Command& command = pending.command;
  const auto done = [&](std::string text) {
    return Reply{command.request, Refusal::kNone, std::move(text)};
  };
  if (command.verb == Verb::kMaintenanceOn || command.verb == Verb::kMaintenanceOff)
    return outcome_of_maintenance(pending);
  if (command.verb == Verb::kSilence)
    return done(command.seconds == 0 ? "alerts of " + command.service + " are sent again"
                                     : "alerts of " + command.service + " are silenced for " +
                                           std::to_string(command.seconds) + " s");
  if (command.verb == Verb::kOnline) return done(name_of(command.host) + " is online");
  if (command.verb == Verb::kStandby) {
    const Member* member = member_of(command.host);
    const bool busy =
        member != nullptr && member->up &&
        std::any_of(member->record.services().begin(), member->record.services().end(),
                    [](const wire::Holding& h) { return holds_service(h.state()); });
    if (busy) return std::nullopt;
    return done(name_of(command.host) + " is on standby");
  }
  const Order* order = orders.find(command.service);
  if (order == nullptr)
    return Reply{command.request, Refusal::kUnknownService,
                 command.service + " is no longer in the services file"};
  if (command.verb != Verb::kStop && command.verb != Verb::kDisable)
    return outcome_of_start(pending, *order, now);
  const bool in_force = command.verb == Verb::kStop
                            ? stopped_by_operator(command.service)
                            : !settings.get("disable/" + command.service).empty();
  if (!in_force)
    return Reply{command.request, Refusal::kFailed,
                 command.service + " is to run again: another order, or a new run of the cluster"};
  for (const auto& [node, member] : members.all()) {
    if (!member.up) continue;
    const wire::Holding* holding = holding_of(member, command.service);
    if (holding == nullptr) continue;
    if (holds_service(holding->state())) return std::nullopt;
    if (holding->state() == wire::Holding::STOP_FAILED)
      return Reply{command.request, Refusal::kFailed,
                   command.service + " could not be stopped on " + name_of(member.host)};
  }
  return done(command.service + " is stopped");
}

// Of everything after which the service should run where placement says.
std::optional<Reply> Node::State::outcome_of_start(const PendingCommand& pending,
                                                   const Order& order, MonoTime now) const {
  const Command& command = pending.command;
  const PlacementInput input = placement_input(order);
  const Choice choice = place(input, now);
  const bool wants_it_to_run =
      command.verb == Verb::kStart || command.verb == Verb::kMove || command.verb == Verb::kRestart;
  if (command.verb == Verb::kMove && input.moved_to != command.host)
    return Reply{command.request, Refusal::kFailed,
                 "the move to " + name_of(command.host) + " has ended: " + choice.reason};
  if (command.verb == Verb::kMove) {
    auto before = pending.failures_before.find(command.host);
    if (before != pending.failures_before.end() &&
        failures_of(command.host, order.service) > before->second)
      return Reply{command.request, Refusal::kFailed,
                   order.service + " failed on " + name_of(command.host)};
  }
  bool held_elsewhere = false;
  const wire::Holding* there = nullptr;
  for (const auto& [node, member] : members.all()) {
    if (!member.up) continue;
    const wire::Holding* holding = holding_of(member, order.service);
    if (holding == nullptr) continue;
    if (member.host == choice.host) {
      there = holding;
    } else if (holds_service(holding->state())) {
      held_elsewhere = true;
    }
  }
  if (choice.host == HostId{}) {
    const bool may_settle =
        std::any_of(input.candidates.begin(), input.candidates.end(),
                    [](const Candidate& c) { return c.up && c.able && !c.standby && !c.settled; });
    if (may_settle || held_elsewhere) return std::nullopt;
    std::string why = choice.reason;
    for (const auto& [host, about] : choice.hosts) why += "; " + name_of(host) + ": " + about;
    return Reply{command.request, wants_it_to_run ? Refusal::kNotAble : Refusal::kNone,
                 order.service + " does not run: " + why};
  }
  const bool restarted =
      command.verb != Verb::kRestart || (there != nullptr && there->restarted() == pending.token);
  if (held_elsewhere || there == nullptr || there->state() != wire::Holding::RUNNING || !restarted)
    return std::nullopt;
  return Reply{command.request, Refusal::kNone, order.service + " runs on " + name_of(choice.host)};
}

}  // namespace cluster::core
