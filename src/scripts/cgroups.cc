#include "scripts/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "scripts/group.h"
#include "scripts/spawn.h"

namespace cluster::scripts {

namespace fs = std::filesystem;

namespace {

constexpr char kKeptIn[] = "/cgroup";   // of the state folder
constexpr char kOfAll[] = "cluster";    // below our own group
constexpr char kPrefix[] = "service-";  // a service may be called as a file of the kernel's is
constexpr char kSystemd[] = "/run/systemd/system";

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

bool keep(const std::string& path, const std::string& text) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  return fd && write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
         fsync(fd.get()) == 0 && close(fd.release()) == 0;
}

bool delegated(const std::string& folder) {
  for (const char* name : {"trusted.delegate", "user.delegate"}) {
    char value = 0;
    if (getxattr(folder.c_str(), name, &value, 1) == 1 && value == '1') return true;
  }
  return false;
}

// Where an earlier life has put them, "" where that is gone. A copy of the folder says nothing of its own.
std::string kept_folder(const std::string& state_dir) {
  std::string folder = first_line(state_dir + kKeptIn);
  struct stat info {};
  if (!folder.ends_with("/" + group::name_of(state_dir)) ||
      stat((folder + "/cgroup.procs").c_str(), &info) != 0)
    return "";
  return folder;
}

// An errno where there is no such folder, and none can be made.
int make_folder(const std::string& path) {
  return mkdir(path.c_str(), 0755) == 0 || errno == EEXIST ? 0 : errno;
}

// Whether a process can be born in there.
int try_birth(const std::string& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno;
  Spawn what;
  what.path = what.folder = "/";  // is not executable, so it is born and dies
  what.cgroup = fd.get();
  pid_t pid = -1;
  const int error = spawn(what, &pid);
  return error == EACCES ? 0 : error == 0 ? EINVAL : error;
}

}  // namespace

Result<Cgroups> Cgroups::make(const std::string& state_dir) {
  const auto own = group::of_process(0);
  if (!own) return Error{own.error()};
  const std::string kept = kept_folder(state_dir);
  std::string folder = kept;
  if (folder.empty()) {
    struct stat info {};
    if (stat(kSystemd, &info) == 0 && !delegated(*own))
      return Error{*own + " is systemd's: the unit needs Delegate=yes"};
    folder = *own;
    for (const std::string& below : {std::string(kOfAll), group::name_of(state_dir)}) {
      folder += "/" + below;
      if (const int error = make_folder(folder); error != 0)
        return Error{folder + ": " + strerror(error)};
    }
  }
  Cgroups out(folder);
  if (const int error = try_birth(folder); error != 0) {
    out.remove_empty();
    return Error{folder + ": nothing can be started in there: " + strerror(error)};
  }
  if (kept != folder && !keep(state_dir + kKeptIn, folder + "\n"))
    return Error{state_dir + kKeptIn + ": cannot be written: " + strerror(errno)};
  return out;
}

Result<Cgroups> Cgroups::find(const std::string& state_dir) {
  const std::string folder = kept_folder(state_dir);
  if (folder.empty()) return Error{state_dir + " knows of none"};
  return Cgroups(folder);
}

std::string Cgroups::path(const std::string& service) const {
  return folder_ + "/" + kPrefix + service;
}

Fd Cgroups::open(const std::string& service) const {
  const std::string group = path(service);
  // The folders above may have gone with the last group.
  for (const std::string& each : {fs::path(folder_).parent_path().string(), folder_, group})
    if (make_folder(each) != 0) return {};
  return Fd(::open(group.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

bool Cgroups::kill(const std::string& service) const { return group::kill(path(service)); }

bool Cgroups::populated(const std::string& service) const {
  return group::populated(path(service));
}

void Cgroups::remove(const std::string& service) const { group::remove(path(service)); }

std::vector<std::string> Cgroups::services() const {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(kPrefix) && at->is_directory(error))
      out.push_back(name.substr(strlen(kPrefix)));
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> Cgroups::kill_all(const std::vector<std::string>& but) const {
  std::map<std::string, std::string> folders;
  for (const std::string& service : services())
    if (std::find(but.begin(), but.end(), service) == but.end())
      folders.emplace(service, path(service));
  return group::kill_all(std::move(folders));
}

void Cgroups::remove_empty() const {
  for (const std::string& service : services()) remove(service);
  if (rmdir(folder_.c_str()) == 0) rmdir(fs::path(folder_).parent_path().c_str());
}

}  // namespace cluster::scripts
