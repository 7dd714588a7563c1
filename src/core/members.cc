#include "core/members.h"

#include <algorithm>
#include <tuple>

namespace cluster::core {

namespace {

constexpr size_t kMaxReturns = 16;
// How long a way may be longer than it has to be, where there are many hosts.
constexpr Duration kShortenAfter = milliseconds(500);

bool has_edge(const Member& member, const NodeId& node) {
  return std::find(member.edges.begin(), member.edges.end(), node) != member.edges.end();
}

// What `at` holds of the edge to that node, once its other end has (or no longer) claimed it as well.
void set_mutual(Member& at, const NodeId& node, Member* other) {
  for (size_t i = 0; i < at.edges.size(); ++i)
    if (at.edges[i] == node) at.mutual[i] = other;
}

auto age(const wire::Record& record) {
  return std::make_pair(record.incarnation(), record.sequence());
}

Duration dead_time(const Member& member, Duration own) {
  return std::max(own, bounded_time(member.record.dead_us()));
}

}  // namespace

NodeId node_of(const std::string& raw) { return NodeId::from_raw(raw).value_or(NodeId{}); }

void Members::set_own(wire::Record record) {
  Member& own = members_[self_];
  own.node = self_;
  const size_t bytes = record.ByteSizeLong();
  take(own, std::move(record), bytes);
}

void Members::take(Member& member, wire::Record record, size_t bytes) {
  records_bytes_ = records_bytes_ - member.record_bytes + bytes;
  member.record_bytes = bytes;
  const HostId host(record.host());
  if (host != member.host) {
    std::erase(nodes_of_[member.host], &member);
    nodes_of_[host].push_back(&member);
  }
  // A node's first record, and the first of a new start, say anew whether a link to it counts.
  if (member.record.incarnation() != record.incarnation()) search_ = Search::kAll;
  member.host = host;
  member.services.clear();
  for (int i = 0; i < record.services_size(); ++i)
    member.services.emplace(record.services(i).service(), i);
  count_proofs(member, false);
  member.record = std::move(record);
  member.ledger = std::max(member.ledger, member.record.ledger());
  count_proofs(member, true);
  const std::vector<NodeId> edges = std::exchange(member.edges, {});
  for (const wire::Edge& edge : member.record.edges()) member.edges.push_back(node_of(edge.node()));
  if (edges != member.edges) join_edges(member, std::exchange(member.mutual, {}));
}

// `before`: the other ends of those edges that were mutual until now, and nulls.
void Members::join_edges(Member& member, const std::vector<Member*>& before) {
  member.mutual.assign(member.edges.size(), nullptr);
  for (Member* other : before)
    if (other != nullptr) set_mutual(*other, member.node, nullptr);
  for (size_t i = 0; i < member.edges.size(); ++i) {
    Member* other = find(member.edges[i]);
    if (other == nullptr || !has_edge(*other, member.node)) continue;
    member.mutual[i] = other;
    set_mutual(*other, member.node, &member);
  }
  // Its own edges a host knows by its links.
  if (member.node == self_) return;
  const auto in = [](const std::vector<Member*>& list, const Member* other) {
    return std::find(list.begin(), list.end(), other) != list.end();
  };
  const bool lost = std::any_of(before.begin(), before.end(), [&](const Member* other) {
    return other != nullptr && !in(member.mutual, other);
  });
  const bool won =
      std::any_of(member.mutual.begin(), member.mutual.end(),
                  [&](const Member* other) { return other != nullptr && !in(before, other); });
  if (lost || (won && !many_)) {
    search_ = Search::kAll;
  } else if (won) {
    search_ = std::max(search_, Search::kShorten);
    touched_.push_back(&member);
  }
}

void Members::count_proofs(const Member& member, bool add) {
  for (const wire::Lost& lost : member.record.lost()) {
    if (lost.proof() == wire::Lost::SILENT) continue;
    const auto life = std::make_pair(node_of(lost.node()), lost.incarnation());
    if (add) {
      proofs_[life].insert(member.node);
    } else if (auto it = proofs_.find(life); it != proofs_.end()) {
      it->second.erase(member.node);
      if (it->second.empty()) proofs_.erase(it);
    }
  }
}

Freshness Members::freshness(const NodeId& node, uint64_t incarnation, uint64_t sequence) const {
  const Member* member = find(node);
  if (member == nullptr) return Freshness::kNewer;
  const auto theirs = std::make_pair(incarnation, sequence), ours = age(member->record);
  if (theirs == ours) return Freshness::kSame;
  return theirs < ours ? Freshness::kOlder : Freshness::kNewer;
}

Freshness Members::apply(Now now, wire::Record record) {
  const NodeId node = node_of(record.node());
  if (!node || node == self_ || record.host() == 0 || record.incarnation() == 0)
    return Freshness::kInvalid;
  const Freshness told = freshness(node, record.incarnation(), record.sequence());
  if (told != Freshness::kNewer) return told;
  Member* member = find(node);
  const uint64_t known = member == nullptr ? 0 : member->record.incarnation();
  const size_t before = member == nullptr ? 0 : member->record_bytes;
  const size_t bytes = record.ByteSizeLong();
  if (record.incarnation() > known && record.incarnation() - known > kMaxLeap)
    return Freshness::kInvalid;
  if (records_bytes_ - before + bytes > kMaxRecordsBytes) return Freshness::kInvalid;
  if (member == nullptr) {
    if (members_.size() >= kMaxNodes) return Freshness::kInvalid;
    member = &members_[node];
    member->node = node;
    member->heard = now.mono;
  }
  note_lost_edges(now, *member, record);
  take(*member, std::move(record), bytes);
  member->gone = false;
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
  for (const Member* member : nodes->second)
    if (best == nullptr || std::tie(member->up, member->seen, member->node) >
                               std::tie(best->up, best->seen, best->node))
      best = member;
  return best;
}

bool Members::up(HostId host) const {
  const Member* member = of(host);
  return member != nullptr && member->up;
}

bool Members::joined(const NodeId& one, const NodeId& other) const {
  const Member* from = find(one);
  return from != nullptr &&
         std::any_of(from->mutual.begin(), from->mutual.end(),
                     [&](const Member* to) { return to != nullptr && to->node == other; });
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
  spread(std::move(queue));
}

void Members::spread(std::deque<Member*> from) {
  while (!from.empty()) {
    Member* at = from.front();
    from.pop_front();
    for (Member* to : at->mutual) {
      if (to == nullptr || to->reachable) continue;
      to->reachable = true;
      to->next_hop = at->next_hop;
      from.push_back(to);
    }
  }
}

// What new edges add to what is reached already; no way grows shorter by this.
void Members::reach_further() {
  std::deque<Member*> queue;
  for (Member* member : touched_) {
    for (Member* other : member->mutual) {
      if (other == nullptr || other->node == self_ || other->reachable == member->reachable)
        continue;
      Member* fresh = other->reachable ? member : other;
      fresh->reachable = true;
      fresh->next_hop = (fresh == other ? member : other)->next_hop;
      queue.push_back(fresh);
    }
  }
  spread(std::move(queue));
}

bool Members::reachable_around(const Links& links, const NodeId& neighbour) const {
  std::set<NodeId> seen{self_};
  std::deque<const Member*> queue;
  for (const auto& [id, link] : links.all()) {
    const Member* first = find(link.node);
    if (link.node != neighbour && first != nullptr && counts(link) && seen.insert(link.node).second)
      queue.push_back(first);
  }
  while (!queue.empty() && !seen.contains(neighbour)) {
    const Member* at = queue.front();
    queue.pop_front();
    for (const Member* to : at->mutual)
      if (to != nullptr && seen.insert(to->node).second) queue.push_back(to);
  }
  return seen.contains(neighbour);
}

// A host that was reached only through others was alive for as long as they were.
void Members::carry_over_heard(const std::vector<Member*>& newly_unreachable) {
  for (bool changed = true; changed;) {
    changed = false;
    for (Member* member : newly_unreachable) {
      for (const Member* other : member->mutual) {
        if (other == nullptr || other->node == self_ || other->heard <= member->heard) continue;
        member->heard = other->heard;
        changed = true;
      }
    }
  }
}

bool Members::proved_gone(const Member& member) const {
  if (member.gone || member.record.leaving()) return true;
  const auto proof = proofs_.find({member.node, member.record.incarnation()});
  if (proof == proofs_.end()) return false;
  return std::any_of(proof->second.begin(), proof->second.end(), [&](const NodeId& node) {
    const Member* witness = find(node);
    return witness != nullptr && witness->up && node != self_;
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

// True: who is reached may have changed.
bool Members::look_around(Now now, const Links& links) {
  std::vector<NodeId> ways;
  for (const auto& [id, link] : links.all())
    if (find(link.node) != nullptr && counts(link)) ways.push_back(link.node);
  if (ways != ways_) search_ = Search::kAll;
  if (search_ == Search::kNone) return false;
  if (search_ == Search::kShorten && now.mono < shorten_at_) {
    if (shorten_at_ == kNever) shorten_at_ = now.mono + kShortenAfter;
    if (touched_.empty()) return false;
    reach_further();
    touched_.clear();
    return true;
  }
  std::vector<Member*> lost;
  for (auto& [node, member] : members_)
    if (member.reachable) lost.push_back(&member);
  search(links);
  std::erase_if(lost, [](const Member* member) { return member->reachable; });
  for (Member* member : lost) member->seen = now.wall;
  carry_over_heard(lost);
  ways_ = std::move(ways);
  touched_.clear();
  search_ = Search::kNone;
  shorten_at_ = kNever;
  return true;
}

std::vector<UpChange> Members::refresh(Now now, const Links& links, Duration dead) {
  std::vector<UpChange> changes;
  const bool changed = look_around(now, links);
  if (!changed && fading_.empty()) return changes;
  std::vector<Member*> fading;
  const auto look_at = [&](Member& member) {
    if (member.reachable) {
      member.seen = now.wall;
      if (member.up) return;
      come_up(now, member);
      if (member.node != self_) changes.push_back({member.node, member.host, true});
    } else if (member.up) {
      if (now.mono < member.heard + dead_time(member, dead) && !proved_gone(member)) {
        fading.push_back(&member);
        return;
      }
      member.up = false;
      changes.push_back({member.node, member.host, false});
    }
  };
  if (changed) {
    for (auto& [node, member] : members_) look_at(member);
  } else {
    for (Member* member : fading_) look_at(*member);
  }
  fading_ = std::move(fading);
  return changes;
}

MonoTime Members::next_deadline(Duration dead) const {
  MonoTime next = shorten_at_;
  for (const Member* member : fading_)
    next = std::min(next, member->heard + dead_time(*member, dead));
  return next;
}

std::vector<UpChange> Members::distrust() {
  std::vector<UpChange> changes;
  search_ = Search::kAll;
  fading_.clear();
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
