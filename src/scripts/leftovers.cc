#include "scripts/leftovers.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>

#include "posix/fd.h"

namespace cluster::scripts {

namespace {

struct Close {
  void operator()(DIR* folder) const { closedir(folder); }
};

std::string environment_of(const std::string& process) {
  std::ifstream in(process + "/environ", std::ios::binary);
  std::ostringstream text;
  text << '\0' << in.rdbuf();
  return text.str();
}

bool has(const std::string& environment, const std::string& variable) {
  return environment.find('\0' + variable + '\0') != std::string::npos;
}

}  // namespace

size_t kill_leftovers(const std::string& service, const std::string& state_dir) {
  const std::unique_ptr<DIR, Close> proc(opendir("/proc"));
  struct stat ours {};
  if (!proc || stat("/proc/self/exe", &ours) != 0) return 0;
  size_t found = 0;
  while (const dirent* entry = readdir(proc.get())) {
    const int pid = atoi(entry->d_name);
    if (pid <= 1) continue;
    // Names this process alone, whatever becomes of its number meanwhile.
    const Fd fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!fd) continue;
    const std::string process = std::string("/proc/") + entry->d_name;
    const std::string environment = environment_of(process);
    if (has(environment, "CLUSTER_SERVICE=" + service) &&
        has(environment, "CLUSTER_STATE_DIR=" + state_dir)) {
      // A daemon that was started from within a script is no part of the service.
      struct stat program {};
      const bool daemon = stat((process + "/exe").c_str(), &program) == 0 &&
                          program.st_dev == ours.st_dev && program.st_ino == ours.st_ino;
      if (!daemon && syscall(SYS_pidfd_send_signal, fd.get(), SIGKILL, nullptr, 0) == 0) ++found;
    }
  }
  return found;
}

}  // namespace cluster::scripts
