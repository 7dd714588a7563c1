// What cluster.conf says of alerts: who is told of what.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/conf_file.h"
#include "config/fault.h"
#include "config/hosts.h"

namespace cluster::config {

inline constexpr size_t kMaxAddressees = 16;

struct AlertsConf {
  std::vector<std::string> email, text_alerts;  // addresses; empty: nobody
  std::string sendmail = "/usr/sbin/sendmail";
  Duration timeout = seconds(30);
  std::vector<std::string> monitor;  // as written; empty: all hosts
  int monitor_line = 1;
};

AlertsConf read_alerts(const ConfValues& conf, Report& report);

// The hosts that `monitor` names; nullopt: all.
std::optional<std::vector<HostId>> monitored(const AlertsConf& alerts, const std::string& path,
                                             const Hosts& hosts, Report& report);

}  // namespace cluster::config
