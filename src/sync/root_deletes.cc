// How long deletes are remembered, and what becomes of the files of hosts that have missed them.
#include <algorithm>
#include <utility>

#include "core/hlc.h"
#include "sync/root.h"

namespace cluster::sync {

// ---------------------------------------------------------------------------------- forgetting

// Of this index: how far every other host of the root is known to have it. 0: not all of them are linked.
uint64_t Root::all_hosts_have(const HostId& self) const {
  uint64_t out = UINT64_MAX;
  for (const HostId& host : config_.hosts) {
    if (host == self) continue;
    uint64_t has = 0;
    for (const auto& [node, peer] : peers_)
      if (peer.host == host && peer.greeted && peer.apart.empty())
        has = std::max(has, peer.they_have);
    out = std::min(out, has);
  }
  return out;
}

Duration Root::collect_interval() const {
  return std::clamp<Duration>(tombstone_keep_ / 8, milliseconds(100), kLongestCollectInterval);
}

void Root::collect(Context& context) {
  if (context.now.mono < collect_at_) return;
  collect_at_ = context.now.mono + collect_interval();
  if (context.now.wall < core::kEarliestTime) return;
  const auto before = [&](Duration age) { return core::wall_us(context.now.wall - age); };
  const uint64_t rested = before(std::min(tombstone_keep_ / 4, kLongestDeleteRest));
  const uint64_t expired = before(tombstone_keep_);
  const uint64_t all_have = all_hosts_have(context.self.host), linked_have = linked_hosts_have();
  for (auto at = tombstones_.begin(); at != tombstones_.end() && at->first <= rested;) {
    const auto [since, path] = *at++;
    const Held& held = entries_.at(path);
    // The owner has not said what becomes of it.
    if (config_.mode == Mode::kOwner && held.lineage.none()) continue;
    const uint64_t sequence = held.sequence;
    if (sequence > stored_sequence_ || placing_.contains(path) || offers_.contains(path) ||
        intended_.contains(path))
      continue;
    if (sequence <= all_have || (since <= expired && sequence <= linked_have))
      forget_delete(path, sequence <= all_have);
  }
}

// And those that are linked and take what they are told.
uint64_t Root::linked_hosts_have() const {
  uint64_t out = UINT64_MAX;
  for (const auto& [node, peer] : peers_)
    if (peer.greeted && peer.apart.empty() && peer.paused.empty())
      out = std::min(out, peer.they_have);
  return out;
}

void Root::forget_delete(const std::string& path, bool all_have) {
  const auto at = entries_.find(path);
  const Held& held = at->second;
  if (!all_have) {
    horizon_ = std::max(horizon_, held.sequence);
    forgotten_.join(held.vector);
    forgotten_us_ = std::max(forgotten_us_, held.edited.wall_us);
  }
  tombstones_.erase({held.deleted_since, path});
  by_sequence_.erase(held.sequence);
  entries_.erase(at);
  dirty_.insert(path);
}

// ------------------------------------------------------------------------- hosts that were away

// Whether this host has been alone for too long, as it meets the first one again.
void Root::judge_own_absence(const Context& context) {
  if (!peers_.empty()) return;
  const uint64_t expired = core::wall_us(context.now.wall - tombstone_keep_);
  met_none_ = contact_us_ == 0;
  absent_ = !met_none_ && contact_us_ < expired;
}

// It counts again once it has all that another had.
void Root::note_contact(const Context& context) {
  const auto counts = [&](const auto& one) {
    const Peer& peer = one.second;
    return peer.greeted && peer.apart.empty() &&
           ((!absent_ && !met_none_) || (peer.heard >= peer.goes_to && peer.has() >= peer.goes_to));
  };
  if (std::none_of(peers_.begin(), peers_.end(), counts)) return;
  absent_ = met_none_ = false;
  const uint64_t now = core::wall_us(context.now.wall);
  const auto interval =
      static_cast<uint64_t>(to_us(std::min(tombstone_keep_ / 8, kLongestContactInterval)));
  if (now < contact_us_ + interval) return;
  contact_us_ = now;
  root_dirty_ = true;
}

// Whoever has not heard of this index as far as deletes of it are forgotten has missed these.
void Root::judge_away(Context& context, const NodeId& node, Peer& peer,
                      const wire::RootHello& hello) {
  Position& position = positions_[node];
  if (position.index != hello.index()) position = {hello.index(), 0, 0, 0};
  const std::string of_root = "files of " + config_.name + ": ";
  const bool speaks_for_others = !hello.absent() && !hello.met_none();
  const bool pulls = absent_ && speaks_for_others;
  if (pulls && peer.pull_until == 0)
    context.alert(of_root +
                  "this host was away for longer than deletes are remembered; what it alone has is "
                  "kept here as retained versions");
  peer.goes_to = hello.sequence();
  peer.pull_until = pulls ? peer.goes_to : 0;
  const bool missed =
      horizon_ != 0 && (hello.your_index() != index_ || hello.your_seen() < horizon_);
  const bool overrules = hello.absent() && !peer.told_alone;
  if (position.has >= position.missed_until) position.missed_until = 0;
  // Where it still is absent and this host is by now as well, neither counts for more than the other.
  const bool both_alone = hello.absent() && !overrules;
  if (position.has >= position.alone_until || both_alone) {
    root_dirty_ = root_dirty_ || position.alone_until != 0;
    position.alone_until = 0;
  }
  if (!missed && !overrules) return;
  if (overrules && position.alone_until == 0)
    context.alert(of_root + peer.name +
                  " was away for longer than deletes are remembered; what it alone has is kept "
                  "there as retained versions");
  if (missed) position.missed_until = std::max(position.missed_until, hello.sequence());
  if (overrules) position.alone_until = std::max(position.alone_until, hello.sequence());
  // A crash must not forget it once that host has heard what it had missed.
  root_dirty_ = true;
  peer.unstored = stores_ + 1;
  if (!missed || std::exchange(peer.told_anew, true)) return;
  // Some of what it has told before may be deleted since, and is known here no more: it has to tell all of it again.
  position.has = 0;
  if (scanned_) say_hello(context, node, peer);
}

// Of a path of which nothing is known here: one of the deletes that were forgotten may have been of this.
bool Root::was_forgotten(const Entry& entry) const {
  if (entry.unsure) return entry.edited.wall_us <= forgotten_us_;
  return know(forgotten_, entry.dot(), entry.merges);
}

bool Root::is_overruled(const Offer& offer, const Held* ours) const {
  if (offer.away == Away::kPresent || offer.entry.deleted) return false;
  if (offer.away != Away::kPullsOnly || !offer.own || offer.entry.unsure) {
    // What came here since may know nothing of what was forgotten before.
    const bool unknowing =
        ours == nullptr || (!offer.entry.unsure && !ours->knows_edit_of(offer.entry));
    return unknowing && was_forgotten(offer.entry);
  }
  return ours == nullptr || ours->deleted || !(ours->state == offer.entry.state);
}

// What is here stays, by a version that knows of theirs: a delete, if nothing is.
void Root::overrule(Context& context, const std::string& path, const Entry& theirs) {
  const Held* ours = held(path);
  const bool live = ours != nullptr && !ours->deleted;
  Entry before = ours == nullptr ? theirs : *ours;
  before.vector.join(theirs.vector);
  Entry entry = edited(context, &before, core::wall_us(context.now.wall));
  entry.deleted = !live;
  if (live) {
    // Nobody edited it: whoever replaces or deletes meanwhile what is here knew of it.
    entry.edited = ours->edited;
    entry.counter = ours->counter;
    entry.editor = ours->editor;
    entry.unsure = ours->unsure;
    entry.merges = ours->merges;
  }
  if (!live) entry.born = before.born;
  context.log(config_.name + ": " + path + " of " + theirs.editor +
              ", which was away too long, is retained there");
  update_known(path, std::move(entry));
  look_after(context, path);
}

}  // namespace cluster::sync
