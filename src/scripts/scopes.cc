#include "scripts/scopes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include <filesystem>
#include <string_view>

#include "scripts/group.h"

namespace cluster::scripts {

namespace fs = std::filesystem;

namespace {

constexpr char kMark[] = "user.cluster";  // OWNER SERVICE
constexpr size_t kMaxMarkBytes = 256;
constexpr std::string_view kPrefix = "cluster-", kSuffix = ".scope";

// "" where there is none.
std::string mark_of(const std::string& folder) {
  char mark[kMaxMarkBytes];
  const ssize_t size = getxattr(folder.c_str(), kMark, mark, sizeof mark);
  return size < 0 ? "" : std::string(mark, static_cast<size_t>(size));
}

}  // namespace

Scopes Scopes::find(const std::string& state_dir) {
  Scopes out(group::name_of(state_dir));
  const auto mount = group::mount_of_cgroup2();
  if (!mount || out.owner_.empty()) return out;
  std::error_code error;
  for (fs::recursive_directory_iterator at(mount->first, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.ends_with(kSuffix) || !at->is_directory(error)) continue;
    at.disable_recursion_pending();
    const std::string mark = name.starts_with(kPrefix) ? mark_of(at->path().string()) : "";
    if (mark.starts_with(out.owner_ + " "))
      out.folders_[mark.substr(out.owner_.size() + 1)] = at->path().string();
  }
  return out;
}

Status Scopes::take(const std::string& service, const std::string& folder) {
  const std::string mark = owner_ + " " + service, was = mark_of(folder);
  if (!was.empty() && was != mark) return Error{folder + " is another daemon's"};
  if (setxattr(folder.c_str(), kMark, mark.data(), mark.size(), 0) != 0)
    return Error{folder + " cannot be marked: " + strerror(errno)};
  folders_[service] = folder;
  return {};
}

Fd Scopes::open(const std::string& service) const {
  if (!populated(service)) return {};
  return Fd(::open(folders_.at(service).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

bool Scopes::populated(const std::string& service) const {
  const auto at = folders_.find(service);
  return at != folders_.end() && group::populated(at->second);
}

bool Scopes::kill(const std::string& service) const {
  const auto at = folders_.find(service);
  return at == folders_.end() || group::kill(at->second);
}

std::vector<std::string> Scopes::services() const {
  std::vector<std::string> out;
  for (const auto& [service, folder] : folders_) out.push_back(service);
  return out;
}

std::vector<std::string> Scopes::kill_all(const std::vector<std::string>& but) const {
  std::map<std::string, std::string> folders = folders_;
  for (const std::string& service : but) folders.erase(service);
  return group::kill_all(std::move(folders));
}

}  // namespace cluster::scripts
