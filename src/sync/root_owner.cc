// Whose versions count, in mode owner: those of the host that runs the service, which takes nothing from others.
//
// It labels all that it has with its run (a Lineage) as that begins, and what it makes. Every other host takes what bears the
// latest label that it has heard of, and waits with all else: what the owner did not have as it began the owner takes back.
#include <algorithm>
#include <utility>

#include "core/hlc.h"
#include "sync/messages.h"
#include "sync/root.h"

namespace cluster::sync {

namespace {

// What is being looked at already may have been read before the service ended.
constexpr int kLooks = 2;
// What has been tried again and again, until the pause between was so long, does not come.
constexpr Duration kCannotBeHad = seconds(2);

}  // namespace

// ------------------------------------------------------------------------------------- this host

void Root::own(Context& context, const Own& order) {
  if (config_.mode != Mode::kOwner || (owns() && run_epoch_ == order.epoch)) {
    end_looks_.reset();
    runs_ = owns();
    if (order.waits) context.emit(Owned{config_.name, order.epoch, ""});
    return;
  }
  beginning_ = Beginning{order, context.now.mono + kGreetPatience, {}};
  // What others made since its last run ended it takes once that has.
  if (order.waits) end_run(context);
}

void Root::end_owning(Context& context) {
  beginning_.reset();
  end_run(context);
}

void Root::end_run(Context& context) {
  if (!owns() || end_looks_) return;
  // What cannot be looked at is as the index has it.
  if (!paused_.empty()) return close(context);
  end_looks_ = 0;
  context.emit(Look{config_.name, ""});
}

void Root::looked_for_end(Context& context, const Scanned& seen) {
  if (!end_looks_ || !seen.whole) return;
  if (++*end_looks_ < kLooks) return context.emit(Look{config_.name, ""});
  // The service is not there any more that could put back what has gone.
  if (!vanished_.empty() && !brakes(context)) forget_vanished(context);
  close(context);
}

void Root::close(Context& context) {
  if (own_ == known_) {
    whole_ = true;
    whole_us_ = core::wall_us(context.now.wall);
  }
  own_ = {};
  runs_ = follows_ = false;
  end_looks_.reset();
  root_dirty_ = consider_all_ = true;
}

// A host that has the root as it is now, and of which more is to be heard; empty: there is none.
std::string Root::waits_for() const {
  if (owns()) return "this host itself, which has not ended its last run";
  for (const auto& [node, peer] : peers_) {
    if (!peer.greeted) {
      if (beginning_->greeted_by != kNever) return peer.name + " to say what it has";
      continue;
    }
    if (!peer.apart.empty() || !peer.paused.empty()) continue;
    if (peer.owns) return peer.name + ", which has not ended writing";
    if (peer.heard < peer.goes_to) return peer.name + " to tell what it has";
  }
  if (!placing_.empty()) return placing_.begin()->first;
  for (const auto& [path, offers] : offers_) {
    const Offer& best = best_of(offers);
    if (!may_follow(best.entry)) continue;
    const auto retry = retries_.find(path);
    if (retry == retries_.end() || retry->second.pause < kCannotBeHad) return path;
  }
  return "";
}

std::string Root::too_far_behind(const Context& context, std::optional<Duration> max_lag) const {
  if (known_.none() || known_.node == context.self.node || whole_ || follows_) return "";
  if (whole_us_ == 0)
    return max_lag ? "not all of the files that the service has written ever came here" : "";
  const uint64_t now = core::wall_us(context.now.wall);
  const Duration lag = microseconds(static_cast<int64_t>(now - std::min(now, whole_us_)));
  if (!max_lag || lag <= *max_lag) return "";
  return "the files here may be " +
         std::to_string(std::chrono::duration_cast<seconds>(lag).count()) +
         " s behind those of the host that ran it last";
}

void Root::drive_beginning(Context& context) {
  if (!beginning_) return;
  const Own order = beginning_->order;
  const auto answer = [&](const std::string& refused) {
    if (order.waits) context.emit(Owned{config_.name, order.epoch, refused});
    beginning_.reset();
  };
  if (!active()) {
    if (order.waits && !why_paused().empty()) answer(why_paused());
    return;
  }
  if (context.now.mono >= beginning_->greeted_by) beginning_->greeted_by = kNever;
  if (order.waits) {
    const std::string what = waits_for();
    if (!what.empty()) {
      if (std::exchange(beginning_->waits_for, what).empty())
        context.log(config_.name + ": the service that writes it waits for " + what);
      return;
    }
    if (const std::string why = too_far_behind(context, order.max_lag); !why.empty())
      return answer(why);
    if (drop_what_the_last_run_lacks(context)) return;
  }
  answer("");
  begin_owning(context, order);
}

// What was made here alone by a run that was lost, and the owner after it did not hear of while it ran. All that is in a run has
// a counter of its host. True: some of it is on its way out.
bool Root::drop_what_the_last_run_lacks(Context& context) {
  if (!whole_ || known_.none() || known_.node == context.self.node) return false;
  std::vector<std::string> paths;
  for (const auto& [path, held] : entries_)
    if (!held.deleted && held.lineage < known_ && held.vector.of(known_.node) == 0)
      paths.push_back(path);
  std::reverse(paths.begin(), paths.end());
  bool any = false;
  for (const std::string& path : paths)
    if (!retries_.contains(path) && !has_live_children(path)) any = drop(context, path) || any;
  return any;
}

// It is retained, and pinned. False: it is in the way of something already.
bool Root::drop(Context& context, const std::string& path) {
  if (placing_.contains(path) || put_off_now(context.now.mono, path)) return false;
  const Held& ours = entries_.at(path);
  tell_of_lost(context);
  Entry gone = edited(context, &ours, core::wall_us(context.now.wall));
  gone.born = ours.born;
  gone.deleted = true;
  take(context, path, std::move(gone), nullptr, Giving::kLost);
  return true;
}

void Root::begin_owning(Context& context, const Own& order) {
  run_epoch_ = order.epoch;
  owns_alone_ = order.alone;
  since_us_ = order.since_us;
  runs_ = true;
  end_looks_.reset();
  restoring_.clear();
  take_over_all(context, order.epoch);
}

// All that is here is of this run from now on. Nobody edited it: whoever has it needs no more than to hear so.
void Root::take_over_all(Context& context, uint64_t epoch) {
  known_ = own_ = {std::max(epoch, known_.epoch + 1), context.self.node};
  std::vector<std::string> paths;
  for (const auto& [path, held] : entries_) paths.push_back(path);
  for (const std::string& path : paths) take_over(context, path);
  root_dirty_ = consider_all_ = true;
}

void Root::take_over(Context& context, const std::string& path) {
  const Held& ours = entries_.at(path);
  Entry entry = ours;
  entry.vector.set(context.self.node, next_counter(context, ours));
  entry.lineage = own_;
  entry.unsure = false;
  update_known(path, std::move(entry));
}

// ------------------------------------------------------------------------------------ other hosts

Status Root::hear(Context&, const NodeId& from, const wire::RootOwner& owner) {
  const auto at = peers_.find(from);
  if (at == peers_.end() || !at->second.greeted) return {};
  Peer& peer = at->second;
  peer.owns = peer.whole = false;
  peer.since_us = owner.since_us();
  peer.goes_to = owner.sequence();
  consider_all_ = true;
  if (!owner.has_lineage()) return {};
  const auto lineage = from_wire(owner.lineage());
  if (!lineage) return Error{"a run of a service that nobody made"};
  peer.lineage = *lineage;
  peer.owns = owner.owns() && lineage->node == from;
  peer.whole = owner.whole();
  hear_of(*lineage);
  return {};
}

void Root::hear_of(const Lineage& lineage) {
  if (!(known_ < lineage)) return;
  known_ = lineage;
  whole_ = follows_ = false;
  root_dirty_ = consider_all_ = true;
}

// Both sides of a partition ran the service, and the other began its run with the higher number. Of the two the one counts that
// has run it for longer, which is the one that the hosts let go on.
bool Root::counts_against_others() const {
  bool later = false;
  for (const auto& [node, peer] : peers_) {
    if (!(own_ < peer.lineage) || peer.lineage.node != node) continue;
    if (peer.owns && peer.since_us < since_us_) return false;
    later = later || since_us_ < peer.since_us;
  }
  return later || !end_looks_;
}

void Root::outdo(Context& context) {
  if (owns() && runs_ && own_ < known_ && !owns_alone_ && counts_against_others())
    take_over_all(context, run_epoch_);
}

wire::RootOwner Root::owner_state() const {
  wire::RootOwner out;
  out.set_root(config_.name);
  if (!known_.none()) to_wire(known_, *out.mutable_lineage());
  out.set_owns(owns() && own_ == known_);
  out.set_whole(whole_ || (owns() && own_ == known_));
  out.set_sequence(sequence_);
  out.set_since_us(since_us_);
  return out;
}

// Only when something else than the index has changed, which is told anyway. All have been said hello to.
void Root::tell_owner(Context& context) {
  wire::FileMessage message;
  wire::RootOwner& owner = *message.mutable_owner();
  owner = owner_state();
  owner.clear_sequence();
  std::string state = owner.SerializeAsString();
  if (state == told_owner_) return;
  told_owner_ = std::move(state);
  owner.set_sequence(sequence_);
  for (const auto& [node, peer] : peers_) context.emit(Tell{node, message.SerializeAsString()});
}

// Whether all that was made in the latest run is here.
void Root::judge_whole(Context& context) {
  if (owns()) return;
  bool owner_is_here = false, has_all = false;
  for (const auto& [node, peer] : peers_) {
    if (!peer.greeted || !peer.apart.empty() || peer.lineage != known_) continue;
    owner_is_here = owner_is_here || peer.owns;
    has_all = has_all || (peer.whole && peer.heard >= peer.goes_to && peer.open.empty());
  }
  const uint64_t now = core::wall_us(context.now.wall);
  whole_again_at_ = kNever;
  if (has_all && owner_is_here) {
    whole_again_at_ = context.now.mono + kWholeInterval;
    const bool fresh = !std::exchange(follows_, true);
    const auto interval = static_cast<uint64_t>(to_us(kWholeInterval));
    if (!fresh && !whole_ && now < whole_us_ + interval) return;
    whole_ = false;
  } else if (follows_ || (has_all && !whole_)) {
    // Where the owner has gone it makes nothing more that could come here.
    whole_ = has_all || !owner_is_here;
    follows_ = false;
  } else {
    return;
  }
  whole_us_ = now;
  root_dirty_ = true;
}

void Root::drive_owning(Context& context) {
  if (config_.mode != Mode::kOwner) return;
  if (active()) judge_whole(context);
  drive_beginning(context);
  if (!active()) return;
  outdo(context);
  if (std::exchange(consider_all_, false)) {
    std::vector<std::string> paths;
    for (const auto& [path, offers] : offers_) paths.push_back(path);
    for (const std::string& path : paths) consider(context, path);
  }
  tell_owner(context);
}

MonoTime Root::owning_due() const {
  return beginning_ ? std::min(beginning_->greeted_by, whole_again_at_) : whole_again_at_;
}

// ----------------------------------------------------------------------------------- their versions

bool Root::may_follow(const Entry& entry) const {
  if (config_.mode != Mode::kOwner) return true;
  return !owns() && !will_own() && !entry.lineage.none() && entry.lineage == known_;
}

// The service runs already.
bool Root::will_own() const { return beginning_ && !beginning_->order.waits; }

// True: dealt with. False: it waits for its owner's word. nullopt: it is judged as in any mode.
std::optional<bool> Root::follow(Context& context, const std::string& path, const Offer& offer) {
  if (config_.mode != Mode::kOwner) return std::nullopt;
  const Entry& theirs = offer.entry;
  if (owns()) {
    if (own_ < theirs.lineage) return false;
    hold_own(context, path, theirs);
    return true;
  }
  const Held* ours = held(path);
  if (!may_follow(theirs)) {
    // Whoever deleted what is not here may have forgotten it by now.
    if (ours != nullptr || !theirs.deleted || will_own()) return false;
    return take(context, path, theirs, nullptr);
  }
  if (ours != nullptr && ours->lineage == theirs.lineage) return std::nullopt;
  const bool lost = ours != nullptr && resolve(config_.mode, *ours, theirs).lost;
  if (lost) tell_of_lost(context);
  return take(context, path, theirs, nullptr, lost ? Giving::kLost : Giving::kUsual);
}

// Once a run.
void Root::tell_of_lost(Context& context) {
  if (std::exchange(pinned_in_, known_) == known_) return;
  context.alert("files of " + config_.name +
                " were changed here that the host which runs its service had not got, and are "
                "replaced by what it has: they are kept (`clusterctl files log PATH`) until "
                "`clusterctl files confirm " +
                config_.name + "`");
}

// In a folder that the owner does not have it has nothing either: what is there was made by nobody who may.
void Root::drop_strays_in(Context& context, const std::string& path) {
  const std::string prefix = path + "/";
  std::vector<std::string> strays;
  for (auto at = entries_.lower_bound(prefix);
       at != entries_.end() && at->first.compare(0, prefix.size(), prefix) == 0; ++at)
    if (!at->second.deleted && at->second.lineage < known_) strays.push_back(at->first);
  std::reverse(strays.begin(), strays.end());
  for (const std::string& stray : strays) drop(context, stray);
  folder_waits_[path] = context.now.mono + kFolderPatience;
}

// Its host has had what is here, and changed it without being the owner: it has to hear of it again.
bool Root::has_passed_over(const Entry& ours, const Entry& theirs) const {
  return owns() && theirs.lineage < ours.lineage && theirs.vector.knows(ours.vector);
}

// What is here stays, and nothing where nothing is, by a version that whoever has theirs has not heard of.
void Root::hold_own(Context& context, const std::string& path, const Entry& theirs) {
  if (held(path) == nullptr) {
    Entry before = theirs;
    if (theirs.lineage != own_) before.vector = {};
    Entry entry = edited(context, &before, core::wall_us(context.now.wall));
    entry.born = before.born;
    entry.deleted = true;
    update(path, std::move(entry), Found{});
  } else {
    if (theirs.lineage == own_) entries_.at(path).vector.join(theirs.vector);
    take_over(context, path);
  }
  look_after(context, path);
}

// ----------------------------------------------------------------------------------------- stored

void Root::load_owning(const wire::StoredRoot& stored) {
  if (const auto lineage = from_wire(stored.lineage())) known_ = *lineage;
  if (stored.owns()) own_ = known_;
  run_epoch_ = stored.run_epoch();
  owns_alone_ = stored.owns_alone();
  since_us_ = stored.owns_since_us();
  whole_us_ = stored.whole_us();
  whole_ = stored.whole();
}

void Root::store_owning(wire::StoredRoot& out) const {
  if (known_.none()) return;
  to_wire(known_, *out.mutable_lineage());
  out.set_owns(owns() && own_ == known_);
  out.set_run_epoch(run_epoch_);
  out.set_owns_alone(owns_alone_);
  out.set_owns_since_us(since_us_);
  out.set_whole_us(whole_us_);
  out.set_whole(whole_);
}

const Peer* Root::other_owner() const {
  if (owns()) return nullptr;
  for (const auto& [node, peer] : peers_)
    if (peer.owns && peer.lineage == known_) return &peer;
  return nullptr;
}

HostId Root::owner(HostId self) const {
  if (owns()) return self;
  const Peer* other = other_owner();
  return other == nullptr ? HostId{} : other->host;
}

std::string Root::written_by() const {
  const Peer* other = other_owner();
  return other == nullptr ? "" : other->name;
}

}  // namespace cluster::sync
