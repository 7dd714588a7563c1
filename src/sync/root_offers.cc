// Others' versions: which of them this host takes, and what has to come first.
#include <algorithm>

#include "core/hlc.h"
#include "sync/messages.h"
#include "sync/root.h"

namespace cluster::sync {

namespace {

FileState plain_folder() {
  FileState out;
  out.type = FileType::kFolder;
  out.mode = 0755;
  out.owner = out.group = "root";
  return out;
}

bool below(const std::string& path, const std::string& prefix) {
  return path.compare(0, prefix.size(), prefix) == 0;
}

}  // namespace

void Root::consider(Context& context, const std::string& path) {
  for (bool again = true; again;) {
    if (!active() || placing_.contains(path) || vanished_.contains(path) ||
        restoring_.contains(path) || to_be_seen_.contains(path))
      return;
    const auto offers = offers_.find(path);
    if (offers == offers_.end()) return;
    const Held* ours = held(path);
    std::optional<Entry> passed_over;
    std::erase_if(offers->second, [&](const auto& offer) {
      if (ours == nullptr) return false;
      const Stays stays = resolve(config_.mode, *ours, offer.second.entry).stays;
      if (stays != Stays::kBoth && stays != Stays::kOurs) return false;
      Peer& peer = peers_.at(offer.first);
      peer.open.erase(offer.second.sequence);
      if (stays == Stays::kBoth && ours->sequence > peer.sent)
        peer.same[ours->sequence] = offer.second.sequence;
      if (has_passed_over(*ours, offer.second.entry)) passed_over = offer.second.entry;
      return true;
    });
    if (passed_over) {
      hold_own(context, path, *passed_over);
      continue;
    }
    if (offers->second.empty()) {
      offers_.erase(offers);
      if (offers_.empty()) offered_contents_.clear();
      retries_.erase(path);
      folder_waits_.erase(path);
      apart_.erase(path);
      return;
    }
    if (put_off_now(context.now.mono, path)) return;
    if (placing_.size() >= placed_at_once_) {
      waiting_.insert(path);
      return;
    }
    const Offer offer = best_of(offers->second);
    again = act_on(context, path, offer);
  }
}

void Root::consider_waiting(Context& context) {
  while (!waiting_.empty() && placing_.size() < placed_at_once_)
    consider(context, waiting_.extract(waiting_.begin()).value());
}

const Root::Offer& Root::best_of(const std::map<NodeId, Offer>& offers) const {
  const auto best =
      std::max_element(offers.begin(), offers.end(), [&](const auto& one, const auto& other) {
        const Stays stays = resolve(config_.mode, one.second.entry, other.second.entry).stays;
        return stays == Stays::kTheirs || stays == Stays::kTheirsOfTwo;
      });
  return best->second;
}

// True: that offer has been dealt with, and there may be more.
bool Root::act_on(Context& context, const std::string& path, const Offer& offer) {
  const Entry& theirs = offer.entry;
  if (is_ahead(theirs.edited, context.now.wall)) {
    put_off(context, path, "the clock of " + theirs.editor + " was ahead when it was edited there");
    return false;
  }
  if (const auto done = follow(context, path, offer)) return *done;
  const Held* ours = held(path);
  if (is_overruled(offer, ours)) {
    overrule(context, path, theirs);
    return true;
  }
  if (ours == nullptr) return take(context, path, theirs, nullptr);
  const Resolution resolution = resolve(config_.mode, *ours, theirs);
  const bool against_delete = ours->deleted != theirs.deleted;
  const Giving giving = against_delete ? Giving::kAgainstDelete : Giving::kUsual;
  if (resolution.keep_other &&
      begin_merge(context, path, offer, resolution.stays == Stays::kTheirsOfTwo))
    return false;
  switch (resolution.stays) {
    case Stays::kBoth:
    case Stays::kOurs: return true;
    case Stays::kTheirs: return take(context, path, theirs, nullptr);
    case Stays::kOursOfTwo:
      if (offer.pulled && !ours->unsure)
        return take(context, path, merged(theirs, *ours), nullptr, giving);
      if (resolution.keep_other && !copy_is_held(path, theirs)) {
        keep_copy(context, path, theirs);
        return false;
      }
      if (against_delete) context.emit(FileConflict{config_.name, path, ""});
      update_known(path, merged(*ours, theirs));
      return true;
    case Stays::kTheirsOfTwo: break;
  }
  const Entry lost = *ours;
  const bool keep = resolution.keep_other && (!offer.pulled || lost.unsure);
  return take(context, path, merged(theirs, lost), keep ? &lost : nullptr, giving);
}

// `aside`: what is here, where that becomes a file of its own. True: the index says so already, the disk need not change.
bool Root::take(Context& context, const std::string& path, Entry entry, const Entry* aside,
                Giving giving) {
  if (aside != nullptr && copy_is_held(path, *aside)) aside = nullptr;
  const Held* ours = held(path);
  const bool live = ours != nullptr && !ours->deleted;
  if (aside == nullptr && (entry.deleted ? !live : live && ours->state == entry.state)) {
    update_known(path, std::move(entry));
    look_after(context, path);
    return true;
  }
  if (!entry.deleted && !parent_is_there(context, path)) return false;
  const bool folder_goes = live && ours->state.type == FileType::kFolder &&
                           (entry.deleted || entry.state.type != FileType::kFolder);
  if (folder_goes && !folder_is_free(context, path, entry)) return false;
  if (entry.deleted && aside == nullptr && live && is_wanted_elsewhere(path, *ours)) {
    const auto [wait, fresh] = folder_waits_.emplace(path, context.now.mono + kFolderPatience);
    if (context.now.mono < wait->second) return false;
  }
  Placing placing;
  placing.entry = std::move(entry);
  placing.giving = giving;
  if (aside != nullptr) {
    placing.copy = copy_of(*aside);
    placing.set_aside = free_copy_path(path, *aside);
  }
  if (aside == nullptr && !live) find_what_moves(context, path, placing);
  place(context, path, std::move(placing), live ? std::optional(ours->found()) : std::nullopt);
  return false;
}

void Root::place(Context& context, const std::string& path, Placing placing,
                 const std::optional<Found>& expected) {
  placing.ticket = PlaceTicket(++context.numbers.place);
  const std::string& source_path = placing.copy_for.empty() ? path : placing.copy_for;
  Place action{placing.ticket, config_.name,     path,
               expected,       placing.entry,    sources_of(source_path, placing.entry),
               source_path,    placing.set_aside};
  action.merge_base = placing.merge_base;
  action.pin = placing.giving == Giving::kLost;
  if (!placing.move_from.empty()) {
    action.move_from = placing.move_from;
    action.move_expected = entries_.at(placing.move_from).found();
    placing_[placing.move_from].entry = placing.move_gone;
  }
  by_ticket_[placing.ticket] = path;
  // What comes of a merge nobody can tell before: a crash then makes it an edit, and what it is merged with is the same again.
  if (placing.own || placing.entry.deleted || !placing.merge_base.empty()) {
    context.emit(std::move(action));
  } else {
    // A crash after it is in place and before that is stored must not make it an edit of this host's.
    intended_[path] = placing.entry;
    dirty_.insert(path);
    placing.action = std::move(action);
  }
  placing_[path] = std::move(placing);
}

// Whoever has said that it has this content there, and then the others: they may have it elsewhere, or retained.
std::vector<NodeId> Root::sources_of(const std::string& path, const Entry& entry) const {
  std::vector<NodeId> out, others;
  const auto offers = offers_.find(path);
  for (const auto& [node, peer] : peers_) {
    if (!peer.greeted || !peer.apart.empty()) continue;
    const Offer* offer = nullptr;
    if (offers != offers_.end())
      if (const auto at = offers->second.find(node); at != offers->second.end())
        offer = &at->second;
    const bool has = offer != nullptr && offer->entry.state.same_content(entry.state);
    (has ? out : others).push_back(node);
  }
  out.insert(out.end(), others.begin(), others.end());
  return out;
}

// ------------------------------------------------------------------------------------- folders

// False: it will be, or is asked for now, and the path is considered again then.
bool Root::parent_is_there(Context& context, const std::string& path) {
  const std::string parent = parent_of(path);
  if (parent.empty()) return true;
  if (placing_.contains(parent) || vanished_.contains(parent) || restoring_.contains(parent) ||
      to_be_seen_.contains(parent))
    return false;
  const Held* ours = held(parent);
  if (ours != nullptr && !ours->deleted && ours->state.type == FileType::kFolder) return true;
  const auto offers = offers_.find(parent);
  if (offers != offers_.end() && may_follow(best_of(offers->second).entry)) {
    consider(context, parent);
    const Held* now = held(parent);
    return now != nullptr && !now->deleted && now->state.type == FileType::kFolder &&
           !placing_.contains(parent);
  }
  if (!put_off_now(context.now.mono, parent)) revive(context, parent, nullptr);
  return false;
}

bool Root::has_live_children(const std::string& path) const {
  const std::string prefix = path + "/";
  for (auto at = entries_.lower_bound(prefix); at != entries_.end() && below(at->first, prefix);
       ++at)
    if (!at->second.deleted) return true;
  return false;
}

bool Root::children_are_moving(const std::string& path) const {
  const std::string prefix = path + "/";
  const auto any = [&](const auto& paths) {
    const auto at = paths.lower_bound(prefix);
    return at != paths.end() && below(at->first, prefix);
  };
  if (any(placing_) || any(vanished_)) return true;
  for (auto at = offers_.lower_bound(prefix); at != offers_.end() && below(at->first, prefix); ++at)
    if (may_follow(best_of(at->second).entry)) return true;
  return false;
}

// Whether that folder can go for `entry`. What lives in it goes first, as whoever deleted it says in its turn; if
// nobody says so it was made without that host's knowledge, and the folder lives on.
bool Root::folder_is_free(Context& context, const std::string& path, const Entry& entry) {
  if (!has_live_children(path)) {
    folder_waits_.erase(path);
    return true;
  }
  const auto [wait, fresh] = folder_waits_.emplace(path, context.now.mono + kFolderPatience);
  if (context.now.mono < wait->second) return false;
  if (children_are_moving(path)) {
    wait->second = context.now.mono + kFolderPatience;
    return false;
  }
  if (config_.mode == Mode::kOwner) {
    drop_strays_in(context, path);
    return false;
  }
  if (!entry.deleted && !copy_is_held(path, entry)) {
    keep_copy(context, path, entry);
    return false;
  }
  folder_waits_.erase(wait);
  revive(context, path, &entry);
  return false;
}

// That folder lives, as something does in it: a version of this host's own, after `known` as well.
void Root::revive(Context& context, const std::string& path, const Entry* known) {
  const Held* ours = held(path);
  const bool live = ours != nullptr && !ours->deleted;
  Entry entry = edited(context, ours, core::wall_us(context.now.wall));
  if (known != nullptr) {
    entry.vector.join(known->vector);
    entry.edited.wall_us = std::max(entry.edited.wall_us, known->edited.wall_us + 1);
  }
  if (ours == nullptr || ours->state.type != FileType::kFolder) entry.state = plain_folder();
  if (live && ours->state.type == FileType::kFolder) {
    update_known(path, std::move(entry));
    context.emit(FileConflict{config_.name, path, ""});
    consider(context, path);
    return;
  }
  const Entry lost = live ? static_cast<const Entry&>(*ours) : Entry{};
  take(context, path, std::move(entry), live ? &lost : nullptr);
}

// Whatever waited for that path to change.
void Root::look_after(Context& context, const std::string& path) {
  if (const std::string parent = parent_of(path); !parent.empty()) consider(context, parent);
  const std::string prefix = path + "/";
  std::vector<std::string> waiting;
  for (auto at = offers_.lower_bound(prefix); at != offers_.end() && below(at->first, prefix); ++at)
    waiting.push_back(at->first);
  for (const std::string& child : waiting) consider(context, child);
}

// -------------------------------------------------------------------------------------- copies

// Where something else has that name already, another.
std::string Root::free_copy_path(const std::string& path, const Entry& other) const {
  const std::string usual = copy_path(path, other);
  const Held* there = held(usual);
  const Entry copy = copy_of(other);
  const bool taken = there != nullptr && !there->deleted && !there->vector.knows(copy.vector) &&
                     !there->state.same_content(other.state);
  return taken ? copy_path(path, other, true) : usual;
}

// It is kept beside, or was and has been deleted since.
bool Root::copy_is_held(const std::string& path, const Entry& other) const {
  const Held* there = held(free_copy_path(path, other));
  if (there == nullptr) return false;
  return there->vector.knows(copy_of(other).vector) ||
         (!there->deleted && there->state.same_content(other.state));
}

void Root::keep_copy(Context& context, const std::string& path, const Entry& other) {
  const std::string kept = free_copy_path(path, other);
  if (placing_.contains(kept) || vanished_.contains(kept) || restoring_.contains(kept) ||
      to_be_seen_.contains(kept)) {
    put_off(context, path, "another version is being kept beside it");
    return;
  }
  if (put_off_now(context.now.mono, kept) || !parent_is_there(context, kept)) {
    put_off(context, path, "another version cannot be kept beside it yet");
    return;
  }
  Placing placing;
  placing.entry = copy_of(other);
  placing.copy_for = path;
  place(context, kept, std::move(placing), std::nullopt);
}

// ------------------------------------------------------------------------------------- answers

bool Root::put_off_now(MonoTime now, const std::string& path) const {
  const auto at = retries_.find(path);
  return at != retries_.end() && now < at->second.at && at->second.at != kNever;
}

void Root::put_off(Context& context, const std::string& path, const std::string& why) {
  Retry& retry = retries_[path];
  retry.pause = std::min(kLongestRetry, std::max(kFirstRetry, 2 * retry.pause));
  retry.at = context.now.mono + retry.pause;
  retry.why = why;
}

// Told while the other was under way: what hindered that need not hinder this.
bool Root::has_better_offer(const std::string& path, const Entry& than) const {
  const auto offers = offers_.find(path);
  return offers != offers_.end() && !best_of(offers->second).entry.same_edit(than);
}

void Root::placed(Context& context, const Placed& answer) {
  const auto ticket = by_ticket_.find(answer.ticket);
  if (ticket == by_ticket_.end()) return;
  const std::string path = ticket->second;
  by_ticket_.erase(ticket);
  const auto at = placing_.find(path);
  const Placing placing = std::move(at->second);
  placing_.erase(at);
  if (intended_.erase(path) != 0) dirty_.insert(path);
  // Before it is here: a delete may wait for that.
  const std::string* also_with = path_with(placing.entry.state.content);
  const std::string source = also_with == nullptr ? std::string() : *also_with;
  switch (answer.outcome) {
    case Outcome::kDone:
      retries_.erase(path);
      folder_waits_.erase(path);
      restoring_.erase(path);
      vanished_.erase(path);
      if (placing.own) {
        Held& ours = entries_.at(path);
        count(path, ours, false);
        ours.signature = answer.found.signature;
        ours.here.reset();
        if (!(answer.found.state == placing.entry.state)) ours.here = answer.found.state;
        count(path, ours, true);
        dirty_.insert(path);
      } else if (!placing.merge_base.empty()) {
        end_merge(context, path, placing, answer.found);
      } else {
        update(path, placing.entry, answer.found);
        if (owns()) take_over(context, path);
      }
      if (!placing.set_aside.empty()) {
        const Held* there = held(placing.set_aside);
        if (there != nullptr && there->vector.knows(placing.copy.vector)) {
          context.emit(Look{config_.name, placing.set_aside});  // somebody has deleted it meanwhile
        } else {
          update(placing.set_aside, placing.copy, answer.copy);
        }
        context.emit(FileConflict{config_.name, path, placing.set_aside});
      } else if (!placing.copy_for.empty()) {
        retries_.erase(placing.copy_for);
        context.emit(FileConflict{config_.name, placing.copy_for, path});
      } else if (placing.giving == Giving::kAgainstDelete) {
        context.emit(FileConflict{config_.name, path, ""});
      } else {
        context.emit(FileChanged{config_.name, path});
      }
      // It was under way when the stamps of this host were judged.
      if (is_ahead(placing.entry.edited, context.now.wall) ||
          is_ahead(placing.copy.edited, context.now.wall))
        restamp(context);
      break;
    case Outcome::kChanged: to_be_seen_.insert(path); break;
    case Outcome::kApart:
      apart_[path] = {entries_.at(path).state.content, placing.entry.state.content};
      context.log(config_.name + ": " + path + ": what was edited here and on " +
                  placing.entry.editor + " is not put together: " + answer.why);
      break;
    case Outcome::kFailed:
      if (!retries_.contains(path))
        context.alert(config_.name + ": " + path + " cannot be brought up to date: " + answer.why);
      [[fallthrough]];
    case Outcome::kUnavailable:
      if (restoring_.contains(path) && all_hosts_are_here()) {
        give_up_restoring(context, path);
        break;
      }
      if (placing.own && all_hosts_are_here()) {
        keeps_edit_.insert(path);
        context.emit(Look{config_.name, path});
      }
      [[fallthrough]];
    case Outcome::kBlocked:
      if (!has_better_offer(path, placing.entry)) put_off(context, path, answer.why);
      break;
  }
  // What is in the way may not have been seen yet.
  const bool hindered = answer.outcome == Outcome::kBlocked || answer.outcome == Outcome::kFailed;
  if (placing.look_again || hindered) context.emit(Look{config_.name, path});
  if (hindered && !placing.set_aside.empty()) context.emit(Look{config_.name, placing.set_aside});
  if (!placing.copy_for.empty()) consider(context, placing.copy_for);
  if (!placing.move_from.empty()) end_move(context, placing, answer.moved);
  if (!source.empty() && source != path) consider(context, source);
  consider(context, path);
  look_after(context, path);
}

}  // namespace cluster::sync
