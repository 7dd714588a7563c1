#include "daemon/daemon.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>

#include <algorithm>
#include <utility>

#include "daemon/detach.h"
#include "daemon/logging.h"
#include "daemon/trace.h"

namespace cluster::daemon {

Daemon::Daemon(Options options, config::Loaded loaded, Notify notify, Parent& parent)
    : options_(std::move(options)),
      config_(std::move(loaded)),
      notify_(std::move(notify)),
      parent_(parent) {}

Daemon::~Daemon() = default;

Status Daemon::start() {
  for (Status (Daemon::*part)() : {&Daemon::open_state, &Daemon::open_network, &Daemon::start_core})
    if (Status s = (this->*part)(); !s) return s;
  return {};
}

Status Daemon::open_state() {
  auto opened = store::Store::open(
      options_.state_dir, [this](core::Event event) { loop_.post(std::move(event)); },
      parent_.take_lock());
  if (!opened) return Error{opened.error()};
  store_ = std::move(*opened);
  auto identity = net::Identity::load_or_create(options_.state_dir + "/" + kNodeKeyName);
  if (!identity) return Error{identity.error()};
  identity_.emplace(std::move(*identity));
  return {};
}

net::Report Daemon::report() {
  return net::Report{
      [](core::LogLevel level, const std::string& text) { daemon::log(level, text); },
      [this](core::Severity severity, const std::string& text) { alert(severity, text); }};
}

std::vector<std::string> listen_addresses(const config::Loaded& config) {
  if (!config.listen.empty()) return config.listen;
  const core::HostEntry* self = config.core.host(config.core.self);
  const auto own = net::Endpoint::parse(self->address, config.port);
  if (own && own->is_loopback()) return {self->address};
  return {};
}

Status Daemon::open_network() {
  listening_ = parent_.take_listening();
  // What cluster.conf says by now may be another.
  if (!listening_.empty()) config_.port = net::Endpoint::local_of(listening_[0].get()).port();
  secrets_ = std::make_unique<net::Secrets>(
      loop_.base(), *identity_,
      net::SecretCache{[this](const std::string& key) { return store_->get(key); },
                       [this](const std::string& key, const std::optional<std::string>& value) {
                         store_->put(key, value);
                       }});
  transport_ = std::make_unique<net::Transport>(
      loop_.base(), *identity_, *secrets_, net::TransportOptions{},
      [this](core::Event event) { loop_.post(std::move(event)); }, report());
  apply_to_network(config_);
  runner_ = parent_.attach(
      loop_.base(),
      scripts::Callbacks{[this](core::ScriptEnded ended) { loop_.post(core::Event(ended)); },
                         [this](core::ServiceKilled killed) { loop_.post(core::Event(killed)); },
                         [](const scripts::Line& line) { daemon::log(line); }});
  runner_->set_service_dir(config_.service_dir);
  return {};
}

void Daemon::apply_to_network(const config::Loaded& config) {
  std::vector<net::HostLine> lines;
  for (const core::HostEntry& host : config.core.hosts)
    lines.push_back({host.id, host.name, config.passphrases.at(host.id)});
  secrets_->set_lines(config.core.self, std::move(lines));
  const core::HostEntry* self = config.core.host(config.core.self);
  transport_->set_options({.dial_from_listening_port = self != nullptr && self->dynamic});
}

Status Daemon::start_core() {
  open_alerts();
  core::Boot boot{.node = identity_->node(),
                  .node_key = identity_->spki(),
                  .version = CLUSTER_VERSION,
                  .config = config_.core,
                  .stored = store_->take_stored(),
                  .accept_renumbering = options_.accept_renumbering,
                  .left = parent_.take_left(),
                  .machine_boot = read_machine_boot(),
                  .first_run = parent_.first_run()};
  if (!options_.accept_renumbering)
    if (auto why = core::Node::refuse_renumbering(boot.stored, boot.config)) return Error{*why};
  if (getrandom(&boot.seed, sizeof boot.seed, 0) != sizeof boot.seed)
    return Error{std::string("getrandom: ") + strerror(errno)};

  wake_ =
      std::make_unique<WakeTimer>(loop_.base(), [this] { loop_.post(core::Event(core::Tick{})); });
  prober_ = std::make_unique<net::Prober>(
      loop_.base(), [this] { loop_.post(core::Event(core::ProbeAnswered{})); }, report());
  sleep_lock_ = std::make_unique<system::SleepLock>(
      loop_.base(), options_.bus,
      system::SleepLock::Watcher{
          [this](bool near) { loop_.post(core::Event(core::SleepPlanned{near})); },
          [](core::LogLevel level, const std::string& text) { daemon::log(level, text); }});
  bus_ = std::make_unique<bus::Bus>(loop_.base(), options_.bus, CLUSTER_VERSION, *this);
  if (Status s = open_files(); !s) return s;
  owner_gate_ = std::make_unique<OwnerGate>(
      *runner_, *keeper_,
      OwnerGate::World{
          [this](std::function<void()> task) { loop_.post(Loop::Task(std::move(task))); },
          [this](core::ScriptEnded ended) { loop_.post(core::Event(ended)); },
          [this](const std::string& text) {
            notice({.kind = core::AlertKind::kFiles, .text = text});
          }});
  owner_gate_->configure(config_);
  performer_ = std::make_unique<Performer>(
      Parts{*transport_, *secrets_, *owner_gate_, *store_, *bus_, *wake_, *prober_, *keeper_,
            file_links_, *sleep_lock_, *alerts_, requests_, happenings_, tally_,
            [this](const core::ValidateConfig& a) { perform(a); },
            [this](const core::ApplyConfig& a) { perform(a); }},
      [this] { left(); });
  status_pages_ = std::make_unique<StatusPages>(loop_.base(), *this, tally_);
  boot_ = boot;
  node_ = std::make_unique<core::Node>(std::move(boot));
  loop_.post(core::Event(core::LocalAddresses{net::local_addresses()}));
  addresses_ = std::make_unique<net::AddressWatch>(
      loop_.base(),
      [this](std::vector<std::string> addresses) {
        loop_.post(core::Event(core::LocalAddresses{std::move(addresses)}));
      },
      report());
  secrets_look_ = std::make_unique<Watch>(loop_.base(), -1, 0, [this] { start_once_able(); });
  start_once_able();
  return {};
}

void Daemon::open_alerts() {
  alerts_ = std::make_unique<alerts::AlertTeller>(
      loop_.base(), [this](AlertId alert, const std::string& failed) {
        loop_.post(core::Event(core::AlertSent{alert, failed}));
      });
  apply_to_alerts(config_);
}

void Daemon::apply_to_alerts(config::Loaded& config) {
  const alerts::Ways ways{config.email, config.text_alerts, config.sendmail, config.alerts_dir,
                          config.alert_timeout};
  std::vector<std::string> passed_over;
  alerts::executables(ways.folder, &passed_over);
  for (const std::string& why : passed_over) daemon::log(core::LogLevel::kWarning, why);
  config.core.sends_alerts = alerts::any(ways);
  alerts_->set_ways({config.core.self, config.core.host(config.core.self)->name}, ways);
}

void Daemon::start_once_able() {
  if (!secrets_->ready()) return secrets_look_->add(kSecretsLook);
  loop_.post(Loop::Task([this] {
    const Now now = read_clocks();
    if (verbosity() >= kVerbosityEvents) log_event(to_text(now, *boot_));
    boot_.reset();
    secrets_look_.reset();
    node_->start(now, actions_);
    started_ = true;
    status_pages_->configure(config_.status_listen);
    // Who connects has waited in the backlog: before this nothing is known of who may come in.
    transport_->listen(std::move(listening_));
    perform();
    for (const core::Event& event : std::exchange(early_, {})) step(event, false);
  }));
}

void Daemon::watch(evutil_socket_t fd, short what, std::function<void()> callback,
                   std::optional<Duration> after) {
  watches_.push_back(std::make_unique<Watch>(loop_.base(), fd, what, std::move(callback)));
  if (after) {
    watches_.back()->add(*after);
  } else {
    watches_.back()->add();
  }
}

int Daemon::run() {
  const short on_signal = EV_SIGNAL | EV_PERSIST;
  const auto leave_on = [this](const char* name) {
    return [this, name] { loop_.post(Loop::Task([this, name] { leave(name); })); };
  };
  watch(SIGTERM, on_signal, leave_on("SIGTERM"));
  watch(SIGINT, on_signal, leave_on("SIGINT"));
  watch(SIGHUP, on_signal, [this] { reload([](const Status&) {}); });
  watch(
      -1, 0,
      [this] {
        if (!bus_settled_) bus_tried(false);
      },
      kBusPatience);
  watch(
      -1, 0, [] { malloc_trim(0); }, kTrimAfter);

  parent_.began();
  if (!loop_.run([this](const core::Event& event, bool more) { step(event, more); },
                 [this] { turn_ended(); })) {
    daemon::log(core::LogLevel::kError,
                std::string("the kernel gives no events: ") + strerror(errno));
    exit_code_ = kExitFailed;
  }
  requests_.refuse_all(core::Refusal::kLeaving, "this host has left the cluster");
  return exit_code_;
}

void Daemon::step(const core::Event& event, bool more) {
  if (gone_) return;
  if (!started_) return early_.push_back(event);
  const Now now = read_clocks();
  if (verbosity() >= kVerbosityEvents) log_event(to_text(now, event, more));
  performer_->heard(event);
  node_->step(now, event, actions_, more);
  perform();
}

void Daemon::perform() {
  performer_->perform(actions_);
  actions_.clear();
}

void Daemon::turn_ended() {
  if (const uint64_t revision = node_->revision(); revision != shown_revision_) {
    shown_revision_ = revision;
    if (started_)
      owner_gate_->look([this](const std::string& service) { return node_->here(service); });
    bus_->changed();
  }
  if (performer_->take_news() && ready_ && !leaving_ && notify_.wanted()) notify_.status(summary());
}

core::View Daemon::view() { return node_->view(read_clocks()); }

std::optional<std::string> Daemon::explain(const std::string& service) {
  return node_->explain(read_clocks(), service);
}

std::string Daemon::simulate(const std::vector<HostId>& lost) {
  return node_->simulate(read_clocks(), lost);
}

bus::Strangers Daemon::strangers() {
  const net::TransportCounters counters = transport_->counters();
  bus::Strangers out{
      counters.accepted, counters.strangers, counters.authenticated, counters.guesses, {}};
  for (size_t i = 0; i < net::kRefusals; ++i) {
    const auto kind = static_cast<net::Refusal>(i);
    out.refused.emplace_back(net::to_string(kind), counters.refused[kind]);
  }
  return out;
}

bus::RelayCounts Daemon::relayed() {
  const net::TransportCounters counters = transport_->counters();
  return {counters.relayed_frames, counters.relayed_bytes, counters.relayed_dropped};
}

void Daemon::submit(core::Command command, bus::CommandDone done) {
  if (auto numbered = requests_.add(std::move(command), std::move(done)))
    loop_.post(core::Event(std::move(*numbered)));
}

void Daemon::log(core::LogLevel level, const std::string& text) { daemon::log(level, text); }

void Daemon::alert(core::Severity severity, const std::string& text) {
  notice({.severity = severity, .text = text});
}

void Daemon::notice(core::Noticed noticed) {
  if (noticed.subject.empty()) noticed.subject = config_.core.host(config_.core.self)->name;
  loop_.post(core::Event(std::move(noticed)));
}

void Daemon::bus_tried(bool on_bus) {
  if (std::exchange(bus_settled_, true)) return;
  if (!on_bus && options_.bus != "none")
    daemon::log(core::LogLevel::kWarning,
                "not on the bus " + options_.bus + " yet; trying again and again");
  loop_.post(Loop::Task([this] { become_ready(); }));
}

void Daemon::become_ready() {
  if (std::exchange(ready_, true)) return;
  daemon::log(core::LogLevel::kInfo, "ready: host " + std::to_string(config_.core.self.value) +
                                         " (" + config_.core.host(config_.core.self)->name +
                                         "), port " + std::to_string(config_.port) + ", node " +
                                         identity_->node().brief());
  notify_.ready(summary());
  parent_.ready();
  if (options_.detach) Detach::leave_terminal();
}

std::string Daemon::summary() {
  const core::View now = view();
  const auto up = std::count_if(now.hosts.begin(), now.hosts.end(),
                                [](const core::HostView& h) { return h.up; });
  std::string runs;
  for (const core::ServiceView& s : now.services)
    if (std::find(s.running_on.begin(), s.running_on.end(), now.self) != s.running_on.end())
      runs += (runs.empty() ? "" : ", ") + s.name;
  return std::to_string(up) + " of " + std::to_string(now.hosts.size()) +
         " hosts up; here: " + (runs.empty() ? "no service" : runs);
}

}  // namespace cluster::daemon
