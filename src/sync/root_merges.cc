// What two edits of one text make of it, in mode `merge`.
#include <algorithm>

#include "core/hlc.h"
#include "sync/messages.h"
#include "sync/root.h"

namespace cluster::sync {

namespace {

bool is_small_file(const Entry& entry) {
  return !entry.deleted && entry.state.type == FileType::kFile &&
         entry.state.size <= kMaxMergedBytes;
}

void remember(Held& held, Former former) {
  held.former.insert(held.former.begin(), std::move(former));
  if (held.former.size() > kMaxFormer) held.former.resize(kMaxFormer);
}

// The users' edits in it.
std::vector<Dot> edits_of(const Entry& entry) {
  return entry.merges.empty() ? std::vector<Dot>{entry.dot()} : entry.merges;
}

}  // namespace

bool Root::may_be_merged(const Entry& entry) const {
  return config_.mode == Mode::kMerge && is_small_file(entry);
}

// -------------------------------------------------------------------------- what was there before

void Root::note_former(Held& held, const Entry& next) {
  if (held.deleted || next.deleted) return held.former.clear();
  if (held.same_edit(next) || !is_small_file(held)) return;
  remember(held, {held.dot(), held.merges, held.state.content});
}

void Root::load_former(Held& held, const wire::StoredEntry& stored) {
  for (const auto& one : stored.former()) {
    const auto node = NodeId::from_raw(one.node());
    if (!node || held.former.size() >= kMaxFormer) continue;
    Former& former = held.former.emplace_back();
    former.dot = {*node, one.counter()};
    former.content = one.content();
    for (const auto& merged : one.merges())
      if (const auto dot = from_wire(merged)) former.merges.push_back(*dot);
  }
}

void Root::store_former(const Held& held, wire::StoredEntry& out) {
  for (const Former& former : held.former) {
    auto& one = *out.add_former();
    one.set_node(former.dot.node.raw());
    one.set_counter(former.dot.counter);
    one.set_content(former.content);
    for (const Dot& dot : former.merges) to_wire(dot, *one.add_merges());
  }
}

// --------------------------------------------------------------------------------------- merging

// True: it is under way. Whatever both came of has stood here, and whoever made theirs knew of it. What comes of it is a
// version of this host's that knows both; another that puts the same edits together makes its own, and either may stay.
bool Root::begin_merge(Context& context, const std::string& path, const Offer& offer,
                       bool theirs_stays) {
  const Held& ours = entries_.at(path);
  const Entry& theirs = offer.entry;
  if (!may_be_merged(ours) || !may_be_merged(theirs) || offer.pulled || ours.unsure ||
      theirs.unsure || !ours.on_disk().same_content(ours.state))
    return false;
  if (const auto apart = apart_.find(path);
      apart != apart_.end() && apart->second == std::pair(ours.state.content, theirs.state.content))
    return false;
  const auto base = std::find_if(ours.former.begin(), ours.former.end(), [&](const Former& former) {
    return theirs.knows(former.dot, former.merges);
  });
  if (base == ours.former.end()) return false;
  std::vector<Dot> edits = edits_of(ours), more = edits_of(theirs);
  edits.insert(edits.end(), more.begin(), more.end());
  std::sort(edits.begin(), edits.end());
  edits.erase(std::unique(edits.begin(), edits.end()), edits.end());
  if (edits.size() > kMaxMerges) return false;
  Placing placing;
  placing.entry = theirs;
  placing.merges = std::move(edits);
  placing.merge_base = base->content;
  FileState& state = placing.entry.state;
  if (!theirs_stays) {
    state = ours.state;
    state.content = theirs.state.content;
    state.size = theirs.state.size;
  }
  state.mtime_ns = std::max(ours.state.mtime_ns, theirs.state.mtime_ns);
  place(context, path, std::move(placing), ours.found());
  return true;
}

void Root::end_merge(Context& context, const std::string& path, const Placing& placing,
                     const Found& found) {
  const Held& ours = entries_.at(path);
  const Entry& theirs = placing.entry;
  Former other{theirs.dot(), theirs.merges, theirs.state.content};
  Entry entry = edited(context, &ours, theirs.edited.wall_us + 1);
  entry.vector.join(theirs.vector);
  entry.edited.wall_us = std::max(entry.edited.wall_us, theirs.edited.wall_us + 1);
  entry.born = std::min(ours.born, theirs.born);
  entry.merges = placing.merges;
  entry.state = theirs.state;
  entry.state.content = found.state.content;
  entry.state.size = found.state.size;
  update(path, std::move(entry), found);
  // Whoever has edited theirs since knows nothing of what was here.
  remember(entries_.at(path), std::move(other));
  context.log(config_.name + ": " + path + ": what was edited here and on " + theirs.editor +
              " is put together");
}

}  // namespace cluster::sync
