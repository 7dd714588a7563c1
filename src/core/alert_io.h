// What people are told has to do with the world: a part of io.h.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"

namespace cluster::core {

enum class Severity : uint8_t { kInfo, kWarning, kCritical };
const char* to_string(Severity severity);  // "info", "warning", "critical"

// What an alert is about, as alerts.d/ is told.
enum class AlertKind : uint8_t {
  kHostDown,
  kHostUp,
  kHostFlaps,
  kServiceDown,  // it runs nowhere, and no host can run it
  kServiceUp,
  kServiceFlaps,
  kServiceFailed,  // at one host
  kStopFailed,
  kFailover,
  kOwnership,  // claims, leases and those that vote
  kConflict,   // of two versions of a file
  kFiles,      // are not kept alike
  kKey,
  kRotation,
  kClock,
  kStorage,
  kOffline,  // this host, as far as it can tell
  kConfiguration,
  kMaintenance,
  kAlerts,  // cannot be sent
  kDaemon,  // all else
};
const char* to_string(AlertKind kind);  // "host-down"

// ---------------------------------------------------------------------------------------- events

// Something that the shell noticed, and of which Alert is to tell.
struct Noticed {
  AlertKind kind = AlertKind::kDaemon;
  std::string subject = {};
  Severity severity = Severity::kWarning;
  std::string text;
  uint64_t instance = 0;  // as in Alert
};

// The answer to SendAlert.
struct AlertSent {
  AlertId alert;
  std::string failed;  // why not, one line; empty: every way that this host has took it
};

// --------------------------------------------------------------------------------------- actions

// What this host says on its own log and bus. What people are to hear follows as SendAlert, on one host of the cluster.
struct Alert {
  Severity severity = Severity::kWarning;
  std::string text;
  AlertKind kind = AlertKind::kDaemon;
  std::string subject = {};  // the host, service or file that it is about
  uint64_t instance = 0;     // the same on every host that notices the same; 0: no other host does
};

// Tell people, in every way that this host has. Answered by AlertSent within a bound.
struct SendAlert {
  AlertId alert;
  std::string kind;  // perhaps one of a newer version
  std::string subject;
  Severity severity = Severity::kWarning;
  std::string text;
  HostId from = {};   // who noticed; 0: every host did
  bool said = false;  // by this host's own Alert
};

}  // namespace cluster::core
