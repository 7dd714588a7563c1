#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "files/content.h"
#include "files/path.h"
#include "files/retained_meta.h"
#include "files/retained_store.h"

namespace cluster::files {

namespace {

constexpr size_t kMaxRootBytes = 200;
constexpr size_t kMaxMetaBytes = 1 << 20;  // paths and attributes have limits far below
constexpr char kDigits[] = "0123456789abcdef";

std::string hash(std::string_view text) {
  Sha256 sha;
  sha.add(text);
  return hex(sha.finish(), 16);
}

bool exists(int folder, const std::string& name) {
  return faccessat(folder, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace

std::string root_folder(std::string_view root) {
  std::string name;
  for (const char c : root) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || (c == '.' && !name.empty());
    name += plain ? std::string(1, c) : "%" + hex(std::string_view(&c, 1), 2);
  }
  // '%%' begins none of the others.
  return name.empty() || name.size() > kMaxRootBytes ? "%%" + hash(root) : name;
}

std::string path_folder(std::string_view root, std::string_view path) {
  return root_folder(root) + "/" + hash(path);
}

std::string id_prefix(WallTime kept) {
  const auto count = static_cast<uint64_t>(kept.time_since_epoch().count());
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[count >> shift & 15];
  return text;
}

std::vector<std::string> names_in(int folder, const std::string& path) {
  std::vector<std::string> names;
  Fd fd(openat(folder, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(fdopendir(fd.get()), closedir);
  if (dir == nullptr) return names;
  fd.release();
  while (const dirent* entry = readdir(dir.get()))
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  return names;
}

Result<RetainedVersion> read_meta(int folder, const std::string& name) {
  const Fd fd(openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!fd || fstat(fd.get(), &info) != 0)
    return Error{std::string("a retained version cannot be read: ") + strerror(errno)};
  if (info.st_size < 0 || static_cast<size_t>(info.st_size) > kMaxMetaBytes)
    return Error{"a retained version whose description is too long"};
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  if (pread(fd.get(), bytes.data(), bytes.size(), 0) != info.st_size)
    return Error{"a retained version whose description is cut short"};
  auto version = parse_meta(bytes);
  if (version.ok()) version->id = name.substr(0, name.size() - kMetaEnd.size());
  return version;
}

Retained::Sweep Retained::expire(WallTime before,
                                 std::function<bool(const RetainedVersion&)> spare) {
  Sweep sweep;
  sweep.shared_ = shared_;
  sweep.before_ = before;
  sweep.spare_ = std::move(spare);
  sweep.roots_ = names_in(shared_->folder.get(), ".");
  return sweep;
}

Retained::Sweep Retained::visit(const std::string& root,
                                std::function<void(const RetainedVersion&)> each) {
  Sweep sweep;
  sweep.shared_ = shared_;
  sweep.each_ = std::move(each);
  if (root.empty()) {
    sweep.roots_ = names_in(shared_->folder.get(), ".");
  } else {
    sweep.roots_.push_back(root_folder(root));
  }
  return sweep;
}

bool Retained::Sweep::step(size_t paths) {
  const int store = shared_->folder.get();
  for (; paths > 0; --paths) {
    if (paths_.empty()) {
      if (!each_ && !root_.empty()) unlinkat(store, root_.c_str(), AT_REMOVEDIR);
      root_.clear();
      if (roots_.empty()) return false;
      root_ = std::move(roots_.back());
      roots_.pop_back();
      paths_ = names_in(store, root_);
      continue;
    }
    path(join(root_, paths_.back()));
    paths_.pop_back();
  }
  return true;
}

void Retained::Sweep::path(const std::string& folder) {
  const int store = shared_->folder.get();
  const Fd fd(openat(store, folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return;
  const auto drop = [&](const std::string& name) {
    if (unlinkat(fd.get(), name.c_str(), 0) == 0 || errno == ENOENT) return true;
    error_ = join(join(shared_->path, folder), name);
    error_.append(": cannot be removed: ").append(strerror(errno));
    return false;
  };
  for (const std::string& name : names_in(fd.get(), ".")) {
    const std::string id = name.substr(0, name.rfind('.'));
    if (shared_->active.contains(join(folder, id))) continue;
    const std::string data = id + std::string(kDataEnd);
    if (each_) {
      if (!name.ends_with(kMetaEnd)) continue;
      const auto version = read_meta(fd.get(), name);
      if (version.ok()) each_(*version);
      continue;
    }
    const bool old = id < id_prefix(before_);
    if (name.ends_with(kMetaEnd)) {
      const auto version = read_meta(fd.get(), name);
      const bool file = version.ok() && version->state.type == sync::FileType::kFile;
      const bool orphan = file && !exists(fd.get(), data);
      const bool expired = old && !(version.ok() && spare_ && spare_(*version));
      if ((expired || orphan) && drop(data) && drop(name)) removed_ += orphan ? 0 : 1;
    } else if (!name.ends_with(kDataEnd) ||
               (old && !exists(fd.get(), id + std::string(kMetaEnd)))) {
      drop(name);  // what was being written at a crash
    }
  }
  if (!each_) unlinkat(store, folder.c_str(), AT_REMOVEDIR);
}

}  // namespace cluster::files
