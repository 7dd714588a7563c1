#include "guardian/guardian.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "config/agent.h"
#include "daemon/logging.h"
#include "guardian/engine.h"

namespace cluster::guardian {

namespace {

using core::LogLevel;
using daemon::log;

// Memory that only starting needed goes back to the system.
constexpr Duration kTrimAfter = seconds(1);

MonoTime now() { return daemon::read_clocks().mono; }

std::string named(const core::RunScript& run) {
  return run.service + "/" + core::to_string(run.script);
}

}  // namespace

Guardian::Guardian(daemon::Options options, const config::Loaded& config, Belongings belongings,
                   daemon::Detach detach)
    : options_(std::move(options)),
      belongings_(std::move(belongings)),
      detach_(std::move(detach)),
      accept_renumbering_(options_.accept_renumbering),
      scopes_(loop_.base(), options_.bus),
      launcher_(loop_.base(), options_.bus, [this] { start_engine(); }),
      supervisor_(daemon::Notify::from_environment(getpid(), true)),
      deadline_(loop_.base(), [this] { loop_.post(daemon::Loop::Task([this] { turn(); })); }),
      feeding_(loop_.base(), [this] { loop_.post(daemon::Loop::Task([] {})); }),
      restart_(loop_.base(), -1, 0, [this] { start_engine(); }),
      silence_(loop_.base(), -1, 0, [this] { look_at_silence(); }),
      last_stop_(loop_.base(), -1, 0, [this] { end(daemon::kExitFailed); }),
      trim_(loop_.base(), -1, 0, [] { malloc_trim(0); }) {
  runner_ = std::make_unique<scripts::LocalRunner>(
      loop_.base(), config.service_dir, options_.state_dir,
      scripts::Callbacks{[this](core::ScriptEnded ended) { loop_.post(core::Event(ended)); },
                         [this](core::ServiceKilled killed) { loop_.post(core::Event(killed)); },
                         [](const scripts::Line& line) { log(line); }},
      belongings_.cgroups, &scopes_, &launcher_.starter());
  runner_->set_agent_check([](const std::string& folder) { return config::names_agent(folder); });
  if (const auto longest = supervisor_.watchdog()) watchdog_.emplace(*longest);
  const auto on = [this](int number, std::function<void()> callback) {
    signals_.push_back(std::make_unique<Watch>(
        loop_.base(), number, EV_SIGNAL | EV_PERSIST,
        [this, callback = std::move(callback)] { loop_.post(daemon::Loop::Task(callback)); }));
    signals_.back()->add();
  };
  for (int number : {SIGTERM, SIGINT, SIGHUP}) on(number, [this, number] { signalled(number); });
  on(SIGCHLD, [this] { reap(); });
}

Guardian::~Guardian() = default;

int Guardian::run() {
  trim_.add(kTrimAfter);
  launcher_.ask();
  const bool turned =
      loop_.run([this](const core::Event& event, bool) { step(event); }, [this] { turn(); });
  if (!turned) {
    log(LogLevel::kError, std::string("the kernel gives no events: ") + strerror(errno));
    return daemon::kExitFailed;
  }
  return exit_code_.value_or(daemon::kExitFailed);
}

void Guardian::end(int code) {
  exit_code_ = code;
  loop_.stop();
}

// ---------------------------------------------------------------------------------- the engine

void Guardian::start_engine() {
  if (engine_ || exit_code_) return;
  const scripts::Reserve::Lent lent(for_an_engine_);
  auto pair = net::stream_pair();
  if (!pair) return engine_failed_to_start(pair.error());
  Inheritance inherited{getpid(), pair->second.get(), belongings_.lock.fd(), {}};
  for (const Fd& fd : belongings_.listening) inherited.listening.push_back(fd.get());
  daemon::Options options = options_;
  // Meant for the host lines as they are at the very start.
  options.accept_renumbering = accept_renumbering_;
  auto pid = guardian::start_engine(options, inherited);
  if (!pid) return engine_failed_to_start(pid.error());
  engine_ = Engine();
  engine_->pid = *pid;
  engine_->since = now();
  engine_->channel = std::make_unique<Channel>(
      loop_.base(), std::move(pair->first), [this](std::string_view frame) { received(frame); },
      // Most likely it is about to end, which SIGCHLD says; if not, it is not to go on unheard.
      [this](const std::string&) {
        engine_->silent = true;
        silence_.add(engine_->ending ? kSilence : kSilenceMoment);
      });
  engine_->channel->send(encode(ToEngine(Begin{core_.left(), core_.first_run()})));
  core_.engine_began();
  silence_.add(kStartSilence);
}

void Guardian::engine_failed_to_start(const std::string& why) {
  log(LogLevel::kError, why);
  if (!ever_began_) return end(daemon::kExitFailed);
  ++failures_;
  start_after_pause();
}

void Guardian::start_after_pause() {
  Duration pause{};
  if (failures_ > 1) {
    pause = kFirstPause;
    for (int i = 2; i < failures_ && pause < kMaxPause; ++i) pause *= 2;
    pause = std::min(pause, kMaxPause);
  }
  if (pause > Duration{})
    log(LogLevel::kWarning, "the next engine begins in " + std::to_string(to_ms(pause)) + " ms");
  restart_.add(pause);
}

void Guardian::lose_engine() {
  if (!engine_lives()) return;
  engine_->channel->drain();
  engine_->channel.reset();
  silence_.remove();
  core::Actions out;
  core_.engine_ended(out);
  perform(out);
}

void Guardian::kill_engine(const std::string& why) {
  log(LogLevel::kError, "the engine " + why + ": it is killed, and another begins");
  kill(engine_->pid, SIGKILL);
  // From here on it does nothing more, even if it takes the system a while to be rid of it.
  lose_engine();
}

void Guardian::reap() {
  if (!engine_) return;
  siginfo_t info{};
  const int result = waitid(P_PID, static_cast<id_t>(engine_->pid), &info, WEXITED | WNOHANG);
  if (result == 0 && info.si_pid == 0) return;
  lose_engine();
  const bool exited = result == 0 && info.si_code == CLD_EXITED;
  ended(exited ? info.si_status : daemon::kExitFailed,
        exited ? "ended with status " + std::to_string(info.si_status)
               : "was ended by signal " + std::to_string(result == 0 ? info.si_status : 0));
}

void Guardian::ended(int code, const std::string& how) {
  const Engine engine = std::move(*engine_);
  engine_.reset();
  if (engine.ending) return end(code);
  if (!ever_began_) {
    // It has said itself why it cannot start, unless a signal ended it.
    if (code == daemon::kExitOk) code = daemon::kExitFailed;
    log(LogLevel::kDebug, "the first engine " + how);
    return end(code);
  }
  if (now() - engine.since >= kStable) failures_ = 0;
  ++failures_;
  log(LogLevel::kWarning, "the engine " + how + "; what runs goes on, and another begins");
  if (leave_ != 0 && failures_ > kTriesToLeave)
    log(LogLevel::kError, "no engine can begin to leave: services end at their deadlines");
  start_after_pause();
  turn();
}

void Guardian::look_at_silence() {
  if (!engine_lives()) return;
  engine_->channel->drain();
  if (!engine_lives()) return;
  if (!std::exchange(engine_->silent, true)) return silence_.add(kSilenceMoment);
  kill_engine("has said nothing for long");
  turn();
}

// ------------------------------------------------------------------------------- what it says

struct Guardian::Visitor {
  Guardian& to;

  void operator()(const core::RunScript& run) const {
    to.core_.pass(run);
    to.runner_->run(run);
  }
  void operator()(const core::KillScript& kill) const { to.runner_->kill(kill); }
  void operator()(const core::KillService& kill) const {
    to.core_.pass(kill);
    to.runner_->kill(kill);
  }
  void operator()(const core::Guard& guard) const { to.core_.pass(guard); }
  void operator()(const core::Unguard& unguard) const { to.core_.pass(unguard); }
  void operator()(const Settings& settings) const {
    to.runner_->set_service_dir(settings.service_dir);
    daemon::set_verbosity(settings.verbosity);
  }
  void operator()(const Began&) const {
    to.engine_->began = to.ever_began_ = true;
    to.accept_renumbering_ = false;
    to.last_stop_.remove();
    // One that died while it left has not done all of it.
    for (int number : {std::exchange(to.reload_, 0), to.leave_})
      if (number != 0) kill(to.engine_->pid, number);
  }
  void operator()(const Ready&) const { to.detach_.ready(); }
  void operator()(const Ending&) const { to.engine_->ending = true; }
  void operator()(const Alive&) const {}
};

void Guardian::received(std::string_view frame) {
  const auto message = decode_to_guardian(frame);
  if (!message) {
    log(LogLevel::kError, "the engine says what makes no sense");
    kill(engine_->pid, SIGKILL);
    return;
  }
  std::visit(Visitor{*this}, *message);
  engine_->silent = false;
  silence_.add(engine_->began ? kSilence : kStartSilence);
  // The deadlines have changed: they are looked at when the turn ends.
  loop_.post(daemon::Loop::Task([] {}));
}

void Guardian::step(const core::Event& event) {
  std::optional<ToEngine> news;
  if (const auto* script = std::get_if<core::ScriptEnded>(&event)) {
    if (core_.ended(*script)) news = *script;
  } else if (const auto* killed = std::get_if<core::ServiceKilled>(&event)) {
    if (!killed->all)
      log(LogLevel::kWarning, "not all of service " + killed->service + " may be dead");
    if (core_.killed(*killed)) news = *killed;
  }
  if (news && engine_lives()) engine_->channel->send(encode(*news));
}

// ------------------------------------------------------------------------------- without it

void Guardian::perform(const core::Actions& actions) {
  for (const core::Action& action : actions) {
    if (const auto* run = std::get_if<core::RunScript>(&action)) {
      log(LogLevel::kWarning, "no engine is here: " + named(*run) + " begins");
      runner_->run(*run);
    } else if (const auto* kill = std::get_if<core::KillScript>(&action)) {
      runner_->kill(*kill);
    } else if (const auto* all = std::get_if<core::KillService>(&action)) {
      log(LogLevel::kWarning, "no engine is here: all of service " + all->service + " is killed");
      runner_->kill(*all);
    }
  }
}

void Guardian::turn() {
  if (exit_code_) return;
  if (engine_lives() && core_.overdue(now())) {
    // Only what it has said, and was not heard yet, may excuse it.
    engine_->channel->drain();
    if (engine_lives() && core_.overdue(now())) kill_engine("stands still");
  }
  if (!engine_lives()) {
    core::Actions out;
    core_.tick(now(), out);
    perform(out);
    if (leave_ != 0 && failures_ > kTriesToLeave) end_if_nothing_is_left();
  }
  if (const MonoTime next = core_.next_deadline(); next != core::kNever) deadline_.set(next);
  feed_watchdog();
}

void Guardian::feed_watchdog() {
  if (!watchdog_) return;
  if (const auto silence = watchdog_->feed(now(), core_.leases_end()))
    supervisor_.feed_watchdog(*silence);
  feeding_.set(watchdog_->due());
}

void Guardian::end_if_nothing_is_left() {
  if (core_.next_deadline() != core::kNever) return;
  if (runner_->running() == 0) return end(daemon::kExitFailed);
  if (!last_stop_.pending()) last_stop_.add(kLastStop);
}

// ---------------------------------------------------------------------------------- signals

void Guardian::signalled(int number) {
  (number == SIGHUP ? reload_ : leave_) = number;
  if (engine_lives() && engine_->began) {
    kill(engine_->pid, number);
    reload_ = 0;
  } else if (number != SIGHUP && !engine_) {
    // Leaving is the engine's to do: the next is not to be waited for.
    failures_ = 1;
    restart_.add(Duration{});
  }
}

}  // namespace cluster::guardian
