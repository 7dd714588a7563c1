#include "files/retained.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "files/path.h"
#include "files/retained_meta.h"
#include "files/retained_store.h"

namespace cluster::files {

namespace {

constexpr size_t kBufferBytes = 256 << 10;
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Error failed(const std::string& what) { return Error{what + ": " + strerror(errno)}; }

// Made durable with the folder it is in.
Result<Fd> made_folder(int parent, const std::string& name) {
  const bool fresh = mkdirat(parent, name.c_str(), 0700) == 0;
  if (!fresh && errno != EEXIST) return failed("a folder for retained versions cannot be made");
  Fd fd(openat(parent, name.c_str(), kFolderFlags));
  if (!fd) return failed("a folder of retained versions cannot be opened");
  if (fresh && fsync(parent) != 0) return failed("a folder for retained versions cannot be synced");
  return fd;
}

Result<Fd> version_folder(int store, std::string_view root, std::string_view path) {
  const std::string both = path_folder(root, path);
  auto outer = made_folder(store, std::string(folder_of(both)));
  if (!outer.ok()) return outer;
  return made_folder(outer->get(), std::string(name_of(both)));
}

Status write_whole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return failed("a retained version cannot be described");
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return {};
}

// The id that it got.
Result<std::string> write_meta(int folder, const RetainedVersion& version) {
  const std::string bytes = meta_bytes(version);
  for (int number = 0; number < 1 << 16; ++number) {
    const std::string id = id_prefix(version.kept) + "-" + std::to_string(number);
    const std::string temp = id + std::string(kTempEnd);
    const std::string meta = id + std::string(kMetaEnd);
    if (faccessat(folder, meta.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) continue;
    const Fd fd(
        openat(folder, temp.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return failed("a retained version cannot be described");
    Status status = write_whole(fd.get(), bytes);
    if (status.ok() && fdatasync(fd.get()) != 0)
      status = failed("a retained version cannot be synced");
    if (status.ok() && renameat(folder, temp.c_str(), folder, meta.c_str()) != 0)
      status = failed("a retained version cannot be described");
    if (status.ok()) return id;
    unlinkat(folder, temp.c_str(), 0);
    return Error{status.error()};
  }
  return Error{"too many versions of one path were retained at one time"};
}

}  // namespace

Result<Retained> Retained::open(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return failed(folder + ": cannot be made");
  Retained store;
  store.shared_ = std::make_shared<Shared>();
  store.shared_->path = folder;
  store.shared_->folder = Fd(::open(folder.c_str(), kFolderFlags));
  if (!store.shared_->folder) return failed(folder + ": cannot be opened");
  if (fchmod(store.shared_->folder.get(), 0700) != 0)
    return failed(folder + ": its mode cannot be set to 0700");
  return store;
}

Result<std::unique_ptr<Retained::Copying>> Retained::keep(int folder, const std::string& name,
                                                          const RetainedVersion& version) {
  struct stat info {};
  if (fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
    return failed("what is to be retained cannot be looked at");
  const bool file = S_ISREG(info.st_mode);
  if (!file && !S_ISLNK(info.st_mode) && !S_ISDIR(info.st_mode))
    return Error{"what is to be retained is no file, link or folder"};
  auto target = version_folder(shared_->folder.get(), version.root, version.path);
  if (!target.ok()) return Error{target.error()};
  auto id = write_meta(target->get(), version);
  if (!id.ok()) return Error{id.error()};
  const auto take_back = [&](const Error& error) {
    unlinkat(target->get(), (*id + std::string(kMetaEnd)).c_str(), 0);
    return error;
  };
  const std::string data = *id + std::string(kDataEnd);
  if (!file) {
    if (fsync(target->get()) != 0) return take_back(failed("a retained version cannot be synced"));
    if (unlinkat(folder, name.c_str(), S_ISDIR(info.st_mode) ? AT_REMOVEDIR : 0) != 0)
      return take_back(failed("what was retained cannot be removed"));
    return std::unique_ptr<Copying>();
  }
  if (info.st_nlink == 1) {
    if (renameat(folder, name.c_str(), target->get(), data.c_str()) == 0) {
      // Nobody but us reaches it there; what it was may have been setuid.
      fchmodat(target->get(), data.c_str(), 0600, 0);
      if (fsync(target->get()) != 0) return failed("a retained version cannot be synced");
      return std::unique_ptr<Copying>();
    }
    if (errno != EXDEV) return take_back(failed("what is to be retained cannot be moved"));
  }
  std::unique_ptr<Copying> copying(new Copying());
  copying->source_ =
      Fd(openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  copying->source_folder_ = Fd(fcntl(folder, F_DUPFD_CLOEXEC, 0));
  if (!copying->source_ || !copying->source_folder_)
    return take_back(failed("what is to be retained cannot be opened"));
  copying->source_name_ = name;
  copying->size_ = static_cast<uint64_t>(info.st_size);
  copying->id_ = *id;
  copying->target_folder_ = std::move(*target);
  copying->key_ = path_folder(version.root, version.path) + "/" + *id;
  copying->shared_ = shared_;
  shared_->active.insert(copying->key_);
  return copying;
}

Retained::Copying::~Copying() {
  if (!shared_) return;
  shared_->active.erase(key_);
  if (done_) return;
  unlinkat(target_folder_.get(), (id_ + std::string(kCopyEnd)).c_str(), 0);
  unlinkat(target_folder_.get(), (id_ + std::string(kMetaEnd)).c_str(), 0);
}

Retained::Copying::Step Retained::Copying::fail(const std::string& what) {
  error_ = failed(what).text;
  return Step::kFailed;
}

Retained::Copying::Step Retained::Copying::begin() {
  target_ = Fd(openat(target_folder_.get(), (id_ + std::string(kCopyEnd)).c_str(),
                      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!target_) return fail("a retained version cannot be written");
  if (ioctl(target_.get(), FICLONE, source_.get()) == 0) {
    offset_ = size_;
  } else if (ftruncate(target_.get(), static_cast<off_t>(size_)) != 0) {
    return fail("a retained version cannot be written");
  }
  buffer_.resize(kBufferBytes);
  return Step::kMore;
}

Retained::Copying::Step Retained::Copying::step(uint64_t max_bytes) {
  if (done_) return Step::kDone;
  if (!target_ && begin() == Step::kFailed) return Step::kFailed;
  for (uint64_t copied = 0; offset_ < size_ && (copied == 0 || copied < max_bytes);) {
    // Holes stay holes.
    const off_t data = lseek(source_.get(), static_cast<off_t>(offset_), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    if (data >= 0) offset_ = static_cast<uint64_t>(data);
    const size_t want = std::min<uint64_t>(buffer_.size(), size_ - std::min(offset_, size_));
    if (want == 0) break;
    const ssize_t got = pread(source_.get(), buffer_.data(), want, static_cast<off_t>(offset_));
    if (got < 0) return fail("what is to be retained cannot be read");
    if (got == 0) break;
    for (ssize_t put = 0; put < got;) {
      const ssize_t wrote =
          pwrite(target_.get(), buffer_.data() + put, static_cast<size_t>(got - put),
                 static_cast<off_t>(offset_) + put);
      if (wrote < 0) return fail("a retained version cannot be written");
      put += wrote;
    }
    offset_ += static_cast<uint64_t>(got);
    copied += static_cast<uint64_t>(got);
    if (offset_ < size_ && copied >= max_bytes) return Step::kMore;
  }
  return end();
}

Retained::Copying::Step Retained::Copying::end() {
  const int folder = target_folder_.get();
  if (fsync(target_.get()) != 0 ||
      renameat(folder, (id_ + std::string(kCopyEnd)).c_str(), folder,
               (id_ + std::string(kDataEnd)).c_str()) != 0 ||
      fsync(folder) != 0)
    return fail("a retained version cannot be synced");
  done_ = true;
  struct stat then {
  }, now{};
  if (fstat(source_.get(), &then) == 0 &&
      fstatat(source_folder_.get(), source_name_.c_str(), &now, AT_SYMLINK_NOFOLLOW) == 0 &&
      then.st_ino == now.st_ino && then.st_dev == now.st_dev)
    unlinkat(source_folder_.get(), source_name_.c_str(), 0);
  return Step::kDone;
}

Result<std::vector<RetainedVersion>> Retained::list(const std::string& root,
                                                    const std::string& path) const {
  std::vector<RetainedVersion> versions;
  const Fd folder(openat(shared_->folder.get(), path_folder(root, path).c_str(), kFolderFlags));
  if (!folder && errno == ENOENT) return versions;
  if (!folder) return failed(shared_->path + ": cannot be read");
  for (const std::string& name : names_in(folder.get(), ".")) {
    if (!name.ends_with(kMetaEnd)) continue;
    auto version = read_meta(folder.get(), name);
    if (!version.ok() || version->root != root || version->path != path) continue;
    // Not that of a copying under way.
    const std::string data = version->id + std::string(kDataEnd);
    if (version->state.type == sync::FileType::kFile &&
        faccessat(folder.get(), data.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    versions.push_back(std::move(*version));
  }
  std::sort(versions.begin(), versions.end(), [](const auto& a, const auto& b) {
    return std::pair(a.kept, a.id) > std::pair(b.kept, b.id);
  });
  return versions;
}

Result<Fd> Retained::open_version(const RetainedVersion& version) const {
  const std::string name =
      path_folder(version.root, version.path) + "/" + version.id + std::string(kDataEnd);
  Fd fd(
      openat(shared_->folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return failed("the retained version of " + shown(version.path) + " cannot be opened");
  return fd;
}

Status Retained::remove(const RetainedVersion& version) {
  const std::string folder = path_folder(version.root, version.path);
  // The data first: without its meta it would be nobody's.
  for (const std::string_view end : {kDataEnd, kMetaEnd}) {
    const std::string name = folder + "/" + version.id + std::string(end);
    if (unlinkat(shared_->folder.get(), name.c_str(), 0) != 0 && errno != ENOENT)
      return failed("the retained version of " + shown(version.path) + " cannot be removed");
  }
  unlinkat(shared_->folder.get(), folder.c_str(), AT_REMOVEDIR);
  return {};
}

}  // namespace cluster::files
