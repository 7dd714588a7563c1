// What a host and its peers tell each other of their indexes, and what is stored of this one.
#include <algorithm>

#include "core/hlc.h"
#include "sync/messages.h"
#include "sync/root.h"

namespace cluster::sync {

namespace {

constexpr char kEntryPrefix = 'e', kRootPrefix = 'r';

std::string framed(const wire::FileMessage& message) { return message.SerializeAsString(); }

}  // namespace

// ------------------------------------------------------------------------------------- storing

std::string Root::entry_key(const std::string& path) const {
  return kEntryPrefix + config_.name + '\n' + path;
}

void Root::load(const std::string& path, const wire::StoredEntry& stored) {
  if (stored.has_intended())
    if (auto intended = from_wire(stored.intended())) intended_[path] = std::move(*intended);
  if (!stored.has_entry()) return;
  auto entry = from_wire(stored.entry());
  if (!entry) return;
  Held& held = entries_[path];
  static_cast<Entry&>(held) = std::move(*entry);
  held.sequence = stored.entry().sequence();
  held.deleted_since = stored.deleted_since();
  if (held.deleted && held.deleted_since != 0) tombstones_.emplace(held.deleted_since, path);
  if (held.deleted && held.deleted_since == 0) dirty_.insert(path);
  if (stored.has_here())
    if (auto here = from_wire(stored.here())) held.here = std::move(*here);
  held.signature = {stored.device(),   stored.inode(),    stored.size(),
                    stored.mtime_ns(), stored.ctime_ns(), false};
  load_former(held, stored);
  by_sequence_[held.sequence] = path;
  count(path, held, true);
}

void Root::load(const wire::StoredRoot& stored) {
  index_ = stored.index();
  sequence_ = stored_sequence_ = stored.sequence();
  memory_ = true;
  for (const auto& peer : stored.peers())
    if (const auto node = NodeId::from_raw(peer.node()))
      positions_[*node] = {peer.index(), peer.has(), peer.missed_until(), peer.alone_until()};
  horizon_ = stored.horizon();
  for (const auto& one : stored.forgotten())
    if (const auto node = NodeId::from_raw(one.node())) forgotten_.set(*node, one.counter());
  forgotten_us_ = stored.forgotten_us();
  contact_us_ = stored.contact_us();
  own_counter_ = stored.own_counter();
  load_owning(stored);
}

wire::StoredEntry Root::to_store(const std::string& path) const {
  wire::StoredEntry out;
  if (const auto at = intended_.find(path); at != intended_.end())
    to_wire(path, at->second, *out.mutable_intended());
  const Held* held_here = held(path);
  if (held_here == nullptr) return out;
  to_wire(path, *held_here, *out.mutable_entry());
  out.mutable_entry()->set_sequence(held_here->sequence);
  out.set_deleted_since(held_here->deleted_since);
  if (held_here->here) to_wire(*held_here->here, *out.mutable_here());
  const Signature& signature = held_here->signature;
  out.set_device(signature.device);
  out.set_inode(signature.inode);
  out.set_size(signature.size);
  out.set_mtime_ns(signature.mtime_ns);
  // Whoever looks at it next cannot take it for unchanged.
  out.set_ctime_ns(signature.racy ? 0 : signature.ctime_ns);
  store_former(*held_here, out);
  return out;
}

void Root::store(Context& context) {
  if (storing_ || (dirty_.empty() && !root_dirty_)) return;
  if (store_again_at_ != kNever && context.now.mono < store_again_at_) return;
  store_again_at_ = kNever;
  StoreIndex out;
  out.ticket = IndexTicket(++context.numbers.index);
  ++stores_;
  root_dirty_ = false;
  for (const std::string& path : dirty_) {
    if (const auto at = entries_.find(path);
        at != entries_.end() && at->second.deleted && at->second.deleted_since == 0) {
      at->second.deleted_since = core::wall_us(context.now.wall);
      tombstones_.emplace(at->second.deleted_since, path);
    }
    const wire::StoredEntry stored = to_store(path);
    const bool any = stored.has_entry() || stored.has_intended();
    out.writes.push_back(
        {entry_key(path), any ? std::optional(stored.SerializeAsString()) : std::nullopt});
  }
  wire::StoredRoot root;
  root.set_index(index_);
  root.set_sequence(sequence_);
  for (const auto& [node, position] : positions_) {
    auto& peer = *root.add_peers();
    peer.set_node(node.raw());
    peer.set_index(position.index);
    peer.set_has(position.has);
    peer.set_missed_until(position.missed_until);
    peer.set_alone_until(position.alone_until);
  }
  root.set_horizon(horizon_);
  for (const auto& [node, counter] : forgotten_.counters()) {
    auto& one = *root.add_forgotten();
    one.set_node(node.raw());
    one.set_counter(counter);
  }
  root.set_forgotten_us(forgotten_us_);
  root.set_contact_us(contact_us_);
  root.set_own_counter(own_counter_);
  store_owning(root);
  out.writes.push_back({kRootPrefix + config_.name, root.SerializeAsString()});
  storing_ = Storing{out.ticket, sequence_, std::move(dirty_)};
  dirty_.clear();
  context.emit(std::move(out));
}

void Root::stored(Context& context, const IndexStored& answer) {
  Storing done = std::move(*storing_);
  storing_.reset();
  if (answer.failed.empty()) {
    stored_sequence_ = done.up_to;
    stores_done_ = stores_;
    store_pause_ = {};
    for (const std::string& path : done.paths) {
      const auto at = placing_.find(path);
      if (at == placing_.end() || !at->second.action || dirty_.contains(path)) continue;
      context.emit(std::move(*at->second.action));
      at->second.action.reset();
    }
    return;
  }
  if (store_pause_ == Duration{})
    context.alert("what is known of the files of " + config_.name +
                  " cannot be stored: " + answer.failed);
  store_pause_ = std::min(kLongestRetry, std::max(kFirstRetry, 2 * store_pause_));
  store_again_at_ = context.now.mono + store_pause_;
  dirty_.merge(done.paths);
  root_dirty_ = true;
}

// --------------------------------------------------------------------------------------- peers

void Root::peer_up(Context& context, const PeerUp& up) {
  judge_own_absence(context);
  Peer& peer = peers_[up.node] = {};
  peer.host = up.host;
  peer.name = up.name;
  peer.told_alone = absent_ || met_none_;
  if (scanned_) say_hello(context, up.node, peer);
}

void Root::peer_down(Context& context, const NodeId& node) {
  const auto gone = peers_.find(node);
  if (gone == peers_.end()) return;
  const Peer& peer = gone->second;
  if (peer.greeted) gone_[peer.host] = {peer.name, peer.they_have, context.now.wall};
  peers_.erase(gone);
  drop_offers(context, node);
}

void Root::drop_offers(Context& context, const NodeId& node) {
  std::vector<std::string> lost;
  for (auto& [path, offers] : offers_)
    if (offers.erase(node) != 0 && offers.empty()) lost.push_back(path);
  for (const std::string& path : lost) {
    offers_.erase(path);
    retries_.erase(path);
    folder_waits_.erase(path);
  }
  for (const std::string& path : lost) look_after(context, path);
}

void Root::say_hello(Context& context, const NodeId& node, Peer& peer) {
  wire::FileMessage message;
  auto& hello = *message.mutable_hello();
  hello.set_root(config_.name);
  to_wire(config_.mode, hello);
  hello.set_index(index_);
  hello.set_paused(why_paused());
  hello.set_horizon(horizon_);
  hello.set_sequence(sequence_);
  hello.set_absent(absent_);
  hello.set_met_none(met_none_);
  peer.told_alone = absent_ || met_none_;
  if (const auto at = positions_.find(node); at != positions_.end()) {
    hello.set_your_index(at->second.index);
    hello.set_your_seen(at->second.has);
  }
  if (config_.mode == Mode::kOwner) *hello.mutable_owner() = owner_state();
  // What comes now begins there.
  if (const auto at = positions_.find(node);
      at != positions_.end() && at->second.index == peer.index) {
    peer.heard = peer.heard_told = peer.has_told = at->second.has;
  } else {
    peer.heard = peer.heard_told = peer.has_told = 0;
  }
  peer.open.clear();
  context.emit(Tell{node, framed(message)});
  // Of what it had told beyond it tells again what it still has.
  drop_offers(context, node);
}

Status Root::hear(Context& context, const NodeId& from, const wire::RootHello& hello) {
  const auto at = peers_.find(from);
  if (at == peers_.end() || !configured_) return {};
  Peer& peer = at->second;
  const auto mode = mode_of(hello);
  const bool anew = peer.greeted && peer.index == hello.index();
  peer.greeted = true;
  peer.paused = hello.paused();
  const std::string apart =
      mode == config_.mode ? std::string()
                           : std::string("its mode is ")
                                 .append(mode ? to_string(*mode) : "one that this version lacks")
                                 .append(", and ")
                                 .append(to_string(config_.mode))
                                 .append(" here");
  if (!apart.empty() && peer.apart.empty())
    context.alert("files of " + config_.name + " are not kept alike with " + peer.name + ": " +
                  apart);
  peer.apart = apart;
  const auto known = positions_.find(from);
  const bool same = known != positions_.end() && known->second.index == hello.index();
  peer.index = hello.index();
  // Said again it begins nothing anew of what that host tells, but of what it is told.
  if (!anew) {
    peer.heard = peer.heard_told = peer.has_told = same ? known->second.has : 0;
    peer.open.clear();
  }
  const bool ours = hello.your_index() == index_ && hello.your_seen() <= stored_sequence_;
  peer.sent = peer.they_heard = peer.they_have = ours ? hello.your_seen() : 0;
  peer.unheard.clear();
  peer.same.clear();
  judge_away(context, from, peer, hello);
  return hello.has_owner() ? hear(context, from, hello.owner()) : Status();
}

// ----------------------------------------------------------------------------- our index to them

void Root::send_index(Context& context, const NodeId& node, Peer& peer) {
  if (!peer.greeted || !peer.apart.empty() || peer.unstored > stores_done_) return;
  while (peer.sent < stored_sequence_ && peer.unheard.size() < kMaxBatchesUnheard) {
    wire::FileMessage message;
    auto& index = *message.mutable_index();
    index.set_root(config_.name);
    index.set_index(index_);
    index.set_from(peer.sent);
    size_t bytes = 0;
    uint64_t to = stored_sequence_;
    for (auto at = by_sequence_.upper_bound(peer.sent);
         at != by_sequence_.end() && at->first <= stored_sequence_; ++at) {
      if (bytes >= kMaxBatchBytes) {
        to = at->first - 1;
        break;
      }
      if (const auto same = peer.same.find(at->first); same != peer.same.end()) {
        auto& entry = *index.add_same();
        entry.set_sequence(same->first);
        entry.set_yours(same->second);
        bytes += entry.ByteSizeLong();
        continue;
      }
      auto& entry = *index.add_entries();
      to_wire(at->second, entries_.at(at->second), entry);
      entry.set_sequence(at->first);
      bytes += entry.ByteSizeLong();
    }
    if (index.same_size() > 0) index.set_your_index(peer.index);
    peer.same.erase(peer.same.begin(), peer.same.upper_bound(to));
    index.set_to(to);
    peer.sent = to;
    peer.unheard.push_back(to);
    context.emit(Tell{node, framed(message)});
  }
}

Status Root::hear(Context&, const NodeId& from, const wire::RootSeen& seen) {
  const auto at = peers_.find(from);
  if (at == peers_.end() || !at->second.greeted || seen.index() != index_) return {};
  Peer& peer = at->second;
  if (seen.heard() > stored_sequence_ || seen.has() > seen.heard())
    return Error{"it says that it has heard what it was not told"};
  peer.sent = std::max(peer.sent, seen.heard());  // before it said hello again
  peer.they_heard = std::max(peer.they_heard, seen.heard());
  peer.they_have = std::max(peer.they_have, seen.has());
  while (!peer.unheard.empty() && peer.unheard.front() <= peer.they_heard) peer.unheard.pop_front();
  return {};
}

// ----------------------------------------------------------------------------- their index to us

Status Root::hear(Context& context, const NodeId& from, const wire::RootIndex& index) {
  const auto at = peers_.find(from);
  if (at == peers_.end()) return {};
  Peer& peer = at->second;
  if (!peer.greeted || !peer.apart.empty() || index.index() != peer.index || !scanned_) return {};
  if (index.to() < index.from()) return Error{"a piece of an index that ends before it begins"};
  if (index.from() > peer.heard) return {};  // of before a hello that has crossed it
  if (index.same_size() > 0 && index.your_index() != index_) return {};  // likewise
  uint64_t last = index.from();
  for (const auto& one : index.entries()) {
    if (one.sequence() <= last || one.sequence() > index.to())
      return Error{"entries of an index that are not in order"};
    last = one.sequence();
    if (last <= peer.heard) continue;
    auto entry = from_wire(one);
    if (!entry) return Error{entry.error()};
    const bool folder = !entry->deleted && entry->state.type == FileType::kFolder;
    if (!config_.filter.wants(one.path(), folder)) continue;
    Offer& offer = offers_[one.path()][from];
    peer.open.erase(offer.sequence);
    offer = {std::move(*entry), one.sequence()};
    offer.own = offer.entry.edited.node == from;
    offer.pulled = one.sequence() <= peer.pull_until;
    if (const auto at_position = positions_.find(from); at_position != positions_.end())
      offer.away = at_position->second.away(one.sequence());
    // It may have resolved meanwhile what it made without these deletes.
    if (peer.told_anew && !offer.entry.unsure)
      offer.away = std::max(offer.away, Away::kMissedDeletes);
    if (!offer.entry.deleted && offer.entry.state.type == FileType::kFile)
      offered_contents_[offer.entry.state.content] = one.path();
    peer.open.insert(offer.sequence);
    retries_.erase(one.path());
    hear_of(offer.entry.lineage);
  }
  std::vector<std::string> same;
  last = index.from();
  for (const auto& one : index.same()) {
    if (one.sequence() <= last || one.sequence() > index.to() || one.yours() > stored_sequence_)
      return Error{"entries of an index that are not in order"};
    last = one.sequence();
    if (last > peer.heard && hear_same(from, peer, one))
      same.push_back(by_sequence_.at(one.yours()));
  }
  peer.heard = std::max(peer.heard, index.to());
  peer.heard_told = 0;  // it waits to hear how far it was heard
  for (const auto& one : index.entries()) consider(context, one.path());
  for (const std::string& path : same) consider(context, path);
  return {};
}

// It has this very entry of ours. False: it offers nothing else under that path. What is no longer in the index has been
// overtaken, and so has all that was offered before it.
bool Root::hear_same(const NodeId& from, Peer& peer, const wire::RootIndex::Same& same) {
  const auto path = by_sequence_.find(same.yours());
  if (path == by_sequence_.end()) return false;
  const auto offers = offers_.find(path->second);
  if (offers == offers_.end()) return false;
  const auto offer = offers->second.find(from);
  if (offer == offers->second.end()) return false;
  peer.open.erase(offer->second.sequence);
  offer->second = {entries_.at(path->second), same.sequence()};
  return true;
}

void Root::tell_seen(Context& context, const NodeId& node, Peer& peer) {
  if (!peer.greeted || !peer.apart.empty()) return;
  const uint64_t has = dirty_.empty() && !storing_ ? peer.has() : peer.has_told;
  if (peer.heard == peer.heard_told && has <= peer.has_told) return;
  peer.heard_told = peer.heard;
  peer.has_told = std::max(has, peer.has_told);
  Position& position = positions_[node];
  if (position.index != peer.index) position = {};
  position.index = peer.index;
  position.has = peer.has_told;
  wire::FileMessage message;
  auto& seen = *message.mutable_seen();
  seen.set_root(config_.name);
  seen.set_index(peer.index);
  seen.set_heard(peer.heard_told);
  seen.set_has(peer.has_told);
  context.emit(Tell{node, framed(message)});
}

}  // namespace cluster::sync
