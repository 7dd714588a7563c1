#include "daemon/perform.h"

#include <errno.h>
#include <string.h>
#include <sys/reboot.h>

#include <utility>

#include "daemon/logging.h"

namespace cluster::daemon {

void Happenings::add(WallTime at, core::Severity severity, std::string text) {
  if (kept_.size() == kMaxHappenings) kept_.pop_front();
  kept_.push_back(bus::Happening{at, severity, std::move(text)});
}

namespace {

std::string to_text(const core::ScriptEnded& ended) {
  switch (ended.how) {
    case core::ScriptEnd::kExited: return "exit status " + std::to_string(ended.code);
    case core::ScriptEnd::kSignal: return "signal " + std::to_string(ended.code);
    case core::ScriptEnd::kNotStarted: break;
  }
  return "not executed";
}

std::string named(HostId host, const std::string& name) {
  return "host " + std::to_string(host.value) + " (" + name + ")";
}

}  // namespace

struct Performer::Visitor {
  Performer& to;
  const Parts& parts;

  void operator()(const core::Send& a) const { parts.transport.perform(a); }
  void operator()(const core::Dial& a) const { parts.transport.perform(a); }
  void operator()(const core::CancelDial& a) const { parts.transport.perform(a); }
  void operator()(const core::CloseLink& a) const {
    to.links_.erase(a.link);
    parts.transport.perform(a);
  }
  void operator()(const core::SetAccess& a) const { parts.secrets.set_access(a); }
  void operator()(const core::DeriveSecret& a) const { parts.transport.perform(a); }
  void operator()(const core::OpenRelay& a) const { parts.transport.perform(a); }
  void operator()(const core::RelayIn& a) const { parts.transport.perform(a); }
  void operator()(const core::RelayRoom& a) const { parts.transport.perform(a); }
  void operator()(const core::CloseRelay& a) const { parts.transport.perform(a); }
  void operator()(const core::RunScript& a) const {
    const std::string& name = to.runs_[a.run] = a.service + "/" + core::to_string(a.script);
    parts.tally.began(read_clocks().mono, a);
    log(core::LogLevel::kDebug, name + " begins");
    parts.runner.run(a);
  }
  void operator()(const core::KillScript& a) const {
    if (const auto run = to.runs_.find(a.run); run != to.runs_.end())
      log(core::LogLevel::kWarning, run->second + " is killed");
    parts.runner.kill(a);
  }
  void operator()(const core::KillService& a) const {
    log(core::LogLevel::kWarning, "all of service " + a.service + " is killed");
    parts.runner.kill(a);
  }
  void operator()(const core::Reboot& a) const {
    log(core::LogLevel::kError, "this machine is restarted: " + a.why);
    if (reboot(RB_AUTOBOOT) != 0)
      log(core::LogLevel::kError, std::string("reboot: ") + strerror(errno));
  }
  void operator()(const core::Probe& a) const { parts.prober.perform(a); }
  void operator()(const core::DelaySleep& a) const { parts.sleep_lock.perform(a); }
  void operator()(const core::FilesPeerUp& a) const {
    parts.file_links.up(a);
    parts.files.perform(a);
  }
  void operator()(const core::FilesPeerDown& a) const {
    parts.file_links.down(a);
    parts.files.perform(a);
  }
  void operator()(const core::FilesHeard& a) const { parts.files.perform(a); }
  void operator()(const core::ValidateConfig& a) const { parts.validate_config(a); }
  void operator()(const core::ApplyConfig& a) const { parts.apply_config(a); }
  void operator()(const core::Guard& a) const { parts.runner.guard(a); }
  void operator()(const core::Unguard& a) const { parts.runner.unguard(a); }
  void operator()(const core::Persist& a) const { parts.store.persist(a); }
  void operator()(const core::Wake& a) const { parts.wake.set(a.at); }
  void operator()(const core::Reply& a) const { parts.requests.answer(a); }
  void operator()(const core::HostOnline& a) const {
    log(core::LogLevel::kInfo, "host " + a.name + " is up",
        {.kind = "host-up", .subject = a.name, .host = a.host});
    to.happened(core::Severity::kInfo, named(a.host, a.name) + " is up");
    parts.bus.emit(a);
  }
  void operator()(const core::HostOffline& a) const {
    log(core::LogLevel::kInfo, "host " + a.name + " is down",
        {.kind = "host-down", .subject = a.name, .host = a.host});
    to.happened(core::Severity::kWarning, named(a.host, a.name) + " is down");
    parts.bus.emit(a);
  }
  void operator()(const core::ServiceChanged& a) const {
    const bool failed =
        a.state == core::ServiceState::kFailed || a.state == core::ServiceState::kStopFailed;
    const std::string text = "service " + a.service + " is " + core::to_string(a.state) +
                             (a.host ? " on host " + std::to_string(a.host.value) : std::string()) +
                             (a.why.empty() ? "" : ": " + a.why);
    log(failed ? core::LogLevel::kWarning : core::LogLevel::kInfo, text,
        {.kind = "service-state",
         .subject = a.service,
         .host = a.host,
         .state = core::to_string(a.state)});
    to.happened(failed ? core::Severity::kWarning : core::Severity::kInfo, text);
    parts.bus.emit(a);
  }
  void operator()(const core::Alert& a) const {
    log_alert(a.severity, a.text, {.kind = core::to_string(a.kind), .subject = a.subject});
    said(a);
  }
  void said(const core::Alert& a) const {
    to.news_ = true;
    parts.happenings.add(read_clocks().wall, a.severity, a.text);
    parts.bus.emit(a);
  }
  void operator()(const core::SendAlert& a) const {
    if (!a.said) {
      log_alert(a.severity, a.text, {.kind = a.kind, .subject = a.subject});
      said(core::Alert{a.severity, a.text});
    }
    parts.alerts.tell(a, read_clocks().wall);
  }
  void operator()(const core::Log& a) const { log(a.level, a.text); }
  void operator()(const core::Left&) const { to.left_(); }
};

void Performer::happened(core::Severity severity, const std::string& text) {
  news_ = true;
  parts_.happenings.add(read_clocks().wall, severity, text);
}

void Performer::perform(const core::Actions& actions) {
  for (const core::Action& action : actions) std::visit(Visitor{*this, parts_}, action);
}

void Performer::heard(const core::Event& event) {
  if (const auto* up = std::get_if<core::LinkUp>(&event)) links_.insert(up->link);
  if (const auto* down = std::get_if<core::LinkDown>(&event)) links_.erase(down->link);
  if (const auto* ended = std::get_if<core::ScriptEnded>(&event)) {
    parts_.tally.ended(read_clocks().mono, *ended);
    const auto run = runs_.find(ended->run);
    if (run == runs_.end()) return;
    log(core::LogLevel::kDebug, run->second + " ended: " + to_text(*ended));
    runs_.erase(run);
  }
}

void Performer::close_all_links(const std::string& reason) {
  for (LinkId link : std::exchange(links_, {}))
    parts_.transport.perform(core::CloseLink{link, reason});
}

}  // namespace cluster::daemon
