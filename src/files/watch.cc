#include "files/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>

#include <utility>

#include "files/path.h"

namespace cluster::files {

namespace {

constexpr size_t kBufferBytes = 64 << 10;
// IN_MODIFY too: a log or a database is written for months without being closed.
constexpr uint32_t kEvents = IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MODIFY |
                             IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |
                             IN_ONLYDIR | IN_EXCL_UNLINK;

void note(Changes& changes, std::string path, bool with_contents) {
  Changes::Path noted{std::move(path), with_contents};
  if (changes.paths.empty() || !(changes.paths.back() == noted))
    changes.paths.push_back(std::move(noted));
}

}  // namespace

Result<Watch> Watch::open(const Tree& tree) {
  Watch watch(tree);
  watch.fd_ = Fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!watch.fd_) return tree.error("", "cannot be watched", errno);
  if (const Status root = tree.check(); !root.ok()) return Error{root.error()};
  return watch;
}

Watch::Added Watch::add(const std::string& folder) {
  const Tree::Opened opened = tree_->open_folder(folder, O_PATH);
  if (opened.absent() || opened.error == ESTALE) return Added::kGone;
  if (!opened.fd) return Added::kFailed;
  // By its descriptor: what the path leads to by now could be another.
  const std::string path = "/proc/self/fd/" + std::to_string(opened.fd.get());
  const int descriptor = inotify_add_watch(fd_.get(), path.c_str(), kEvents);
  if (descriptor < 0 && (errno == ENOSPC || errno == ENOMEM)) {
    limit_reached_ = true;
    return Added::kLimit;
  }
  if (descriptor < 0) return Added::kFailed;
  // The kernel gives one descriptor an inode: a folder that was moved brings its own.
  std::string& known = paths_[descriptor];
  if (const auto old = descriptors_.find(known);
      old != descriptors_.end() && known != folder && old->second == descriptor)
    descriptors_.erase(old);
  known = folder;
  const auto [entry, fresh] = descriptors_.try_emplace(folder, descriptor);
  if (!fresh && entry->second != descriptor) {
    // Another folder stood there.
    paths_.erase(entry->second);
    inotify_rm_watch(fd_.get(), entry->second);
    entry->second = descriptor;
  }
  return Added::kYes;
}

bool Watch::take_limit_reached() { return limit_reached_ && !std::exchange(limit_told_, true); }

void Watch::forget(const std::string& folder) {
  const auto drop = [this](auto entry) {
    inotify_rm_watch(fd_.get(), entry->second);
    paths_.erase(entry->second);
    return descriptors_.erase(entry);
  };
  if (const auto self = descriptors_.find(folder); self != descriptors_.end()) drop(self);
  const std::string below = folder + "/";
  for (auto entry = descriptors_.lower_bound(below);
       entry != descriptors_.end() && entry->first.starts_with(below);)
    entry = drop(entry);
}

void Watch::take(const inotify_event& event, Changes& changes) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) changes.everything = true;
  const auto at = paths_.find(event.wd);
  if (at == paths_.end()) return;
  const std::string folder = at->second;
  if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0) {
    // What is below the root, its parent tells of.
    if (folder.empty()) changes.root_gone = true;
    if ((event.mask & IN_UNMOUNT) != 0) note(changes, folder, true);
    return;
  }
  if ((event.mask & IN_IGNORED) != 0) {
    if (const auto known = descriptors_.find(folder);
        known != descriptors_.end() && known->second == event.wd)
      descriptors_.erase(known);
    paths_.erase(at);
    return;
  }
  // Of a folder itself its parent tells; the root has none that is watched.
  if (event.len == 0) {
    if (folder.empty() && (event.mask & IN_ATTRIB) != 0) note(changes, folder, false);
    return;
  }
  const std::string name = event.name;
  if (leftover_kind(name) != Leftover::kNone) return;
  std::string path = join(folder, name);
  const bool is_folder = (event.mask & IN_ISDIR) != 0;
  if (is_folder && (event.mask & (IN_MOVED_FROM | IN_DELETE)) != 0) forget(path);
  const bool appeared = is_folder && (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0;
  note(changes, std::move(path), appeared);
}

Changes Watch::read() {
  Changes changes;
  alignas(inotify_event) char buffer[kBufferBytes];
  const ssize_t got = ::read(fd_.get(), buffer, sizeof buffer);
  for (ssize_t at = 0; at < got;) {
    inotify_event event{};
    memcpy(&event, buffer + at, sizeof event);
    take(*reinterpret_cast<const inotify_event*>(buffer + at), changes);
    at += static_cast<ssize_t>(sizeof event + event.len);
  }
  return changes;
}

}  // namespace cluster::files
