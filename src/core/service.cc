#include "core/service.h"

#include <algorithm>
#include <utility>

#include "core/hlc.h"

namespace cluster::core {

namespace {

// LSB and OCF: the service is not running, and that is all.
constexpr int kLsbNotRunning = 3;
constexpr int kOcfNotRunning = 7;

const char* script_name(Script script) {
  switch (script) {
    case Script::kStart: return "start";
    case Script::kStop: return "stop";
    case Script::kStatus: return "status";
  }
  return "";
}

bool succeeded(const ScriptEnded& end) { return end.how == ScriptEnd::kExited && end.code == 0; }

bool says_stopped(const ScriptEnded& end) {
  return end.how == ScriptEnd::kExited &&
         (end.code == kLsbNotRunning || end.code == kOcfNotRunning);
}

}  // namespace

const char* to_string(Reason reason) {
  switch (reason) {
    case Reason::kPlacement: return "placement";
    case Reason::kFailover: return "failover";
    case Reason::kFailback: return "failback";
    case Reason::kMove: return "move";
    case Reason::kOperator: return "operator";
    case Reason::kShutdown: return "shutdown";
    case Reason::kLostOwnership: return "lost-ownership";
    case Reason::kHealth: return "health";
  }
  return "";
}

Service::Service(std::string name, ServiceEntry entry)
    : name_(std::move(name)), entry_(std::move(entry)) {}

void Service::configure(ServiceEntry entry) {
  if (entry.folder_digest != entry_.folder_digest) lift_bar();
  if (entry.has_status && !entry_.has_status && phase_ == Phase::kRunning && !left_alone_)
    next_status_ = running_since_;
  entry_ = std::move(entry);
  if (!entry_.has_status) next_status_ = kNever;
}

wire::Holding::State Service::state() const {
  if (boot_check_) return wire::Holding::CHECKING;
  switch (phase_) {
    case Phase::kIdle: return wire::Holding::STOPPED;
    case Phase::kStarting: return wire::Holding::STARTING;
    case Phase::kRunning: return wire::Holding::RUNNING;
    case Phase::kStopFailed: return wire::Holding::STOP_FAILED;
    case Phase::kChecking:
    case Phase::kCleaning:
    case Phase::kRestarting:
    case Phase::kStopping:
    case Phase::kVerifying: return wire::Holding::STOPPING;
  }
  return wire::Holding::STOPPED;
}

bool Service::stopping() const {
  return stop_wanted_.has_value() || phase_ == Phase::kStopping || phase_ == Phase::kVerifying ||
         phase_ == Phase::kCleaning;
}

// ------------------------------------------------------------------------------ what it is told

void Service::check(Context& context, ServiceWorld& world, uint64_t epoch) {
  ENSURE(phase_ == Phase::kIdle);
  epoch_ = epoch;
  boot_check_ = true;
  if (!entry_.has_status) {
    launch_stop(context, world, Phase::kStopping, Reason::kPlacement, HostId{});
    return;
  }
  phase_ = Phase::kChecking;
  launch(context, world, Script::kStatus, Reason::kPlacement, HostId{}, HostId{},
         entry_.status_timeout);
}

void Service::find_left_alone(Context& context, ServiceWorld& world, uint64_t epoch, bool runs) {
  left_alone_ = true;
  if (entry_.has_status) return check(context, world, epoch);
  epoch_ = epoch;
  if (runs) {
    enter_running(context);
  } else {
    enter_idle(context, world);
  }
}

void Service::leave_alone(MonoTime now, bool alone) {
  if (std::exchange(left_alone_, alone) == alone) return;
  looked_after_ = !alone;
  next_status_ = !alone && phase_ == Phase::kRunning && entry_.has_status ? now : kNever;
}

void Service::adopt(Context& context, ServiceWorld& world, const LeftService& left) {
  ENSURE(phase_ == Phase::kIdle);
  epoch_ = left.epoch;
  phase_ = left.newest == Script::kStart ? Phase::kStarting : Phase::kStopping;
  script_ = left.newest;
  script_timeout_ = left.newest == Script::kStart ? entry_.start_timeout : entry_.stop_timeout;
  // Whatever the newest script has said: what was killed is stopped now.
  killing_ = left.dying;
  stop_after_kill_ = left.dying || (left.killed && left.newest == Script::kStart);
  killed_whole_ = left.killed;
  if (left.how) {
    conclude(context, world, ScriptEnded{left.run, *left.how, left.code});
    return;
  }
  run_ = left.run;
  script_deadline_ = context.now.mono + script_timeout_;
}

void Service::start(Context& context, ServiceWorld& world, uint64_t epoch, Reason reason,
                    HostId from) {
  ENSURE(phase_ == Phase::kIdle && !run_);
  epoch_ = epoch;
  run_since_us_ = wall_us(context.now.wall);
  reason_ = reason;
  from_ = from;
  stop_wanted_.reset();
  check_failures_.clear();
  launch_start(context, world);
}

void Service::stop(Context& context, ServiceWorld& world, Reason reason, HostId to, bool at_once) {
  if (killing_ || left_alone_) return;
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kCleaning:
    case Phase::kStopping:
    case Phase::kVerifying:
    case Phase::kStopFailed: return;
    case Phase::kChecking:
    case Phase::kRestarting: stop_wanted_ = Stop{reason, to}; return;
    case Phase::kStarting:
      stop_wanted_ = Stop{reason, to};
      if (at_once && !killed_) {
        killed_ = true;
        context.emit(KillScript{run_});
      }
      return;
    case Phase::kRunning:
      if (run_) {  // a status check: make way
        stop_wanted_ = Stop{reason, to};
        if (!killed_) context.emit(KillScript{run_});
        killed_ = true;
        return;
      }
      launch_stop(context, world, Phase::kStopping, reason, to);
      return;
  }
}

void Service::keep() {
  if (phase_ == Phase::kStarting && !killed_) stop_wanted_.reset();
}

bool Service::restart(Context& context, ServiceWorld& world, Reason reason,
                      const std::string& token) {
  if (phase_ != Phase::kRunning || run_ || killing_ || left_alone_) return false;
  reason_ = reason;
  restart_token_ = token;
  launch_stop(context, world, Phase::kRestarting, reason, HostId{});
  return true;
}

void Service::kill(Context& context) {
  if (phase_ == Phase::kIdle || killing_) return;
  killing_ = stop_after_kill_ = true;
  next_status_ = kNever;
  stop_wanted_.reset();
  context.emit(KillService{name_});
}

void Service::killed(Context& context, ServiceWorld& world) {
  if (!std::exchange(killing_, false)) return;
  killed_whole_ = true;
  if (run_) return;
  stop_after_kill_ = false;
  launch_stop(context, world, Phase::kStopping, Reason::kLostOwnership, HostId{});
}

void Service::retry_stop(Context& context, ServiceWorld& world) {
  if (phase_ == Phase::kStopFailed && !killing_ && !left_alone_)
    launch_stop(context, world, Phase::kStopping, Reason::kOperator, HostId{});
}

// --------------------------------------------------------------------------------- its scripts

void Service::launch(Context& context, ServiceWorld& world, Script script, Reason reason,
                     HostId from, HostId to, Duration timeout) {
  ENSURE(!run_, "one script of a service at a time");
  script_ = script;
  killed_ = false;
  script_timeout_ = timeout;
  script_deadline_ = context.now.mono + timeout;
  run_ = world.run_script(context, *this, script, reason, from, to);
}

void Service::launch_stop(Context& context, ServiceWorld& world, Phase phase, Reason reason,
                          HostId to) {
  phase_ = phase;
  next_status_ = kNever;
  launch(context, world, Script::kStop, reason, HostId{}, to, entry_.stop_timeout);
}

void Service::launch_start(Context& context, ServiceWorld& world) {
  phase_ = Phase::kStarting;
  killed_whole_ = false;
  launch(context, world, Script::kStart, reason_, from_, HostId{}, entry_.start_timeout);
}

std::string Service::describe(const ScriptEnded& end) const {
  std::string script = script_name(script_);
  if (killed_ && end.how == ScriptEnd::kSignal)
    return script + " was killed after " + in_seconds(script_timeout_);
  switch (end.how) {
    case ScriptEnd::kExited: return script + " exited with " + std::to_string(end.code);
    case ScriptEnd::kSignal: return script + " was ended by signal " + std::to_string(end.code);
    case ScriptEnd::kNotStarted: return script + " could not be executed";
  }
  return script;
}

bool Service::script_ended(Context& context, ServiceWorld& world, const ScriptEnded& end) {
  if (!run_ || end.run != run_) return false;
  run_ = RunId{};
  script_deadline_ = kNever;
  conclude(context, world, end);
  return true;
}

void Service::conclude(Context& context, ServiceWorld& world, const ScriptEnded& end) {
  if (stop_after_kill_) {
    phase_ = Phase::kStopping;
    if (killing_) return;
    stop_after_kill_ = false;
    launch_stop(context, world, Phase::kStopping, Reason::kLostOwnership, HostId{});
    return;
  }
  const std::string how = describe(end);
  switch (script_) {
    case Script::kStart: after_start(context, world, succeeded(end), how); break;
    case Script::kStop: after_stop(context, world, succeeded(end), how); break;
    case Script::kStatus: after_status(context, world, end, how); break;
  }
}

void Service::enter_running(Context& context) {
  phase_ = Phase::kRunning;
  boot_check_ = false;
  running_since_ = context.now.mono;
  failed_checks_ = good_checks_ = 0;
  if (!restart_token_.empty()) restarted_ = std::exchange(restart_token_, {});
  next_status_ =
      entry_.has_status && !left_alone_ ? context.now.mono + entry_.status_interval : kNever;
}

void Service::enter_idle(Context& context, ServiceWorld& world) {
  phase_ = Phase::kIdle;
  boot_check_ = false;
  stop_wanted_.reset();
  next_status_ = kNever;
  world.service_ended(context, *this);
}

void Service::enter_stop_failed(Context& context, const std::string& how) {
  phase_ = Phase::kStopFailed;
  boot_check_ = false;
  context.alert(AlertKind::kStopFailed, name_, Severity::kCritical,
                "service " + name_ + " could not be stopped here: " + how);
}

void Service::after_start(Context& context, ServiceWorld& world, bool done,
                          const std::string& how) {
  if (done && !stop_wanted_) {
    enter_running(context);
    return;
  }
  if (!done && !stop_wanted_) {
    context.alert(AlertKind::kServiceFailed, name_, Severity::kCritical,
                  "service " + name_ + " failed to start here: " + how);
    set_bar(context, world, how);
  }
  const Stop stop = stop_wanted_.value_or(Stop{Reason::kHealth, HostId{}});
  stop_wanted_.reset();
  launch_stop(context, world, done ? Phase::kStopping : Phase::kCleaning, stop.reason, stop.to);
}

void Service::after_stop(Context& context, ServiceWorld& world, bool done, const std::string& how) {
  if (!done) {
    if (entry_.has_status) {
      phase_ = Phase::kVerifying;
      context.log(LogLevel::kWarning, "service " + name_ + ": " + how + "; asking its status");
      launch(context, world, Script::kStatus, Reason::kHealth, HostId{}, HostId{},
             entry_.status_timeout);
      return;
    }
    enter_stop_failed(context, how);
    return;
  }
  if (phase_ == Phase::kRestarting && !stop_wanted_) {
    launch_start(context, world);
    return;
  }
  enter_idle(context, world);
}

void Service::after_status(Context& context, ServiceWorld& world, const ScriptEnded& end,
                           const std::string& how) {
  if (phase_ == Phase::kVerifying) {
    if (says_stopped(end)) {
      enter_idle(context, world);
      return;
    }
    enter_stop_failed(context, "stop failed, and then " + how);
    return;
  }
  const bool looked_after = std::exchange(looked_after_, false);
  if (says_stopped(end) && (phase_ == Phase::kChecking || looked_after)) {
    enter_idle(context, world);
    return;
  }
  if (stop_wanted_ || (phase_ == Phase::kChecking && !succeeded(end) && !left_alone_)) {
    const Stop stop = stop_wanted_.value_or(Stop{});
    stop_wanted_.reset();
    launch_stop(context, world, Phase::kStopping, stop.reason, stop.to);
    return;
  }
  if (phase_ == Phase::kChecking) {
    context.log(LogLevel::kInfo,
                "service " + name_ + " was found running and is kept" +
                    (succeeded(end) ? "" : ", as it is left alone, though " + how));
    enter_running(context);
    return;
  }
  next_status_ = context.now.mono + entry_.status_interval;
  if (succeeded(end)) {
    check_passed(context);
  } else {
    check_failed(context, world, how);
  }
}

void Service::check_passed(Context& context) {
  if (failed_checks_ == 0 || ++good_checks_ < entry_.rise) return;
  failed_checks_ = good_checks_ = 0;
  context.log(LogLevel::kInfo, "service " + name_ + " is good again");
}

// As HAProxy and keepalived count: what is short of `fall` leads to nothing, and is forgotten once the service is
// good again.
void Service::check_failed(Context& context, ServiceWorld& world, const std::string& how) {
  good_checks_ = 0;
  if (++failed_checks_ < entry_.fall) {
    context.log(LogLevel::kWarning, "service " + name_ + " failed a check, " +
                                        std::to_string(failed_checks_) + " of " +
                                        std::to_string(entry_.fall) + ": " + how);
    return;
  }
  failed_checks_ = 0;
  failed(context, world, how);
}

void Service::failed(Context& context, ServiceWorld& world, const std::string& how) {
  const MonoTime now = context.now.mono;
  std::erase_if(check_failures_, [&](MonoTime t) { return now - t > entry_.failure_window; });
  check_failures_.push_back(now);
  if (check_failures_.size() >= entry_.max_failures) {
    context.alert(AlertKind::kServiceFailed, name_, Severity::kCritical,
                  "service " + name_ + " failed " +
                      std::to_string(check_failures_.size() * entry_.fall) +
                      " checks here and has to move: " + how);
    set_bar(context, world, how);
    launch_stop(context, world, Phase::kStopping, Reason::kHealth, HostId{});
    return;
  }
  context.alert(AlertKind::kServiceFailed, name_, Severity::kWarning,
                "service " + name_ + " failed " +
                    (entry_.fall == 1 ? "a check" : std::to_string(entry_.fall) + " checks") +
                    " and is restarted: " + how);
  restart(context, world, Reason::kHealth, restarted_);
}

// ----------------------------------------------------------------------------------------- time

void Service::tick(Context& context, ServiceWorld& world) {
  const MonoTime now = context.now.mono;
  if (run_ && now >= script_deadline_) {
    killed_ = true;
    script_deadline_ = kNever;
    context.emit(KillScript{run_});
  }
  if (phase_ == Phase::kRunning && !run_ && now >= next_status_) {
    next_status_ = kNever;
    launch(context, world, Script::kStatus, Reason::kHealth, HostId{}, HostId{},
           entry_.status_timeout);
  }
  if (bar_ && phase_ == Phase::kRunning && now - running_since_ >= entry_.failure_window)
    bar_.reset();
}

MonoTime Service::next_deadline(MonoTime now) const {
  MonoTime next = std::min(script_deadline_, next_status_);
  if (barred(now)) next = std::min(next, bar_->until);
  return next;
}

Duration Service::bar_length(uint32_t count) const {
  Duration length = entry_.failure_window;
  for (uint32_t i = 1; i < count && length < kMaxBar; ++i) length *= 2;
  return std::min(length, kMaxBar);
}

void Service::set_bar(Context& context, ServiceWorld& world, const std::string& why) {
  Bar bar = bar_.value_or(Bar{});
  bar.until = context.now.mono + bar_length(++bar.count);
  bar_ = bar;
  bar_why_ = "failed here: " + why;
  ++failures_total_;
  world.bar_changed(context, *this);
}

void Service::lift_bar() {
  bar_.reset();
  check_failures_.clear();
}

std::optional<wire::StoredBar> Service::stored_bar(const Now& now) const {
  if (!bar_) return std::nullopt;
  wire::StoredBar out;
  out.set_count(bar_->count);
  out.set_until_us(wall_us(now.wall + (bar_->until - now.mono)));
  out.set_folder_digest(entry_.folder_digest);
  out.set_why(bar_why_);
  return out;
}

void Service::recall_bar(const Now& now, const wire::StoredBar& stored) {
  if (stored.folder_digest() != entry_.folder_digest) return;
  const uint64_t clock = wall_us(now.wall);
  const auto window = static_cast<uint64_t>(to_us(entry_.failure_window));
  if (stored.until_us() + window < clock) return;
  // Whatever has become of the clock, it lasts no longer than one that begins now.
  const uint64_t left = std::max(stored.until_us(), clock) - clock;
  const auto longest = static_cast<uint64_t>(to_us(bar_length(stored.count())));
  bar_ = Bar{now.mono + microseconds(std::min(left, longest)), stored.count()};
  bar_why_ = stored.why();
}

}  // namespace cluster::core
