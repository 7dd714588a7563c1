// Tells of changes below a root as they happen (inotify(7)). It is a hint: the periodic scan alone suffices.
//
// Only folders that were added are watched. Whoever scans a folder adds it first (ScanCalls::entering), so that no change falls between.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "files/tree.h"
#include "posix/fd.h"

struct inotify_event;

namespace cluster::files {

struct Changes {
  struct Path {
    std::string path;
    bool with_contents = false;  // a folder that appeared: scan what is in it too

    bool operator==(const Path&) const = default;
  };
  std::vector<Path> paths;  // in the order of the events; the same one twice in a row is told once
  bool everything = false;  // events were lost: scan all, adding each folder
  bool root_gone = false;   // removed, moved or unmounted: no more events will come
};

class Watch {
 public:
  enum class Added : uint8_t {
    kYes,
    kGone,   // there is no such folder (any more)
    kLimit,  // /proc/sys/fs/inotify/max_user_watches is reached, or memory
    kFailed,
  };

  // An error: no inotify instance is to be had (max_user_instances), or the root is gone. `tree` outlives it.
  static Result<Watch> open(const Tree& tree);

  // Readable when there are changes.
  int fd() const { return fd_.get(); }

  // Once is enough; after a folder was moved it must be added again under its new path.
  Added add(const std::string& folder);
  // True once after the limit was reached: say so, there is no use in saying it of each folder.
  bool take_limit_reached();
  size_t folders() const { return paths_.size(); }

  // What has happened, up to a buffer of 64 KiB full; never waits.
  Changes read();

 private:
  explicit Watch(const Tree& tree) : tree_(&tree) {}
  void take(const inotify_event& event, Changes& changes);
  void forget(const std::string& folder);  // and what is below

  const Tree* tree_;
  Fd fd_;
  std::unordered_map<int, std::string> paths_;  // by watch descriptor
  std::map<std::string, int> descriptors_;
  bool limit_reached_ = false, limit_told_ = false;
};

}  // namespace cluster::files
