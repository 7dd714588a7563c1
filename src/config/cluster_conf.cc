#include "config/cluster_conf.h"

#include <sys/stat.h>

#include <algorithm>

#include "config/address.h"
#include "config/conf_file.h"
#include "config/values.h"

namespace cluster::config {

namespace {

// Each once, at least one and at most so many.
template <class Address>
std::vector<Address> address_list(const ConfValues& conf, const std::string& key, size_t most,
                                  Result<Address> (*parse)(std::string_view), Report& report) {
  std::vector<Address> out;
  const ConfValues::Value* value = conf.find(key);
  if (value == nullptr) return out;
  auto refuse = [&](const std::string& wrong, const std::string& expected) {
    report.fault(conf.file(), value->line, wrong, expected);
  };
  if (value->texts.empty())
    refuse(key + " is an empty list", "at least one address, or no such key");
  if (value->texts.size() > most) {
    refuse(key + " names " + std::to_string(value->texts.size()) + " addresses",
           "at most " + std::to_string(most));
    return out;
  }
  for (const std::string& text : value->texts) {
    auto address = parse(text);
    if (!address) {
      report.fault(conf.file(), value->line, Error{address.error()});
    } else if (std::find(out.begin(), out.end(), *address) != out.end()) {
      refuse(key + " names " + in_quotes(text) + " twice", "each address once");
    } else {
      out.push_back(*address);
    }
  }
  return out;
}

void check_times(const ConfValues& conf, const ClusterConf& out, Report& report) {
  const char* key = conf.find("dead_time") != nullptr ? "dead_time" : "beat_interval";
  const std::string both = "dead_time is " + format_time(out.dead_time) + " and beat_interval " +
                           format_time(out.beat_interval);
  if (out.dead_time <= out.beat_interval) {
    report.fault(conf.file(), conf.line_of(key), both, "a dead_time greater than beat_interval");
  } else if (out.dead_time < 2 * out.beat_interval) {
    report.warn(
        conf.file(), conf.line_of(key),
        both + ", so one late keepalive closes a link; expected at least twice beat_interval");
  }
}

}  // namespace

ClusterConf parse_cluster_conf(const TextFile& text, Report& report) {
  ClusterConf out;
  out.path = text.path;
  const ConfValues conf = parse_conf(text, ConfKind::kCluster, report);

  if (const auto id = conf.number("id", report))
    out.id = GivenId{*id, text.path, conf.line_of("id")};
  if (const auto port = conf.number("port", report)) {
    out.port = static_cast<uint16_t>(*port);
    out.port_line = conf.line_of("port");
  }
  out.listen = address_list(conf, "listen", kMaxListenAddresses, parse_listen_address, report);
  out.probe = address_list(conf, "probe", kMaxProbeTargets, parse_probe_target, report);
  out.status_listen =
      address_list(conf, "status_listen", kMaxStatusAddresses, parse_status_listen, report);

  const size_t before = report.faults().size();
  out.beat_interval = conf.time("beat_interval", report).value_or(out.beat_interval);
  out.dead_time = conf.time("dead_time", report).value_or(out.dead_time);
  out.rekey_interval = conf.time("rekey_interval", report).value_or(out.rekey_interval);
  if (report.faults().size() == before) check_times(conf, out, report);

  if (const auto level = conf.number("verbosity", report)) out.verbosity = static_cast<int>(*level);
  out.failback = conf.failback("failback", report);
  out.ownership = conf.ownership("ownership", report).value_or(out.ownership);

  out.service_dir = conf.path("service_dir", report);
  struct stat info {};
  if (out.service_dir && (::stat(out.service_dir->c_str(), &info) != 0 || !S_ISDIR(info.st_mode))) {
    report.fault(text.path, conf.line_of("service_dir"),
                 "service_dir is " + in_quotes(*out.service_dir) + ", where no folder is",
                 "an existing folder");
    out.service_dir.reset();
  }
  out.files = read_files(conf, report);
  out.alerts = read_alerts(conf, report);
  return out;
}

}  // namespace cluster::config
