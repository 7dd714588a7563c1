// Whom to dial, and where; what a refusal tells.

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

namespace {

// Addresses of one host that are tried in turn.
constexpr size_t kMaxCandidates = 8;

}  // namespace

void Node::State::dial_all(Context& context) {
  if (leaving) return;
  for (const HostEntry& host : config.hosts) {
    if (host.id == config.self || links.any(host.id)) continue;
    if (const auto target = dial_target(host)) dialer.dial_if_due(context, host.id, *target);
  }
}

MonoTime Node::State::next_dial() const {
  MonoTime next = kNever;
  if (leaving) return next;
  for (const HostEntry& host : config.hosts) {
    if (host.id == config.self || links.any(host.id)) continue;
    if (dial_target(host)) next = std::min(next, dialer.due_at(host.id));
  }
  return next;
}

std::optional<DialTarget> Node::State::dial_target(const HostEntry& host) const {
  if (!host.dynamic) return DialTarget{host.address, host.port, true};
  if (auto probe = probes.find(host.id); probe != probes.end()) return probe->second;
  const HostEntry* own_entry = config.host(config.self);
  const Member* member = members.of(host.id);
  // A host with an address is found by the others; among dynamic ones a third tells where they are.
  if (own_entry == nullptr || !own_entry->dynamic || member == nullptr || !member->reachable)
    return std::nullopt;
  return observed_target(*member);
}

// Where a common neighbour sees that dynamic host, if it is for us to dial: of the two, the one that has
// been linked with that neighbour for longer dials the newcomer.
std::optional<DialTarget> Node::State::observed_target(const Member& member) const {
  const std::string theirs = member.node.raw(), ours = self.raw();
  const Member* judge = nullptr;
  const wire::Edge* seen = nullptr;
  bool elder = false;
  for (const auto& [node, common] : members.all()) {
    if (node == self || node == member.node || links.to(node) == nullptr) continue;
    if (judge != nullptr && judge->host <= common.host) continue;
    const wire::Edge *to_us = nullptr, *to_them = nullptr;
    for (const wire::Edge& edge : common.record.edges()) {
      if (edge.node() == ours) to_us = &edge;
      if (edge.node() == theirs) to_them = &edge;
    }
    if (to_us == nullptr || to_them == nullptr || to_them->observed().empty()) continue;
    judge = &common;
    seen = to_them;
    elder = to_us->ordinal() < to_them->ordinal();
  }
  if (judge == nullptr || !elder) return std::nullopt;
  const std::vector<DialTarget> candidates = candidate_targets(member, seen->observed());
  if (candidates.empty()) return std::nullopt;
  return candidates[dialer.failures(member.host) % candidates.size()];
}

// Where it was seen; there, on the port that it listens on; and where it says that it is.
std::vector<DialTarget> Node::State::candidate_targets(const Member& member,
                                                       const std::string& observed) const {
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
  if (const auto seen = parse_address(observed)) {
    add(*seen);
    add({seen->address, listening, false});
  }
  for (const std::string& named : member.record.addresses()) {
    if (out.size() >= kMaxCandidates) break;
    add({named, listening, false});
  }
  return out;
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
  dialer.failed(context, *host);
  probes.erase(*host);
  if (!refused) return;
  if (answered.insert(*host).second) dirty = true;
  const Member* member = members.of(*host);
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
