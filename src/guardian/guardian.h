// The small parent: holds the lock, the listening sockets and the scripts, and sees to it that there is an engine.
//
// core::Guardian decides everything about services; this performs it, beside no living engine. An engine that ends
// by its own will (it has left, or cannot start at all) ends the guardian with the same code; any other is followed
// by the next, at once, then after growing pauses.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/load.h"
#include "core/guardian.h"
#include "core/watchdog.h"
#include "daemon/clock.h"
#include "daemon/detach.h"
#include "daemon/loop.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "guardian/channel.h"
#include "guardian/messages.h"
#include "guardian/scopes.h"
#include "guardian/script_launcher.h"
#include "net/socket.h"
#include "posix/fd.h"
#include "scripts/local_runner.h"
#include "scripts/reserve.h"
#include "store/lock_file.h"

namespace cluster::guardian {

// Before the first time an engine dies again; one that has lived so long counts as well.
inline constexpr Duration kStable = seconds(30);
inline constexpr Duration kFirstPause = milliseconds(100);
inline constexpr Duration kMaxPause = seconds(10);
// An engine that says nothing for so long stands still, whether anything runs here or not. It speaks thrice as often.
inline constexpr Duration kSilence = seconds(30);
inline constexpr Duration kStartSilence = seconds(90);  // until it has begun
// Where all of the machine stood still it gets a moment to say so itself.
inline constexpr Duration kSilenceMoment = seconds(2);
// Told to leave, and no engine can begin: so often it is tried before the services are left to their deadlines.
inline constexpr int kTriesToLeave = 3;
// Then, for what still runs when there is no deadline left: a `stop` that follows a kill.
inline constexpr Duration kLastStop = seconds(10);
// Kept back for the next engine: a channel's two, and what starting a program takes.
inline constexpr size_t kDescriptorsForAnEngine = 4;

// What is made before there is an engine; its errors are those of the start.
struct Belongings {
  store::LockFile lock;
  std::optional<scripts::Cgroups> cgroups;
  std::vector<Fd> listening;
};

class Guardian {
 public:
  Guardian(daemon::Options options, const config::Loaded& config, Belongings belongings,
           daemon::Detach detach);
  ~Guardian();

  // Until the last engine has ended for good. The program's exit code.
  int run();

 private:
  struct Engine {
    pid_t pid = -1;
    std::unique_ptr<Channel> channel;  // none: it is killed, and counts as dead
    MonoTime since;
    bool began = false;
    bool ending = false;
    bool silent = false;  // for kSilence already
  };

  void start_engine();
  void engine_failed_to_start(const std::string& why);
  void start_after_pause();
  // It is dead, or as good as: what it said last is heard.
  void lose_engine();
  void kill_engine(const std::string& why);
  void reap();
  void ended(int code, const std::string& how);
  void end(int code);
  bool engine_lives() const { return engine_ && engine_->channel != nullptr; }

  void received(std::string_view frame);
  struct Visitor;
  void perform(const core::Actions& actions);
  void step(const core::Event& event);
  void turn();  // looks at the deadlines
  void feed_watchdog();
  void look_at_silence();
  void end_if_nothing_is_left();
  void signalled(int number);

  const daemon::Options options_;
  const Belongings belongings_;
  daemon::Detach detach_;
  bool accept_renumbering_;

  daemon::Loop loop_;
  core::Guardian core_;
  SystemdScopes scopes_;
  ScriptLauncher launcher_;
  std::unique_ptr<scripts::LocalRunner> runner_;
  scripts::Reserve for_an_engine_{kDescriptorsForAnEngine};
  std::optional<Engine> engine_;
  int failures_ = 0;         // in a row
  bool ever_began_ = false;  // an engine did
  int leave_ = 0;            // the signal that said so; 0: none
  int reload_ = 0;           // likewise, while it waits for an engine that heeds it
  std::optional<int> exit_code_;
  const daemon::Notify supervisor_;  // heeds the watchdog alone: all else is the engine's to say
  std::optional<core::Watchdog> watchdog_;
  daemon::WakeTimer deadline_, feeding_;
  Watch restart_, silence_, last_stop_, trim_;
  std::vector<std::unique_ptr<Watch>> signals_;
};

}  // namespace cluster::guardian
