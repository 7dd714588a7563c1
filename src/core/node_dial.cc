// Whom to dial, and where; how two get through their routers; what a refusal tells.

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

namespace {

// Addresses of one host that are tried in turn.
constexpr size_t kMaxCandidates = 8;
// A host that is reached through others is dialled more and more seldom.
constexpr Duration kLongestPauseWhereReached = minutes(1);
// Between the dials of one try to get through routers.
constexpr Duration kShortestOpeningPause = milliseconds(50);
constexpr Duration kLongestOpeningPause = milliseconds(150);

}  // namespace

void Node::State::dial_all(Context& context) {
  if (leaving) return;
  for (const HostEntry& host : config.hosts) {
    if (host.id == config.self || links.any(host.id)) continue;
    if (!wants(host.id) && !probes.contains(host.id)) continue;
    drive_opening(context, host);
    if (const auto target = dial_target(host, context.now.mono))
      dialer.dial_if_due(context, host.id, *target);
  }
}

MonoTime Node::State::next_dial(MonoTime now) const {
  MonoTime next = kNever;
  if (leaving) return next;
  for (const HostEntry& host : config.hosts) {
    if (host.id == config.self || links.any(host.id)) continue;
    if (!wants(host.id) && !probes.contains(host.id)) continue;
    if (dial_target(host, now)) next = std::min(next, dialer.due_at(host.id));
    next = std::min(next, opening_due(host));
  }
  return next;
}

std::optional<DialTarget> Node::State::dial_target(const HostEntry& host, MonoTime now) const {
  if (!host.dynamic) return DialTarget{host.address, host.port, true};
  if (auto probe = probes.find(host.id); probe != probes.end()) return probe->second;
  // A host with an address is found by the others; among dynamic ones a third tells where they are.
  const auto sight = sight_of(host);
  if (!sight) return std::nullopt;
  if (openings.open(host.id, now)) return parse_address(sight->theirs);
  if (!sight->elder) return std::nullopt;
  const std::vector<DialTarget> candidates = candidate_targets(*sight);
  if (candidates.empty()) return std::nullopt;
  return candidates[dialer.failures(host.id) % candidates.size()];
}

// How a common neighbour, the one with the lowest ID, sees this host and that dynamic one. Of the two, the one that
// has been linked with it for longer dials the newcomer.
std::optional<Sight> Node::State::sight_of(const HostEntry& host) const {
  const HostEntry* own_entry = config.host(config.self);
  const Member* member = members.of(host.id);
  if (own_entry == nullptr || !own_entry->dynamic || !host.dynamic || member == nullptr ||
      !member->reachable)
    return std::nullopt;
  const std::string theirs = member->node.raw(), ours = self.raw();
  const Member* judge = nullptr;
  Sight sight;
  sight.member = member;
  for (const auto& [node, common] : members.all()) {
    if (node == self || node == member->node || links.to(node) == nullptr) continue;
    if (judge != nullptr && judge->host <= common.host) continue;
    const wire::Edge *to_us = nullptr, *to_them = nullptr;
    for (const wire::Edge& edge : common.record.edges()) {
      if (edge.node() == ours) to_us = &edge;
      if (edge.node() == theirs) to_them = &edge;
    }
    if (to_us == nullptr || to_them == nullptr || to_them->observed().empty()) continue;
    judge = &common;
    sight.ours = to_us->observed();
    sight.theirs = to_them->observed();
    sight.elder = to_us->ordinal() < to_them->ordinal();
  }
  if (judge == nullptr) return std::nullopt;
  return sight;
}

// Where it was seen; there, on the port that it listens on; and where it says that it is: that first where both are
// behind one router, which seldom leads back in what it let out.
std::vector<DialTarget> Node::State::candidate_targets(const Sight& sight) const {
  const Member& member = *sight.member;
  std::vector<DialTarget> out;
  const auto add = [&](DialTarget target) {
    const bool known = std::any_of(out.begin(), out.end(), [&](const DialTarget& t) {
      return t.address == target.address && t.port == target.port;
    });
    if (known || target.port == 0) return;
    target.own = own_address(member, target);
    out.push_back(std::move(target));
  };
  const auto listening = static_cast<uint16_t>(member.record.port());
  const auto seen = parse_address(sight.theirs), us = parse_address(sight.ours);
  const auto add_seen = [&] {
    if (!seen) return;
    add(*seen);
    add({seen->address, listening, false});
  };
  const bool one_router = seen && us && seen->address == us->address;
  if (!one_router) add_seen();
  for (const std::string& named : member.record.addresses()) {
    if (out.size() >= kMaxCandidates) break;
    add({named, listening, false});
  }
  if (one_router) add_seen();
  return out;
}

// A plain dial has failed, or takes long: both ends are to dial at once. The elder asks.
void Node::State::drive_opening(Context& context, const HostEntry& host) {
  const auto sight = sight_of(host);
  if (!sight) return;
  std::string whereabouts = sight->ours + " " + sight->theirs;
  for (const std::string& named : sight->member->record.addresses()) whereabouts += " " + named;
  if (openings.seen(host.id, whereabouts)) {
    dialer.cancel(context, host.id);
    dialer.at_once(host.id);
  }
  if (context.now.mono < opening_due(host)) return;
  wire::Routed ask;
  ask.mutable_opening();
  if (!route(context, sight->member->node, std::move(ask))) return;
  begin_opening(context, host, *sight);
}

// When this host asks for the next try, as far as it can be told; kNever: it does not.
MonoTime Node::State::opening_due(const HostEntry& host) const {
  const auto sight = sight_of(host);
  if (!sight || !sight->elder || sight->theirs.empty()) return kNever;
  const MonoTime ask = openings.next_ask(host.id);
  if (ask == kNever || dialer.failures(host.id) > 0) return ask;
  const MonoTime began = dialer.began(host.id);
  return began == kNever ? kNever : std::max(ask, began + kOpeningAfter);
}

void Node::State::receive_opening(Context& context, const NodeId& from) {
  ways.due = true;
  const Member* member = members.find(from);
  const HostEntry* host = member == nullptr ? nullptr : config.host(member->host);
  if (host == nullptr || leaving || links.any(host->id) ||
      openings.open(host->id, context.now.mono))
    return;
  if (const auto sight = sight_of(*host); sight && sight->member->node == from)
    begin_opening(context, *host, *sight);
}

void Node::State::begin_opening(Context& context, const HostEntry& host, const Sight& sight) {
  openings.begin(host.id, context.now.mono,
                 context.rng.between(config.dead_time, 2 * config.dead_time));
  const DialTarget* under_way = dialer.target_of(host.id);
  const auto seen = parse_address(sight.theirs);
  if (under_way != nullptr && seen && under_way->address == seen->address &&
      under_way->port == seen->port)
    return;
  dialer.cancel(context, host.id);
  dialer.again_at(host.id, context.now.mono);
}

// Named by the host itself and seen as the source of its connections: no address translation between.
bool Node::State::own_address(const Member& member, const DialTarget& target) const {
  const auto& named = member.record.addresses();
  return target.port == member.record.port() &&
         std::find(named.begin(), named.end(), target.address) != named.end();
}

void Node::State::on(Context& context, const DialFailed& event) {
  const std::optional<HostId> host = dialer.host_of(event.dial);
  if (!host) return;
  if (event.outcome == DialOutcome::kNotAdmitted) not_admitted(context, *host);
  const bool refused = event.outcome == DialOutcome::kRefused && dialer.target_of(event.dial)->own;
  const Member* member = members.of(*host);
  const MonoTime now = context.now.mono;
  if (openings.open(*host, now)) {
    dialer.again_at(*host, now + context.rng.between(kShortestOpeningPause, kLongestOpeningPause));
  } else if (const HostEntry* entry = config.host(*host);
             entry != nullptr && entry->dynamic && member != nullptr && member->reachable) {
    dialer.failed(context, *host, kLongestPauseWhereReached);
  } else {
    dialer.failed(context, *host);
  }
  probes.erase(*host);
  if (!refused) return;
  if (answered.insert(*host).second) dirty = true;
  if (member == nullptr || links.to(member->node) != nullptr) return;
  auto loss = lost.find(member->node);
  if (loss == lost.end() || loss->second.incarnation != member->record.incarnation() ||
      loss->second.proof == wire::Lost::REFUSED)
    return;
  loss->second.proof = wire::Lost::REFUSED;
  members.prove_gone(member->node);
  dirty = true;
}

}  // namespace cluster::core
