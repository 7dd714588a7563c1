#include "scripts/direct_starter.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

namespace cluster::scripts {

DirectStarter::DirectStarter(event_base* base)
    : child_ended_(base, SIGCHLD, EV_SIGNAL | EV_PERSIST, [this] { tell_end(); }) {
  child_ended_.add();
}

int DirectStarter::spawn(const Spawn& what, pid_t* pid) { return scripts::spawn(what, pid); }

int DirectStarter::hold(const Spawn& what, pid_t* pid) {
  Held held;
  const int error = Held::spawn(what, &held);
  if (error != 0) return error;
  *pid = held.pid();
  held_.insert_or_assign(*pid, std::move(held));
  return 0;
}

Held DirectStarter::take(pid_t held) {
  const auto at = held_.find(held);
  ENSURE(at != held_.end());
  Held out = std::move(at->second);
  held_.erase(at);
  return out;
}

int DirectStarter::release(pid_t held) { return take(held).release(); }

void DirectStarter::drop(pid_t held) { take(held).drop(); }

// By pid, as other parts of the process may have children of their own.
std::optional<ChildEnd> DirectStarter::end_of(pid_t pid) {
  siginfo_t info{};
  const int result = waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG);
  if (result == 0 && info.si_pid == 0) return std::nullopt;
  held_.erase(pid);
  if (result != 0) return ChildEnd{0, errno};
  return ChildEnd{info.si_code, info.si_status};
}

}  // namespace cluster::scripts
