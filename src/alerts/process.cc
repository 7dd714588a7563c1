#include "alerts/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/ensure.h"
#include "core/context.h"

namespace cluster::alerts {

namespace {

constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::vector<std::string> environment_of(const Program& program) {
  const char* path = getenv("PATH");
  std::vector<std::string> out = {std::string("PATH=") + (path == nullptr ? kPath : path)};
  for (const char* name : {"HOME", "LANG", "TZ"})
    if (const char* value = getenv(name))
      out.push_back(std::string(name).append("=").append(value));
  for (const auto& [name, value] : program.environment)
    out.push_back(std::string(name).append("=").append(value));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

int spawn(const Program& program, int in, int out, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ENSURE(posix_spawn_file_actions_init(&actions) == 0);
  ENSURE(posix_spawnattr_init(&attributes) == 0);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  std::vector<std::string> words = program.words, variables = environment_of(program);
  int error = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
  if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  if (error == 0) error = posix_spawn_file_actions_addchdir_np(&actions, "/");
  if (error == 0)
    error = posix_spawn(pid, words.front().c_str(), &actions, &attributes, pointers(words).data(),
                        pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

}  // namespace

Process::Process(event_base* base, Done done) : base_(base), done_(std::move(done)) {}

Process::~Process() {
  if (pid_ > 0) {
    kill_group();
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
  }
}

std::string Process::start(const Program& program, Duration timeout) {
  ENSURE(pid_ < 0 && !program.words.empty() && program.input.size() <= kMaxInputBytes);
  Pipe in, out;
  if (!in.open() || !out.open()) return std::string("pipe: ") + strerror(errno);
  const ssize_t written = write(in.write_end.get(), program.input.data(), program.input.size());
  if (written != static_cast<ssize_t>(program.input.size()))
    return std::string("pipe: ") + strerror(errno);
  if (const int error = spawn(program, in.read_end.get(), out.write_end.get(), &pid_); error != 0) {
    pid_ = -1;
    return strerror(error);
  }
  pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  ENSURE(pidfd_);
  output_ = std::move(out.read_end);
  fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  timeout_ = timeout;
  exit_event_.reset(event_new(
      base_, pidfd_.get(), EV_READ,
      [](evutil_socket_t, short, void* self) { static_cast<Process*>(self)->ended(); }, this));
  output_event_.reset(event_new(
      base_, output_.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<Process*>(self)->read_output(); },
      this));
  timer_.reset(event_new(
      base_, -1, 0, [](evutil_socket_t, short, void* self) { static_cast<Process*>(self)->late(); },
      this));
  const timeval bound = timeval_of(timeout);
  ENSURE(exit_event_ && output_event_ && timer_ && event_add(exit_event_.get(), nullptr) == 0 &&
         event_add(output_event_.get(), nullptr) == 0 && event_add(timer_.get(), &bound) == 0);
  return "";
}

void Process::read_output() {
  std::array<char, 4096> room;
  const ssize_t got = read(output_.get(), room.data(), room.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    event_del(output_event_.get());
    return;
  }
  const size_t wanted = kMaxOutputBytes - std::min(kMaxOutputBytes, said_.size());
  said_.append(room.data(), std::min(static_cast<size_t>(got), wanted));
}

void Process::late() {
  late_ = true;
  kill_group();
}

void Process::kill_group() { kill(-pid_, SIGKILL); }

void Process::ended() {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) {
    ENSURE(event_add(exit_event_.get(), nullptr) == 0);
    return;
  }
  pid_ = -1;
  read_output();
  if (late_) return finish("took longer than " + core::in_seconds(timeout_) + ", and was killed");
  if (info.si_code == CLD_EXITED && info.si_status == 0) return finish("");
  finish((info.si_code == CLD_EXITED ? "exit status " : "signal ") +
         std::to_string(info.si_status));
}

void Process::finish(const std::string& why) {
  timer_.reset();
  exit_event_.reset();
  output_event_.reset();
  std::string line = why;
  if (!why.empty() && !said_.empty()) {
    std::replace_if(
        said_.begin(), said_.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; },
        ' ');
    line += " (" + said_.substr(0, said_.find_last_not_of(' ') + 1) + ")";
  }
  std::exchange(done_, nullptr)(line);
}

}  // namespace cluster::alerts
