#include "tests/sim/machine.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "core/maintenance.h"
#include "tests/sim/tunnels.h"
#include "tests/sim/world.h"

namespace cluster::sim {

namespace {

// Beyond this many steps in one simulated second a core is taken to be in a loop.
constexpr uint64_t kMaxStepsASecond = 20'000;
// Beyond this many of them in which it wakes for nothing but to wake again, likewise.
constexpr uint64_t kMaxIdleWakesASecond = 400;
// Nobody reads more than this many alerts a minute.
constexpr uint64_t kMaxAlertsAMinute = 100;
// After an engine has stood still: what it has missed may have fallen due.
constexpr Duration kCatchesUp = seconds(2);
constexpr Duration kKilledAgain = minutes(1);
// How long a guardian takes to have another engine.
constexpr Duration kEngineStartLow = milliseconds(20), kEngineStartHigh = milliseconds(500);
constexpr Duration kBootLow = seconds(5), kBootHigh = seconds(20);
// How long logind waits for whoever delays a sleep, and the daemon for its last words to have gone out.
constexpr Duration kSleepDelay = seconds(5), kLastWords = milliseconds(200);
// What tells people takes so long; where it hangs it is killed then.
constexpr Duration kAlertTakes = milliseconds(20), kAlertKilledAfter = seconds(30);
// To what is asked whether it is there.
constexpr Duration kOutsideRoundTrip = milliseconds(20);

}  // namespace

Machine::Machine(World& world, MachineId index, std::string name, Rng rng)
    : world_(world),
      index_(index),
      name_(std::move(name)),
      line_(name_),
      rng_(rng),
      disk_(world.queue(), rng_.fork(), [this](core::Event e) { deliver(std::move(e)); }),
      scripts_(
          world.queue(), rng_.fork(),
          {[this](const core::RunScript& run) {
             world_.each_watcher([&](Watcher& w) { w.script_begins(*this, run); });
           },
           [this](const std::string& service, core::Script script, const core::ScriptEnded& end) {
             world_.each_watcher([&](Watcher& w) { w.script_ended(*this, service, script, end); });
           },
           [this](const std::string& service) {
             world_.each_watcher([&](Watcher& w) { w.copies_changed(*this, service); });
           }},
          [this](core::Event e) { from_scripts(std::move(e)); }) {
  wipe();
  restored_ = false;
}

HostId Machine::id() const {
  const HostSpec* line = spec_.host(line_);
  return line == nullptr ? HostId() : line->id;
}

Now Machine::now() const {
  Instant now = world_.queue().now();
  return {clock_.mono(now), clock_.wall(now)};
}

void Machine::wipe() {
  ENSURE(!running());
  restored_ = true;
  key_ = "key-" + name_ + "-" + std::to_string(rng_.next());
  for (size_t half = 0; half < 2; ++half) {
    uint64_t value = Digest().add(key_).add(uint64_t{half}).value();
    for (size_t i = 0; i < 8; ++i)
      node_id_.bytes[half * 8 + i] = static_cast<uint8_t>(value >> (8 * i));
  }
  disk_.replace({});
}

void Machine::restore(core::Stored stored) {
  ENSURE(!running());
  restored_ = true;
  disk_.replace(std::move(stored));
}

void Machine::clone_of(const Machine& other) {
  ENSURE(!running());
  line_ = other.line_;
  key_ = other.key_;
  node_id_ = other.node_id_;
  disk_.replace(other.disk_.stored());
}

void Machine::power_on() {
  if (powered_) return;
  powered_ = true;
  ++boots_;
  clock_.boot(world_.queue().now(), rng_.between(kBootLow, kBootHigh));
  world_.network().came_back(index_);
  start_engine();
}

core::Config Machine::config_of(const Spec& spec) const {
  core::Config config = spec.config_of(line_, beat_, dead_);
  config.sends_alerts = alerting_ != Alerting::kBusOnly;
  if (world_.plant() != Plant::kForgetNeeds) return config;
  for (core::ServiceEntry& entry : config.services) {
    entry.after.clear();
    entry.with.clear();
  }
  return config;
}

void Machine::start_engine() {
  if (!powered_ || running()) return;
  if (asleep_) {
    starts_when_awake_ = true;
    return;
  }
  if (core::Node::refuse_renumbering(disk_.stored(), spec_.config_of(line_, beat_, dead_))) {
    world_.note(name_ + " refuses to start: its stored names have other numbers");
    return;
  }
  ++engine_;
  leaving_ = left_ = reload_missed_ = false;
  wake_ = MonoTime::max();
  armed_ = Instant::max();
  inbox_.clear();
  access_.clear();
  core::Boot boot;
  boot.node = node_id_;
  boot.node_key = key_;
  boot.version = version_;
  boot.config = config_of(spec_);
  boot.stored = disk_.stored();
  if (world_.plant() == Plant::kForgetOrders)
    std::erase_if(boot.stored, [](const auto& e) { return e.first.starts_with("restarted/"); });
  boot.seed = rng_.next();
  if (!std::exchange(guardian_lives_, true)) ++guardian_life_;
  boot.left = guardian_.left();
  boot.first_run = guardian_.first_run();
  boot.machine_boot = std::to_string(boots_);
  guardian_.engine_began();
  core_ = std::make_unique<core::Node>(std::move(boot));
  world_.network().touch();
  world_.network().thawed(index_);
  world_.lived(*this, Life::kEngineStarted);
  step(nullptr);
  if (sleep_planned_) deliver(core::SleepPlanned{true});
  deliver(core::LocalAddresses{{world_.network().address(index_)}});
}

void Machine::end_engine() {
  core_.reset();
  leaving_ = left_ = frozen_ = sleep_delayed_ = false;
  inbox_.clear();
  waiting_.clear();
  disk_.crash();
}

void Machine::end_guardian() {
  guardian_ = core::Guardian();
  guardian_lives_ = false;
  guardian_armed_ = Instant::max();
}

// Nothing dies on a machine that sleeps: it does as that wakes.
void Machine::crash_engine() {
  if (asleep_ && running()) wake();
  if (!running()) return;
  end_engine();
  core::Actions killed;
  guardian_.engine_ended(killed);
  perform_scripts(killed);
  arm_guardian();
  world_.network().engine_died(index_);
  world_.lived(*this, Life::kEngineDied);
}

void Machine::crash_daemon(bool fence) {
  if (!guardian_lives_) return;
  if (asleep_) wake();
  const bool ran = running();
  end_engine();
  end_guardian();
  scripts_.engine_died();
  // A lease is safe only where what is left of a dead daemon dies with it.
  for (const std::string& service : scripts_.services())
    if ((fence || leased_.contains(service)) && !left_alone(service))
      scripts_.copy_is_fenced(service);
  world_.network().engine_died(index_);
  if (ran) world_.lived(*this, Life::kEngineDied);
}

bool Machine::left_alone(const std::string& service) const {
  const std::vector<std::string> spared = core::services_left_alone(disk_.stored());
  return std::find(spared.begin(), spared.end(), service) != spared.end();
}

void Machine::perform_scripts(const core::Actions& actions) {
  for (const core::Action& action : actions) {
    if (const auto* run = std::get_if<core::RunScript>(&action)) {
      scripts_.run(*run);
    } else if (const auto* kill = std::get_if<core::KillScript>(&action)) {
      scripts_.kill(kill->run);
    } else if (const auto* all = std::get_if<core::KillService>(&action)) {
      scripts_.kill_service(all->service);
    }
  }
}

void Machine::from_scripts(core::Event event) {
  const auto* ended = std::get_if<core::ScriptEnded>(&event);
  if (ended != nullptr ? guardian_.ended(*ended)
                       : guardian_.killed(std::get<core::ServiceKilled>(event))) {
    deliver(std::move(event));
  } else {
    guardian_turn();
  }
}

// Without an engine it keeps to the deadlines; one that has missed a deadline it kills, and starts another.
void Machine::guardian_turn() {
  if (!guardian_lives_ || asleep_) return;
  if (guardian_.overdue(now().mono)) {
    world_.note(name_ + "'s guardian kills its engine, which stands still");
    judge_kill();
    crash_engine();
    world_.queue().after(rng_.between(kEngineStartLow, kEngineStartHigh),
                         [this, life = guardian_life_] {
                           if (guardian_lives_ && life == guardian_life_) start_engine();
                         });
  }
  core::Actions out;
  guardian_.tick(now().mono, out);
  perform_scripts(out);
  arm_guardian();
}

// Once it may be a renewal that came too late; again and again no engine gets anywhere.
void Machine::judge_kill() {
  const Instant now = world_.queue().now();
  if (!running() || frozen_ || now - stood_still_ <= kCatchesUp) return;
  const auto before = std::exchange(killed_needlessly_, now);
  if (before && now - *before < kKilledAgain)
    world_.violated(Verdict::kLiveness,
                    name_ + "'s guardian kills engines that do not stand still");
}

void Machine::arm_guardian() {
  const MonoTime next = guardian_.next_deadline();
  if (!guardian_lives_ || next == core::kNever) return;
  const Instant when = std::max(clock_.when(next), world_.queue().now());
  if (when >= guardian_armed_) return;
  guardian_armed_ = when;
  world_.queue().at(when, [this, life = guardian_life_] {
    if (world_.queue().now() >= guardian_armed_) guardian_armed_ = Instant::max();
    if (life == guardian_life_) guardian_turn();
  });
}

void Machine::power_off() {
  if (!powered_) return;
  powered_ = asleep_ = sleep_planned_ = starts_when_awake_ = false;
  scripts_.set_asleep(false);
  scripts_.power_lost();
  end_engine();
  end_guardian();
  world_.network().power_lost(index_);
  world_.lived(*this, Life::kPowerLost);
}

void Machine::freeze() {
  if (!running() || frozen()) return;
  frozen_ = true;
  world_.network().touch();
  world_.lived(*this, Life::kFrozen);
}

void Machine::thaw() {
  if (!frozen_) return;
  frozen_ = false;
  stood_still_ = world_.queue().now();
  world_.lived(*this, Life::kThawed);
  world_.network().thawed(index_);
  drain();
  reload_if_missed();
}

void Machine::sleep() {
  if (!powered_ || asleep_) return;
  asleep_ = true;
  scripts_.set_asleep(true);
  world_.network().touch();
  world_.lived(*this, Life::kAsleep);
}

void Machine::plan_sleep() {
  if (!powered_ || asleep_ || sleep_planned_) return;
  sleep_planned_ = true;
  deliver(core::SleepPlanned{true});
  world_.queue().after(sleep_delayed_ ? kSleepDelay : Duration(), [this, plan = ++sleep_plan_] {
    if (sleep_planned_ && plan == sleep_plan_) sleep();
  });
}

// The core lets it: then nothing that others may start once they have not heard of it is left here.
void Machine::sleep_as_planned() {
  for (const ServiceSpec& service : spec_.services) {
    const Scripts::Copy& copy = scripts_.copy(service.name);
    if (service.ownership == core::Ownership::kMajority && copy.alive && !copy.unstoppable)
      world_.violated(Verdict::kSafety, name_ + " may sleep while " + service.name + " runs there");
  }
  world_.queue().after(kLastWords, [this, plan = sleep_plan_] {
    if (sleep_planned_ && plan == sleep_plan_) sleep();
  });
}

void Machine::wake() {
  if (!asleep_) {
    if (std::exchange(sleep_planned_, false)) deliver(core::SleepPlanned{false});
    return;
  }
  asleep_ = false;
  stood_still_ = world_.queue().now();
  world_.lived(*this, Life::kAwake);
  world_.network().came_back(index_);
  scripts_.set_asleep(false);
  guardian_turn();
  drain();
  if (std::exchange(sleep_planned_, false)) deliver(core::SleepPlanned{false});
  reload_if_missed();
  if (std::exchange(starts_when_awake_, false)) start_engine();
}

void Machine::leave() {
  if (!healthy()) return;
  leaving_ = true;
  deliver(core::Leave{});
}

void Machine::reload(Spec spec) {
  if (!healthy()) {
    spec_ = std::move(spec);
    reload_missed_ = running() && !leaving_;
    return;
  }
  core::Config config = config_of(spec);
  if (core_->refuse_renumbering(config)) {
    world_.note(name_ + " refuses the reload: a known name has another number");
    return;
  }
  spec_ = std::move(spec);
  world_.lived(*this, Life::kReloaded);
  deliver(core::ConfigChanged{std::move(config)});
}

// Whoever asked for it while the engine stood still waits for it.
void Machine::reload_if_missed() {
  if (std::exchange(reload_missed_, false)) reload(Spec(spec_));
}

void Machine::change_address() {
  world_.network().move(index_, world_.fresh_address(), world_.network().nat(index_));
  if (running()) deliver(core::LocalAddresses{{world_.network().address(index_)}});
}

bool Machine::command(core::Verb verb, const std::string& service, HostId host, OnReply on_reply,
                      uint32_t seconds) {
  if (!healthy()) return false;
  RequestId request(world_.next_request());
  waiting_.emplace(request, std::move(on_reply));
  deliver(core::Command{request, verb, service, host, seconds});
  return true;
}

void Machine::deliver(core::Event event) {
  if (!running()) return;
  if (frozen()) {
    inbox_.push_back(std::move(event));
    return;
  }
  step(&event);
}

void Machine::drain() {
  uint64_t engine = engine_;
  while (running() && engine == engine_ && !frozen() && !inbox_.empty()) {
    core::Event event = std::move(inbox_.front());
    inbox_.pop_front();
    step(&event, !inbox_.empty());
  }
  tick_if_due(engine);
}

void Machine::count_step() {
  Instant second = std::chrono::floor<seconds>(world_.queue().now());
  if (second != second_) {
    second_ = second;
    steps_in_it_ = 0;
  }
  if (++steps_in_it_ == kMaxStepsASecond)
    world_.violated(Verdict::kLiveness, "livelock: " + name_ + " took " +
                                            std::to_string(kMaxStepsASecond) +
                                            " steps in one simulated second");
}

void Machine::count_idle_wake() {
  const bool idle = std::all_of(actions_.begin(), actions_.end(), [](const core::Action& action) {
    return std::holds_alternative<core::Wake>(action);
  });
  if (!idle) return;
  const Instant second = std::chrono::floor<seconds>(world_.queue().now());
  if (std::exchange(idle_second_, second) != second) idle_wakes_in_it_ = 0;
  if (++idle_wakes_in_it_ == kMaxIdleWakesASecond)
    world_.violated(Verdict::kLiveness, "busy waiting: " + name_ + " woke for nothing " +
                                            std::to_string(kMaxIdleWakesASecond) +
                                            " times in one simulated second");
}

void Machine::count_alert() {
  Instant minute = std::chrono::floor<minutes>(world_.queue().now());
  if (minute != minute_) {
    minute_ = minute;
    alerts_in_it_ = 0;
  }
  if (++alerts_in_it_ == kMaxAlertsAMinute)
    world_.violated(Verdict::kLiveness, "a flood of alerts: " + name_ + " gave " +
                                            std::to_string(kMaxAlertsAMinute) +
                                            " in one simulated minute");
}

void Machine::step(const core::Event* event, bool more) {
  ENSURE(!stepping_);
  if (world_.failed()) return;
  stepping_ = true;
  count_step();
  world_.each_watcher([&](Watcher& w) { w.stepping(*this, event); });
  actions_.clear();
  if (event == nullptr) {
    core_->start(now(), actions_);
  } else {
    core_->step(now(), *event, actions_, more);
  }
  world_.each_watcher([&](Watcher& w) { w.stepped(*this, event, actions_); });
  if (event != nullptr && std::holds_alternative<core::Tick>(*event)) count_idle_wake();
  for (core::Action& action : actions_) perform(action);
  stepping_ = false;
  if (left_) {
    end_engine();
    end_guardian();
    scripts_.engine_died();
    world_.network().engine_died(index_);
    world_.lived(*this, Life::kLeft);
  }
}

void Machine::perform(core::Action& action) {
  Network& network = world_.network();
  if (auto* send = std::get_if<core::Send>(&action)) {
    if (world_.tampered(*this, *send)) return;
    network.send(index_, send->link, std::move(send->bytes));
  } else if (auto* wake = std::get_if<core::Wake>(&action)) {
    arm(wake->at);
  } else if (auto* dial = std::get_if<core::Dial>(&action)) {
    network.dial(index_, *dial);
  } else if (auto* cancel = std::get_if<core::CancelDial>(&action)) {
    network.cancel_dial(index_, cancel->dial);
  } else if (auto* close = std::get_if<core::CloseLink>(&action)) {
    network.close(index_, close->link);
  } else if (auto* open = std::get_if<core::OpenRelay>(&action)) {
    network.tunnels().perform(index_, *open);
  } else if (auto* in = std::get_if<core::RelayIn>(&action)) {
    network.tunnels().perform(index_, *in);
  } else if (auto* room = std::get_if<core::RelayRoom>(&action)) {
    network.tunnels().perform(index_, *room);
  } else if (auto* end = std::get_if<core::CloseRelay>(&action)) {
    network.tunnels().perform(index_, *end);
  } else if (auto* run = std::get_if<core::RunScript>(&action)) {
    guardian_.pass(*run);
    scripts_.run(*run);
  } else if (auto* kill = std::get_if<core::KillScript>(&action)) {
    scripts_.kill(kill->run);
  } else if (auto* all = std::get_if<core::KillService>(&action)) {
    guardian_.pass(*all);
    scripts_.kill_service(all->service);
  } else if (auto* guard = std::get_if<core::Guard>(&action)) {
    guardian_.pass(*guard);
    if (guard->lease) leased_.insert(guard->service);
    arm_guardian();
  } else if (std::holds_alternative<core::Probe>(action)) {
    if (network.reaches_outside(index_))
      world_.queue().after(kOutsideRoundTrip, [this] {
        if (running()) deliver(core::ProbeAnswered{});
      });
  } else if (auto* delay = std::get_if<core::DelaySleep>(&action)) {
    sleep_delayed_ = delay->wanted;
    if (sleep_planned_ && !delay->wanted) sleep_as_planned();
  } else if (std::holds_alternative<core::Reboot>(action)) {
    world_.queue().after(Duration(), [this] { power_off(); });
    world_.queue().after(kBootLow, [this] { power_on(); });
  } else if (auto* unguard = std::get_if<core::Unguard>(&action)) {
    guardian_.pass(*unguard);
  } else if (auto* persist = std::get_if<core::Persist>(&action)) {
    disk_.write(std::move(*persist));
  } else if (auto* reply = std::get_if<core::Reply>(&action)) {
    auto it = waiting_.find(reply->request);
    if (it == waiting_.end()) {
      world_.violated(Verdict::kSafety,
                      name_ + " replied to a command that waits for no reply: " + reply->text);
      return;
    }
    OnReply on_reply = std::move(it->second);
    waiting_.erase(it);
    if (on_reply) on_reply(*reply);
  } else if (auto* access = std::get_if<core::SetAccess>(&action)) {
    const HostId host = access->host;
    access_[host] = std::move(*access);
  } else if (auto* derive = std::get_if<core::DeriveSecret>(&action)) {
    if (auto secret = network.derive(index_, derive->link, derive->count))
      world_.queue().after(
          Duration(), [this, engine = engine_, link = derive->link, secret = std::move(*secret)] {
            if (engine == engine_) deliver(core::SecretDerived{link, secret});
          });
  } else if (auto* validate = std::get_if<core::ValidateConfig>(&action)) {
    perform(*validate);
  } else if (auto* apply = std::get_if<core::ApplyConfig>(&action)) {
    perform(*apply);
  } else if (std::holds_alternative<core::Alert>(action)) {
    count_alert();
  } else if (const auto* alert = std::get_if<core::SendAlert>(&action)) {
    send_alert(alert->alert);
  } else if (std::holds_alternative<core::Left>(action)) {
    left_ = true;
  }
}

void Machine::send_alert(AlertId alert) {
  const bool hangs = alerting_ == Alerting::kHangs;
  const bool fails = hangs || alerting_ == Alerting::kFails;
  world_.queue().after(hangs ? kAlertKilledAfter : kAlertTakes,
                       [this, engine = engine_, alert, fails] {
                         if (engine == engine_)
                           deliver(core::AlertSent{alert, fails ? "mail: exit 75" : ""});
                       });
}

const core::SetAccess* Machine::access_to(const Machine& other) const {
  const HostSpec* line = spec_.host(other.line_);
  auto it = line == nullptr ? access_.end() : access_.find(line->id);
  return it == access_.end() ? nullptr : &it->second;
}

void Machine::arm(MonoTime at) {
  wake_ = at;
  if (at == MonoTime::max()) return;
  Instant when = std::max(clock_.when(at), world_.queue().now());
  if (when >= armed_) return;
  armed_ = when;
  uint64_t engine = engine_;
  world_.queue().at(when, [this, engine] { tick_if_due(engine); });
}

void Machine::tick_if_due(uint64_t engine) {
  if (engine != engine_ || !running()) return;
  if (world_.queue().now() >= armed_) armed_ = Instant::max();
  if (frozen()) return;
  if (now().mono < wake_) {
    arm(wake_);
    return;
  }
  wake_ = MonoTime::max();
  core::Event tick = core::Tick{};
  step(&tick);
}

}  // namespace cluster::sim
