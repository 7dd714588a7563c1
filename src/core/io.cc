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
