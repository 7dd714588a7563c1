#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

namespace {

// Twice within this time the same key from elsewhere: somebody runs a copy of this node.
constexpr Duration kDuplicateWindow = minutes(1);
constexpr Duration kFirstStorePause = seconds(1);
// Sessions that began within this time of each other are told apart by number instead.
constexpr Duration kSessionTie = seconds(1);

}  // namespace

// ------------------------------------------------------------------------------------ our own record

wire::Record Node::State::make_record(Now now) const {
  wire::Record record;
  const HostEntry* host = config.host(config.self);
  record.set_node(self.raw());
  record.set_host(config.self.value);
  record.set_name(host->name);
  record.set_key(boot.node_key);
  record.set_incarnation(incarnation);
  record.set_protocol(kProtocol);
  record.set_version(boot.version);
  for (const std::string& address : addresses)
    if (record.addresses_size() < kMaxAddresses) record.add_addresses(address);
  record.set_port(config.port);
  add_edges(record);
  set_version(record.mutable_configuration(), orders.version());
  for (const Order& order : orders.all()) {
    wire::Holding holding = own_holding(order, now.mono);
    if (order.has_on_line(config.self) || holding.state() != wire::Holding::STOPPED)
      *record.add_services() = holding;
  }
  for (const auto& [name, service] : services)
    if (orders.find(name) == nullptr && !service.idle())
      *record.add_services() = own_holding({name, {}}, now.mono);
  if (!mesh.crowded()) record.set_settings_digest(settings.digest());
  record.set_votes(memory);
  *record.mutable_push() = push.kept.standing();
  if (succession.stored.number > 0) *record.mutable_voters() = voter_standing();
  record.set_stores_nothing(!disk.refuses.empty());
  add_maintenance(record);
  add_ledgers(record);
  record.set_alerts(alert_duty());
  record.set_clock_never_set(!was_ever_set(now.wall));
  record.set_settled(settled);
  record.set_leaving(left);
  record.set_dead_us(static_cast<uint64_t>(to_us(config.dead_time)));
  if (settled) {
    record.set_session(session.id);
    record.set_session_age_us(static_cast<uint64_t>(to_us(now.mono - session.began)));
  }
  return record;
}

void Node::State::add_edges(wire::Record& record) const {
  for (const auto& [id, link] : links.all()) {
    if (!edge_pace.told.contains(id) || record.edges_size() == kMaxEdges) continue;
    wire::Edge& edge = *record.add_edges();
    edge.set_node(link.node.raw());
    // Where hosts are many, whoever has an address is looked for there and nowhere else.
    const HostEntry* host = config.host(link.host);
    if (!mesh.full() && host != nullptr && !host->dynamic) continue;
    if (!link.dialled) edge.set_observed(link.address);
    edge.set_ordinal(link.ordinal);
  }
  for (const auto& [node, loss] : lost) {
    if (record.lost_size() == kMaxLost) break;
    wire::Lost& entry = *record.add_lost();
    entry.set_node(node.raw());
    entry.set_incarnation(loss.incarnation);
    entry.set_silent_us(static_cast<uint64_t>(std::max<int64_t>(0, to_us(loss.silent))));
    entry.set_proof(loss.proof);
  }
}

// Made anew from what is true now; told to others only where that differs from what they were told.
void Node::State::rebuild_record(Context& context) {
  tell_edges(context.now.mono);
  ledger.tell_at = kNever;
  wire::Record fresh = make_record(context.now);
  const uint64_t age = fresh.session_age_us();
  fresh.clear_session_age_us();
  // Reasons are what it can do without.
  if (fresh.ByteSizeLong() > kMaxRecordBytes)
    for (wire::Holding& holding : *fresh.mutable_services()) holding.clear_why();
  std::string content = fresh.SerializeAsString();
  if (content == own_content) return;
  own_content = std::move(content);
  fresh.set_session_age_us(age);
  fresh.set_sequence(own.incarnation() == incarnation ? own.sequence() + 1 : 1);
  own = fresh;
  members.set_own(std::move(fresh));
  if (speaking) news[self] = LinkId{};
}

void Node::State::store_incarnation(Context& context) {
  incarnation_again_at = kNever;
  wire::StoredNode kept;
  kept.set_incarnation(incarnation);
  speaking = false;
  continuations[persist(context, {{kNodeKey, kept.SerializeAsString()}})] = StoredIncarnation{};
}

// Without a stored incarnation this host must not speak, so it tries for as long as it takes.
void Node::State::incarnation_not_stored(Context& context, const std::string& why) {
  if (incarnation_pause == Duration{}) {
    context.alert(AlertKind::kStorage, name_of(config.self), Severity::kCritical,
                  "this host cannot join: its state cannot be stored: " + why);
    begin_muteness(context.now.mono);
  }
  incarnation_pause = std::clamp<Duration>(2 * incarnation_pause, kFirstStorePause,
                                           std::max(kFirstStorePause, config.dead_time));
  incarnation_again_at = context.now.mono + incarnation_pause;
}

// Somebody knows a record of ours that we have not made: our disk is older than that (then a higher
// incarnation ends it), or another machine runs with our key.
void Node::State::heard_own_record(Context& context, const wire::Record& record) {
  hear_own_ledger(context, record.ledger());
  const auto theirs = std::make_pair(record.incarnation(), record.sequence());
  const auto ours = std::make_pair(incarnation, own.sequence());
  if (theirs < ours || (theirs == ours && record.SerializeAsString() == own.SerializeAsString()))
    return;
  if (leaving) return;
  if (theirs.first > incarnation && theirs.first - incarnation > kMaxLeap) {
    if (context.now.mono < leap_again_at) return;
    leap_again_at = context.now.mono + BadInput::kPeriod;
    context.log(LogLevel::kWarning,
                "somebody tells of an incarnation of this host that it cannot have had");
    return;
  }
  if (!speaking) {
    incarnation = record.incarnation() + 1;
    lose_memory(context);
    store_incarnation(context);
    return;
  }
  const MonoTime now = context.now.mono;
  std::erase_if(own_heard_newer, [&](MonoTime t) { return now - t > kDuplicateWindow; });
  own_heard_newer.push_back(now);
  if (own_heard_newer.size() >= 2) {
    context.alert(
        AlertKind::kKey, name_of(config.self), Severity::kCritical,
        "another host runs with the key of this node (a copied state folder?); this one leaves");
    begin_leaving(context, "its key is in use elsewhere");
    return;
  }
  context.log(LogLevel::kWarning,
              "the others know a newer record of this host than itself; it goes on "
              "with a higher incarnation");
  incarnation = record.incarnation() + 1;
  lose_memory(context);
  store_incarnation(context);
  dirty = true;
}

// ------------------------------------------------------------------------------------ settled, session

void Node::State::settle_if_possible(Context& context) {
  if (settled || leaving) return;
  std::string why;
  const bool outcast = context.now.mono < outcast_until;
  for (const auto& [id, link] : links.all()) {
    const Member* member = members.find(link.node);
    if (link.established && link.synced && member != nullptr && member->record.settled())
      why = "linked with " + name_of(link.host) + ", which has settled";
  }
  if (why.empty() && !outcast) {
    const bool any_dynamic = std::any_of(config.hosts.begin(), config.hosts.end(),
                                         [](const HostEntry& h) { return h.dynamic; });
    const bool all_answered =
        std::all_of(config.hosts.begin(), config.hosts.end(), [&](const HostEntry& h) {
          if (h.id == config.self || answered.contains(h.id)) return true;
          const Member* member = mesh.full() ? nullptr : members.of(h.id);
          return member != nullptr && member->reachable;
        });
    if (!any_dynamic && all_answered) why = "every host has answered or refused";
  }
  if (why.empty() && outcast) return;
  if (why.empty() && context.now.mono >= settling_since + config.dead_time)
    why = "the dead time has passed";
  if (why.empty()) return;
  settled = true;
  dirty = alerts.hosts.due = true;
  if (session.id == 0) session = {rng.next() | 1, context.now.mono, false};
  context.log(LogLevel::kInfo, "settled: " + why);
}

void Node::State::meet_session(Context& context, const wire::Record& record) {
  if (record.session() == 0 || record.session() == session.id) return;
  const MonoTime began =
      context.now.mono -
      microseconds(static_cast<int64_t>(std::min<uint64_t>(record.session_age_us(), 1ULL << 52)));
  const Duration older = session.began - began;
  const bool tie = older < kSessionTie && -older < kSessionTie;
  if (session.id != 0 && (tie ? record.session() < session.id : older < Duration{})) return;
  session = {record.session(), began, false};
  dirty = true;
}

// One host that starts alone is no cold start of the whole cluster.
void Node::State::confirm_session() {
  if (session.id == 0 || session.confirmed) return;
  const auto here =
      std::count_if(config.hosts.begin(), config.hosts.end(), [&](const HostEntry& h) {
        if (h.id == config.self) return settled;
        const Member* member = members.of(h.id);
        return member != nullptr && member->up && member->record.session() == session.id;
      });
  session.confirmed = 2 * static_cast<size_t>(here) > config.hosts.size();
}

void Node::State::distrust_view(Context& context, const std::string& why) {
  context.alert(AlertKind::kDaemon, name_of(config.self), Severity::kWarning,
                why + "; its links and what it believes are made anew");
  drop_links(
      context, [](const Link&) { return true; }, why);
  for (const UpChange& change : members.distrust()) announce_host(context, change.host);
  std::vector<std::string> claimed;
  for (const auto& [service, claim] : claims) claimed.push_back(service);
  for (const std::string& service : claimed) drop_claim(context, service);
  begin_settling(context.now.mono);
  dirty = ways.due = secrets.due = true;
}

// What the others do now is to be learnt before anything is started.
void Node::State::begin_settling(MonoTime now) {
  settled = false;
  alerts.hosts.due = true;
  settling_since = now;
  begin_listening(now);
  answered.clear();
}

}  // namespace cluster::core
