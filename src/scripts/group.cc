#include "scripts/group.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "posix/fd.h"

namespace cluster::scripts::group {

namespace fs = std::filesystem;

namespace {

bool write_word(const std::string& path, const char* word) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && write(fd.get(), word, strlen(word)) == static_cast<ssize_t>(strlen(word));
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

// proc_pid_mountinfo(5).
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

Result<std::string> of_process(pid_t pid) {
  const auto mount = mount_of_cgroup2();
  if (!mount) return Error{"cgroup v2 is not mounted"};
  std::ifstream in("/proc/" + (pid == 0 ? "self" : std::to_string(pid)) + "/cgroup");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("0::")) continue;
    std::string own = line.substr(3);
    if (!own.starts_with(mount->second) || own.find("/..") != std::string::npos)
      return Error{"its group is outside of what is mounted"};
    own.erase(0, mount->second.size());
    return mount->first + (own == "/" ? "" : own);
  }
  return Error{"it is in no group of cgroup v2"};
}

std::string name_of(const std::string& state_dir) {
  struct stat info {};
  if (stat(state_dir.c_str(), &info) != 0) return "";
  std::ostringstream name;
  name << std::hex << info.st_dev << "-" << info.st_ino;
  return name.str();
}

bool kill(const std::string& folder) {
  if (write_word(folder + "/cgroup.kill", "1")) return true;
  struct stat info {};
  if (stat(folder.c_str(), &info) != 0) return true;
  // Frozen, nothing of it forks while it is listed; a deadly signal ends what is frozen.
  write_word(folder + "/cgroup.freeze", "1");
  bool none = false;
  for (int round = 0; round < kMaxKillRounds && !none; ++round) {
    const std::vector<pid_t> found = members(folder);
    for (pid_t pid : found) ::kill(pid, SIGKILL);
    none = found.empty();
    if (!none) sleep_for(milliseconds(1));
  }
  write_word(folder + "/cgroup.freeze", "0");
  return none;
}

bool populated(const std::string& folder) {
  std::ifstream in(folder + "/cgroup.events");
  std::string key;
  for (int value = 0; in >> key >> value;)
    if (key == "populated") return value != 0;
  return false;
}

void remove(const std::string& folder) {
  if (rmdir(folder.c_str()) == 0 || errno != EBUSY || populated(folder)) return;
  // A service may have made groups of its own below; the deepest go first.
  std::vector<std::string> below;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error))
    if (at->is_directory(error)) below.push_back(at->path().string());
  std::sort(below.rbegin(), below.rend());
  for (const std::string& each : below) rmdir(each.c_str());
  rmdir(folder.c_str());
}

std::vector<std::string> kill_all(std::map<std::string, std::string> folders) {
  for (const auto& [name, folder] : folders) kill(folder);
  for (Duration waited{}; !folders.empty() && waited < kDyingTime; waited += kDyingLook) {
    std::erase_if(folders, [](const auto& entry) { return !populated(entry.second); });
    if (!folders.empty()) sleep_for(kDyingLook);
  }
  std::vector<std::string> left;
  left.reserve(folders.size());
  for (const auto& [name, folder] : folders) left.push_back(name);
  return left;
}

}  // namespace cluster::scripts::group
