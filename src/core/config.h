// The validated configuration, as the core takes it. Filled by src/config from cluster.conf, hosts,
// services and each service.conf; whatever is here has been checked there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace cluster::core {

// One line of the hosts file.
struct HostEntry {
  HostId id;
  std::string name;      // as written in the hosts file, without port
  bool dynamic = false;  // NAME,PASSPHRASE: no address of its own
  std::string address;   // DNS name, IPv4, or IPv6 without brackets; empty where dynamic
  uint16_t port = 0;     // 0 where dynamic

  bool operator==(const HostEntry&) const = default;
};

enum class Ownership : uint8_t { kPeers, kMajority };

const char* to_string(Ownership ownership);  // "peers", "majority"

// What is done about a service that cannot be shown to be dead when its lease ends: its processes have been killed,
// or this host restarts at once.
enum class Fence : uint8_t { kKill, kReboot };

// When a more preferred host returns: take the service back at once, after that host has been
// stable for so long, or never.
struct Failback {
  bool never = false;
  Duration stability{};  // 0: at once

  bool operator==(const Failback&) const = default;
};

// One line of the services file, with its folder's service.conf where this host is on the line.
struct ServiceEntry {
  std::string name;
  std::vector<HostId> preference;  // most preferred first, never empty, no host twice

  bool local = false;          // this host is on the line, and what follows counts
  bool runnable = false;       // start and stop exist and may be executed
  std::string unrunnable_why;  // a sentence, where not runnable
  bool has_status = false;     // a status script exists
  uint64_t folder_digest = 0;  // of scripts and service.conf: a change lifts a bar
  Ownership ownership = Ownership::kPeers;
  Duration fence_margin =
      seconds(5);  // in majority: from the call of `stop` to the end of the lease
  Fence fence = Fence::kKill;
  Failback failback;
  Duration start_timeout = seconds(60);
  Duration stop_timeout = seconds(60);
  Duration status_interval = seconds(10);
  Duration status_timeout = seconds(10);
  Duration failure_window = minutes(10);
  uint32_t max_failures = 3;
  uint32_t fall = 1;               // so many failed checks are one failure,
  uint32_t rise = 1;               // unless so many good ones in a row have come between
  std::vector<std::string> after;  // services that it comes after
  std::string with;                // the service on whose host alone it runs; empty: none
  bool owns_files = false;         // what it writes others follow (mode owner)
  // How far these may be behind where it starts; nullopt: as far as they are.
  std::optional<Duration> max_lag;

  bool operator==(const ServiceEntry&) const = default;
};

// Whom a host asks that hears from no other: by an ICMP echo or, with a port, by a TCP connection.
struct ProbeTarget {
  std::string address;  // IPv4, or IPv6 without brackets
  uint16_t port = 0;    // 0: ICMP

  bool operator==(const ProbeTarget&) const = default;
};

struct Config {
  HostId self;
  std::vector<HostEntry> hosts;        // ascending by id
  std::vector<ServiceEntry> services;  // in the order of the services file
  Duration beat_interval = seconds(1);
  Duration dead_time = seconds(5);
  Duration rekey_interval = hours(1);
  uint16_t port = 35790;  // on which this host listens
  std::vector<ProbeTarget> probe;
  bool sends_alerts = false;  // it has a way to tell people, besides the bus
  std::optional<std::vector<HostId>>
      monitor;  // whose coming and going people are told of; nullopt: all
  size_t full_mesh_hosts =
      32;  // up to so many hosts each links with every other; not for users to set

  const HostEntry* host(HostId id) const;
  const HostEntry* host(std::string_view name) const;
  const ServiceEntry* service(std::string_view name) const;

  bool operator==(const Config&) const = default;
};

}  // namespace cluster::core
