#include "sync/root.h"

#include <algorithm>
#include <utility>

#include "core/hlc.h"
#include "sync/messages.h"

namespace cluster::sync {

const Held* Root::held(const std::string& path) const {
  const auto at = entries_.find(path);
  return at == entries_.end() ? nullptr : &at->second;
}

void Root::configure(Context& context, RootConfig config) {
  const bool anew = !configured_ || !(config == config_);
  const bool other_filter = !(config.filter == config_.filter);
  config_ = std::move(config);
  configured_ = true;
  if (!anew) return;
  // What was passed over before may count now, of others and here.
  if (other_filter) {
    positions_.clear();
    scanned_ = false;
  }
  for (auto& [node, peer] : peers_) {
    if (other_filter) peer.heard = peer.heard_told = peer.has_told = 0;
    if (scanned_) say_hello(context, node, peer);
  }
}

void Root::leave(Context& context) {
  end_pushes(context);
  configured_ = scanned_ = false;
  peers_.clear();
  offers_.clear();
  offered_contents_.clear();
  vanished_.clear();
  restoring_.clear();
  retries_.clear();
  folder_waits_.clear();
  to_be_seen_.clear();
  apart_.clear();
  waiting_.clear();
  braked_ = false;
  own_ = {};
  runs_ = false;
  beginning_.reset();
  end_looks_.reset();
}

void Root::update(const std::string& path, Entry entry, const Found& found) {
  Held& held = entries_[path];
  if (held.sequence != 0) {
    count(path, held, false);
    by_sequence_.erase(held.sequence);
    tombstones_.erase({held.deleted_since, path});
    if (config_.mode == Mode::kMerge) note_former(held, entry);
  }
  static_cast<Entry&>(held) = std::move(entry);
  held.signature = found.signature;
  held.deleted_since = 0;
  held.here.reset();
  if (!held.deleted && !(found.state == held.state)) held.here = found.state;
  held.sequence = ++sequence_;
  by_sequence_[held.sequence] = path;
  count(path, held, true);
  dirty_.insert(path);
}

void Root::count(const std::string& path, const Held& held, bool in) {
  if (held.deleted) return;
  if (in) {
    by_inode_[held.signature.inode] = held.sequence;
  } else if (const auto at = by_inode_.find(held.signature.inode);
             at != by_inode_.end() && at->second == held.sequence) {
    by_inode_.erase(at);
  }
  live_ += in ? 1 : -1;
  live_bytes_ += in ? held.state.size : -held.state.size;
  if (held.state.type != FileType::kFile) return;
  const std::string& content = held.on_disk().content;
  if (in) {
    by_content_[content] = path;
  } else if (const auto at = by_content_.find(content);
             at != by_content_.end() && at->second == path) {
    by_content_.erase(at);
  }
}

const std::string* Root::path_with(const std::string& content) const {
  const auto at = by_content_.find(content);
  return at == by_content_.end() ? nullptr : &at->second;
}

const std::string* Root::path_of(const Signature& signature) const {
  const auto at = by_inode_.find(signature.inode);
  if (at == by_inode_.end()) return nullptr;
  const std::string& path = by_sequence_.at(at->second);
  return entries_.at(path).signature.device == signature.device ? &path : nullptr;
}

void Root::update_known(const std::string& path, Entry entry) {
  const Held* ours = held(path);
  const bool live = ours != nullptr && !ours->deleted;
  update(path, std::move(entry), live ? ours->found() : Found{});
}

// Like the clock, so that an index which was put back from an older copy gives no number twice; and each is given once,
// though what it was given to did not stay.
uint64_t Root::next_counter(const Context& context, const Entry& after) {
  return own_counter_ = std::max({after.vector.of(context.self.node) + 1, own_counter_ + 1,
                                  core::wall_us(context.now.wall)});
}

// The version that an edit makes here of what is held, with the same content. `wished_us`: when it was made, if that can be.
Entry Root::edited(Context& context, const Entry* ours, uint64_t wished_us) {
  const uint64_t now = core::wall_us(context.now.wall);
  Entry out;
  if (ours != nullptr) out = *ours;
  const uint64_t after = ours == nullptr ? 0 : ours->edited.wall_us;
  out.edited = {std::max(std::min(wished_us, now), after + 1), context.self.node};
  out.counter = next_counter(context, out);
  out.vector.set(context.self.node, out.counter);
  out.editor = context.self.name;
  if (ours == nullptr || ours->deleted) out.born = out.edited;
  out.deleted = out.unsure = false;
  out.merges.clear();
  out.lineage = own_;
  return out;
}

void Root::scanned(Context& context, const Scanned& seen) {
  if (!configured_ || !paused_.empty() || (!scanned_ && !seen.whole)) return;
  const bool first = !memory_ && !scanned_;
  sight_all(context, seen, first);
  if (seen.whole) {
    const std::set<std::string> seen_now = std::move(to_be_seen_);
    to_be_seen_.clear();
    for (const std::string& path : seen_now) consider(context, path);
  }
  looked_for_pushes(context, seen);
  looked_for_end(context, seen);
  if (!seen.whole || scanned_) return;
  scanned_ = memory_ = true;
  restamp(context);
  for (auto& [node, peer] : peers_) say_hello(context, node, peer);
}

void Root::sight(Context& context, const Sighting& sighting, bool first) {
  const std::string& path = sighting.path;
  to_be_seen_.erase(path);
  if (const auto at = placing_.find(path); at != placing_.end()) {
    at->second.look_again = true;
    return;
  }
  const auto at = entries_.find(path);
  const bool live = at != entries_.end() && !at->second.deleted;
  if (!sighting.found) {
    if (live && !restoring_.contains(path)) vanished_.emplace(path, context.now.mono);
    consider(context, path);
    return;
  }
  vanished_.erase(path);
  restoring_.erase(path);
  const Found& found = *sighting.found;
  if (live && at->second.on_disk() == found.state) {
    if (!(at->second.signature == found.signature)) {
      count(path, at->second, false);
      at->second.signature = found.signature;
      count(path, at->second, true);
      dirty_.insert(path);
    }
  } else if (is_as_intended(path, found)) {
    retries_.erase(path);
    update(path, intended_.at(path), found);
    look_after(context, path);
  } else if (!put_back_edit(context, path, found)) {
    retries_.erase(path);
    edit(context, path, found, first);
  }
  if (!placing_.contains(path) && intended_.erase(path) != 0) dirty_.insert(path);
  consider(context, path);
}

// An engine before this one has put another host's version there, and died before it could say so.
bool Root::is_as_intended(const std::string& path, const Found& found) const {
  const auto meant = intended_.find(path);
  if (meant == intended_.end() || !(meant->second.state == found.state)) return false;
  const Held* ours = held(path);
  if (ours == nullptr || !ours->vector.knows(meant->second.vector)) return true;
  // Both know the same, and one of them was to give way.
  return ours->vector == meant->second.vector && !ours->same_edit(meant->second);
}

void Root::edit(Context& context, const std::string& path, const Found& found, bool first) {
  const Held* ours = held(path);
  // Permissions change without a time of their own.
  const bool by_time = ours == nullptr || ours->deleted || !ours->state.same_content(found.state);
  const uint64_t mtime_us =
      static_cast<uint64_t>(std::max<int64_t>(0, found.state.mtime_ns / 1000));
  const uint64_t wished =
      by_time && found.state.type != FileType::kFolder ? mtime_us : core::wall_us(context.now.wall);
  Entry entry = edited(context, ours, wished);
  entry.state = found.state;
  entry.unsure = first && ours == nullptr;
  update(path, std::move(entry), found);
  look_after(context, path);
}

bool Root::others_master(const Held& ours, const NodeId& self) const {
  return config_.mode == Mode::kOlder && !ours.deleted && ours.born.node != self;
}

// Where the creator's version counts, this host's edit of it becomes a file of its own.
bool Root::put_back_edit(Context& context, const std::string& path, const Found& found) {
  const Held* ours = held(path);
  if (ours == nullptr || !others_master(*ours, context.self.node)) return false;
  if (offers_.contains(path) || keeps_edit_.erase(path) != 0) return false;
  if (put_off_now(context.now.mono, path)) return true;
  if (ours->state.type == FileType::kFolder || found.state.type == FileType::kFolder) return false;
  Placing placing;
  placing.entry = *ours;
  placing.own = true;
  if (!ours->state.same_content(found.state)) {
    Entry mine = edited(context, ours,
                        static_cast<uint64_t>(std::max<int64_t>(0, found.state.mtime_ns / 1000)));
    mine.state = found.state;
    if (!copy_is_held(path, mine)) {
      placing.copy = copy_of(mine);
      placing.set_aside = free_copy_path(path, mine);
    }
  }
  place(context, path, std::move(placing), found);
  return true;
}

void Root::pause(Context& context, const std::string& why) {
  if (why == paused_) return;
  if (!why.empty())
    context.alert("files of " + config_.name + " are no longer kept alike here: " + why);
  else
    context.log("files of " + config_.name + " can be kept alike here again");
  paused_ = why;
  if (scanned_)
    for (auto& [node, peer] : peers_) say_hello(context, node, peer);
  scanned_ = false;
  vanished_.clear();
  restoring_.clear();
  braked_ = false;
}

void Root::hold(Context& context, const std::string& why) {
  if (why == held_) return;
  held_ = why;
  if (!scanned_) return;
  for (auto& [node, peer] : peers_) say_hello(context, node, peer);
  if (!active()) return;
  const auto waiting = offers_;
  for (const auto& [path, offers] : waiting) consider(context, path);
}

bool Root::is_ahead(const Edit& edit, WallTime now) {
  return core::too_far_ahead({edit.wall_us, 0, edit.node}, now);
}

void Root::restamp(Context& context) {
  if (!active() || !clock_is_sure_) return;
  std::vector<std::string> paths;
  for (const auto& [path, held] : entries_)
    if (is_ahead(held.edited, context.now.wall)) paths.push_back(path);
  for (const std::string& path : paths) {
    const Held& ours = entries_.at(path);
    // Nobody edited it: whoever replaces or deletes it meanwhile knew of it.
    Entry entry = ours;
    entry.vector.set(context.self.node, next_counter(context, ours));
    entry.edited.wall_us = core::wall_us(context.now.wall);
    if (is_ahead(entry.born, context.now.wall)) entry.born.wall_us = entry.edited.wall_us;
    update_known(path, std::move(entry));
  }
  if (!paths.empty())
    context.log(config_.name + ": " + std::to_string(paths.size()) +
                " versions that were made while the clock of this host was ahead are made anew");
}

// ------------------------------------------------------------------------------------- deletes

// When what has vanished is judged: kNever, if nothing waits for that.
MonoTime Root::deletes_due() const {
  if (vanished_.empty() || braked_) return kNever;
  MonoTime oldest = kNever, newest = MonoTime::min();
  for (const auto& [path, since] : vanished_) {
    oldest = std::min(oldest, since);
    newest = std::max(newest, since);
  }
  return std::min(newest + kDeletePause, oldest + kLongestDeletePause);
}

void Root::judge_vanished(Context& context) {
  if (vanished_.empty()) braked_ = false;
  if (context.now.mono < deletes_due()) return;
  if (!brakes(context)) forget_vanished(context);
}

bool Root::brakes(Context& context) {
  if (vanished_.size() <= kDeletesWithoutAsking || 2 * vanished_.size() <= live_) return false;
  if (std::exchange(braked_, true)) return true;
  context.alert(std::to_string(vanished_.size()) + " of " + std::to_string(live_) + " files of " +
                config_.name +
                " were deleted here, which the others have not been told: `clusterctl files "
                "confirm " +
                config_.name + "` deletes them there, `clusterctl files revert " + config_.name +
                "` brings them back here");
  return true;
}

// By this host, now.
void Root::update_deleted(Context& context, const std::string& path) {
  const Held& ours = entries_.at(path);
  Entry entry = edited(context, &ours, core::wall_us(context.now.wall));
  entry.deleted = true;
  entry.born = ours.born;
  update(path, std::move(entry), Found{});
}

// Folders after what was in them: so others hear of it, too.
void Root::forget_vanished(Context& context) {
  const auto gone = std::move(vanished_);
  vanished_.clear();
  braked_ = false;
  for (auto at = gone.rbegin(); at != gone.rend(); ++at) {
    const std::string& path = at->first;
    const Held* ours = held(path);
    if (ours == nullptr || ours->deleted) continue;
    if (others_master(*ours, context.self.node)) {
      restoring_.insert(path);
      continue;
    }
    update_deleted(context, path);
  }
  for (const auto& [path, since] : gone) {
    consider(context, path);
    look_after(context, path);
  }
}

void Root::take_back_vanished() {
  for (const auto& [path, since] : vanished_) restoring_.insert(path);
  vanished_.clear();
  braked_ = false;
}

// What this host has a version of, and has no more on its disk.
void Root::drive_restoring(Context& context) {
  const std::set<std::string> wanted = restoring_;
  for (const std::string& path : wanted) {
    if (placing_.contains(path) || to_be_seen_.contains(path) ||
        put_off_now(context.now.mono, path) || !parent_is_there(context, path))
      continue;
    Placing placing;
    placing.entry = *held(path);
    placing.own = true;
    place(context, path, std::move(placing), std::nullopt);
  }
}

bool Root::all_hosts_are_here() const {
  const auto greeted = std::count_if(peers_.begin(), peers_.end(),
                                     [](const auto& peer) { return peer.second.greeted; });
  return static_cast<size_t>(greeted) + 1 >= config_.hosts.size();
}

// What no host has any more cannot come back: others must not wait for it.
void Root::give_up_restoring(Context& context, const std::string& path) {
  context.alert(config_.name + ": " + path +
                " cannot be brought back, for no host has it any more");
  restoring_.erase(path);
  update_deleted(context, path);
}

void Root::command(Context& context, const FileCommand& command) {
  if (command.verb == FileVerb::kPush) return push(context, command);
  if (!braked_) {
    context.emit(FileReply{command.request, true,
                           "no deletes of " + config_.name + " are held back on this host"});
    return;
  }
  const std::string count = std::to_string(vanished_.size());
  if (command.verb == FileVerb::kConfirm) {
    forget_vanished(context);
    context.emit(
        FileReply{command.request, false, count + " files are deleted on the other hosts"});
  } else {
    take_back_vanished();
    context.emit(FileReply{command.request, false, count + " files are brought back"});
  }
}

// ---------------------------------------------------------------------------------------- time

void Root::finish(Context& context) {
  if (active()) {
    judge_vanished(context);
    drive_restoring(context);
    std::vector<std::string> due;
    for (auto& [path, retry] : retries_)
      if (context.now.mono >= retry.at) {
        retry.at = kNever;
        due.push_back(path);
      }
    for (auto& [path, until] : folder_waits_)
      if (until != kRipe && context.now.mono >= until) {
        until = kRipe;
        due.push_back(path);
      }
    for (const std::string& path : due) {
      consider(context, path);
      if (!offers_.contains(path) && !restoring_.contains(path) && !placing_.contains(path))
        context.emit(Look{config_.name, path});
    }
    drive_restoring(context);
    consider_waiting(context);
    collect(context);
    note_contact(context);
  }
  drive_owning(context);
  store(context);
  drive_pushes(context);
  if (!active()) return;
  for (auto& [node, peer] : peers_) {
    send_index(context, node, peer);
    tell_seen(context, node, peer);
  }
}

MonoTime Root::next_deadline() const {
  MonoTime out = kNever;
  if ((!dirty_.empty() || root_dirty_) && !storing_) out = std::min(out, store_again_at_);
  for (const Pushing& push : pushes_) out = std::min(out, push.give_up_at);
  if (!active()) return out;
  out = std::min(out, deletes_due());
  if (!tombstones_.empty() || !peers_.empty()) out = std::min(out, collect_at_);
  out = std::min(out, owning_due());
  for (const auto& [path, retry] : retries_) out = std::min(out, retry.at);
  for (const auto& [path, until] : folder_waits_)
    if (until != kRipe) out = std::min(out, until);
  return out;
}

std::string Root::unrest() const {
  if (!active()) return why_paused().empty() ? "it has not been scanned" : why_paused();
  if (beginning_) return "the service that writes it waits for " + waits_for();
  if (!placing_.empty()) return placing_.begin()->first + " is being placed";
  if (!restoring_.empty()) return *restoring_.begin() + " is to be brought back";
  if (!offers_.empty()) return offers_.begin()->first + " is not here yet";
  if (!dirty_.empty() || storing_) return "the index is being stored";
  if (!vanished_.empty() && !braked_) return vanished_.begin()->first + " has vanished";
  for (const auto& [node, peer] : peers_) {
    if (!peer.greeted || !peer.apart.empty() || peer.they_have == stored_sequence_) continue;
    return peer.name + " has " + std::to_string(peer.they_have) + " of " +
           std::to_string(stored_sequence_) + ", and has heard " + std::to_string(peer.they_heard);
  }
  return "";
}

}  // namespace cluster::sync
