// What stands in the files of a cluster (hosts, services, service.conf), from which each machine's
// core::Config is made. Machines may hold different specs: that is one of the faults.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config.h"

namespace cluster::sim {

struct HostSpec {
  HostId id;
  std::string name;  // what the world's machines are known by
  bool dynamic = false;
  std::string address;  // empty where dynamic
  int passphrase = 0;   // two machines let each other in if they agree on both lines' passphrases
};

struct ServiceSpec {
  std::string name;
  std::vector<HostId> preference;
  bool has_status = true;
  core::Failback failback;
  core::Ownership ownership = core::Ownership::kPeers;
  Duration fence_margin = seconds(5);
  Duration start_timeout = seconds(10);
  Duration stop_timeout = seconds(10);
  Duration status_interval = seconds(5);
  Duration status_timeout = seconds(3);
  Duration failure_window = seconds(60);
  uint32_t max_failures = 3;
  uint32_t fall = 1, rise = 1;
  std::vector<std::string> after;
  std::string with;
  bool owns_files = false;
  uint64_t folder_digest = 1;
};

struct Spec {
  std::vector<HostSpec> hosts;  // ascending by id
  std::vector<ServiceSpec> services;
  Duration rekey_interval = hours(1);
  size_t full_mesh_hosts = core::Config().full_mesh_hosts;
  std::optional<std::vector<HostId>> monitor;
  bool probe = false;  // hosts ask an address outside where they hear nobody

  const HostSpec* host(const std::string& name) const;
  const HostSpec* host(HostId id) const;
  ServiceSpec* service(const std::string& name);
  const ServiceSpec* service(const std::string& name) const;

  // The configuration of the machine of that name; it must have a line.
  core::Config config_of(const std::string& name, Duration beat_interval, Duration dead_time) const;
};

}  // namespace cluster::sim
