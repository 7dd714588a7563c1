#include "files/place.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "files/apply.h"
#include "files/path.h"

namespace cluster::files {

namespace {

using Kind = Outcome::Kind;

Outcome outcome(Kind kind, std::string reason) {
  Outcome made;
  made.kind = kind;
  made.reason = std::move(reason);
  return made;
}

Outcome done() { return outcome(Kind::kDone, ""); }

// Whatever stands under it; a folder only if it is empty.
bool remove_name(int folder, const std::string& name) {
  return unlinkat(folder, name.c_str(), 0) == 0 ||
         (errno == EISDIR && unlinkat(folder, name.c_str(), AT_REMOVEDIR) == 0);
}

}  // namespace

Outcome Place::begin(const std::string& path, Target& target) const {
  target.path = path;
  target.name = name_of(path);
  if (!valid_relative_path(path) || leftover_kind(target.name) != Leftover::kNone)
    return outcome(Kind::kFailed, shown(path) + ": is no path that may be written");
  Tree::Opened folder = tree_.open_folder(folder_of(path), O_RDONLY);
  if (folder.absent())
    return outcome(Kind::kNoParent,
                   tree_.error(folder_of(path), "is no folder", folder.error).text);
  if (!folder.fd)
    return outcome(Kind::kFailed,
                   tree_.error(folder_of(path), "cannot be opened", folder.error).text);
  target.folder = std::move(folder.fd);
  return done();
}

std::variant<StagedFile, Outcome> Place::stage(const std::string& path, std::string_view content,
                                               uint64_t size) {
  Target target;
  if (Outcome begun = begin(path, target); !begun.done()) return begun;
  const int folder = target.folder.get();
  StagedFile file;
  file.path_ = path;
  file.name_ = new_name(target.name, content);
  file.size_ = size;
  constexpr int kFlags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  // Where others may write into the folder they may have put a thing of theirs there, or a second name of a file of ours
  // that is to be overwritten.
  const Tree::Entry there = tree_.entry(folder, file.name_);
  if (there.ok() && S_ISREG(there.mode) && there.links == 1 && there.uid == geteuid()) {
    file.fd_ = Fd(openat(folder, file.name_.c_str(), kFlags));
    file.resumed_ =
        file.fd_ && tree_.entry(file.fd_.get()).signature.inode == there.signature.inode;
  }
  if (!file.resumed_) {
    remove_name(folder, file.name_);
    file.fd_ = Fd(openat(folder, file.name_.c_str(), kFlags | O_CREAT | O_EXCL, 0600));
  }
  if (!file.fd_) return failed(path, "cannot be staged", errno);
  if (size > INT64_MAX || ftruncate(file.fd_.get(), static_cast<off_t>(size)) != 0) {
    Outcome refused = failed(path, "cannot be staged", size > INT64_MAX ? EFBIG : errno);
    discard(file);
    return refused;
  }
  return file;
}

void Place::discard(StagedFile& file) {
  file.fd_.reset();
  Target target;
  if (!file.name_.empty() && begin(file.path_, target).done())
    unlinkat(target.folder.get(), file.name_.c_str(), 0);
  file.name_.clear();
}

Outcome Place::commit(StagedFile& file, const sync::FileState& state, const Expected& expected,
                      const Keep& keep) {
  Target target;
  if (Outcome begun = begin(file.path_, target); !begun.done()) return begun;
  if (Outcome checked = check(target, expected, keep); !checked.done()) return checked;
  const Tree::Entry named = tree_.entry(target.folder.get(), file.name_);
  const Tree::Entry opened = tree_.entry(file.fd_.get());
  if (!named.ok() || named.signature.inode != opened.signature.inode ||
      named.signature.device != opened.signature.device)
    return failed(file.path_, "what was staged beside it is gone", ENOENT);
  prepare(file, state);
  if (!file.synced_ && fsync(file.fd_.get()) != 0)
    return failed(file.path_, "cannot be synced", errno);
  Outcome put = this->put(target, file.name_, state, expected, keep, file.warnings_);
  file.prepared_.reset();
  if (put.done()) {
    file.name_.clear();
  } else if (fchmod(file.fd_.get(), 0600) != 0 ||
             fchown(file.fd_.get(), geteuid(), getegid()) != 0) {
    // It waits for another try, and until then is nobody's but ours.
    put.reason += "; what was staged beside it cannot be taken back";
  }
  return put;
}

void Place::prepare(StagedFile& file, const sync::FileState& state) {
  if (file.prepared_ == state) return;
  file.warnings_ = apply_state(file.fd_.get(), state, rules_.allow_setuid, tree_.names());
  file.prepared_ = state;
  file.synced_ = false;
  sync_file_range(file.fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
}

Status Place::sync(const std::vector<StagedFile*>& prepared) {
  const Tree::Opened root = tree_.open_folder("", O_RDONLY);
  if (!root.fd) return tree_.error("", "cannot be opened", root.error);
  if (syncfs(root.fd.get()) != 0) return tree_.error("", "cannot be synced", errno);
  for (StagedFile* file : prepared) file->synced_ = file->prepared_.has_value();
  return {};
}

Outcome Place::make_folder(const std::string& path, const sync::FileState& state,
                           const Expected& expected, const Keep& keep) {
  if (expected && expected->state.type == sync::FileType::kFolder)
    return set_attributes(path, state, expected);
  Target target;
  if (Outcome begun = begin(path, target); !begun.done()) return begun;
  if (Outcome checked = check(target, expected, keep); !checked.done()) return checked;
  const int folder = target.folder.get();
  const std::string staged = new_name(target.name, "folder");
  remove_name(folder, staged);
  if (mkdirat(folder, staged.c_str(), 0700) != 0) return failed(path, "cannot be made", errno);
  const Fd made(openat(folder, staged.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!made) return failed(path, "cannot be made", errno);
  auto warnings = apply_state(made.get(), state, rules_.allow_setuid, tree_.names());
  Outcome put = this->put(target, staged, state, expected, keep, std::move(warnings));
  if (!put.done()) unlinkat(folder, staged.c_str(), AT_REMOVEDIR);
  return put;
}

Outcome Place::make_link(const std::string& path, const sync::FileState& state,
                         const Expected& expected, const Keep& keep) {
  Target target;
  if (Outcome begun = begin(path, target); !begun.done()) return begun;
  if (Outcome checked = check(target, expected, keep); !checked.done()) return checked;
  const int folder = target.folder.get();
  const std::string staged = new_name(target.name, "link");
  remove_name(folder, staged);
  if (state.content.find('\0') != std::string::npos ||
      symlinkat(state.content.c_str(), folder, staged.c_str()) != 0)
    return failed(path, "cannot be made", errno);
  auto warnings = apply_to_link(folder, staged, state, tree_.names());
  Outcome put = this->put(target, staged, state, expected, keep, std::move(warnings));
  if (!put.done()) unlinkat(folder, staged.c_str(), 0);
  return put;
}

Outcome Place::set_attributes(const std::string& path, const sync::FileState& state,
                              const Expected& expected) {
  Target target;
  if (Outcome begun = begin(path, target); !begun.done()) return begun;
  if (Outcome checked = check(target, expected, Discard{}); !checked.done()) return checked;
  if (!expected || expected->state.type != state.type)
    return outcome(Kind::kChanged, shown(path) + ": is of another type");
  const int folder = target.folder.get();
  if (state.type == sync::FileType::kLink) {
    auto warnings = apply_to_link(folder, target.name, state, tree_.names());
    return finish(target, state, nullptr, std::move(warnings));
  }
  const bool is_folder = state.type == sync::FileType::kFolder;
  Tree::Opened opened = is_folder ? tree_.open_folder(path, O_RDONLY) : tree_.open_to_read(path);
  if (!opened.fd) return failed(path, "cannot be opened", opened.error);
  if (tree_.entry(opened.fd.get()).signature.inode != expected->signature.inode)
    return outcome(Kind::kChanged, shown(path) + ": was replaced");
  auto warnings = apply_state(opened.fd.get(), state, rules_.allow_setuid, tree_.names());
  if (rules_.sync_each && fsync(opened.fd.get()) != 0)
    return failed(path, "cannot be synced", errno);
  return finish(target, state, nullptr, std::move(warnings));
}

Outcome Place::remove(const std::string& path, const Expected& expected, const Keep& keep) {
  Target target;
  if (Outcome begun = begin(path, target); !begun.done()) return begun;
  if (Outcome checked = check(target, expected, keep); !checked.done()) return checked;
  if (!expected) return done();
  if (expected->state.type == sync::FileType::kFolder) {
    // rmdir(2) sees for itself that it is empty.
    if (!std::holds_alternative<AsConflict>(keep) && !clear_folder(target))
      return outcome(Kind::kNotEmpty, shown(path) + ": is not empty");
    Outcome stowed = stow(target, target.name, expected, keep);
    if (stowed.done() && !sync_folder(target))
      return failed(path, "the folder cannot be synced", errno);
    return stowed;
  }
  const std::string old = free_old_name(target);
  if (const int error = rename_noreplace(target, target.name, target, old); error != 0) {
    if (error == ENOENT) return outcome(Kind::kChanged, shown(path) + ": is gone");
    return failed(path, "cannot be moved away", error);
  }
  Outcome stowed = outcome(Kind::kChanged, shown(path) + ": changed just now");
  if (matches(target, old, expected, true)) stowed = stow(target, old, expected, keep);
  if (!stowed.done()) {
    if (const int error = rename_noreplace(target, old, target, target.name); error != 0)
      return failed(path, "cannot be put back from " + shown(old), error);
    return stowed;
  }
  if (!sync_folder(target)) return failed(path, "the folder cannot be synced", errno);
  return stowed;
}

Outcome Place::rename(const std::string& from, const std::string& to, const Expected& expected) {
  Target source;
  Target target;
  if (Outcome begun = begin(from, source); !begun.done()) return begun;
  if (Outcome begun = begin(to, target); !begun.done()) return begun;
  const int folder = source.folder.get();
  const auto before = tree_.look(folder, source.name, tree_.entry(folder, source.name));
  if (!before.ok()) return outcome(Kind::kFailed, shown(from) + ": " + before.error());
  if (Outcome checked = check(source, expected, Discard{}); !checked.done()) return checked;
  if (!expected) return outcome(Kind::kChanged, shown(from) + ": is absent");
  int error = rename_noreplace(source, source.name, target, target.name);
  if (error == EEXIST) return outcome(Kind::kTaken, shown(to) + ": is there already");
  if (error == ENOENT) return outcome(Kind::kChanged, shown(from) + ": is gone");
  if (error != 0) return failed(from, "cannot be renamed", error);
  if (!matches(target, target.name, expected, true)) {
    error = rename_noreplace(target, target.name, source, source.name);
    if (error != 0) return failed(to, "cannot be put back as " + shown(from), error);
    return outcome(Kind::kChanged, shown(from) + ": changed just now");
  }
  if (!sync_folder(target) || !sync_folder(source))
    return failed(to, "the folder cannot be synced", errno);
  return finish(target, expected->state, &*before, {});
}

Outcome Place::clear_leftover(const std::string& path, const AsRetained& keep) {
  const std::string name(name_of(path));
  const Leftover kind = leftover_kind(name);
  if (!valid_relative_path(path) || kind == Leftover::kNone)
    return outcome(Kind::kFailed, shown(path) + ": is no leftover");
  Target target;
  const std::string was = join(folder_of(path), target_of_leftover(name));
  if (Outcome begun = begin(was, target); !begun.done()) return begun;
  const int folder = target.folder.get();
  const auto look = tree_.look(folder, name, tree_.entry(folder, name));
  if (!look.ok()) return outcome(Kind::kFailed, shown(path) + ": " + look.error());
  if (look->kind == Look::Kind::kAbsent) return done();
  const bool filled = look->found.state.type == sync::FileType::kFolder && !empty(target, name);
  if (kind == Leftover::kNew && !filled)
    return remove_name(folder, name) ? done() : failed(path, "cannot be removed", errno);
  if (filled) {
    const int error = rename_noreplace(target, name, target, target.name);
    if (error == 0) return done();
    return outcome(Kind::kNotEmpty,
                   tree_.error(path, "is left from a crash, and not empty", ENOTEMPTY).text);
  }
  if (look->kind == Look::Kind::kOther)
    return outcome(Kind::kFailed, shown(path) + ": is " + look->what);
  RetainedVersion version{"", keep.root, was, look->found.state, keep.label, keep.now};
  auto copying = keep.store->keep(folder, name, version);
  if (!copying.ok()) return outcome(Kind::kFailed, shown(path) + ": " + copying.error());
  Outcome result = done();
  result.copying = std::move(*copying);
  return result;
}

}  // namespace cluster::files
