// The life of one service on this host: which of its scripts runs, what follows from its end.
//
//   idle → starting → running → stopping → idle     a failed start is cleaned up by `stop`, and bars
//   running → restarting → starting                 this host from the service for a while; a stop that
//   (boot) checking → running | idle                fails leaves it stop-failed
//
// Never two scripts of one service at a time. A script past its time is killed with its process group.
// Owns no placement or claim: it is told to start and stop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/node.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

// Why a script runs; CLUSTER_REASON.
enum class Reason : uint8_t {
  kPlacement,
  kFailover,
  kFailback,
  kMove,
  kOperator,
  kShutdown,
  kLostOwnership,
  kHealth,
};
const char* to_string(Reason reason);

// Something of the service may run in this state.
constexpr bool holds_service(wire::Holding::State state) {
  return state == wire::Holding::STARTING || state == wire::Holding::RUNNING ||
         state == wire::Holding::STOPPING;
}

// Nobody else may be granted the service meanwhile. A host that still checks what an earlier life left
// behind is in nobody's way otherwise: it is no holder that others would make way for.
constexpr bool may_run(wire::Holding::State state) {
  return holds_service(state) || state == wire::Holding::CHECKING;
}

// A bar never lasts longer than this, however often it has doubled.
inline constexpr Duration kMaxBar = hours(24);

class Service;

// What a service needs done for it.
class ServiceWorld {
 public:
  // Runs a script of that service; from and to are the hosts it moves between (0: none).
  virtual RunId run_script(Context& context, const Service& service, Script script, Reason reason,
                           HostId from, HostId to) = 0;
  // Nothing of it runs here any more.
  virtual void service_ended(Context& context, const Service& service) = 0;
  // It is barred here, or no longer by anybody's word: whoever comes after this engine is to know.
  virtual void bar_changed(Context& context, const Service& service) = 0;

 protected:
  ~ServiceWorld() = default;
};

class Service {
 public:
  Service(std::string name, ServiceEntry entry);

  // A changed folder lifts a bar.
  void configure(ServiceEntry entry);

  // At boot: an earlier engine left it so.
  void adopt(Context& context, ServiceWorld& world, const LeftService& left);
  // At boot: it may have been left running, under that epoch.
  void check(Context& context, ServiceWorld& world, uint64_t epoch);
  // At boot, of what is left alone: finds out whether it runs. runs: what counts where no status script can tell.
  bool left_alone() const { return left_alone_; }
  void find_left_alone(Context& context, ServiceWorld& world, uint64_t epoch, bool runs);
  // While it is left alone nothing of it is started, stopped or checked, whatever is asked for; after that it is
  // checked at once, and having been stopped meanwhile is no failure.
  void leave_alone(MonoTime now, bool alone);
  void start(Context& context, ServiceWorld& world, uint64_t epoch, Reason reason, HostId from);
  // Idempotent. at_once also kills a start script that has not ended yet.
  void stop(Context& context, ServiceWorld& world, Reason reason, HostId to, bool at_once);
  // It is to stay after all: forgets a stop that waits for the start script to end.
  void keep();
  // Stop and start in place, keeping the epoch. False: nothing happens, as it is not running or a check is
  // under way. token comes back from restarted() once it runs again.
  bool restart(Context& context, ServiceWorld& world, Reason reason, const std::string& token);
  // All of it, at once; then `stop` is run.
  void kill(Context& context);
  void killed(Context& context, ServiceWorld& world);
  // Try again to stop what could not be stopped.
  void retry_stop(Context& context, ServiceWorld& world);
  // False: not a run of this service.
  bool script_ended(Context& context, ServiceWorld& world, const ScriptEnded& end);
  void tick(Context& context, ServiceWorld& world);
  MonoTime next_deadline(MonoTime now) const;

  void lift_bar();
  bool barred(MonoTime now) const { return bar_ && now < bar_->until; }
  const std::string& bar_why() const { return bar_why_; }
  // By the wall clock, as it outlives this boot of the machine.
  std::optional<wire::StoredBar> stored_bar(const Now& now) const;
  // Nothing comes of one after a change of the folder, or once it has been over for failure_window.
  void recall_bar(const Now& now, const wire::StoredBar& stored);

  const std::string& name() const { return name_; }
  const ServiceEntry& entry() const { return entry_; }
  wire::Holding::State state() const;
  // By this host's clock, in microseconds since the epoch: when what runs here was started, by whichever engine.
  uint64_t run_since_us() const { return run_since_us_; }
  void ran_since(uint64_t wall_us) { run_since_us_ = wall_us; }
  uint64_t epoch() const { return epoch_; }
  uint64_t failures() const { return failures_total_; }
  // Failed checks since it was good last; `fall` of them are one failure.
  uint32_t failed_checks() const { return failed_checks_; }
  bool idle() const { return phase_ == Phase::kIdle; }
  bool running() const { return phase_ == Phase::kRunning; }
  bool checking() const { return phase_ == Phase::kChecking; }
  bool stop_failed() const { return phase_ == Phase::kStopFailed; }
  bool stopping() const;
  // Nothing of it is under way.
  bool at_rest() const { return !run_ && !killing_ && !stop_wanted_ && (idle() || running()); }
  // All of it was killed, and not started since.
  bool killed_whole() const { return killed_whole_; }
  const std::string& restarted() const { return restarted_; }
  // A restart asked for before it started here is done by that start.
  void skip_restart(const std::string& token) { restarted_ = token; }

 private:
  enum class Phase : uint8_t {
    kIdle,
    kChecking,
    kStarting,
    kCleaning,
    kRunning,
    kRestarting,
    kStopping,
    kVerifying,
    kStopFailed,
  };
  struct Bar {
    MonoTime until;
    uint32_t count = 0;
  };
  struct Stop {
    Reason reason = Reason::kPlacement;
    HostId to;
  };

  void launch(Context& context, ServiceWorld& world, Script script, Reason reason, HostId from,
              HostId to, Duration timeout);
  void launch_stop(Context& context, ServiceWorld& world, Phase phase, Reason reason, HostId to);
  void launch_start(Context& context, ServiceWorld& world);
  void conclude(Context& context, ServiceWorld& world, const ScriptEnded& end);
  void enter_running(Context& context);
  void enter_idle(Context& context, ServiceWorld& world);
  void enter_stop_failed(Context& context, const std::string& how);
  void after_start(Context& context, ServiceWorld& world, bool done, const std::string& how);
  void after_stop(Context& context, ServiceWorld& world, bool done, const std::string& how);
  void after_status(Context& context, ServiceWorld& world, const ScriptEnded& end,
                    const std::string& how);
  void check_failed(Context& context, ServiceWorld& world, const std::string& how);
  void check_passed(Context& context);
  void failed(Context& context, ServiceWorld& world, const std::string& how);
  void set_bar(Context& context, ServiceWorld& world, const std::string& why);
  Duration bar_length(uint32_t count) const;
  std::string describe(const ScriptEnded& end) const;

  std::string name_;
  ServiceEntry entry_;
  Phase phase_ = Phase::kIdle;
  uint64_t epoch_ = 0;
  uint64_t run_since_us_ = 0;
  Reason reason_ = Reason::kPlacement;  // of the newest start
  HostId from_;
  std::optional<Stop> stop_wanted_;
  bool left_alone_ = false;
  bool looked_after_ = false;  // not checked since it was left alone
  bool boot_check_ = false;    // what runs now finds out, or ends, what an earlier life left

  RunId run_;  // the script that runs now; 0: none
  Script script_ = Script::kStart;
  MonoTime script_deadline_ = kNever;
  Duration script_timeout_{};
  bool killed_ = false;
  bool killing_ = false;  // all of it: no script begins meanwhile
  bool stop_after_kill_ = false;
  bool killed_whole_ = false;

  MonoTime running_since_;
  MonoTime next_status_ = kNever;
  uint32_t failed_checks_ = 0, good_checks_ = 0;
  std::vector<MonoTime> check_failures_;
  std::optional<Bar> bar_;
  std::string bar_why_;
  uint64_t failures_total_ = 0;
  std::string restart_token_, restarted_;
};

}  // namespace cluster::core
