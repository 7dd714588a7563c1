// cluster.conf: this host's settings and the defaults of all services.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/address.h"
#include "config/alerts_conf.h"
#include "config/fault.h"
#include "config/files_conf.h"
#include "config/identity.h"
#include "config/text.h"
#include "core/config.h"

namespace cluster::config {

inline constexpr int kDefaultVerbosity = 3;
inline constexpr size_t kMaxListenAddresses = 64;
inline constexpr size_t kMaxProbeTargets = 8;
inline constexpr size_t kMaxStatusAddresses = 8;

struct ClusterConf {
  std::string path;
  std::optional<GivenId> id;
  std::optional<uint16_t> port;
  int port_line = 1;
  std::vector<std::string> listen;  // without brackets; empty: all addresses
  Duration beat_interval = seconds(1);
  Duration dead_time = seconds(5);
  Duration rekey_interval = hours(1);
  std::vector<core::ProbeTarget> probe;
  std::vector<PortAddress> status_listen;
  int verbosity = kDefaultVerbosity;
  std::optional<core::Failback> failback;
  core::Ownership ownership = core::Ownership::kPeers;
  std::optional<std::string> service_dir;
  FilesConf files;
  AlertsConf alerts;
};

ClusterConf parse_cluster_conf(const TextFile& text, Report& report);

}  // namespace cluster::config
