#include "files/looking.h"

#include <algorithm>

#include "base/digest.h"
#include "files/path.h"

namespace cluster::files {

namespace {

constexpr size_t kPathsAStep = 200;
constexpr uint64_t kBytesAStep = 4 << 20;
constexpr Duration kChangingPause = milliseconds(200);

uint64_t digest_of(std::string_view path) { return Digest().add(path).value(); }

std::string text_of(const Tree::Identity& identity) {
  return std::to_string(identity.file_system) + " " + std::to_string(identity.inode);
}

bool is_leftover(const std::string& path) {
  return leftover_kind(name_of(path)) != Leftover::kNone;
}

}  // namespace

Looking::Looking(sync::LocalRoot root, Names& names, World world)
    : root_(std::move(root)), names_(names), world_(std::move(world)) {}

bool Looking::wanted(const std::string& path, bool folder) const {
  return root_.config.filter.wants(path, folder);
}

void Looking::open(MonoTime now) {
  open_at_ = now + kReopenInterval;
  auto tree = Tree::open(root_.path, names_);
  if (!tree) return close(now, tree.error());
  tree_.emplace(std::move(*tree));
  auto watch = Watch::open(*tree_);
  watches_all_ = watch.ok();
  if (watch)
    watch_.emplace(std::move(*watch));
  else
    world_.log(root_.config.name + ": changes are seen by scans alone: " + watch.error());
  scanned_ = false;
  scan_at_ = now;
}

void Looking::close(MonoTime now, const std::string& why) {
  const bool was_open = tree_.has_value();
  batch_.reset();
  watch_.reset();
  tree_.reset();
  dirty_.clear();
  later_.clear();
  open_at_ = now + kReopenInterval;
  if (was_open || paused_ != why) world_.paused(why);
  paused_ = why;
}

bool Looking::step(MonoTime now) {
  if (!tree_) {
    if (now < open_at_) return false;
    open(now);
    if (!tree_) return false;
  }
  if (!batch_) {
    for (auto at = later_.begin(); at != later_.end();) {
      if (now < at->second) {
        ++at;
        continue;
      }
      look(now, at->first);
      at = later_.erase(at);
    }
    const bool quiet =
        !dirty_.empty() && (now >= dirty_last_ + kQuietTime || now >= dirty_since_ + kLongestWait);
    if (now >= scan_at_) {
      begin_scan();
    } else if (quiet && scanned_) {
      begin_partial();
    }
  }
  return batch_ != nullptr && step_batch(now);
}

MonoTime Looking::next() const {
  if (!tree_) return open_at_;
  if (batch_) return MonoTime::min();
  MonoTime out = scan_at_;
  if (!dirty_.empty()) out = std::min({out, dirty_last_ + kQuietTime, dirty_since_ + kLongestWait});
  for (const auto& [path, at] : later_) out = std::min(out, at);
  return out;
}

void Looking::look(MonoTime now, const std::string& path, bool with_contents) {
  if (dirty_.empty()) dirty_since_ = now;
  dirty_last_ = now;
  bool& contents = dirty_[path];
  contents = contents || with_contents;
}

void Looking::changed(MonoTime now) {
  if (!watch_) return;
  const Changes changes = watch_->read();
  if (changes.root_gone) return close(now, root_.path + " has been removed, moved or unmounted");
  if (changes.everything) scan_at_ = now;
  for (const Changes::Path& path : changes.paths)
    if (!is_leftover(path.path) && (wanted(path.path, false) || wanted(path.path, true)))
      look(now, path.path, path.with_contents);
}

// ------------------------------------------------------------------------------------- batches

std::unique_ptr<Scan> Looking::scan_of(const std::string& folder) {
  ScanCalls calls;
  calls.wanted = [this](const std::string& path, bool is_folder) {
    return wanted(path, is_folder);
  };
  calls.found = [this](const std::string& path, const Look& look) { found(path, look); };
  calls.known = [this](const std::string& path, const sync::Signature& signature) {
    const sync::Held* held = world_.root()->held(path);
    if (!batch_->whole || held == nullptr || held->deleted ||
        trust(held->signature, signature, tree_->tick_ns()) != Trust::kAll)
      return false;
    batch_->seen.push_back(digest_of(path));
    return true;
  };
  calls.unseen = [this](const std::string& path, Unseen, const std::string& reason) {
    batch_->unseen.push_back(path);
    world_.log(root_.config.name + ": " + shown(path) + " is passed over: " + reason);
  };
  calls.entering = [this](const std::string& path) {
    if (!watch_) return;
    const Watch::Added added = watch_->add(path);
    if (added == Watch::Added::kLimit || added == Watch::Added::kFailed) watches_all_ = false;
    if (watch_->take_limit_reached())
      world_.log(root_.config.name +
                 ": not all folders can be watched (fs.inotify.max_user_watches), so changes are "
                 "seen by scans");
  };
  calls.leftover = [this](const std::string& path, Leftover kind) { world_.leftover(path, kind); };
  return std::make_unique<Scan>(*tree_, std::move(calls), folder);
}

void Looking::begin_scan() {
  names_.forget();
  batch_ = std::make_unique<Batch>();
  batch_->whole = true;
  watches_all_ = watch_.has_value();
  scan_at_ = MonoTime::max();
  if (root_.config.filter.only.empty()) {
    batch_->folders.emplace_back();
    return;
  }
  if (watch_) watch_->add("");
  for (const std::string& path : root_.config.filter.only) visit(path, false);
}

void Looking::begin_partial() {
  batch_ = std::make_unique<Batch>();
  const auto paths = std::move(dirty_);
  dirty_.clear();
  for (const auto& [path, with_contents] : paths) visit(path, with_contents);
}

// A path by itself.
void Looking::visit(const std::string& path, bool with_contents) {
  auto look = tree_->look(path);
  if (!look) {
    batch_->unseen.push_back(path);
    return;
  }
  if (look->kind == Look::Kind::kAbsent) return absent(path);
  if (look->kind == Look::Kind::kOther) return;
  const bool folder = look->found.state.type == sync::FileType::kFolder;
  if (!wanted(path, folder)) return;
  found(path, *look);
  if (folder && with_contents) batch_->folders.push_back(path);
}

void Looking::absent(const std::string& path) {
  batch_->sightings[path] = std::nullopt;
  const auto& all = world_.root()->all();
  const std::string prefix = path + "/";
  for (auto at = all.lower_bound(prefix);
       at != all.end() && at->first.compare(0, prefix.size(), prefix) == 0; ++at)
    if (!at->second.deleted) batch_->sightings[at->first] = std::nullopt;
}

void Looking::found(const std::string& path, const Look& look) {
  if (look.kind != Look::Kind::kFound) {
    batch_->unseen.push_back(path);
    return;
  }
  if (batch_->whole) batch_->seen.push_back(digest_of(path));
  sync::Found seen = look.found;
  if (seen.state.type == sync::FileType::kFile) {
    seen.state.content = known_content(path, seen);
    if (seen.state.content.empty()) {
      batch_->to_read.push_back(path);
      return;
    }
  }
  batch_->sightings[path] = std::move(seen);
}

// Empty: it has to be read.
std::string Looking::known_content(const std::string& path, const sync::Found& seen) const {
  const sync::Root& root = *world_.root();
  const sync::Held* held = root.held(path);
  if (held != nullptr && !held->deleted && held->on_disk().type == sync::FileType::kFile &&
      trust(held->signature, seen.signature, tree_->tick_ns()) != Trust::kNothing)
    return held->on_disk().content;
  const std::string* other = root.path_of(seen.signature);
  if (other == nullptr || *other == path) return "";
  held = root.held(*other);
  const bool same = held->on_disk().type == sync::FileType::kFile &&
                    only_renamed(held->signature, seen.signature, tree_->tick_ns());
  return same ? held->on_disk().content : std::string();
}

bool Looking::step_batch(MonoTime now) {
  Batch& batch = *batch_;
  if (!batch.scan && !batch.folders.empty()) {
    batch.scan = scan_of(batch.folders.front());
    batch.folders.pop_front();
  }
  if (batch.scan) {
    const Scan::Step step = batch.scan->step(kPathsAStep);
    if (step == Scan::Step::kMore) return true;
    const std::string error = step == Scan::Step::kFailed ? batch.scan->error() : std::string();
    batch.scan.reset();
    if (const Status there = tree_->check(); !there) {
      close(now, there.error());
      return false;
    }
    if (!error.empty() && batch.whole) {
      close(now, error);
      return false;
    }
    return true;
  }
  if (batch.hasher || !batch.to_read.empty()) {
    read_next(now);
    return true;
  }
  finish(now);
  return !dirty_.empty();
}

void Looking::read_next(MonoTime now) {
  Batch& batch = *batch_;
  if (!batch.hasher) {
    batch.hasher = std::make_unique<Hasher>(*tree_, batch.to_read.front());
    batch.to_read.pop_front();
  }
  const std::string path = batch.hasher->path();
  switch (batch.hasher->step(kBytesAStep)) {
    case Hasher::Step::kMore: return;
    case Hasher::Step::kDone:
      world_.read(batch.hasher->take_content());
      batch.sightings[path] = batch.hasher->take_found();
      break;
    case Hasher::Step::kChanged:
      later_[path] = now + kChangingPause;
      batch.unseen.push_back(path);
      break;
    case Hasher::Step::kGone: absent(path); break;
    case Hasher::Step::kFailed:
      world_.log(root_.config.name + ": " + shown(path) +
                 " is passed over: " + batch.hasher->error());
      batch.unseen.push_back(path);
      break;
  }
  batch.hasher.reset();
}

// Of a scan of all: what the index has and it has not seen, if a second look says so too.
void Looking::add_absent() {
  Batch& batch = *batch_;
  std::sort(batch.seen.begin(), batch.seen.end());
  for (const auto& [path, held] : world_.root()->all()) {
    if (held.deleted || batch.sightings.contains(path) ||
        std::binary_search(batch.seen.begin(), batch.seen.end(), digest_of(path)))
      continue;
    const bool folder = held.state.type == sync::FileType::kFolder;
    if (!wanted(path, folder)) continue;
    const std::string_view below = path;
    const bool unknown = std::any_of(batch.unseen.begin(), batch.unseen.end(),
                                     [&](const std::string& u) { return within(below, u); });
    if (unknown) continue;
    const auto look = tree_->look(path);
    if (look && look->kind == Look::Kind::kAbsent) batch.sightings[path] = std::nullopt;
  }
}

// A folder that is empty, and another than it was: most likely what is to be mounted there is not.
bool Looking::suspicious() const {
  if (!batch_->seen.empty() || !root_.config.filter.only.empty()) return false;
  const std::string known = world_.known_identity();
  if (known.empty() || known == text_of(tree_->identity())) return false;
  const auto& all = world_.root()->all();
  return std::any_of(all.begin(), all.end(), [](const auto& path) { return !path.second.deleted; });
}

void Looking::finish(MonoTime now) {
  if (batch_->whole) {
    if (suspicious())
      return close(now,
                   root_.path + " is empty, and another folder than before: is it not mounted?");
    add_absent();
    if (const Status there = tree_->check(); !there) return close(now, there.error());
    if (const std::string identity = text_of(tree_->identity());
        identity != world_.known_identity())
      world_.keep_identity(identity);
    if (!paused_.empty()) {
      paused_.clear();
      world_.paused("");
    }
    scanned_ = true;
    scan_at_ = std::min(scan_at_, now + (watches_all_ ? kScanInterval : kScanIntervalUnwatched));
  }
  sync::Scanned out{root_.config.name, batch_->whole, {}};
  for (auto& [path, seen] : batch_->sightings) out.sightings.push_back({path, std::move(seen)});
  batch_.reset();
  world_.scanned(std::move(out));
}

}  // namespace cluster::files
