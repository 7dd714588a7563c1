// Snapshots for people.

#include <algorithm>

#include "core/node_state.h"
#include "core/silence.h"

namespace cluster::core {

namespace {

ServiceState state_of(wire::Holding::State state) {
  switch (state) {
    case wire::Holding::CLAIMING: return ServiceState::kClaiming;
    case wire::Holding::STARTING: return ServiceState::kStarting;
    case wire::Holding::RUNNING: return ServiceState::kRunning;
    case wire::Holding::STOPPING: return ServiceState::kStopping;
    case wire::Holding::STOP_FAILED: return ServiceState::kStopFailed;
    default: return ServiceState::kStopped;
  }
}

// Of several hosts that have to do with a service, the one to tell of first.
int weight(wire::Holding::State state) {
  switch (state) {
    case wire::Holding::RUNNING: return 5;
    case wire::Holding::STARTING: return 4;
    case wire::Holding::STOPPING: return 3;
    case wire::Holding::CLAIMING: return 2;
    case wire::Holding::STOP_FAILED: return 1;
    default: return 0;
  }
}

std::vector<std::pair<HostId, HostId>> links_of(const Members& members) {
  std::vector<std::pair<HostId, HostId>> out;
  for (const auto& [node, member] : members.all()) {
    if (!member.up) continue;
    for (const Member* other : member.mutual)
      if (other != nullptr && other->up && member.host < other->host)
        out.emplace_back(member.host, other->host);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::string Node::State::name_of(HostId host) const {
  const HostEntry* entry = config.host(host);
  return entry == nullptr ? "host " + std::to_string(host.value) : entry->name;
}

std::string Node::State::name_of(const NodeId& node) const {
  if (node == self) return name_of(config.self);
  const Member* member = members.find(node);
  return member == nullptr ? "node " + node.brief() : name_of(member->host);
}

std::string Node::State::address_of(HostId host) const {
  const HostEntry* entry = config.host(host);
  if (const Link* link = links.to(host)) {
    if (const auto target = parse_address(link->address)) return target->address;
  }
  if (entry != nullptr && !entry->dynamic) return entry->address;
  const Member* member = member_of(host);
  if (member == nullptr) return "";
  const std::string raw = member->node.raw();
  for (const auto& [node, other] : members.all())
    for (const wire::Edge& edge : other.record.edges())
      if (other.reachable && edge.node() == raw && !edge.observed().empty())
        if (const auto target = parse_address(edge.observed())) return target->address;
  const auto& named = member->record.addresses();
  return named.empty() ? "" : *named.begin();
}

HostView Node::State::host_view(const HostEntry& host) const {
  HostView out;
  out.id = host.id;
  out.name = host.name;
  out.standby = standby(host.id);
  out.maintenance = upkeeps.of(host.name).keeps();
  out.address = address_of(host.id);
  if (const Keyring::Binding* known = keyring.binding(host.name)) {
    out.key = known->node;
    out.generation = keyring.pair(known->node).count();
  }
  const Member* member = member_of(host.id);
  if (member == nullptr) return out;
  out.node = member->node;
  out.up = member->up;
  out.settled = host.id == config.self ? settled : member->record.settled();
  out.version = member->record.version();
  out.votes = member->record.votes() && !member->record.stores_nothing() &&
              (voters.number == 0 || voters.contains(host.name));
  if (member->seen != WallTime{}) out.last_seen = member->seen;
  if (host.id == config.self) {
    out.path = Path::kSelf;
    return out;
  }
  const Link* link = links.session(member->node);
  if (link != nullptr) out.rtt = link->rtt;
  if (link != nullptr && !link->relay) {
    out.path = Path::kDirect;
  } else if (member->reachable) {
    out.path = link != nullptr ? Path::kRelay : Path::kMesh;
    const Member* via = members.find(member->next_hop);
    out.via = via == nullptr ? HostId{} : via->host;
  }
  return out;
}

// Whoever holds it, else the first host of its line that is up.
const Member* Node::State::teller_of(const Order& order, const Member* holder) const {
  const Member* teller = holder;
  for (auto host = order.preference.begin(); teller == nullptr && host != order.preference.end();
       ++host) {
    const Member* member = member_of(*host);
    if (member != nullptr && member->up && holding_of(*member, order.service) != nullptr)
      teller = member;
  }
  return teller;
}

void Node::State::say_ownership(ServiceView& out, const Member& teller, const wire::Holding& told) {
  if (told.lease_us() == 0) return;
  out.ownership = Ownership::kMajority;
  out.dead_time = bounded_time(teller.record.dead_us());
  out.fence_margin = bounded_time(told.lease_us()) - out.dead_time;
}

Standing Node::State::standing(const Order& order) const {
  Standing out;
  for (const auto& [node, member] : members.all()) {
    const wire::Holding* holding = member.up ? holding_of(member, order.service) : nullptr;
    if (holding == nullptr) continue;
    out.any_failed = out.any_failed || holding->failed();
    if (holding->state() == wire::Holding::STOP_FAILED) out.stop_failed_on.push_back(member.host);
    if (holds_service(holding->state())) {
      out.running_on.push_back(member.host);
      out.holder = &member;
    }
    if (weight(holding->state()) <= out.weight) continue;
    out.weight = weight(holding->state());
    out.state = state_of(holding->state());
    out.host = member.host;
    out.epoch = holds_service(holding->state()) ? holding->epoch() : 0;
  }
  return out;
}

ServiceView Node::State::service_view(const Order& order, MonoTime now) const {
  Standing seen = standing(order);
  ServiceView out;
  out.name = order.service;
  out.preference = order.preference;
  out.disabled = !settings.get("disable/" + order.service).empty();
  out.stopped_by_operator = stopped_by_operator(order.service);
  out.moved_to = moved_to(order.service);
  out.state = seen.state;
  out.host = seen.host;
  out.epoch = seen.epoch != 0 ? seen.epoch : voter.highest_epoch(order.service);
  out.running_on = std::move(seen.running_on);
  out.stop_failed_on = std::move(seen.stop_failed_on);
  for (auto* hosts : {&out.running_on, &out.stop_failed_on})
    std::sort(hosts->begin(), hosts->end());
  const Member* teller = teller_of(order, seen.holder);
  const wire::Holding* told = teller == nullptr ? nullptr : holding_of(*teller, order.service);
  if (told != nullptr) say_ownership(out, *teller, *told);
  const Choice choice = place(placement_input(order), now);
  out.reason = choice.reason;
  if (const Member* chosen = member_of(choice.host);
      seen.weight <= weight(wire::Holding::CLAIMING) && chosen != nullptr) {
    const wire::Holding* its = holding_of(*chosen, order.service);
    if (its != nullptr && its->able() && !its->why().empty()) {
      out.reason += ", but " + its->why();
    } else if (const NodeId last = grants.holder(now, order.service, chosen->node)) {
      out.reason += ", but waits until what " + name_of(last) + " was granted has run out";
    }
  }
  say_relations(out, told);
  if (seen.weight == 0 && seen.any_failed && choice.host == HostId{}) {
    out.state = ServiceState::kFailed;
    for (const auto& [host, about] : choice.hosts)
      out.reason += "; " + name_of(host) + ": " + about;
    out.reason += "; \"clear\" tries at once";
  }
  if (!out.stop_failed_on.empty()) {
    Names where;
    for (const HostId host : out.stop_failed_on) where.push_back(name_of(host));
    out.reason += "; could not be stopped on " + listed(where) +
                  ", where it may still run: \"clear\" tries again";
  }
  return out;
}

View Node::State::view(Now now) const {
  View out;
  out.self = config.self;
  out.self_name = name_of(config.self);
  out.settled = settled;
  out.malformed_messages = bad_input.count();
  for (const HostEntry& host : config.hosts) {
    out.hosts.push_back(host_view(host));
    if (out.hosts.back().path != Path::kNone) out.hosts.back().last_seen = now.wall;
  }
  for (const Order& order : orders.all()) out.services.push_back(service_view(order, now.mono));
  out.links = links_of(members);
  out.voters = voters_view();
  out.silences = silences(*this, now.wall);
  out.push = push_view();
  return out;
}

void Node::State::announce_services(Context& context) {
  for (const Order& order : orders.all()) {
    const Standing seen = standing(order);
    auto now = std::make_pair(seen.state, seen.host);
    if (seen.weight == 0 && seen.any_failed && choices[order.service].host == HostId{})
      now.first = ServiceState::kFailed;
    auto [it, first] = announced.try_emplace(order.service, now);
    watch_service(context, order, seen);
    if (!first && it->second == now) continue;
    it->second = now;
    const bool idle = now.first == ServiceState::kStopped || now.first == ServiceState::kFailed ||
                      now.first == ServiceState::kStopFailed;
    context.emit(ServiceChanged{order.service, now.first, now.second,
                                idle ? service_view(order, context.now.mono).reason : ""});
  }
  std::erase_if(announced, [&](const auto& entry) { return orders.find(entry.first) == nullptr; });
}

Node::Here Node::here(const std::string& name) const {
  const Service* service = state_->service(name);
  if (service == nullptr) return {};
  return {service->idle(), service->running(), service->epoch(), service->run_since_us()};
}

std::optional<std::string> Node::explain(Now now, const std::string& name) const {
  const State& state = *state_;
  const Order* order = state.orders.find(name);
  if (order == nullptr) return std::nullopt;
  const ServiceView seen = state.service_view(*order, now.mono);
  const Choice choice = place(state.placement_input(*order), now.mono);
  std::string out = name + " is " + to_string(seen.state);
  if (seen.host != HostId{}) out += " on " + state.name_of(seen.host);
  out += ", epoch " + std::to_string(seen.epoch) + "\n";
  out += choice.host == HostId{} ? "it belongs nowhere: "
                                 : "it belongs on " + state.name_of(choice.host) + ": ";
  out += seen.reason + "\n";
  if (seen.ownership == Ownership::kMajority)
    out += "it is owned by majority: another host starts it at the earliest " +
           in_seconds(seen.dead_time + seen.fence_margin) +
           " after its host was heard last (dead_time " + in_seconds(seen.dead_time) +
           ", fence_margin " + in_seconds(seen.fence_margin) + ")\n";
  out += state.explain_relations(seen);
  if (const VotersView voters = state.voters_view();
      seen.ownership == Ownership::kMajority && voters.number > 0) {
    out += "those that vote on it are " + listed(voters.names) + " (set " +
           std::to_string(voters.number) + ")";
    if (!voters.before.empty())
      out += ", together with those before them, " + listed(voters.before);
    out += voters.change.empty() ? "\n" : ": " + voters.change + "\n";
  }
  for (const auto& [host, about] : choice.hosts)
    out += "  " + std::to_string(host.value) + " " + state.name_of(host) + ": " + about + "\n";
  return out;
}

std::string Node::simulate(Now now, const std::vector<HostId>& lost) const {
  const State& state = *state_;
  const std::set<HostId> gone(lost.begin(), lost.end());
  std::string out;
  const Placed now_placed = state.place_all(now.mono, {}), then = state.place_all(now.mono, gone);
  for (const Order& order : state.orders.all()) {
    const Choice &before = now_placed.at(order.service), &after = then.at(order.service);
    out += order.service + ": ";
    const auto where = [&](const Choice& choice) {
      return choice.host == HostId{} ? std::string("nowhere") : state.name_of(choice.host);
    };
    if (before.host != after.host) {
      out += "moves from " + where(before) + " to " + where(after);
    } else {
      out += after.host == HostId{} ? "runs nowhere" : "stays on " + where(after);
    }
    out += " (" + after.reason + ")\n";
  }
  return out;
}

}  // namespace cluster::core
