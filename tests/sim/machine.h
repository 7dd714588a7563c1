// One simulated machine: power, kernel, disk, scripts and clocks, and in it an engine, which is the
// very core that the daemon runs. Events reach the core one at a time and its actions are performed in
// order, as the daemon does; what arrives while the engine is frozen waits in an inbox.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/guardian.h"
#include "core/node.h"
#include "tests/sim/clock.h"
#include "tests/sim/disk.h"
#include "tests/sim/network.h"
#include "tests/sim/scripts.h"
#include "tests/sim/spec.h"
#include "tests/sim/watcher.h"

namespace cluster::sim {

class World;

// By what it tells people, and what comes of that.
enum class Alerting : uint8_t { kBusOnly, kGood, kFails, kHangs };

class Machine {
 public:
  using OnReply = std::function<void(const core::Reply&)>;

  Machine(World& world, MachineId index, std::string name, Rng rng);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // -- Who it is.
  MachineId index() const { return index_; }
  const std::string& name() const { return name_; }
  const std::string& line() const {
    return line_;
  }                   // the name of its line: its own, but for clones
  HostId id() const;  // by its own spec; 0 where it has no line
  NodeId node() const { return node_id_; }
  const Spec& spec() const { return spec_; }
  Duration beat_interval() const { return beat_; }
  Duration dead_time() const { return dead_; }

  // -- Set-up, before the engine starts (spec: or with reload).
  void set_spec(Spec spec) { spec_ = std::move(spec); }
  void set_times(Duration beat_interval, Duration dead_time) {
    beat_ = beat_interval;
    dead_ = dead_time;
  }
  void set_version(std::string version) { version_ = std::move(version); }
  void set_alerting(Alerting alerting) { alerting_ = alerting; }
  Alerting alerting() const { return alerting_; }

  // -- Its life. Orders that make no sense in its present state do nothing.
  void power_on();  // boots, and starts the engine
  void power_off();
  void start_engine();
  void crash_engine();  // the guardian stays, and what it runs
  void crash_daemon(
      bool fence);  // both; fence: what they ran dies with them, but for what is left alone
  void freeze();    // SIGSTOP; the kernel goes on
  void thaw();
  void sleep();       // the whole machine is suspended
  void plan_sleep();  // likewise, once its core no longer delays that, or after kSleepDelay
  void wake();        // also from a plan to sleep
  void miss_waking() { sleep_planned_ = false; }  // it does not hear that it has woken
  void leave();                                   // SIGTERM: ends with the engine gone
  void reload(Spec spec);
  // These files, to all hosts; false where no engine runs.
  bool push(const Spec& spec, OnReply on_reply);
  // What stands in the files of a push that its core had looked at.
  const std::string& looked_at(core::PushId id) const { return looked_at_.at(id); }
  // Its own settings do not go with what others push from now on: why; empty: they do.
  void set_push_fault(std::string why) { push_fault_ = std::move(why); }
  void change_address();
  // State lost, or put back from an older copy: only while no engine runs.
  void wipe();  // a new key, too
  void restore(core::Stored stored);
  void clone_of(const Machine& other);  // the other's line, key and state

  // The reply comes once; a crash of the engine drops it. Returns false where no engine runs.
  bool command(core::Verb verb, const std::string& service, HostId host, OnReply on_reply,
               uint32_t seconds = 0);

  // -- State.
  bool powered() const { return powered_; }
  bool asleep() const { return asleep_; }
  bool frozen() const { return frozen_ || asleep_; }
  bool running() const { return core_ != nullptr; }
  bool listening() const { return guardian_lives_; }
  bool leaving() const { return leaving_; }
  // Its state was put back or lost, ever: others know more of its past than it does.
  bool restored() const { return restored_; }
  bool healthy() const { return running() && powered_ && !frozen() && !leaving_; }
  uint64_t engine() const { return engine_; }  // counts its engines
  Now now() const;
  core::View view() const { return core_->view(now()); }
  const core::Node& core() const { return *core_; }
  // Its daemon, if there were none now, has said that nothing is to be done about it.
  bool left_alone(const std::string& service) const;
  // Whether it has ever had a lease on it.
  bool leased(const std::string& service) const { return leased_.contains(service); }
  size_t commands_waiting() const { return waiting_.size(); }
  // What its core has said of the other's line; null: nothing.
  const core::SetAccess* access_to(const Machine& other) const;

  Clock& clock() { return clock_; }
  Disk& disk() { return disk_; }
  const Disk& disk() const { return disk_; }
  Scripts& scripts() { return scripts_; }
  const Scripts& scripts() const { return scripts_; }

  // From the network, the disk and the scripts.
  void deliver(core::Event event);

 private:
  core::Config config_of(const Spec& spec) const;
  void end_engine();
  void end_guardian();
  void sleep_as_planned();
  std::vector<std::string> against(const core::PushFiles& files) const;
  void perform(const core::ValidateConfig& asked);
  void perform(const core::ApplyConfig& asked);
  void perform_scripts(const core::Actions& actions);
  void guardian_turn();
  void arm_guardian();
  void judge_kill();
  void from_scripts(core::Event event);
  void step(const core::Event* event, bool more = false);
  void perform(core::Action& action);
  void arm(MonoTime at);
  void tick_if_due(uint64_t engine);
  void drain();
  void reload_if_missed();
  void count_step();
  void count_idle_wake();
  void count_alert();
  void send_alert(AlertId alert);

  World& world_;
  MachineId index_;
  std::string name_, line_;
  Rng rng_;
  Spec spec_;
  Duration beat_ = seconds(1), dead_ = seconds(5);
  std::string version_ = "1.0.0";
  Alerting alerting_ = Alerting::kBusOnly;
  NodeId node_id_;
  std::string key_;

  Clock clock_;
  Disk disk_;
  Scripts scripts_;
  core::Guardian guardian_;
  bool guardian_lives_ = false;
  Instant guardian_armed_ = Instant::max();
  uint64_t guardian_life_ = 0;
  std::unique_ptr<core::Node> core_;
  uint64_t engine_ = 0, boots_ = 0;
  bool powered_ = false, asleep_ = false, frozen_ = false, leaving_ = false, left_ = false;
  bool starts_when_awake_ = false;
  Instant stood_still_{};  // until then
  std::optional<Instant> killed_needlessly_;
  bool sleep_planned_ = false, sleep_delayed_ = false;
  uint64_t sleep_plan_ = 0;
  bool stepping_ = false, restored_ = false, reload_missed_ = false;
  std::deque<core::Event> inbox_;
  core::Actions actions_;
  MonoTime wake_ = MonoTime::max();
  Instant armed_ = Instant::max();  // when a task looks whether wake_ has come
  std::map<RequestId, OnReply> waiting_;
  std::string push_fault_;
  std::map<core::PushId, std::string> looked_at_;
  std::set<std::string> leased_;
  std::map<HostId, core::SetAccess> access_;
  Instant second_{};  // the simulated second that is counted
  uint64_t steps_in_it_ = 0;
  Instant idle_second_{};
  uint64_t idle_wakes_in_it_ = 0;
  Instant minute_{};  // the simulated minute that is counted
  uint64_t alerts_in_it_ = 0;
};

}  // namespace cluster::sim
