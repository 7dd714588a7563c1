// What gets another name, here and on others: the new name and the old one's end belong together.
#include <algorithm>

#include "sync/root.h"

namespace cluster::sync {

// ------------------------------------------------------------------------------------------- here

void Root::sight_all(Context& context, const Scanned& seen, bool first) {
  // What has gone first: it may be seen again under another name, and such a pair is told together.
  for (const Sighting& sighting : seen.sightings)
    if (!sighting.found) sight(context, sighting, first);
  std::vector<std::string> moved_folders;
  for (const Sighting& sighting : seen.sightings) {
    if (!sighting.found) continue;
    const std::string* was = vanished_at(*sighting.found);
    const std::string from = was == nullptr ? std::string() : *was;
    sight(context, sighting, first);
    if (from.empty()) continue;
    if (sighting.found->state.type == FileType::kFolder) {
      moved_folders.push_back(from);
    } else {
      has_moved(context, from);
    }
  }
  std::sort(moved_folders.rbegin(), moved_folders.rend());
  for (const std::string& from : moved_folders) has_moved(context, from);
}

// The path that has vanished, where this is what it held.
const std::string* Root::vanished_at(const Found& found) const {
  if (vanished_.empty() || braked_) return nullptr;
  const std::string* path = path_of(found.signature);
  if (path == nullptr || !vanished_.contains(*path)) return nullptr;
  return held(*path)->on_disk().same_content(found.state) ? path : nullptr;
}

// Nobody puts it back, and nothing is lost: that delete needs no pause.
void Root::has_moved(Context& context, const std::string& from) {
  if (vanished_.erase(from) == 0) return;
  if (others_master(entries_.at(from), context.self.node)) {
    restoring_.insert(from);
  } else {
    update_deleted(context, from);
  }
  consider(context, from);
  look_after(context, from);
}

// ------------------------------------------------------------------------------------- on others

// Is that content, which is to be deleted here, offered under another path that this host lacks?
bool Root::is_wanted_elsewhere(const std::string& path, const Held& ours) const {
  if (ours.state.type != FileType::kFile) return false;
  const auto offered = offered_contents_.find(ours.state.content);
  if (offered == offered_contents_.end() || offered->second == path) return false;
  const std::string& other = offered->second;
  const auto offers = offers_.find(other);
  if (offers == offers_.end() || retries_.contains(other)) return false;
  const Entry& entry = best_of(offers->second).entry;
  const Held* there = held(other);
  return !entry.deleted && entry.state.same_content(ours.state) &&
         (there == nullptr || there->deleted);
}

// A file that holds the same and is deleted by whoever offers this one: moved, nothing has to be copied.
void Root::find_what_moves(Context& context, const std::string& path, Placing& placing) const {
  if (placing.entry.deleted || placing.entry.state.type != FileType::kFile) return;
  const std::string* from = path_with(placing.entry.state.content);
  if (from == nullptr || *from == path || placing_.contains(*from) || vanished_.contains(*from) ||
      restoring_.contains(*from) || to_be_seen_.contains(*from) || retries_.contains(*from))
    return;
  const Held& there = entries_.at(*from);
  const auto offers = offers_.find(*from);
  if (there.here || !(there.state == placing.entry.state) || offers == offers_.end()) return;
  const Offer& best = best_of(offers->second);
  const Entry& gone = best.entry;
  if (!gone.deleted || !may_follow(gone) || is_overruled(best, &there) ||
      resolve(config_.mode, there, gone).stays != Stays::kTheirs ||
      is_ahead(gone.edited, context.now.wall))
    return;
  placing.move_from = *from;
  placing.move_gone = gone;
}

// It was put in place, or not: the path that was to be moved there is any path again.
void Root::end_move(Context& context, const Placing& placing, bool moved) {
  const std::string& from = placing.move_from;
  const bool look_again = placing_.at(from).look_again;
  placing_.erase(from);
  if (moved) {
    retries_.erase(from);
    update(from, placing.move_gone, Found{});
    context.emit(FileChanged{config_.name, from});
  }
  if (look_again) context.emit(Look{config_.name, from});
  consider(context, from);
  look_after(context, from);
}

}  // namespace cluster::sync
