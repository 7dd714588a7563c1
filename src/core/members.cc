#include "core/members.h"

#include <algorithm>
#include <deque>
#include <tuple>

namespace cluster::core {

namespace {

constexpr size_t kMaxReturns = 16;

bool has_edge(const Member& member, const NodeId& node) {
  return std::binary_search(member.neighbours.begin(), member.neighbours.end(), node);
}

auto age(const wire::Record& record) {
  return std::make_tuple(record.incarnation(), record.sequence());
}

Duration dead_time(const Member& member, Duration own) {
  return std::max(own, bounded_time(member.record.dead_us()));
}

}  // namespace

NodeId node_of(const std::string& raw) { return NodeId::from_raw(raw).value_or(NodeId{}); }

void Members::set_own(wire::Record record) {
  Member& own = members_[self_];
  own.node = self_;
  take(own, std::move(record));
}

void Members::take(Member& member, wire::Record record) {
  const size_t bytes = record.ByteSizeLong();
  records_bytes_ = records_bytes_ - member.record_bytes + bytes;
  member.record_bytes = bytes;
  const HostId host(record.host());
  if (host != member.host) nodes_of_[member.host].erase(member.node);
  nodes_of_[host].insert(member.node);
  member.host = host;
  member.services.clear();
  for (int i = 0; i < record.services_size(); ++i)
    member.services.emplace(record.services(i).service(), i);
  member.neighbours.clear();
  for (const wire::Edge& edge : record.edges()) member.neighbours.push_back(node_of(edge.node()));
  std::sort(member.neighbours.begin(), member.neighbours.end());
  member.record = std::move(record);
}

Freshness Members::apply(Now now, const wire::Record& record) {
  const NodeId node = node_of(record.node());
  if (!node || node == self_ || record.host() == 0 || record.incarnation() == 0)
    return Freshness::kInvalid;
  auto it = members_.find(node);
  const uint64_t known = it == members_.end() ? 0 : it->second.record.incarnation();
  const size_t before = it == members_.end() ? 0 : it->second.record_bytes;
  if (record.incarnation() > known && record.incarnation() - known > kMaxLeap)
    return Freshness::kInvalid;
  if (records_bytes_ - before + record.ByteSizeLong() > kMaxRecordsBytes)
    return Freshness::kInvalid;
  if (it == members_.end()) {
    if (members_.size() >= kMaxNodes) return Freshness::kInvalid;
    it = members_.emplace(node, Member{}).first;
    it->second.node = node;
    it->second.heard = now.mono;
  } else if (age(record) == age(it->second.record)) {
    return Freshness::kSame;
  } else if (age(record) < age(it->second.record)) {
    return Freshness::kOlder;
  }
  Member& member = it->second;
  note_lost_edges(now, member, record);
  take(member, record);
  member.gone = false;
  return Freshness::kNewer;
}

// Whoever drops an edge says how long its other end had been silent; that is evidence of life until
// then, for everybody who had only that way of knowing.
void Members::note_lost_edges(Now now, const Member& from, const wire::Record& fresh) {
  for (const wire::Lost& lost : fresh.lost()) {
    Member* other = find(node_of(lost.node()));
    if (other == nullptr || lost.incarnation() != other->record.incarnation()) continue;
    if (!has_edge(from, other->node)) continue;
    other->heard = std::max(other->heard, now.mono - bounded_time(lost.silent_us()));
  }
}

void Members::lost_link(const NodeId& node, MonoTime heard) {
  if (Member* member = find(node)) member->heard = std::max(member->heard, heard);
}

void Members::prove_gone(const NodeId& node) {
  if (Member* member = find(node)) member->gone = true;
}

const Member* Members::find(const NodeId& node) const {
  auto it = members_.find(node);
  return it == members_.end() ? nullptr : &it->second;
}

Member* Members::find(const NodeId& node) {
  auto it = members_.find(node);
  return it == members_.end() ? nullptr : &it->second;
}

const Member* Members::of(HostId host) const {
  const Member* best = nullptr;
  const auto nodes = nodes_of_.find(host);
  if (nodes == nodes_of_.end()) return nullptr;
  for (const NodeId& node : nodes->second) {
    const Member& member = members_.at(node);
    if (best == nullptr || std::make_tuple(member.up, member.seen, node) >
                               std::make_tuple(best->up, best->seen, best->node))
      best = &member;
  }
  return best;
}

bool Members::up(HostId host) const {
  const Member* member = of(host);
  return member != nullptr && member->up;
}

bool Members::counts(const Link& link) const {
  if (!link.established || link.relay) return false;
  const Member* neighbour = find(link.node);
  if (neighbour == nullptr) return link.synced;
  if (neighbour->record.incarnation() < link.peer_incarnation) return false;
  return link.synced || neighbour->up;
}

// Breadth first from this host, over edges that both ends claim.
void Members::search(const Links& links) {
  for (auto& [node, member] : members_) {
    member.reachable = node == self_;
    member.next_hop = NodeId{};
  }
  std::deque<Member*> queue;
  for (const auto& [id, link] : links.all()) {
    Member* neighbour = find(link.node);
    if (neighbour == nullptr || neighbour->reachable || !counts(link)) continue;
    neighbour->reachable = true;
    neighbour->next_hop = link.node;
    queue.push_back(neighbour);
  }
  while (!queue.empty()) {
    Member* at = queue.front();
    queue.pop_front();
    for (const wire::Edge& edge : at->record.edges()) {
      Member* to = find(node_of(edge.node()));
      if (to == nullptr || to->reachable || !has_edge(*to, at->node)) continue;
      to->reachable = true;
      to->next_hop = at->next_hop;
      queue.push_back(to);
    }
  }
}

// A host that was reached only through others was alive for as long as they were.
void Members::carry_over_heard(const std::vector<Member*>& newly_unreachable) {
  for (bool changed = true; changed;) {
    changed = false;
    for (Member* member : newly_unreachable) {
      for (const NodeId& neighbour : member->neighbours) {
        const Member* other = find(neighbour);
        if (other == nullptr || other->node == self_ || other->heard <= member->heard) continue;
        if (!has_edge(*other, member->node)) continue;
        member->heard = other->heard;
        changed = true;
      }
    }
  }
}

bool Members::proved_gone(const Member& member) const {
  if (member.gone || member.record.leaving()) return true;
  const std::string raw = member.node.raw();
  return std::any_of(members_.begin(), members_.end(), [&](const auto& entry) {
    const Member& witness = entry.second;
    if (!witness.up || witness.node == self_) return false;
    const auto& lost = witness.record.lost();
    return std::any_of(lost.begin(), lost.end(), [&](const wire::Lost& l) {
      return l.node() == raw && l.incarnation() == member.record.incarnation() &&
             l.proof() != wire::Lost::SILENT;
    });
  });
}

void Members::come_up(Now now, Member& member) {
  if (member.met) {
    member.returns.push_back(now.mono);
    if (member.returns.size() > kMaxReturns) member.returns.erase(member.returns.begin());
  }
  member.met = true;
  member.up = true;
  member.up_since = now.mono;
}

std::vector<UpChange> Members::refresh(Now now, const Links& links, Duration dead) {
  std::vector<Member*> were_reachable;
  for (auto& [node, member] : members_)
    if (member.reachable) were_reachable.push_back(&member);
  search(links);
  std::erase_if(were_reachable, [](const Member* m) { return m->reachable; });
  carry_over_heard(were_reachable);

  std::vector<UpChange> changes;
  for (auto& [node, member] : members_) {
    if (member.reachable) {
      member.seen = now.wall;
      if (member.up) continue;
      come_up(now, member);
      if (node != self_) changes.push_back({node, member.host, true});
    } else if (member.up &&
               (now.mono >= member.heard + dead_time(member, dead) || proved_gone(member))) {
      member.up = false;
      changes.push_back({node, member.host, false});
    }
  }
  return changes;
}

MonoTime Members::next_deadline(Duration dead) const {
  MonoTime next = kNever;
  for (const auto& [node, member] : members_)
    if (member.up && !member.reachable)
      next = std::min(next, member.heard + dead_time(member, dead));
  return next;
}

std::vector<UpChange> Members::distrust() {
  std::vector<UpChange> changes;
  for (auto& [node, member] : members_) {
    if (node == self_ || !member.up) continue;
    member.up = member.reachable = false;
    member.returns.clear();
    member.met = false;
    changes.push_back({node, member.host, false});
  }
  return changes;
}

std::optional<NodeId> Members::next_hop(const NodeId& to) const {
  const Member* member = find(to);
  if (member == nullptr || !member->reachable || to == self_) return std::nullopt;
  return member->next_hop;
}

}  // namespace cluster::core
