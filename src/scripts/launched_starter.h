// Scripts by way of a launcher (launcher.h), as children of that one; without it as this process's own.
//
// An order is waited for, within a bound: whoever takes longer is frozen. A launcher that is lost takes with it what runs
// by it at that moment, since nobody would hear how it ends: it is killed, and told as such. Services go on: only scripts
// are anybody's children.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "posix/fd.h"
#include "scripts/direct_starter.h"
#include "wire/launcher.pb.h"

namespace cluster::scripts {

inline constexpr Duration kLauncherPatience = seconds(2);

class LaunchedStarter final : public Starter {
 public:
  // `lost`: the launcher that was given is gone, from the loop or out of any other function; another may be given.
  LaunchedStarter(event_base* base, std::function<void(const std::string& why)> lost);

  // The guardian's end of launcher_sockets(): by the launcher there from now on, which is
  // to say within kLauncherPatience that it has begun.
  Status use(Fd socket);

  int spawn(const Spawn& what, pid_t* pid) override;
  int hold(const Spawn& what, pid_t* pid) override;
  int release(pid_t held) override;
  void drop(pid_t held) override;
  std::optional<ChildEnd> end_of(pid_t pid) override;

 private:
  // nullopt: by this process itself.
  std::optional<int> start(const Spawn& what, bool held, pid_t* pid);
  // 0 or the errno of the order; ECONNRESET: what came of it is not known, and the launcher is lost.
  int order(const wire::ToLauncher& what);
  int await_answer(pid_t* pid);
  // 0 or an errno: ETIMEDOUT, or as receive_packet() says.
  int await_message(wire::FromLauncher* out) const;
  void take_news();
  void take_end(const wire::FromLauncher::Ended& ended);
  void forget(pid_t pid);
  void lose(const std::string& why);

  event_base* const base_;
  const std::function<void(const std::string&)> lost_;
  DirectStarter direct_;
  Watch news_;
  Fd socket_;
  pid_t launcher_ = 0;
  std::unique_ptr<Watch> readable_;
  std::set<pid_t> running_;         // by the launcher
  std::map<pid_t, ChildEnd> ends_;  // of what it ran, to be told
};

}  // namespace cluster::scripts
