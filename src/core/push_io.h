// What a push of the configuration has to do with the world: a part of io.h.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"

namespace cluster::core {

// The three files together, so that they fit into one message.
inline constexpr size_t kMaxPushBytes = 512 << 10;
inline constexpr size_t kMaxPushFaults = 32;        // of one host; the first ones
inline constexpr size_t kMaxPushFaultBytes = 1024;  // of each

// Names a pushed configuration: of two the one with the higher count, then hash, is in force. The hash is of its files and
// of the node that pushed them.
struct PushId {
  uint64_t count = 0;  // 0: none
  uint64_t hash = 0;

  auto operator<=>(const PushId&) const = default;
  explicit operator bool() const { return count != 0; }
};

// cluster.conf, hosts and services, byte for byte as the host that pushes them has them.
struct PushFiles {
  std::string cluster_conf;
  std::string hosts;
  std::string services;

  bool operator==(const PushFiles&) const = default;
  size_t bytes() const { return cluster_conf.size() + hosts.size() + services.size(); }
};

// ---------------------------------------------------------------------------------------- events

// An operator's order to push these files, which this host has and finds valid. Answered by exactly one Reply, whose text is
// the report.
struct ConfigPush {
  RequestId request;
  PushFiles files;
  std::vector<std::string> hosts;  // the names in the hosts file among them
};

// The answer to ValidateConfig.
struct ConfigValidated {
  PushId id;
  std::vector<std::string> faults;  // "FILE:LINE: what is wrong"; empty: it would do
};

// The answer to ApplyConfig. Where it is applied, ConfigChanged has come before.
struct ConfigApplied {
  PushId id;
  std::vector<std::string> faults;  // why nothing was changed; empty: it is in force
};

// --------------------------------------------------------------------------------------- actions

// Would these files do here, with what is this host's own in its cluster.conf? Nothing is changed.
struct ValidateConfig {
  PushId id;
  PushFiles files;
};

// Put them in place, all or none, durably, but for what is this host's own, and reload.
struct ApplyConfig {
  PushId id;
  PushFiles files;
};

}  // namespace cluster::core
