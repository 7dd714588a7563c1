#include "core/io.h"

#include "core/view.h"

namespace cluster::core {

const char* to_string(Script script) {
  switch (script) {
    case Script::kStart: return "start";
    case Script::kStop: return "stop";
    case Script::kStatus: return "status";
  }
  return "";
}

const char* to_string(ServiceState state) {
  switch (state) {
    case ServiceState::kStopped: return "stopped";
    case ServiceState::kClaiming: return "claiming";
    case ServiceState::kStarting: return "starting";
    case ServiceState::kRunning: return "running";
    case ServiceState::kStopping: return "stopping";
    case ServiceState::kFailed: return "failed";
    case ServiceState::kStopFailed: return "stop-failed";
  }
  return "";
}

const char* to_string(Severity severity) {
  switch (severity) {
    case Severity::kInfo: return "info";
    case Severity::kWarning: return "warning";
    case Severity::kCritical: return "critical";
  }
  return "";
}

const char* to_string(AlertKind kind) {
  switch (kind) {
    case AlertKind::kHostDown: return "host-down";
    case AlertKind::kHostUp: return "host-up";
    case AlertKind::kHostFlaps: return "host-flaps";
    case AlertKind::kServiceDown: return "service-down";
    case AlertKind::kServiceUp: return "service-up";
    case AlertKind::kServiceFlaps: return "service-flaps";
    case AlertKind::kServiceFailed: return "service-failed";
    case AlertKind::kStopFailed: return "stop-failed";
    case AlertKind::kFailover: return "failover";
    case AlertKind::kOwnership: return "ownership";
    case AlertKind::kConflict: return "conflict";
    case AlertKind::kFiles: return "files";
    case AlertKind::kKey: return "key";
    case AlertKind::kRotation: return "rotation";
    case AlertKind::kClock: return "clock";
    case AlertKind::kStorage: return "storage";
    case AlertKind::kOffline: return "offline";
    case AlertKind::kConfiguration: return "configuration";
    case AlertKind::kMaintenance: return "maintenance";
    case AlertKind::kAlerts: return "alerts";
    case AlertKind::kDaemon: return "daemon";
  }
  return "";
}

const char* to_string(Path path) {
  switch (path) {
    case Path::kNone: return "none";
    case Path::kSelf: return "self";
    case Path::kDirect: return "direct";
    case Path::kRelay: return "relay";
    case Path::kMesh: return "mesh";
  }
  return "";
}

}  // namespace cluster::core
