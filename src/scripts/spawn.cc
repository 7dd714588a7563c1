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

#include <algorithm>
#include <array>
#include <cstdint>
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
  explicit Words(const Spawn& what) : words_{what.path} {
    words_.insert(words_.end(), what.arguments.begin(), what.arguments.end());
    for (std::string& word : words_) argv_.push_back(word.data());
    argv_.push_back(nullptr);
    entries_.reserve(what.environment.size());
    for (const auto& [name, value] : what.environment)
      entries_.emplace_back(name).append("=").append(value);
    for (std::string& entry : entries_) envp_.push_back(entry.data());
    envp_.push_back(nullptr);
  }
  char** argv() { return argv_.data(); }
  char** envp() { return envp_.data(); }

 private:
  std::vector<std::string> words_, entries_;
  std::vector<char*> argv_, envp_;
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

struct Born {
  long pid = -1;  // 0: in the child; below 0: errno says why there is none
  bool inside = true;
};

// By clone3(2), with every signal held back: a handler of ours would write to the loop of the parent. The child takes
// them as it becomes the script. Where there is no clone3, as with RestrictNamespaces= in a unit, a child has to move
// itself into its group.
Born clone_into(int cgroup, uint64_t flags) {
  clone_args how{};
  how.flags = flags | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0);
  how.exit_signal = SIGCHLD;
  how.cgroup = cgroup >= 0 ? static_cast<uint64_t>(cgroup) : 0;
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  Born born;
  born.pid = syscall(SYS_clone3, &how, sizeof how);
  if (born.pid < 0 && errno == ENOSYS) {
    born.pid = fork();
    born.inside = cgroup < 0;
  }
  if (born.pid == 0) return born;
  const int error = errno;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return born;
}

[[noreturn]] void tell(int answer, int error) {
  if (write(answer, &error, sizeof error) < 0) _exit(1);
  _exit(127);
}

// In the child, before all else.
void enter_or_tell(const Spawn& what, const Born& born, int answer) {
  if (born.inside) return;
  const int members = openat(what.cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
  if (members < 0 || write(members, "0", 1) != 1) tell(answer, errno);
  close(members);
}

// In the child: above 2, these are left.
void close_all_but(std::array<int, 3> kept) {
  std::sort(kept.begin(), kept.end());
  int from = 3;
  for (int fd : kept) {
    if (fd > from) close_range(static_cast<unsigned>(from), static_cast<unsigned>(fd) - 1, 0);
    from = std::max(from, fd + 1);
  }
  close_range(static_cast<unsigned>(from), ~0U, 0);
}

int spawn_into(const Spawn& what, pid_t* pid) {
  Words words(what);
  Pipe answer;
  if (!answer.open()) return errno;
  const Born child = clone_into(what.cgroup, CLONE_VFORK);
  int error = child.pid < 0 ? errno : 0;
  if (child.pid == 0) {
    enter_or_tell(what, child, answer.write_end.get());
    tell(answer.write_end.get(), become(what, words));
  }
  answer.write_end.reset();
  if (child.pid > 0 && read(answer.read_end.get(), &error, sizeof error) == sizeof error)
    waitpid(static_cast<pid_t>(child.pid), nullptr, 0);
  if (error == 0) *pid = static_cast<pid_t>(child.pid);
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

int Held::spawn(const Spawn& what, Held* out) {
  Words words(what);
  Pipe gate, answer;
  if (!gate.open() || !answer.open()) return errno;
  const Born child = clone_into(what.cgroup, 0);
  const int error = child.pid < 0 ? errno : 0;
  if (child.pid == 0) {
    const int told = answer.write_end.get();
    enter_or_tell(what, child, told);
    // Nothing of others that wait: they are let go by the parent alone, and end with it.
    close_all_but({gate.read_end.get(), told, what.output});
    setsid();
    char go = 0;
    if (read(gate.read_end.get(), &go, 1) != 1) _exit(1);
    tell(told, become(what, words));
  }
  if (error != 0) return error;
  out->pid_ = static_cast<pid_t>(child.pid);
  out->gate_ = std::move(gate.write_end);
  out->answer_ = std::move(answer.read_end);
  return 0;
}

void Held::close_ends() {
  gate_.reset();
  answer_.reset();
}

int Held::release() {
  const char go = 1;
  int error = 0;
  if (write(gate_.get(), &go, 1) != 1) error = errno;
  if (error == 0 && read(answer_.get(), &error, sizeof error) != sizeof error) error = 0;
  close_ends();
  if (error != 0) waitpid(pid_, nullptr, 0);
  return error;
}

void Held::drop() {
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  close_ends();
}

}  // namespace cluster::scripts
