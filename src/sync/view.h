// How the roots are, for people. Plain values, copied out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace cluster::sync {

// A file that is on its way here.
struct Transfer {
  std::string path;
  uint64_t bytes = 0;  // of the file,
  uint64_t here = 0;   // and of them here already
  Duration since{};    // for so long
};

struct PeerOfRoot {
  HostId host;
  std::string name;           // may be empty where it is not linked
  std::string apart;          // why nothing is exchanged; empty: it is
  uint64_t behind_files = 0;  // of what this host has
  uint64_t behind_bytes = 0;
  WallTime behind_since;  // the oldest edit that it lacks, as that host's clock had it
  bool linked = true;
  bool known = true;  // how far it is; else it has not been met since the engine began
  std::optional<WallTime> last_seen{};  // of one that is not linked
};

struct RootView {
  std::string name;
  std::string path;  // of its folder on this host
  std::string mode;
  HostId owner{};      // in mode owner: the host that writes it; none: none is known to
  std::string paused;  // why; empty: it is not
  bool scanned = false;
  uint64_t files = 0;  // paths of any type
  uint64_t bytes = 0;
  uint64_t held_back = 0;      // deletes that wait for an operator's word
  uint64_t missing_files = 0;  // offered by others and not here yet
  uint64_t missing_bytes = 0;
  std::vector<std::string> failing;  // "PATH: why", the first few
  std::vector<Transfer> transfers;   // long ones
  std::vector<PeerOfRoot> peers;     // all others that take part, by their IDs
};

// Of a linked host that has told of its clock; one that was never set is not told.
struct ClockOfPeer {
  HostId host;
  std::string name;
  Duration
      base{};  // its wall clock less this host's CLOCK_BOOTTIME, as when it was told; with that message's delay
};

}  // namespace cluster::sync
