// How one thing takes the place of another: the steps that place.cc is made of.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "files/path.h"
#include "files/place.h"

namespace cluster::files {

namespace {

using Kind = Outcome::Kind;

constexpr int kNames = 1000;  // leftovers of one target that may stand side by side

Outcome outcome(Kind kind, std::string reason) {
  Outcome made;
  made.kind = kind;
  made.reason = std::move(reason);
  return made;
}

bool lacks(int error) { return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP; }

}  // namespace

Outcome Place::failed(const std::string& path, const std::string& what, int error) const {
  const bool space = error == ENOSPC || error == EDQUOT;
  return outcome(space ? Kind::kNoSpace : Kind::kFailed, tree_.error(path, what, error).text);
}

bool Place::empty(const Target& target, const std::string& name) const {
  const auto names = tree_.list(join(folder_of(target.path), name));
  return names.ok() && names->empty();
}

// A rename changes the ctime on most file systems; of what was `renamed` it is not asked.
bool Place::matches(const Target& target, const std::string& name, const Expected& expected,
                    bool renamed) const {
  const Tree::Entry entry = tree_.entry(target.folder.get(), name);
  if (!expected) return entry.error == ENOENT;
  if (!entry.ok() || entry.mounted) return false;
  sync::Signature seen = entry.signature;
  if (expected->state.type == sync::FileType::kFolder) {
    if (!S_ISDIR(entry.mode) || seen.device != expected->signature.device ||
        seen.inode != expected->signature.inode)
      return false;
    const auto look = tree_.look(target.folder.get(), name, entry);
    return look.ok() && look->kind == Look::Kind::kFound && look->found.state == expected->state;
  }
  if (renamed) seen.ctime_ns = expected->signature.ctime_ns;
  return !S_ISDIR(entry.mode) && same_signature(seen, expected->signature);
}

Outcome Place::check(const Target& target, const Expected& expected, const Keep& keep) const {
  if (!matches(target, target.name, expected, false))
    return outcome(Kind::kChanged, shown(target.path) + ": is not what it was");
  const auto* conflict = std::get_if<AsConflict>(&keep);
  if (expected && conflict != nullptr) {
    const bool sound = valid_relative_path(conflict->name) &&
                       conflict->name.find('/') == std::string::npos &&
                       leftover_kind(conflict->name) == Leftover::kNone;
    if (!sound) return outcome(Kind::kFailed, shown(conflict->name) + ": is no name of a file");
    if (tree_.entry(target.folder.get(), conflict->name).error != ENOENT)
      return outcome(Kind::kTaken, shown(conflict->name) + ": is there already");
  }
  return outcome(Kind::kDone, "");
}

bool Place::sync_folder(const Target& target) const {
  return !rules_.sync_each || fsync(target.folder.get()) == 0;
}

// Is the folder empty, but for what was being written in it? That goes.
bool Place::clear_folder(const Target& target) const {
  const auto names = tree_.list(target.path);
  const auto opened = tree_.open_folder(target.path, O_PATH);
  if (!names.ok() || !opened.fd) return false;
  for (const std::string& name : *names)
    if (leftover_kind(name) != Leftover::kNew) return false;
  for (const std::string& name : *names) {
    if (unlinkat(opened.fd.get(), name.c_str(), 0) != 0 &&
        unlinkat(opened.fd.get(), name.c_str(), AT_REMOVEDIR) != 0)
      return false;
  }
  return true;
}

std::string Place::free_old_name(const Target& target) const {
  std::string name;
  for (int number = 0; number < kNames; ++number) {
    name = old_name(target.name, std::to_string(number));
    if (tree_.entry(target.folder.get(), name).error == ENOENT) break;
  }
  return name;
}

// 0 or errno; EEXIST: `name` is taken.
int Place::rename_noreplace(const Target& from, const std::string& old, const Target& to,
                            const std::string& name) const {
  const int source = from.folder.get();
  const int target = to.folder.get();
  if (rules_.renames != Renames::kPlain) {
    if (renameat2(source, old.c_str(), target, name.c_str(), RENAME_NOREPLACE) == 0) return 0;
    if (!lacks(errno)) return errno;
  }
  if (linkat(source, old.c_str(), target, name.c_str(), 0) == 0) {
    if (unlinkat(source, old.c_str(), 0) == 0) return 0;
    const int error = errno;
    unlinkat(target, name.c_str(), 0);
    return error;
  }
  if (errno == EEXIST || errno == ENOENT) return errno;
  // Folders, and file systems without links.
  const int error = tree_.entry(target, name).error;
  if (error != ENOENT) return error == 0 ? EEXIST : error;
  return renameat(source, old.c_str(), target, name.c_str()) == 0 ? 0 : errno;
}

Outcome Place::put(const Target& target, const std::string& staged, const sync::FileState& state,
                   const Expected& expected, const Keep& keep, std::vector<std::string> warnings) {
  auto before = tree_.look(target.folder.get(), staged, tree_.entry(target.folder.get(), staged));
  if (!before.ok()) return outcome(Kind::kFailed, shown(target.path) + ": " + before.error());
  Outcome swapped = outcome(Kind::kDone, "");
  if (!expected) {
    const int error = rename_noreplace(target, staged, target, target.name);
    if (error == EEXIST)
      return outcome(Kind::kChanged, shown(target.path) + ": has just been made");
    if (error != 0) return failed(target.path, "cannot be put in place", error);
  } else {
    if (expected->state.type == sync::FileType::kFolder &&
        !std::holds_alternative<AsConflict>(keep) && !clear_folder(target))
      return outcome(Kind::kNotEmpty, shown(target.path) + ": is not empty");
    swapped = replace(target, staged, before->found, expected, keep);
    if (!swapped.done()) return swapped;
  }
  if (!sync_folder(target)) return failed(target.path, "the folder cannot be synced", errno);
  for (std::string& warning : swapped.warnings) warnings.push_back(std::move(warning));
  Outcome finished = finish(target, state, &*before, std::move(warnings));
  finished.copying = std::move(swapped.copying);
  return finished;
}

// Afterwards what is `fresh` is in place, or `staged` where it was.
Outcome Place::replace(const Target& target, const std::string& staged, const sync::Found& fresh,
                       const Expected& expected, const Keep& keep) {
  const int folder = target.folder.get();
  const std::string old = free_old_name(target);
  const std::string& name = target.name;
  bool exchanges = rules_.renames == Renames::kAll;
  if (exchanges) {
    if (const int error = rename_noreplace(target, staged, target, old); error != 0)
      return failed(target.path, "cannot be put in place", error);
    if (renameat2(folder, old.c_str(), folder, name.c_str(), RENAME_EXCHANGE) != 0) {
      const int error = errno;
      rename_noreplace(target, old, target, staged);
      if (error == ENOENT) return outcome(Kind::kChanged, shown(target.path) + ": is gone");
      if (!lacks(error)) return failed(target.path, "cannot be replaced", error);
      exchanges = false;
    }
  }
  if (!exchanges) {
    int error = rename_noreplace(target, name, target, old);
    if (error == ENOENT) return outcome(Kind::kChanged, shown(target.path) + ": is gone");
    if (error != 0) return failed(target.path, "cannot be moved away", error);
    error = rename_noreplace(target, staged, target, name);
    if (error != 0) {
      // Where something new stands there, the old one is retained with the leftovers.
      rename_noreplace(target, old, target, name);
      if (error == EEXIST)
        return outcome(Kind::kChanged, shown(target.path) + ": has just been made");
      return failed(target.path, "cannot be put in place", error);
    }
  }
  Outcome stowed = outcome(Kind::kChanged, shown(target.path) + ": changed just now");
  if (matches(target, old, expected, true)) stowed = stow(target, old, expected, keep);
  if (stowed.done()) return stowed;
  int error = 0;
  if (exchanges) {
    if (renameat2(folder, old.c_str(), folder, name.c_str(), RENAME_EXCHANGE) != 0) error = errno;
    // For a moment it was in place: an edit may have gone into it, which is then retained with the leftovers.
    if (error == 0 && matches(target, old, fresh, true))
      error = rename_noreplace(target, old, target, staged);
  } else {
    const std::string aside = free_old_name(target);
    error = rename_noreplace(target, name, target, aside);
    if (error == 0) error = rename_noreplace(target, old, target, name);
    if (error == 0 && matches(target, aside, fresh, true))
      error = rename_noreplace(target, aside, target, staged);
  }
  if (error != 0)
    return failed(target.path, "cannot be put back (" + stowed.reason + ") from " + shown(old),
                  error);
  return stowed;
}

// What was there goes where it is kept. Unless done it still stands under `old`.
Outcome Place::stow(const Target& target, const std::string& old, const Expected& expected,
                    const Keep& keep) {
  const int folder = target.folder.get();
  const bool is_folder = expected->state.type == sync::FileType::kFolder;
  if (is_folder && !std::holds_alternative<AsConflict>(keep) && !empty(target, old))
    return outcome(Kind::kNotEmpty, shown(target.path) + ": is not empty");
  Outcome result = outcome(Kind::kDone, "");
  if (const auto* retained = std::get_if<AsRetained>(&keep)) {
    RetainedVersion version{
        "", retained->root, target.path, expected->state, retained->label, retained->now};
    auto copying = retained->store->keep(folder, old, version);
    if (!copying.ok()) return outcome(Kind::kFailed, shown(target.path) + ": " + copying.error());
    result.copying = std::move(*copying);
  } else if (const auto* conflict = std::get_if<AsConflict>(&keep)) {
    const int error = rename_noreplace(target, old, target, conflict->name);
    if (error == EEXIST) return outcome(Kind::kTaken, shown(conflict->name) + ": is there already");
    if (error != 0) return failed(target.path, "cannot be renamed", error);
  } else if (unlinkat(folder, old.c_str(), is_folder ? AT_REMOVEDIR : 0) != 0) {
    if (errno == ENOTEMPTY || errno == EEXIST)
      return outcome(Kind::kNotEmpty, shown(target.path) + ": is not empty");
    return failed(target.path, "cannot be removed", errno);
  }
  return result;
}

Outcome Place::finish(const Target& target, const sync::FileState& state, const Look* before,
                      std::vector<std::string> warnings) const {
  const int folder = target.folder.get();
  auto look = tree_.look(folder, target.name, tree_.entry(folder, target.name));
  Outcome result = outcome(Kind::kDone, "");
  if (before != nullptr) {
    // It is in place; what was done to it since is an edit, and not how this host keeps it.
    const sync::Signature& was = before->found.signature;
    const bool same = look.ok() && look->found.state == before->found.state &&
                      look->found.signature.inode == was.inode &&
                      look->found.signature.device == was.device;
    result.found.state = before->found.state;
    if (same) result.found.signature = look->found.signature;
  } else {
    if (!look.ok()) return outcome(Kind::kFailed, shown(target.path) + ": " + look.error());
    if (look->kind != Look::Kind::kFound || look->found.state.type != state.type)
      return outcome(Kind::kChanged, shown(target.path) + ": changed at once");
    result.found = std::move(look->found);
  }
  if (state.type == sync::FileType::kFile) result.found.state.content = state.content;
  if (warnings.empty() && result.found.state != state)
    warnings.emplace_back("its file system keeps owner, mode, time or attributes otherwise");
  for (std::string& warning : warnings) warning.insert(0, shown(target.path) + ": ");
  result.warnings = std::move(warnings);
  return result;
}

}  // namespace cluster::files
