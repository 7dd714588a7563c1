// Driving this host's services: what runs here, should it, and what has to happen next.

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

// ------------------------------------------------------------------------------- what is configured

Service* Node::State::service(const std::string& name) {
  auto it = services.find(name);
  return it == services.end() ? nullptr : &it->second;
}

const Service* Node::State::service(const std::string& name) const {
  auto it = services.find(name);
  return it == services.end() ? nullptr : &it->second;
}

void Node::State::configure_services(Context& context) {
  for (const ServiceEntry& entry : config.services) {
    if (!entry.local) continue;
    service_made(context.now, entry).configure(entry);
    if (!entry.runnable)
      context.alert(AlertKind::kServiceFailed, entry.name, Severity::kCritical,
                    "service " + entry.name + " cannot run here: " + entry.unrunnable_why);
  }
  const auto over = [&](const auto& entry) { return orders.find(entry.first) == nullptr; };
  std::erase_if(choices, over);
  std::erase_if(last_owner, over);
  std::erase_if(not_before, over);
  // What was pushed comes on one host before the other.
  if (push.applying) return;
  if (orders.file_differs() && !differing_alerted)
    context.alert(AlertKind::kConfiguration, name_of(config.self), Severity::kWarning,
                  "the services file of this host differs from the newer one that is in force");
  differing_alerted = orders.file_differs();
}

// Questions and answers may get lost with a link, so it goes on until nobody has a newer one.
void Node::State::ask_again_for_orders(Context& context) {
  OrdersVersion newest = orders.version();
  NodeId from;
  bool there_is_one = false;
  for (const auto& [node, member] : members.all()) {
    const OrdersVersion theirs = version_of(member.record.configuration());
    there_is_one = there_is_one || theirs > orders.version();
    if (!member.up || theirs <= newest) continue;
    newest = theirs;
    from = node;
  }
  orders_ask_at =
      there_is_one ? context.now.mono + kBeatsToAskAgain * config.beat_interval : kNever;
  if (!from) return;
  wire::Routed ask;
  set_version(ask.mutable_orders_ask()->mutable_configuration(), newest);
  route(context, from, std::move(ask));
}

// Made with what earlier lives have stored of it.
Service& Node::State::service_made(const Now& now, const ServiceEntry& entry) {
  const auto [it, made] = services.try_emplace(entry.name, entry.name, entry);
  Service& service = it->second;
  if (!made) return service;
  const auto stored = boot.stored.find(kServicePrefix + entry.name);
  if (wire::StoredService kept; stored != boot.stored.end() && kept.ParseFromString(stored->second))
    service.ran_since(kept.run_since_us());
  if (const auto order = boot.stored.find(kRestartedPrefix + entry.name);
      order != boot.stored.end())
    service.skip_restart(order->second);
  const auto barred = boot.stored.find(kBarPrefix + entry.name);
  if (wire::StoredBar bar; barred != boot.stored.end() && bar.ParseFromString(barred->second))
    service.recall_bar(now, bar);
  return service;
}

Service& Node::State::service_even_if_gone(const Now& now, const std::string& name) {
  ServiceEntry gone;
  gone.name = name;
  return service_made(now, gone);
}

// What an earlier engine has left, as far as somebody has watched over it since.
void Node::State::adopt_left(Context& context) {
  next_run = boot.first_run;
  for (const LeftService& was : boot.left) {
    adopt_lease(was);
    voter.hear_epoch(was.service, was.epoch);
    Service& found = service_even_if_gone(context.now, was.service);
    found.adopt(context, *this, was);
    found.leave_alone(context.now.mono, left_alone(was.service));
  }
}

// What may have been left running by an earlier life, and nobody has watched over.
void Node::State::check_left_running(Context& context) {
  for (auto it = boot.stored.lower_bound(kServicePrefix);
       it != boot.stored.end() && it->first.starts_with(kServicePrefix); ++it) {
    const std::string name = it->first.substr(sizeof kServicePrefix - 1);
    wire::StoredService kept;
    if (!kept.ParseFromString(it->second)) continue;
    voter.hear_epoch(name, kept.epoch());
    const bool adopted = std::any_of(boot.left.begin(), boot.left.end(),
                                     [&](const LeftService& was) { return was.service == name; });
    if (!kept.may_run() || adopted) continue;
    Service& found = service_even_if_gone(context.now, name);
    if (!left_alone(name)) {
      found.check(context, *this, kept.held_epoch());
      continue;
    }
    LeftService without_end;
    without_end.service = name;
    without_end.epoch = kept.held_epoch();
    without_end.kill_at = kNever;
    adopt_lease(without_end);
    found.find_left_alone(context, *this, kept.held_epoch(),
                          upkeep.begun.machine_boot == boot.machine_boot);
  }
}

// ------------------------------------------------------------------------------- what placement sees

std::string Node::State::why_not_able(const Order& order, MonoTime now) const {
  const Service* local = service(order.service);
  const ServiceEntry* entry = config.service(order.service);
  if (entry == nullptr || !entry->local || local == nullptr)
    return "its own services file does not place it there";
  if (!entry->runnable) return entry->unrunnable_why;
  if (leaving) return "is leaving the cluster";
  if (in_maintenance() && local->idle()) return "is in maintenance";
  if (std::string why = why_offline(order); !why.empty()) return why;
  if (std::string why = why_not_stored(order); !why.empty()) return why;
  if (leaves_before_sleep(order.service)) return "is about to sleep";
  if (local->stop_failed()) return "could not stop it";
  if (local->barred(now)) return local->bar_why();
  return "";
}

wire::Holding Node::State::own_holding(const Order& order, MonoTime now) const {
  wire::Holding holding;
  holding.set_service(order.service);
  const std::string why_not = why_not_able(order, now);
  holding.set_able(why_not.empty());
  holding.set_why(
      as_line(why_not.empty() ? why_no_claim(order.service) : why_not, kMaxReasonBytes));
  holding.set_highest_epoch(voter.highest_epoch(order.service));
  const Service* local = service(order.service);
  if (local == nullptr) return holding;
  holding.set_state(local->state());
  if (local->idle() && claims.contains(order.service)) holding.set_state(wire::Holding::CLAIMING);
  holding.set_epoch(local->epoch());
  if (by_majority(order.service))
    holding.set_lease_us(
        static_cast<uint64_t>(to_us(config.dead_time + local->entry().fence_margin)));
  if (local->entry().owns_files && !local->idle()) holding.set_run_since_us(local->run_since_us());
  holding.set_failed(local->barred(now));
  holding.set_failures(local->failures());
  holding.set_restarted(local->restarted());
  tell_relations(local->entry(), holding);
  holding.set_failed_checks(local->failed_checks());
  if (local->failed_checks() != 0) holding.set_fall(local->entry().fall);
  holding.set_failback_never(local->entry().failback.never);
  holding.set_failback_us(static_cast<uint64_t>(to_us(local->entry().failback.stability)));
  return holding;
}

const wire::Holding* Node::State::holding_of(const Member& member, const std::string& name) const {
  auto it = member.services.find(name);
  return it == member.services.end() ? nullptr : &member.record.services(it->second);
}

Candidate Node::State::candidate_for(const Order& order, HostId host, MonoTime cleared,
                                     const Placed& placed) const {
  Candidate out;
  out.host = host;
  out.name = name_of(host);
  out.standby = standby(host);
  const Member* member = host == config.self ? members.find(self) : members.of(host);
  out.up = host == config.self || (member != nullptr && member->up);
  if (member == nullptr) return out;
  out.up_since = member->up_since;
  out.returns = static_cast<uint32_t>(std::count_if(member->returns.begin(), member->returns.end(),
                                                    [&](MonoTime t) { return t >= cleared; }));
  const wire::Holding* holding = holding_of(*member, order.service);
  out.settled = host == config.self ? settled : member->record.settled();
  out.able = holding != nullptr && holding->able();
  out.why_not = holding == nullptr ? "does not have it in its services file" : holding->why();
  out.holds = holding != nullptr && holds_service(holding->state());
  out.stopping = holding != nullptr && holding->state() == wire::Holding::STOPPING;
  if (holding != nullptr) out.run_since_us = holding->run_since_us();
  if (holding != nullptr) bind(out, *holding, placed);
  return out;
}

PlacementInput Node::State::placement_input(const Order& order, const Placed& placed,
                                            const std::set<HostId>& gone) const {
  PlacementInput input;
  const ServiceEntry* entry = config.service(order.service);
  if (entry != nullptr) input.failure_window = entry->failure_window;
  auto cleared = cleared_at.find(order.service);
  const MonoTime since = cleared == cleared_at.end() ? MonoTime::min() : cleared->second;
  const auto see = [&](HostId host) {
    Candidate candidate = candidate_for(order, host, since, placed);
    if (gone.contains(host)) candidate.up = candidate.holds = false;
    return candidate;
  };
  for (HostId host : order.preference) input.candidates.push_back(see(host));
  input.kept_on = keeper_of(order.service);
  // Taken out of the line since: what runs there is left alone all the same, or may run there.
  if (input.kept_on != HostId{} && !order.has_on_line(input.kept_on))
    if (Candidate keeper = see(input.kept_on); !keeper.up || keeper.holds) {
      keeper.able = false;
      keeper.why_not = "is not on its line any more";
      input.candidates.push_back(std::move(keeper));
    }
  input.disabled = !settings.get("disable/" + order.service).empty();
  input.stopped = stopped_by_operator(order.service);
  input.moved_to = moved_to(order.service);
  input.dead_time = config.dead_time;
  for (const Candidate& candidate : input.candidates) {
    if (!candidate.holds || !candidate.up) continue;
    const Member* member =
        candidate.host == config.self ? members.find(self) : members.of(candidate.host);
    const wire::Holding* holding = member == nullptr ? nullptr : holding_of(*member, order.service);
    if (holding == nullptr) continue;
    input.failback = {
        holding->failback_never(),
        microseconds(static_cast<int64_t>(std::min(holding->failback_us(), kMaxFailbackUs)))};
    break;
  }
  return input;
}

bool Node::State::stopped_by_operator(const std::string& name) const {
  const std::string& in_session = settings.get("stop/" + name);
  if (in_session.empty()) return false;
  return !session.confirmed || in_session == std::to_string(session.id);
}

HostId Node::State::moved_to(const std::string& name) const {
  const std::string& host_name = settings.get("move/" + name);
  const HostEntry* host = host_name.empty() ? nullptr : config.host(host_name);
  return host == nullptr ? HostId{} : host->id;
}

bool Node::State::standby(HostId host) const {
  return !settings.get("standby/" + name_of(host)).empty() || !push_refused(host).empty();
}

size_t Node::State::rank(const Order& order, const NodeId& node) const {
  const Member* member = members.find(node);
  const HostId host = node == self ? config.self : member == nullptr ? HostId{} : member->host;
  return static_cast<size_t>(std::find(order.preference.begin(), order.preference.end(), host) -
                             order.preference.begin());
}

// ---------------------------------------------------------------------------------------- driving

void Node::State::drive_services(Context& context) {
  rebuild_record(context);
  for (auto& [name, service] : services) service.tick(context, *this);
  drive_leases(context);
  read_relations(context);
  for (const size_t i : sequence) {
    const Order& order = orders.all()[i];
    choices[order.service] = place(placement_input(order), context.now.mono);
  }
  for (const Order& order : orders.all()) drive(context, order);
  for (auto it = services.begin(); it != services.end();) {
    Service& local = it->second;
    const bool ordered = orders.find(it->first) != nullptr;
    if (!ordered) {
      drop_claim(context, it->first);
      if (!stops_later(it->first))
        local.stop(context, *this, stop_reason(nullptr, {}), HostId{}, false);
      choices.erase(it->first);
    }
    it = !ordered && local.idle() ? services.erase(it) : std::next(it);
  }
}

void Node::State::drive(Context& context, const Order& order) {
  const Choice& choice = choices[order.service];
  for (const auto& [node, member] : members.all()) {
    if (!member.up) continue;
    const wire::Holding* holding = holding_of(member, order.service);
    if (holding != nullptr && holds_service(holding->state()))
      note_owner(order.service, member.host);
  }
  Service* local = service(order.service);
  if (local == nullptr) return;
  const bool ours = choice.host == config.self;
  const bool claims_it =
      ours && settled && !leaving && !in_maintenance() && why_no_claim(order.service).empty();
  if (!claims_it) drop_claim(context, order.service);
  if (local->idle()) {
    if (claims_it) claim_or_wait(context, order);
    return;
  }
  if (ours && !leaving) {
    if (leaderless(order.service)) {
      if (!stops_later(order.service))
        local->stop(context, *this, Reason::kPlacement, HostId{}, false);
      return;
    }
    local->keep();
    const std::string& token = settings.get("restart/" + order.service);
    if (token.empty() || token == local->restarted()) return;
    if (local->restart(context, *this, Reason::kOperator, token))
      persist(context, {{kRestartedPrefix + order.service, token}});
    return;
  }
  // A host that has not settled keeps what it found running until it knows better.
  if (!settled && !leaving && !leaves_before_sleep(order.service)) return;
  const bool conflict = runs_elsewhere(order.service) || disk.mute || !why_offline(order).empty();
  if (!conflict && stops_later(order.service)) return;
  local->stop(context, *this, conflict ? Reason::kLostOwnership : stop_reason(&order, choice),
              choice.host, conflict);
}

bool Node::State::runs_elsewhere(const std::string& name) const {
  return std::any_of(members.all().begin(), members.all().end(), [&](const auto& entry) {
    const Member& member = entry.second;
    const wire::Holding* holding = holding_of(member, name);
    return member.node != self && member.up && holding != nullptr &&
           holds_service(holding->state()) && holding->state() != wire::Holding::STOPPING;
  });
}

void Node::State::note_owner(const std::string& name, HostId host) { last_owner[name] = host; }

std::pair<Reason, HostId> Node::State::start_reason(const Order& order) const {
  auto owner = last_owner.find(order.service);
  if (owner == last_owner.end() || owner->second == config.self) {
    const bool first = owner == last_owner.end();
    return {first ? Reason::kPlacement : Reason::kOperator, HostId{}};
  }
  const HostId from = owner->second;
  if (!members.up(from)) return {Reason::kFailover, from};
  const Order& leading = led_by(order);
  if (moved_to(leading.service) == config.self) return {Reason::kMove, from};
  const Member* member = members.of(from);
  const wire::Holding* holding = holding_of(*member, order.service);
  if (holding != nullptr && holding->failed()) return {Reason::kHealth, from};
  if (standby(from)) return {Reason::kOperator, from};
  if (holding != nullptr && !holding->able()) return {Reason::kFailover, from};
  const auto place_of = [&](HostId host) {
    return std::find(leading.preference.begin(), leading.preference.end(), host);
  };
  return {place_of(config.self) < place_of(from) ? Reason::kFailback : Reason::kPlacement, from};
}

Reason Node::State::stop_reason(const Order* order, const Choice& choice) const {
  if (leaving) return Reason::kShutdown;
  if (order == nullptr) return Reason::kPlacement;
  if (leaves_before_sleep(order->service)) return Reason::kShutdown;
  if (standby(config.self) || choice.host == HostId{}) return Reason::kOperator;
  const Order& leading = led_by(*order);
  if (moved_to(leading.service) == choice.host) return Reason::kMove;
  const auto place_of = [&](HostId host) {
    return std::find(leading.preference.begin(), leading.preference.end(), host);
  };
  return place_of(choice.host) < place_of(config.self) ? Reason::kFailback : Reason::kPlacement;
}

// ---------------------------------------------------------------------------------------- scripts

RunId Node::State::run_script(Context& context, const Service& service, Script script,
                              Reason reason, HostId from, HostId to) {
  const RunId run(next_run++);
  if (script == Script::kStart) to = config.self;
  if (script == Script::kStop) from = config.self;
  if (script == Script::kStart) say_guard(context, service);
  context.emit(RunScript{run, service.name(), script, environment(service, reason, from, to)});
  dirty = true;
  return run;
}

std::vector<std::pair<std::string, std::string>> Node::State::environment(const Service& service,
                                                                          Reason reason,
                                                                          HostId from,
                                                                          HostId to) const {
  const auto number = [](HostId host) {
    return host == HostId{} ? std::string() : std::to_string(host.value);
  };
  return {{"CLUSTER_SERVICE", service.name()},
          {"CLUSTER_HOST_ID", number(config.self)},
          {"CLUSTER_HOST_NAME", name_of(config.self)},
          {"CLUSTER_REASON", to_string(reason)},
          {"CLUSTER_EPOCH", std::to_string(service.epoch())},
          {"CLUSTER_FROM", number(from)},
          {"CLUSTER_TO", number(to)},
          {"CLUSTER_MEMBERS", members_text()}};
}

void Node::State::service_ended(Context& context, const Service& ended) {
  wire::StoredService kept;
  kept.set_epoch(voter.highest_epoch(ended.name()));
  persist(context, {{kServicePrefix + ended.name(), kept.SerializeAsString()}});
  end_lease(context, ended.name());
  dirty = true;
}

void Node::State::bar_changed(Context& context, const Service& service) {
  const auto bar = service.stored_bar(context.now);
  persist(context, {{kBarPrefix + service.name(),
                     bar ? std::optional(bar->SerializeAsString()) : std::nullopt}});
}

const std::string& Node::State::members_text() const {
  if (members_line) return *members_line;
  std::string& out = members_line.emplace();
  for (const HostEntry& host : config.hosts) {
    if (host.id != config.self && !members.up(host.id)) continue;
    if (!out.empty()) out += ' ';
    out += std::to_string(host.id.value) + "=" + address_of(host.id);
  }
  return out;
}

MonoTime Node::State::next_service_deadline(MonoTime now) const {
  MonoTime next = std::min(
      {voter.next_deadline(now), incarnation_again_at, grants.next_end(now), next_maintenance()});
  if (!settled && !leaving)
    next = std::min(next, std::max(settling_since + config.dead_time, outcast_until));
  const auto consider = [&](MonoTime at) {
    if (at > now) next = std::min(next, at);
  };
  for (const auto& [name, service] : services) next = std::min(next, service.next_deadline(now));
  for (const auto& [name, choice] : choices) consider(choice.review_at);
  for (const auto& [name, at] : not_before) consider(at);
  for (const auto& [name, claim] : claims)
    for (const auto& [node, vote] : claim.votes) {
      consider(vote.asked + config.beat_interval / 2);
      if (!vote.granted) consider(vote.silent_from);
    }
  return next;
}

}  // namespace cluster::core
