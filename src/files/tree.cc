#include "files/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <memory>
#include <utility>

#include "files/attributes.h"
#include "files/path.h"

namespace cluster::files {

namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
// The kernel stamps with a clock that ticks each 1 to 10 ms.
constexpr int64_t kLocalTickNs = 20'000'000;
// Where whole seconds are counted, or two (FAT).
constexpr int64_t kCoarseTickNs = 2 * kSecondNs + kLocalTickNs;
// A server's clock may differ from ours.
constexpr int64_t kRemoteTickNs = 3 * kSecondNs;
constexpr int kTries = 16;  // for openat2(2), which gives up where a folder is renamed meanwhile

// linux/magic.h: ext, XFS, btrfs, tmpfs, ramfs, F2FS, overlayfs, ZFS, bcachefs.
constexpr std::array<uint64_t, 9> kLocal{0xef53,     0x58465342, 0x9123683e, 0x01021994, 0x858458f6,
                                         0xf2f52010, 0x794c7630, 0x2fc12fc1, 0xca451a4e};

// The clock that the kernel stamps with.
int64_t stamp_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec * kSecondNs + now.tv_nsec;
}

int64_t nanoseconds(const struct statx_timestamp& time) {
  return time.tv_sec * kSecondNs + time.tv_nsec;
}

uint64_t device_of(const struct statx& info) {
  return makedev(info.stx_dev_major, info.stx_dev_minor);
}

// Without openat2(2): no symlink and no ".." is passed, so it stays beneath.
int open_by_parts(int root, std::string_view folder, int flags) {
  Fd at;
  for (;;) {
    const size_t slash = folder.find('/');
    const bool last = slash == std::string_view::npos;
    const std::string part(folder.substr(0, slash));
    Fd next(openat(at ? at.get() : root, part.c_str(),
                   (last ? flags : O_PATH) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next || last) return next.release();
    at = std::move(next);
    folder.remove_prefix(slash + 1);
  }
}

int open_beneath(int root, std::string_view folder, int flags) {
  const std::string path(folder.empty() ? "." : folder);
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_DIRECTORY | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  for (int tries = 0; tries < kTries; ++tries) {
    const long fd = syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    if (errno == ENOSYS || errno == EPERM) return open_by_parts(root, path, flags);
    if (errno != EAGAIN && errno != EINTR) break;
  }
  return -1;
}

const char* type_word(uint32_t mode) {
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return S_ISBLK(mode) || S_ISCHR(mode) ? "a device" : "of an unknown type";
}

// Has the file got its mtime from somebody, and not from the clock?
bool time_was_set(const sync::Signature& signature, int64_t tick_ns) {
  const bool whole = signature.ctime_ns % kSecondNs == 0;
  return std::abs(signature.mtime_ns - signature.ctime_ns) >
         std::max(tick_ns, whole ? kRemoteTickNs : 0);
}

}  // namespace

bool same_signature(const sync::Signature& a, const sync::Signature& b) {
  return a.device == b.device && a.inode == b.inode && a.size == b.size &&
         a.mtime_ns == b.mtime_ns && a.ctime_ns == b.ctime_ns;
}

Trust trust(const sync::Signature& recorded, const sync::Signature& seen, int64_t tick_ns) {
  if (!same_signature(recorded, seen)) return Trust::kNothing;
  if (!recorded.racy) return Trust::kAll;
  return time_was_set(recorded, tick_ns) ? Trust::kContent : Trust::kNothing;
}

bool only_renamed(const sync::Signature& recorded, const sync::Signature& seen, int64_t tick_ns) {
  sync::Signature before = recorded;
  before.ctime_ns = seen.ctime_ns;
  return recorded.ctime_ns != 0 && recorded.ctime_ns <= seen.ctime_ns &&
         same_signature(before, seen) && (!recorded.racy || time_was_set(recorded, tick_ns));
}

Result<Tree> Tree::open(std::string path, Names& names) {
  Tree tree;
  tree.path_ = std::move(path);
  tree.names_ = &names;
  const Fd root(::open(tree.path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return tree.error("", "cannot be opened", errno);
  struct statfs system {};
  const Entry entry = tree.entry(root.get());
  if (!entry.ok()) return tree.error("", "cannot be looked at", entry.error);
  if (fstatfs(root.get(), &system) != 0) return tree.error("", "cannot be looked at", errno);
  static_assert(sizeof system.f_fsid == sizeof tree.identity_.file_system);
  tree.identity_ = {entry.signature.device, entry.signature.inode, 0};
  memcpy(&tree.identity_.file_system, &system.f_fsid, sizeof system.f_fsid);
  const auto type = static_cast<uint32_t>(system.f_type);
  const bool local = std::find(kLocal.begin(), kLocal.end(), type) != kLocal.end();
  tree.tick_ns_ = local ? kLocalTickNs : kRemoteTickNs;
  return tree;
}

Error Tree::error(std::string_view path, const std::string& what, int error_number) const {
  if (error_number == ESTALE)
    return Error{shown(path_) + ": is not the folder any more that it was"};
  return Error{shown(join(path_, path)) + ": " + what + ": " + strerror(error_number)};
}

Tree::Opened Tree::open_folder(std::string_view folder, int flags) const {
  const Fd root(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat info {};
  // ENOENT is left for what is missing below it.
  if (!root) return {Fd(), errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? ESTALE : errno};
  if (fstat(root.get(), &info) != 0) return {Fd(), errno};
  if (info.st_dev != identity_.device || info.st_ino != identity_.inode) return {Fd(), ESTALE};
  Fd fd(open_beneath(root.get(), folder, flags));
  if (!fd) return {Fd(), errno};
  // A subvolume of btrfs is no mount, but nothing can be renamed into it.
  if (fstat(fd.get(), &info) != 0) return {Fd(), errno};
  if (info.st_dev != identity_.device) return {Fd(), EXDEV};
  return {std::move(fd), 0};
}

Status Tree::check() const {
  const Opened root = open_folder("", O_PATH);
  if (!root.fd) return error("", "cannot be opened", root.error);
  return {};
}

Result<uint64_t> Tree::free_bytes() const {
  const Opened root = open_folder("", O_PATH);
  if (!root.fd) return error("", "cannot be opened", root.error);
  struct statvfs info {};
  if (fstatvfs(root.fd.get(), &info) != 0) return error("", "cannot be asked for space", errno);
  return uint64_t{info.f_bavail} * info.f_frsize;
}

Tree::Entry Tree::entry(int folder, const std::string& name) const {
  Entry entry;
  struct statx info {};
  // Before the look: a change after it that gets the same time as the last one before makes that one racy.
  const int64_t now = stamp_now();
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name.empty() ? AT_EMPTY_PATH : 0);
  if (statx(folder, name.c_str(), flags, STATX_BASIC_STATS, &info) != 0) {
    entry.error = errno;
    return entry;
  }
  sync::Signature& signature = entry.signature;
  signature.device = device_of(info);
  signature.inode = info.stx_ino;
  signature.size = static_cast<int64_t>(info.stx_size);
  signature.mtime_ns = nanoseconds(info.stx_mtime);
  signature.ctime_ns = nanoseconds(info.stx_ctime);
  const bool whole = info.stx_ctime.tv_nsec == 0;
  signature.racy = signature.ctime_ns > now - std::max(tick_ns_, whole ? kCoarseTickNs : 0);
  entry.mode = info.stx_mode;
  entry.uid = info.stx_uid;
  entry.gid = info.stx_gid;
  entry.links = info.stx_nlink;
  entry.mounted = (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  return entry;
}

Tree::Entry Tree::entry(int fd) const { return entry(fd, ""); }

Result<sync::FileState> Tree::state(int fd, const Entry& entry) const {
  return state(fd, "", entry);
}

Result<sync::FileState> Tree::state(int fd, const std::string& name, const Entry& entry) const {
  sync::FileState state;
  state.owner = names_->user(entry.uid);
  state.group = names_->group(entry.gid);
  if (S_ISLNK(entry.mode)) {
    state.type = sync::FileType::kLink;
    char target[PATH_MAX];
    const ssize_t length = readlinkat(fd, name.c_str(), target, sizeof target);
    if (length < 0) return Error{std::string("cannot be read: ") + strerror(errno)};
    state.content.assign(target, static_cast<size_t>(length));
  } else {
    state.mode = entry.mode & 07777;
  }
  if (S_ISDIR(entry.mode)) {
    state.type = sync::FileType::kFolder;
  } else {
    state.mtime_ns = entry.signature.mtime_ns;
  }
  if (S_ISREG(entry.mode)) state.size = static_cast<uint64_t>(entry.signature.size);
  auto attributes = read_attributes(fd, name, *names_);
  if (!attributes.ok()) return Error{attributes.error()};
  state.attributes = std::move(*attributes);
  return state;
}

Result<Look> Tree::look(int folder, const std::string& name, const Entry& entry) const {
  Look look;
  if (entry.error == ENOENT || entry.error == ENOTDIR || entry.error == ENAMETOOLONG) return look;
  if (!entry.ok()) return Error{std::string("cannot be looked at: ") + strerror(entry.error)};
  look.kind = Look::Kind::kOther;
  const uint32_t mode = entry.mode;
  if (entry.mounted || (S_ISDIR(mode) && entry.signature.device != identity_.device)) {
    look.what = "another file system";
    return look;
  }
  if (!S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode)) {
    look.what = type_word(mode);
    return look;
  }
  auto state = this->state(folder, name, entry);
  if (!state.ok()) {
    // Gone between the two calls.
    if (this->entry(folder, name).error == ENOENT) return Look();
    return Error{state.error()};
  }
  look.kind = Look::Kind::kFound;
  look.found = {std::move(*state), entry.signature};
  look.links = entry.links;
  return look;
}

Result<Look> Tree::look(std::string_view path) const {
  if (path.empty()) {
    const Opened root = open_folder("", O_RDONLY);
    if (!root.fd) return error("", "cannot be opened", root.error);
    const Entry entry = this->entry(root.fd.get());
    auto state = this->state(root.fd.get(), entry);
    if (!state.ok()) return Error{shown(path_) + ": " + state.error()};
    return Look{Look::Kind::kFound, {std::move(*state), entry.signature}, entry.links, ""};
  }
  if (!valid_relative_path(path)) return error(path, "is no path of this folder", EINVAL);
  const Opened folder = open_folder(folder_of(path), O_PATH);
  if (folder.absent()) return Look();
  if (folder.error == EXDEV) return Look{Look::Kind::kOther, {}, 0, "on another file system"};
  if (!folder.fd) return error(folder_of(path), "cannot be opened", folder.error);
  const std::string name(name_of(path));
  auto look = this->look(folder.fd.get(), name, entry(folder.fd.get(), name));
  if (!look.ok()) return Error{shown(join(path_, path)) + ": " + look.error()};
  return look;
}

Result<std::vector<std::string>> Tree::list(std::string_view folder) const {
  Opened opened = open_folder(folder, O_RDONLY);
  if (!opened.fd) return error(folder, "cannot be opened", opened.error);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(fdopendir(opened.fd.get()), closedir);
  if (dir == nullptr) return error(folder, "cannot be read", errno);
  opened.fd.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(dir.get());
    if (entry == nullptr && errno != 0) return error(folder, "cannot be read to its end", errno);
    if (entry == nullptr) return names;
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
}

Tree::Opened Tree::open_to_read(std::string_view path) const {
  if (!valid_relative_path(path)) return {Fd(), EINVAL};
  const Opened folder = open_folder(folder_of(path), O_PATH);
  if (!folder.fd) return {Fd(), folder.error};
  const std::string name(name_of(path));
  const Fd node(openat(folder.fd.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!node) return {Fd(), errno};
  const Entry entry = this->entry(node.get());
  if (!entry.ok()) return {Fd(), entry.error};
  if (entry.mounted) return {Fd(), EXDEV};
  if (!S_ISREG(entry.mode)) return {Fd(), EINVAL};
  // Opened by name once more it could be a device by now, and to open some has effects.
  const std::string again = "/proc/self/fd/" + std::to_string(node.get());
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  Fd fd(::open(again.c_str(), kFlags | O_NOATIME));
  if (!fd && errno == EPERM) fd = Fd(::open(again.c_str(), kFlags));
  const int error = fd ? 0 : errno;
  return {std::move(fd), error};
}

}  // namespace cluster::files
