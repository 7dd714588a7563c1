#include "http/metrics.h"

#include <algorithm>
#include <string_view>

#include "http/openmetrics.h"

namespace cluster::http {

namespace {

constexpr core::ServiceState kStates[] = {
    core::ServiceState::kStopped,   core::ServiceState::kClaiming, core::ServiceState::kStarting,
    core::ServiceState::kRunning,   core::ServiceState::kStopping, core::ServiceState::kFailed,
    core::ServiceState::kStopFailed};
constexpr core::Path kPaths[] = {core::Path::kNone, core::Path::kSelf, core::Path::kDirect,
                                 core::Path::kRelay, core::Path::kMesh};
constexpr char kReasonVariable[] = "CLUSTER_REASON";

template <class Values>
std::vector<std::string_view> names(const Values& values) {
  std::vector<std::string_view> out;
  for (const auto value : values) out.emplace_back(to_string(value));
  return out;
}

double seconds_since_epoch(WallTime time) { return to_seconds(time.time_since_epoch()); }

Labels of(const core::HostView& host) {
  return {{"id", std::to_string(host.id.value)}, {"name", host.name}};
}

Labels of(const sync::RootView& root, const sync::PeerOfRoot& peer) {
  return {{"root", root.name}, {"id", std::to_string(peer.host.value)}, {"name", peer.name}};
}

template <class Value>
void of_hosts(OpenMetrics& out, const core::View& view, std::string_view name,
              std::string_view help, Value value) {
  out.family(name, "gauge", "", help);
  for (const core::HostView& host : view.hosts) out.sample("", of(host), uint64_t{value(host)});
}

void tell_hosts(OpenMetrics& out, const core::View& view) {
  using core::HostView;
  of_hosts(out, view, "cluster_host_up", "Whether this host reaches that one, by any way.",
           [](const HostView& h) { return h.up; });
  of_hosts(out, view, "cluster_host_standby", "Whether it is to run nothing.",
           [](const HostView& h) { return h.standby; });
  of_hosts(out, view, "cluster_host_maintenance", "Whether what runs there is left alone.",
           [](const HostView& h) { return h.maintenance; });
  of_hosts(out, view, "cluster_host_votes", "Whether it votes on services with ownership majority.",
           [](const HostView& h) { return h.votes; });
  out.family("cluster_host_key_generation", "gauge", "",
             "How often the secret shared with it was replaced; 0: the passphrases are in use.");
  for (const HostView& host : view.hosts)
    if (host.id != view.self) out.sample("", of(host), host.generation);
  out.family("cluster_host_path", "stateset", "", "By which way this host reaches that one.");
  for (const HostView& host : view.hosts)
    out.state(of(host), names(kPaths), to_string(host.up ? host.path : core::Path::kNone));
  out.family("cluster_host_rtt_seconds", "gauge", "seconds", "Round trip to it, where measured.");
  for (const HostView& host : view.hosts)
    if (host.up && host.rtt) out.sample("", of(host), to_seconds(*host.rtt));
  out.family("cluster_host_last_seen_timestamp_seconds", "gauge", "seconds",
             "When it was last heard, in seconds since the epoch.");
  for (const HostView& host : view.hosts)
    if (host.last_seen) out.sample("", of(host), seconds_since_epoch(*host.last_seen));
}

void tell_clocks(OpenMetrics& out, const std::vector<sync::ClockOfPeer>& clocks, Now now) {
  const Duration own = now.wall.time_since_epoch() - now.mono.time_since_epoch();
  out.family("cluster_host_clock_offset_seconds", "gauge", "seconds",
             "How far its clock was ahead of this host's when it was last told.");
  for (const sync::ClockOfPeer& clock : clocks)
    out.sample("", {{"id", std::to_string(clock.host.value)}, {"name", clock.name}},
               to_seconds(clock.base - own));
}

void tell_services(OpenMetrics& out, const core::View& view) {
  out.family("cluster_service_state", "stateset", "", "The state of the service in the cluster.");
  for (const core::ServiceView& service : view.services)
    out.state({{"service", service.name}}, names(kStates), to_string(service.state));
  out.family("cluster_service_running", "gauge", "", "Whether it runs on that host.");
  for (const core::ServiceView& service : view.services)
    for (const core::HostView& host : view.hosts) {
      const auto& on = service.running_on;
      Labels labels = of(host);
      labels.insert(labels.begin(), {"service", service.name});
      out.sample("", labels, uint64_t{std::find(on.begin(), on.end(), host.id) != on.end()});
    }
  out.family("cluster_service_epoch", "gauge", "", "It grows with every new owner.");
  for (const core::ServiceView& service : view.services)
    out.sample("", {{"service", service.name}}, service.epoch);
  out.family("cluster_voters", "gauge", "",
             "How many hosts vote on services with ownership majority.");
  out.sample("", {}, uint64_t{view.voters.names.size()});
  out.family("cluster_voters_set", "gauge", "",
             "The number of the set of those that vote; 0: none.");
  out.sample("", {}, view.voters.number);
}

void tell_scripts(OpenMetrics& out, const Tally& tally) {
  out.family("cluster_service_starts", "counter", "", "Starts on this host, by CLUSTER_REASON.");
  for (const auto& [of, count] : tally.starts())
    out.sample("_total", {{"service", of.first}, {"reason", of.second}}, count);
  out.family("cluster_script_seconds", "summary", "seconds", "How long scripts took on this host.");
  for (const auto& [of, its] : tally.scripts()) {
    const Labels labels{{"service", of.first}, {"script", of.second}};
    out.sample("_sum", labels, to_seconds(its.time));
    out.sample("_count", labels, its.runs);
  }
  out.family("cluster_script_failures", "counter", "", "Scripts that failed on this host.");
  for (const auto& [of, its] : tally.scripts())
    out.sample("_total", {{"service", of.first}, {"script", of.second}}, its.failures);
}

template <class Value>
void of_roots(OpenMetrics& out, const std::vector<sync::RootView>& roots, std::string_view name,
              std::string_view unit, std::string_view help, Value value) {
  out.family(name, "gauge", unit, help);
  for (const sync::RootView& root : roots)
    out.sample("", {{"root", root.name}}, uint64_t{value(root)});
}

void tell_files(OpenMetrics& out, const std::vector<sync::RootView>& roots, WallTime now) {
  using sync::PeerOfRoot, sync::RootView;
  of_roots(out, roots, "cluster_sync_files", "", "Files, folders and links in the root here.",
           [](const RootView& r) { return r.files; });
  of_roots(out, roots, "cluster_sync_bytes", "bytes", "Their size.",
           [](const RootView& r) { return r.bytes; });
  of_roots(out, roots, "cluster_sync_missing_files", "",
           "What others have and this host has not yet.",
           [](const RootView& r) { return r.missing_files; });
  of_roots(out, roots, "cluster_sync_missing_bytes", "bytes", "Its size.",
           [](const RootView& r) { return r.missing_bytes; });
  of_roots(out, roots, "cluster_sync_failing_files", "", "What cannot be read or written here.",
           [](const RootView& r) { return r.failing.size(); });
  of_roots(out, roots, "cluster_sync_held_back_deletes", "",
           "Deletes that wait for an operator's word.",
           [](const RootView& r) { return r.held_back; });
  of_roots(out, roots, "cluster_sync_paused", "", "Whether nothing is exchanged.",
           [](const RootView& r) { return !r.paused.empty(); });
  const auto of_peers = [&](std::string_view name, std::string_view unit, std::string_view help,
                            const auto& value) {
    out.family(name, "gauge", unit, help);
    for (const RootView& root : roots)
      for (const PeerOfRoot& peer : root.peers)
        if (peer.known) out.sample("", of(root, peer), value(peer));
  };
  of_peers("cluster_sync_behind_files", "", "What that host lacks of what is here.",
           [](const PeerOfRoot& peer) { return peer.behind_files; });
  of_peers("cluster_sync_behind_bytes", "bytes", "Its size.",
           [](const PeerOfRoot& peer) { return peer.behind_bytes; });
  of_peers("cluster_sync_behind_seconds", "seconds", "For how long it has lacked the oldest of it.",
           [&](const PeerOfRoot& peer) {
             return peer.behind_files == 0
                        ? 0.0
                        : to_seconds(std::max<Duration>(now - peer.behind_since, Duration{}));
           });
}

void tell_connections(OpenMetrics& out, const Connections& connections, uint64_t malformed) {
  const auto counter = [&](std::string_view name, std::string_view unit, std::string_view help,
                           uint64_t value) {
    out.family(name, "counter", unit, help);
    out.sample("_total", {}, value);
  };
  counter("cluster_connections", "", "Connections that were accepted.", connections.accepted);
  counter("cluster_handshakes", "", "Of these, those that proved who they are.",
          connections.authenticated);
  out.family("cluster_refused_handshakes", "counter", "", "Those that were refused, by reason.");
  for (const auto& [reason, count] : connections.refused)
    out.sample("_total", {{"reason", reason}}, count);
  counter("cluster_malformed_messages", "", "Messages for which a link was closed.", malformed);
  counter("cluster_relayed_frames", "", "Frames passed on between others.",
          connections.relayed_frames);
  counter("cluster_relayed_bytes", "bytes", "Their size.", connections.relayed_bytes);
  counter("cluster_relayed_dropped_frames", "", "Frames that were dropped instead.",
          connections.relayed_dropped);
}

void tell_process(OpenMetrics& out, const Process& process) {
  out.family("process_cpu_seconds", "counter", "seconds", "Processor time of the daemon.");
  out.sample("_total", {}, to_seconds(process.cpu));
  out.family("process_resident_memory_bytes", "gauge", "bytes", "Its resident memory.");
  out.sample("", {}, process.resident_bytes);
  out.family("process_open_fds", "gauge", "", "Its open file descriptors.");
  out.sample("", {}, process.open_files);
  out.family("process_start_time_seconds", "gauge", "seconds", "When it began, since the epoch.");
  out.sample("", {}, seconds_since_epoch(process.since));
}

std::string reason_of(const core::RunScript& run) {
  for (const auto& [name, value] : run.environment)
    if (name == kReasonVariable) return value;
  return "";
}

bool failed(core::Script script, const core::ScriptEnded& ended) {
  if (ended.how != core::ScriptEnd::kExited) return true;
  if (script == core::Script::kStatus) return ended.code != 0 && ended.code != 3 && ended.code != 7;
  return ended.code != 0;
}

}  // namespace

void Tally::began(MonoTime now, const core::RunScript& run) {
  running_[run.run] = {{run.service, to_string(run.script)}, run.script, now};
  if (run.script == core::Script::kStart) ++starts_[{run.service, reason_of(run)}];
}

void Tally::ended(MonoTime now, const core::ScriptEnded& ended) {
  const auto at = running_.find(ended.run);
  if (at == running_.end()) return;
  Scripts& its = scripts_[at->second.of];
  ++its.runs;
  its.time += now - at->second.since;
  if (failed(at->second.script, ended)) ++its.failures;
  running_.erase(at);
}

std::string metrics(const Snapshot& snapshot, const Tally& tally) {
  OpenMetrics out;
  out.family("cluster_build", "info", "", "The daemon.");
  out.sample("_info", {{"version", snapshot.version}}, uint64_t{1});
  out.family("cluster_settled", "gauge", "",
             "Whether this host knows enough of the others to claim services.");
  out.sample("", {}, uint64_t{snapshot.view.settled});
  tell_hosts(out, snapshot.view);
  tell_clocks(out, snapshot.clocks, snapshot.now);
  tell_services(out, snapshot.view);
  tell_scripts(out, tally);
  tell_files(out, snapshot.roots, snapshot.now.wall);
  tell_connections(out, snapshot.connections, snapshot.view.malformed_messages);
  tell_process(out, snapshot.process);
  return std::move(out).text();
}

}  // namespace cluster::http
