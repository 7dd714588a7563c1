#include "scripts/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <utility>

#include "scripts/packets.h"
#include "scripts/spawn.h"
#include "wire/launcher.pb.h"

namespace cluster::scripts {

namespace {

class Launcher {
 public:
  explicit Launcher(int socket) : socket_(socket) {}

  int run();

 private:
  struct Child {
    Held held;
    bool ended = false;
  };

  bool receive();
  bool obey(const wire::ToLauncher& order, Packet& packet);
  bool start(const wire::ToLauncher::Start& order, Packet& packet);
  bool release(pid_t pid);
  bool drop(pid_t pid);
  void bury(pid_t pid);
  bool done(int error, pid_t pid = 0) const;
  bool tell_ends();
  bool say(const wire::FromLauncher& message) const;

  const int socket_;
  std::map<pid_t, Child> children_;
};

int Launcher::run() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  if (sigprocmask(SIG_BLOCK, &child, nullptr) != 0) return 1;
  const Fd signals(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return 1;
  wire::FromLauncher begun;
  begun.set_begun(getpid());
  if (!say(begun)) return 1;
  for (;;) {
    pollfd ready[] = {{socket_, POLLIN, 0}, {signals.get(), POLLIN, 0}};
    if (poll(ready, 2, -1) < 0) {
      if (errno == EINTR) continue;
      break;
    }
    signalfd_siginfo info{};
    while (read(signals.get(), &info, sizeof info) > 0) continue;
    if (!tell_ends()) break;
    if (ready[0].revents != 0 && !receive()) break;
  }
  return 0;
}

bool Launcher::receive() {
  Packet packet;
  const int error = receive_packet(socket_, &packet);
  if (error != 0) return error == EAGAIN;
  wire::ToLauncher order;
  return order.ParseFromString(packet.bytes) && obey(order, packet);
}

bool Launcher::obey(const wire::ToLauncher& order, Packet& packet) {
  switch (order.body_case()) {
    case wire::ToLauncher::kStart: return start(order.start(), packet);
    case wire::ToLauncher::kRelease: return release(order.release());
    case wire::ToLauncher::kDrop: return drop(order.drop());
    case wire::ToLauncher::kSeen: bury(order.seen()); return true;
    case wire::ToLauncher::BODY_NOT_SET: break;
  }
  return false;
}

bool Launcher::start(const wire::ToLauncher::Start& order, Packet& packet) {
  size_t next = 0;
  Spawn what;
  what.path = order.path();
  what.arguments.assign(order.arguments().begin(), order.arguments().end());
  what.folder = order.folder();
  for (const auto& variable : order.environment())
    what.environment.emplace_back(variable.name(), variable.value());
  // Closed with the packet.
  if (order.output()) what.output = packet.descriptors[next++].get();
  if (order.cgroup()) what.cgroup = packet.descriptors[next++].get();
  if ((order.output() && what.output < 0) || (order.cgroup() && what.cgroup < 0))
    return done(EMFILE);
  pid_t pid = 0;
  Child child;
  int error = 0;
  if (order.held()) {
    error = Held::spawn(what, &child.held);
    pid = child.held.pid();
  } else {
    error = spawn(what, &pid);
  }
  if (error != 0) return done(error);
  children_.insert_or_assign(pid, std::move(child));
  return done(0, pid);
}

bool Launcher::release(pid_t pid) {
  const auto at = children_.find(pid);
  if (at == children_.end()) return done(ESRCH);
  const int error = at->second.held.release();
  if (error != 0) children_.erase(at);
  return done(error);
}

bool Launcher::drop(pid_t pid) {
  const auto at = children_.find(pid);
  if (at == children_.end()) return done(ESRCH);
  at->second.held.drop();
  children_.erase(at);
  return done(0);
}

void Launcher::bury(pid_t pid) {
  const auto at = children_.find(pid);
  if (at == children_.end() || !at->second.ended) return;
  waitpid(pid, nullptr, 0);
  children_.erase(at);
}

bool Launcher::done(int error, pid_t pid) const {
  wire::FromLauncher answer;
  answer.mutable_done()->set_error(error);
  answer.mutable_done()->set_pid(pid);
  return say(answer);
}

// They stay unburied until the guardian has seen it: it may be about to kill them, by their numbers.
bool Launcher::tell_ends() {
  for (auto& [pid, child] : children_) {
    siginfo_t info{};
    if (child.ended ||
        waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == 0)
      continue;
    child.ended = true;
    wire::FromLauncher message;
    message.mutable_ended()->set_pid(pid);
    message.mutable_ended()->set_code(info.si_code);
    message.mutable_ended()->set_status(info.si_status);
    if (!say(message)) return false;
  }
  return true;
}

bool Launcher::say(const wire::FromLauncher& message) const {
  return send_packet(socket_, message.SerializeAsString(), {-1, -1}, true) == 0;
}

}  // namespace

bool launcher_sockets(Fd* guardian, Fd* launcher) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  guardian->reset(ends[0]);
  launcher->reset(ends[1]);
  return true;
}

bool is_launcher_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

int run_launcher(int socket) {
  // Nothing of it reaches a script: neither as its input, nor while it waits to be one.
  const Fd own(fcntl(socket, F_DUPFD_CLOEXEC, 3));
  if (!own) return 1;
  close(socket);
  if (socket == 0 && open("/dev/null", O_RDONLY | O_CLOEXEC) != 0) return 1;
  return Launcher(own.get()).run();
}

}  // namespace cluster::scripts
