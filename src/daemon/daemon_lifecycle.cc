// The daemon's changes in flight: reload and leaving.
#include <algorithm>
#include <utility>

#include "base/join.h"
#include "daemon/daemon.h"
#include "daemon/logging.h"

namespace cluster::daemon {

namespace {

bool contains(const std::vector<std::string>& words, const char* word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

config::Options config_options(const Options& options, config::Mode mode) {
  config::Options wanted;
  wanted.config_dir = options.config_dir;
  wanted.hosts_file = options.hosts_file;
  wanted.state_dir = options.state_dir;
  if (options.id) wanted.id = options.id->value;
  wanted.mode = mode;
  // Asked once: the resolver may keep one waiting, and a reload runs on the loop.
  wanted.local = [] {
    static const config::LocalIdentity kept = config::local_identity();
    return kept;
  };
  return wanted;
}

int effective_verbosity(const Options& options, int configured) {
  if (options.verbose >= 2) return kVerbosityEvents;
  return options.verbose == 1 ? std::max(configured, kVerbosityDebug) : configured;
}

void Daemon::reload(bus::ReloadDone done) {
  loop_.post(Loop::Task([this, done = std::move(done)] { done(reload_and_say()); }));
}

Status Daemon::reload_and_say() {
  notify_.reloading();
  Status status = reload_now();
  if (status) {
    daemon::log(core::LogLevel::kInfo, "configuration reloaded");
  } else {
    daemon::log(core::LogLevel::kError, "reload refused, nothing is changed: " + status.error());
  }
  happenings_.add(read_clocks().wall, status ? core::Severity::kInfo : core::Severity::kWarning,
                  status ? "configuration reloaded" : "reload refused: " + status.error());
  notify_.ready(summary());
  return status;
}

Daemon::Checked Daemon::check(std::optional<core::PushFiles> texts) const {
  if (leaving_) return {std::nullopt, {"this host is leaving the cluster"}, {}};
  config::Options wanted = config_options(options_, config::Mode::kCheck);
  wanted.texts = std::move(texts);
  config::Outcome outcome = config::load(wanted);
  Checked out{std::nullopt, {}, std::move(outcome.warnings)};
  if (!outcome.loaded) {
    for (const config::Fault& fault : outcome.faults)
      out.faults.push_back(config::to_string(fault));
    return out;
  }
  if (auto why = node_->refuse_renumbering(outcome.loaded->core)) {
    out.faults.push_back(config::hosts_path(wanted) + ":1: " + *why);
    return out;
  }
  // These two change what everything else in the new configuration means.
  const std::vector<std::string> restart = config::restart_needed(config_, *outcome.loaded);
  for (const char* key : {"id", "service_dir"})
    if (contains(restart, key))
      out.faults.push_back(options_.config_dir + "/cluster.conf:1: a change of " + key +
                           " needs a restart of clusterd");
  if (out.faults.empty()) out.next = std::move(outcome.loaded);
  return out;
}

Status Daemon::reload_now() {
  Checked checked = check(std::nullopt);
  if (!checked.next) return Error{joined(checked.faults, "\n")};
  for (const config::Fault& warning : checked.warnings)
    daemon::log(core::LogLevel::kWarning, config::to_string(warning));
  const std::vector<std::string> restart = config::restart_needed(config_, *checked.next);
  if (!restart.empty())
    daemon::log(
        core::LogLevel::kWarning,
        "changed, but needs a restart of clusterd to have an effect: " + joined(restart, ", "));
  apply(std::move(*checked.next));
  return {};
}

void Daemon::apply(config::Loaded next) {
  next.listen = config_.listen;
  next.port = config_.port;
  config_ = std::move(next);
  set_verbosity(effective_verbosity(options_, config_.verbosity));
  parent_.set_verbosity(verbosity());
  apply_to_network(config_);
  if (started_) status_pages_->configure(config_.status_listen);
  apply_to_alerts(config_);
  keeper_->configure({config_.roots, config_.retain, config_.tombstone_keep});
  owner_gate_->configure(config_);
  loop_.post(core::Event(core::ConfigChanged{config_.core}));
}

Duration Daemon::leave_bound() const {
  Duration longest{};
  Duration in_turn{};  // services that wait for each other stop one after the other
  for (const core::ServiceEntry& service : config_.core.services) {
    if (!service.local) continue;
    longest = std::max(longest, service.start_timeout + service.stop_timeout);
    if (!service.after.empty() || !service.with.empty())
      in_turn += service.start_timeout + service.stop_timeout;
  }
  return longest + in_turn + config_.core.dead_time + kLeaveMargin;
}

void Daemon::leave(const char* why) {
  if (leaving_) {
    daemon::log(core::LogLevel::kWarning,
                std::string(why) + ": already leaving, services are stopping");
    return;
  }
  daemon::log(core::LogLevel::kInfo, std::string(why) + ": leaving the cluster");
  notify_.stopping("leaving the cluster: services are handed over");
  leaving_ = std::make_unique<Leaving>(loop_.base(), notify_, leave_bound(), [this] { give_up(); });
  loop_.post(core::Event(core::Leave{}));
}

void Daemon::left() {
  if (std::exchange(gone_, true)) return;
  if (!leaving_) {
    // The core's own decision, after an alert that says why: not what the operator wanted.
    exit_code_ = kExitFailed;
    notify_.stopping("leaving the cluster");
    leaving_ =
        std::make_unique<Leaving>(loop_.base(), notify_, leave_bound(), [this] { give_up(); });
  }
  performer_->close_all_links("leaving");
  leaving_->left([this] { return transport_->closing() == 0; },
                 [this] {
                   daemon::log(core::LogLevel::kInfo, "left");
                   parent_.ending();
                   loop_.stop();
                 });
}

void Daemon::give_up() {
  daemon::log(core::LogLevel::kError,
              "leaving takes longer than all timeouts together: ending without the rest");
  exit_code_ = kExitFailed;
  parent_.ending();
  loop_.stop();
}

}  // namespace cluster::daemon
