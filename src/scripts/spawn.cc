#include "scripts/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "base/ensure.h"

extern char** environ;

namespace cluster::scripts {

namespace {

constexpr char kDefaultPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::array<std::string_view, 9> kInherited = {
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "TMPDIR", "LANGUAGE", "LANG"};

bool inherits(std::string_view name) {
  if (name.starts_with("LC_")) return true;
  for (std::string_view known : kInherited)
    if (name == known) return true;
  return false;
}

struct FileActions {
  posix_spawn_file_actions_t actions;
  int error = 0;
  FileActions() { ENSURE(posix_spawn_file_actions_init(&actions) == 0); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions); }
  void check(int result) {
    if (error == 0) error = result;
  }
};

struct Attributes {
  posix_spawnattr_t attributes;
  Attributes() { ENSURE(posix_spawnattr_init(&attributes) == 0); }
  ~Attributes() { posix_spawnattr_destroy(&attributes); }
};

// argv and environment as execve(2) takes them.
class Words {
 public:
  explicit Words(const Spawn& what) : path_(what.path) {
    entries_.reserve(what.environment.size());
    for (const auto& [name, value] : what.environment)
      entries_.emplace_back(name).append("=").append(value);
    for (std::string& entry : entries_) envp_.push_back(entry.data());
    envp_.push_back(nullptr);
  }
  char** argv() { return argv_; }
  char** envp() { return envp_.data(); }

 private:
  std::string path_;
  std::vector<std::string> entries_;
  std::vector<char*> envp_;
  char* argv_[2] = {path_.data(), nullptr};
};

// In the child: only what is safe after a fork. Comes back with an errno alone.
int become(const Spawn& what, Words& words) {
  setsid();
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int in = open("/dev/null", O_RDONLY);
  if (in < 0 || (in != 0 && dup2(in, 0) < 0)) return errno;
  const int out = what.output >= 0 ? what.output : open("/dev/null", O_WRONLY);
  if (out < 0 || dup2(out, 1) < 0 || dup2(1, 2) < 0) return errno;
  // The pipe that tells of a failure closes with them, when there is none.
  if (close_range(3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return errno;
  if (chdir(what.folder.c_str()) != 0) return errno;
  execve(what.path.c_str(), words.argv(), words.envp());
  return errno;
}

int spawn_into(const Spawn& what, pid_t* pid) {
  Words words(what);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  // A handler of ours would write to the loop of the parent.
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  clone_args how{};
  how.flags = CLONE_INTO_CGROUP | CLONE_VFORK;
  how.exit_signal = SIGCHLD;
  how.cgroup = static_cast<uint64_t>(what.cgroup);
  const long child = syscall(SYS_clone3, &how, sizeof how);
  int error = child < 0 ? errno : 0;
  if (child == 0) {
    error = become(what, words);
    if (write(ends[1], &error, sizeof error) < 0) _exit(1);
    _exit(127);
  }
  sigprocmask(SIG_SETMASK, &before, nullptr);
  close(ends[1]);
  if (child > 0 && read(ends[0], &error, sizeof error) == sizeof error)
    waitpid(static_cast<pid_t>(child), nullptr, 0);
  close(ends[0]);
  if (error == 0) *pid = static_cast<pid_t>(child);
  return error;
}

}  // namespace

Environment inherited_environment() {
  Environment environment;
  bool path = false;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || !inherits(text.substr(0, equals))) continue;
    path = path || text.starts_with("PATH=");
    environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  if (!path) environment.emplace_back("PATH", kDefaultPath);
  return environment;
}

int spawn(const Spawn& what, pid_t* pid) {
  if (what.cgroup >= 0) return spawn_into(what, pid);
  FileActions files;
  files.check(posix_spawn_file_actions_addopen(&files.actions, 0, "/dev/null", O_RDONLY, 0));
  if (what.output >= 0) {
    files.check(posix_spawn_file_actions_adddup2(&files.actions, what.output, 1));
  } else {
    files.check(posix_spawn_file_actions_addopen(&files.actions, 1, "/dev/null", O_WRONLY, 0));
  }
  files.check(posix_spawn_file_actions_adddup2(&files.actions, 1, 2));
  // Libraries may open descriptors without O_CLOEXEC: none may leak into a service.
  files.check(posix_spawn_file_actions_addclosefrom_np(&files.actions, 3));
  files.check(posix_spawn_file_actions_addchdir_np(&files.actions, what.folder.c_str()));
  if (files.error != 0) return files.error;

  Attributes attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes.attributes, &none);
  posix_spawnattr_setsigdefault(&attributes.attributes, &all);
  posix_spawnattr_setflags(&attributes.attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  Words words(what);
  return posix_spawn(pid, what.path.c_str(), &files.actions, &attributes.attributes, words.argv(),
                     words.envp());
}

}  // namespace cluster::scripts
