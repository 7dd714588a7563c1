// One root folder of this host.
//
// Paths go by openat2(2) beneath the root, with no symlink and no other mount on the way; where the system has no
// openat2 (before Linux 5.6, or a seccomp filter) component by component, with the same result. The last component is used by *at()
// calls that do not follow it. So a path whose folder has become a symlink is absent.
//
// The root is opened anew for each operation and held open for none: it can be unmounted, and one that was, or that was swapped for
// another folder, is an error of every operation rather than an empty tree.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/names.h"
#include "posix/fd.h"
#include "sync/file_state.h"

namespace cluster::files {

// What a path holds.
struct Look {
  enum class Kind : uint8_t {
    kAbsent,
    kFound,
    kOther,  // something that is not kept alike: a device, FIFO or socket, or another file system
  };
  Kind kind = Kind::kAbsent;
  sync::Found found;   // kFound; `content` of a file is empty
  uint64_t links = 0;  // kFound: hard links
  std::string what;    // kOther: "a socket"
};

// How far an earlier look may stand for a file of the same path.
enum class Trust : uint8_t {
  kNothing,  // read it
  kContent,  // its bytes are the same; mode, owner, attributes may have changed: look
  kAll,
};
// `recorded` was taken then, `seen` is taken now. A racy signature with an mtime of long before (a file that was placed with it) still
// vouches for the content: an edit would have set the mtime.
// `tick_ns`: of the clock of that file system, Tree::tick_ns().
Trust trust(const sync::Signature& recorded, const sync::Signature& seen, int64_t tick_ns);
// Has that file got another name, and nothing else? A rename sets its ctime alone.
bool only_renamed(const sync::Signature& recorded, const sync::Signature& seen, int64_t tick_ns);

// As ==, but whether they were taken within a tick.
bool same_signature(const sync::Signature& a, const sync::Signature& b);

class Tree {
 public:
  // Which folder it is. Inode numbers tell little (every ext4 has a 2 at the top), the file system's id (f_fsid) more; it
  // outlives reboots on ext4, btrfs and others that make it of their UUID, and follows the device's number on XFS.
  struct Identity {
    uint64_t device = 0;
    uint64_t inode = 0;
    uint64_t file_system = 0;

    bool operator==(const Identity&) const = default;
  };

  // `path` may lead through symlinks: it is this host's own. `names` outlives the tree.
  static Result<Tree> open(std::string path, Names& names);

  const std::string& path() const { return path_; }
  const Identity& identity() const { return identity_; }
  Names& names() const { return *names_; }
  // Two changes within so long may get the same time.
  int64_t tick_ns() const { return tick_ns_; }

  // Is the folder of that path still the one that was opened?
  Status check() const;
  // What ordinary users may still write.
  Result<uint64_t> free_bytes() const;

  // "" is the root. An error: the root is gone, or the path cannot be looked at (its folder is not accessible, the disk fails).
  Result<Look> look(std::string_view path) const;
  // Names without "." and "..", in no order. An error where it is not a folder, or cannot be read to its end.
  Result<std::vector<std::string>> list(std::string_view folder) const;

  // A descriptor, or errno: ENOENT, ENOTDIR and ELOOP where there is no such thing, EXDEV where it is on another file system, ESTALE
  // where the root is gone.
  struct Opened {
    Fd fd;
    int error = 0;

    bool absent() const { return error == ENOENT || error == ENOTDIR || error == ELOOP; }
  };
  // A regular file; nothing else is opened, not even for a moment (EINVAL). Does not change its atime where that is allowed.
  Opened open_to_read(std::string_view path) const;

  // The rest is for this folder. `flags`: O_PATH to reach what is in it, O_RDONLY to list or sync it.
  Opened open_folder(std::string_view folder, int flags) const;
  // What lstat(2) says, for one system call.
  struct Entry {
    int error = 0;  // errno; ENOENT: absent
    sync::Signature signature;
    uint32_t mode = 0;  // with the type
    uint32_t uid = 0, gid = 0;
    uint64_t links = 0;
    bool mounted = false;  // another mount begins here

    bool ok() const { return error == 0; }
  };
  Entry entry(int folder, const std::string& name) const;
  Entry entry(int fd) const;  // what it refers to
  // Of `name` in an opened folder whose entry is this.
  Result<Look> look(int folder, const std::string& name, const Entry& entry) const;
  // The state of a file or folder opened for reading: all but the content.
  Result<sync::FileState> state(int fd, const Entry& entry) const;
  // "ROOT/PATH: what: strerror".
  Error error(std::string_view path, const std::string& what, int error_number) const;

 private:
  Tree() = default;
  Result<sync::FileState> state(int fd, const std::string& name, const Entry& entry) const;

  std::string path_;
  Identity identity_;
  int64_t tick_ns_ = 0;
  Names* names_ = nullptr;
};

}  // namespace cluster::files
