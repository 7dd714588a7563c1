#include "files/merging.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "base/ensure.h"
#include "sync/root.h"

namespace cluster::files {

namespace {

constexpr char kProgram[] = "/usr/bin/diff3";
// Neither side is more right than the other; what both have changed alike is no conflict; bytes are bytes.
constexpr const char* kWords[] = {"diff3",     "--merge",   "--show-overlap", "--text",
                                  "/dev/fd/3", "/dev/fd/4", "/dev/fd/5",      nullptr};
constexpr const char* kEnvironment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", nullptr};

// A file that is in no folder; none: there is no memory for it.
Fd file_of(std::string_view bytes) {
  Fd fd(memfd_create("merge", MFD_CLOEXEC));
  if (!fd || write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
      lseek(fd.get(), 0, SEEK_SET) != 0)
    return Fd();
  return fd;
}

int spawn(const Fd (&inputs)[3], const Fd& output, const Fd& nothing, pid_t* pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ENSURE(posix_spawn_file_actions_init(&files) == 0 && posix_spawnattr_init(&attributes) == 0);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  int error = posix_spawn_file_actions_adddup2(&files, nothing.get(), STDIN_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&files, output.get(), STDOUT_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&files, nothing.get(), STDERR_FILENO);
  for (int i = 0; i < 3 && error == 0; ++i)
    error = posix_spawn_file_actions_adddup2(&files, inputs[i].get(), STDERR_FILENO + 1 + i);
  if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 4);
  if (error == 0)
    error = posix_spawn(pid, kProgram, &files, &attributes, const_cast<char* const*>(kWords),
                        const_cast<char* const*>(kEnvironment));
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return error;
}

}  // namespace

// The two in an order of their own, so that every host makes the same of them.
Merging::Merging(const std::string& base, const std::string& one, const std::string& other)
    : texts_{std::min(one, other), base, std::max(one, other)} {}

Merging::~Merging() {
  if (pid_ < 0) return;
  kill(-pid_, SIGKILL);
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
}

Merging::Step Merging::apart(std::string why) {
  why_ = std::move(why);
  return Step::kApart;
}

Merging::Step Merging::begin(MonoTime now) {
  for (const std::string& text : texts_)
    if (text.find('\0') != std::string::npos) return apart("it is no text");
  // Above those numbers that the process knows them by.
  const auto above = [](Fd fd) { return Fd(fcntl(fd.get(), F_DUPFD_CLOEXEC, 16)); };
  const Fd inputs[3] = {above(file_of(texts_[0])), above(file_of(texts_[1])),
                        above(file_of(texts_[2]))};
  const Fd nothing = above(Fd(open("/dev/null", O_RDWR | O_CLOEXEC)));
  output_ = above(file_of({}));
  if (!inputs[0] || !inputs[1] || !inputs[2] || !nothing || !output_)
    return apart(std::string("diff3: ") + strerror(errno));
  if (const int error = spawn(inputs, output_, nothing, &pid_); error != 0) {
    pid_ = -1;
    return apart(std::string(kProgram) + ": " + strerror(error));
  }
  process_ = Fd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  ENSURE(process_);
  until_ = now + kTime;
  for (std::string& text : texts_) text = {};
  return Step::kMore;
}

Merging::Step Merging::step(MonoTime now) {
  if (pid_ < 0) return begin(now);
  pollfd waits{process_.get(), POLLIN, 0};
  (void)poll(&waits, 1, 1);
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) {
    if (now >= until_) kill(-pid_, SIGKILL);
    return Step::kMore;
  }
  pid_ = -1;
  return ended(info.si_code == CLD_EXITED ? info.si_status : -1);
}

Merging::Step Merging::ended(int status) {
  if (status == 1) return apart("the two touch the same lines");
  if (status != 0) return apart("diff3 has failed");
  struct stat info {};
  if (fstat(output_.get(), &info) != 0 ||
      static_cast<uint64_t>(info.st_size) > sync::kMaxMergedBytes)
    return apart("it would be too large");
  text_.resize(static_cast<size_t>(info.st_size));
  if (pread(output_.get(), text_.data(), text_.size(), 0) != info.st_size)
    return apart(std::string("diff3: ") + strerror(errno));
  return Step::kDone;
}

}  // namespace cluster::files
