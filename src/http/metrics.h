// What a monitoring system keeps of this host: a pure function of what is told here.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "core/io.h"
#include "core/view.h"
#include "sync/view.h"

namespace cluster::http {

// What has happened since the daemon began; it only grows.
class Tally {
 public:
  void began(MonoTime now, const core::RunScript& run);
  void ended(MonoTime now, const core::ScriptEnded& ended);

  struct Scripts {
    uint64_t runs = 0,
             failures = 0;  // that have ended; by a status other than 0, of `status` 3 or 7
    Duration time{};
  };
  using ServiceAnd = std::pair<std::string, std::string>;
  const std::map<ServiceAnd, uint64_t>& starts() const {
    return starts_;
  }  // service and CLUSTER_REASON
  const std::map<ServiceAnd, Scripts>& scripts() const { return scripts_; }  // service and script

 private:
  struct Run {
    ServiceAnd of;
    core::Script script;
    MonoTime since;
  };
  std::map<RunId, Run> running_;
  std::map<ServiceAnd, uint64_t> starts_;
  std::map<ServiceAnd, Scripts> scripts_;
};

struct Connections {
  uint64_t accepted = 0, authenticated = 0;
  std::vector<std::pair<std::string, uint64_t>> refused;  // by reason
  uint64_t relayed_frames = 0, relayed_bytes = 0, relayed_dropped = 0;
};

struct Process {
  WallTime since;
  Duration cpu{};
  uint64_t resident_bytes = 0;
  uint64_t open_files = 0;
};

struct Snapshot {
  core::View view;
  std::vector<sync::RootView> roots;
  std::vector<sync::ClockOfPeer> clocks;
  Now now;
  std::string version;
  Connections connections;
  Process process;
};

// OpenMetrics, as OpenMetrics::kContentType has it.
std::string metrics(const Snapshot& snapshot, const Tally& tally);

}  // namespace cluster::http
