#include "scripts/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

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

bool write_word(const std::string& path, const char* word) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = write(fd, word, strlen(word)) == static_cast<ssize_t>(strlen(word));
  const int error = errno;
  close(fd);
  errno = error;
  return written;
}

bool keep(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return false;
  const bool written =
      write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  return close(fd) == 0 && written;
}

// Where the unified hierarchy is seen, and which of its groups that is: proc_pid_mountinfo(5).
std::optional<std::pair<std::string, std::string>> mount_of_cgroup2() {
  std::ifstream in("/proc/self/mountinfo");
  for (std::string line; std::getline(in, line);) {
    const size_t dash = line.find(" - cgroup2 ");
    if (dash == std::string::npos) continue;
    std::istringstream words(line);
    std::string skipped, root, point;
    words >> skipped >> skipped >> skipped >> root >> point;
    return std::pair(point, root == "/" ? "" : root);
  }
  return std::nullopt;
}

// The folder of the group that this process is in.
Result<std::string> own_folder() {
  const auto mount = mount_of_cgroup2();
  if (!mount) return Error{"cgroup v2 is not mounted"};
  std::ifstream in("/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("0::")) continue;
    std::string own = line.substr(3);
    if (!own.starts_with(mount->second) || own.find("/..") != std::string::npos)
      return Error{"this process is in a group outside of what is mounted"};
    own.erase(0, mount->second.size());
    return mount->first + (own == "/" ? "" : own);
  }
  return Error{"this process is in no group of cgroup v2"};
}

bool delegated(const std::string& folder) {
  for (const char* name : {"trusted.delegate", "user.delegate"}) {
    char value = 0;
    if (getxattr(folder.c_str(), name, &value, 1) == 1 && value == '1') return true;
  }
  return false;
}

// Several daemons of one machine, perhaps with paths of their own each, do not collide.
std::string name_of(const std::string& state_dir) {
  struct stat info {};
  if (stat(state_dir.c_str(), &info) != 0) return "";
  std::ostringstream name;
  name << std::hex << info.st_dev << "-" << info.st_ino;
  return name.str();
}

// Where an earlier life has put them, "" where that is gone. A copy of the folder says nothing of its own.
std::string kept_folder(const std::string& state_dir) {
  std::string folder = first_line(state_dir + kKeptIn);
  struct stat info {};
  if (!folder.ends_with("/" + name_of(state_dir)) ||
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
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  Spawn what;
  what.path = what.folder = "/";  // is not executable, so it is born and dies
  what.cgroup = fd;
  pid_t pid = -1;
  const int error = spawn(what, &pid);
  close(fd);
  return error == EACCES ? 0 : error == 0 ? EINVAL : error;
}

void sleep_for(Duration d) {
  const timespec t{0, static_cast<long>(d.count())};
  nanosleep(&t, nullptr);
}

std::vector<pid_t> members(const std::string& folder) {
  std::vector<pid_t> out;
  std::error_code error;
  const auto read = [&](const fs::path& path) {
    std::ifstream in(path / "cgroup.procs");
    for (pid_t pid = 0; in >> pid;)
      if (pid > 0) out.push_back(pid);  // 0: in a namespace that we do not see
  };
  read(folder);
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error))
    if (at->is_directory(error)) read(at->path());
  return out;
}

}  // namespace

Result<Cgroups> Cgroups::make(const std::string& state_dir) {
  const auto own = own_folder();
  if (!own) return Error{own.error()};
  const std::string kept = kept_folder(state_dir);
  std::string folder = kept;
  if (folder.empty()) {
    struct stat info {};
    if (stat(kSystemd, &info) == 0 && !delegated(*own))
      return Error{*own + " is systemd's: the unit needs Delegate=yes"};
    folder = *own;
    for (const std::string& below : {std::string(kOfAll), name_of(state_dir)}) {
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

int Cgroups::open(const std::string& service) const {
  const std::string group = path(service);
  // The folders above may have gone with the last group.
  for (const std::string& each : {fs::path(folder_).parent_path().string(), folder_, group})
    if (make_folder(each) != 0) return -1;
  return ::open(group.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool Cgroups::kill(const std::string& service) const {
  const std::string group = path(service);
  if (write_word(group + "/cgroup.kill", "1")) return true;
  struct stat info {};
  if (stat(group.c_str(), &info) != 0) return true;
  // Frozen, nothing of it forks while it is listed; a deadly signal ends what is frozen.
  write_word(group + "/cgroup.freeze", "1");
  bool none = false;
  for (int round = 0; round < kMaxKillRounds && !none; ++round) {
    const std::vector<pid_t> found = members(group);
    for (pid_t pid : found) ::kill(pid, SIGKILL);
    none = found.empty();
    if (!none) sleep_for(milliseconds(1));
  }
  write_word(group + "/cgroup.freeze", "0");
  return none;
}

bool Cgroups::populated(const std::string& service) const {
  std::ifstream in(path(service) + "/cgroup.events");
  std::string key;
  for (int value = 0; in >> key >> value;)
    if (key == "populated") return value != 0;
  return false;
}

void Cgroups::remove(const std::string& service) const {
  const std::string group = path(service);
  if (rmdir(group.c_str()) == 0 || errno != EBUSY || populated(service)) return;
  // A service may have made groups of its own below; the deepest go first.
  std::vector<std::string> below;
  std::error_code error;
  for (fs::recursive_directory_iterator at(group, error), end; !error && at != end;
       at.increment(error))
    if (at->is_directory(error)) below.push_back(at->path().string());
  std::sort(below.rbegin(), below.rend());
  for (const std::string& each : below) rmdir(each.c_str());
  rmdir(group.c_str());
}

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

std::vector<std::string> Cgroups::kill_all(std::vector<std::string> left) const {
  for (const std::string& service : left) kill(service);
  for (Duration waited{}; !left.empty() && waited < kDyingTime; waited += kDyingLook) {
    std::erase_if(left, [this](const std::string& service) { return !populated(service); });
    if (!left.empty()) sleep_for(kDyingLook);
  }
  return left;
}

void Cgroups::remove_empty() const {
  for (const std::string& service : services()) remove(service);
  if (rmdir(folder_.c_str()) == 0) rmdir(fs::path(folder_).parent_path().c_str());
}

}  // namespace cluster::scripts
