#include "config/load.h"

#include <filesystem>
#include <utility>

#include "base/ensure.h"
#include "config/address.h"
#include "config/cluster_conf.h"
#include "config/needs.h"
#include "config/roots.h"
#include "config/service_folder.h"
#include "config/services.h"
#include "config/text.h"

namespace cluster::config {

namespace {

constexpr const char* kServiceFolder = "services.d";
constexpr const char* kAlertsFolder = "alerts.d";

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto out = std::filesystem::absolute(path, error);
  return error ? path : out.lexically_normal().string();
}

uint16_t own_port(const ClusterConf& conf, const core::HostEntry& self, Report& report) {
  if (!conf.port) return self.dynamic ? kDefaultPort : self.port;
  if (!self.dynamic && self.port != *conf.port) {
    report.warn(conf.path, conf.port_line,
                "port is " + std::to_string(*conf.port) +
                    ", but by hosts the others dial this host at port " +
                    std::to_string(self.port) + "; expected the same, unless a router forwards it");
  }
  return *conf.port;
}

void load_services(const Options& options, const ClusterConf& conf,
                   const std::vector<ServiceRow>& rows, const std::string& services_path,
                   Loaded& out, Report& report) {
  std::vector<NeedsLines> lines;
  for (const ServiceRow& row : rows) {
    lines.emplace_back();
    core::ServiceEntry entry = row.entry;
    entry.ownership = conf.ownership;
    for (const HostId id : entry.preference) entry.local = entry.local || id == out.core.self;
    if (entry.local) {
      Report folder;
      load_service_folder(out.service_dir + "/" + entry.name, {services_path, row.line},
                          conf.failback, entry, lines.back(), folder);
      report.merge(folder, options.mode == Mode::kStart);
    }
    out.core.services.push_back(std::move(entry));
  }
  check_needs(out.core.services, lines, options.mode == Mode::kStart, report);
}

std::optional<TextFile> text_of(const Options& options, const std::string& path,
                                std::string core::PushFiles::*text, Report& report) {
  if (!options.texts) return read_text(path, Need::kRequired, report);
  return split_text(path, *options.texts.*text, report);
}

void load_all(const Options& options, Loaded& out, Report& report) {
  const std::string conf_path = options.config_dir + "/cluster.conf";
  const std::string hosts_path = config::hosts_path(options);
  const std::string services_path = options.config_dir + "/services";

  ClusterConf conf;
  if (const auto text = text_of(options, conf_path, &core::PushFiles::cluster_conf, report)) {
    conf = parse_cluster_conf(*text, report);
  }
  std::optional<Hosts> hosts;
  if (const auto text = text_of(options, hosts_path, &core::PushFiles::hosts, report)) {
    hosts = parse_hosts(*text, report);
  }
  std::vector<ServiceRow> rows;
  if (const auto text = text_of(options, services_path, &core::PushFiles::services, report)) {
    rows = parse_services(*text, hosts ? &*hosts : nullptr, report);
  }

  out.listen = std::move(conf.listen);
  out.status_listen = std::move(conf.status_listen);
  out.verbosity = conf.verbosity;
  out.service_dir = conf.service_dir.value_or(absolute(options.config_dir + "/" + kServiceFolder));
  out.core.beat_interval = conf.beat_interval;
  out.core.dead_time = conf.dead_time;
  out.core.rekey_interval = conf.rekey_interval;
  out.core.probe = conf.probe;
  out.email = conf.alerts.email;
  out.text_alerts = conf.alerts.text_alerts;
  out.sendmail = conf.alerts.sendmail;
  out.alert_timeout = conf.alerts.timeout;
  out.alerts_dir = absolute(options.config_dir + "/" + kAlertsFolder);
  if (!hosts) return;
  out.core.monitor = monitored(conf.alerts, conf_path, *hosts, report);

  std::optional<GivenId> given = conf.id;
  if (options.id) given = GivenId{*options.id, std::string(), 1};
  if (const auto self = find_self(*hosts, given, options.local, report)) {
    out.core.self = *self;
    out.port = own_port(conf, *hosts->find(*self), report);
    out.core.port = out.port;
  }
  out.core.hosts = hosts->entries;
  out.passphrases = std::move(hosts->passphrases);
  load_services(options, conf, rows, services_path, out, report);
  out.retain = conf.files.retain;
  out.tombstone_keep = conf.files.tombstone_keep;
  out.roots = local_roots({.conf = conf.files,
                           .conf_path = conf_path,
                           .hosts = *hosts,
                           .self = out.core.self,
                           .services = rows,
                           .services_path = services_path,
                           .service_dir = out.service_dir,
                           .config_dir = absolute(options.config_dir),
                           .state_dir = options.state_dir},
                          report);
  for (core::ServiceEntry& entry : out.core.services)
    entry.owns_files = std::any_of(out.roots.begin(), out.roots.end(),
                                   [&](const auto& root) { return root.service == entry.name; });
}

}  // namespace

std::string hosts_path(const Options& options) {
  return options.hosts_file.empty() ? options.config_dir + "/hosts" : options.hosts_file;
}

Outcome load(const Options& options) {
  Loaded loaded;
  Report report;
  load_all(options, loaded, report);
  Outcome outcome{std::nullopt, report.faults(), report.warnings()};
  if (report.ok()) {
    ENSURE(loaded.core.self && loaded.port != 0);
    outcome.loaded = std::move(loaded);
  }
  return outcome;
}

std::vector<std::string> restart_needed(const Loaded& running, const Loaded& next) {
  std::vector<std::string> keys;
  if (running.core.self != next.core.self) keys.emplace_back("id");
  if (running.port != next.port) keys.emplace_back("port");
  if (running.listen != next.listen) keys.emplace_back("listen");
  if (running.service_dir != next.service_dir) keys.emplace_back("service_dir");
  return keys;
}

std::string check_config_report(const Outcome& outcome) {
  std::string out;
  for (const Fault& fault : outcome.faults) out += to_string(fault) + "\n";
  for (const Fault& warning : outcome.warnings) {
    out += to_string({warning.file, warning.line, "warning: " + warning.text}) + "\n";
  }
  if (!outcome.loaded) return out;
  const core::Config& core = outcome.loaded->core;
  const auto count = [](size_t n, const char* what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
  };
  out += "valid: " + count(core.hosts.size(), "host") + ", " +
         count(core.services.size(), "service") + "; this host is " +
         std::to_string(core.self.value) + " " + core.host(core.self)->name + "\n";
  return out;
}

}  // namespace cluster::config
