// A snapshot for people: what the status document, explain and simulate are made from. Plain values,
// copied out of the core; JSON and D-Bus are made of it elsewhere.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/config.h"
#include "core/io.h"

namespace cluster::core {

enum class Path : uint8_t { kNone, kSelf, kDirect, kRelay, kMesh };
const char* to_string(Path path);  // "none", "self", "direct", "relay", "mesh"

struct HostView {
  HostId id;
  std::string name;
  bool up = false;
  bool standby = false;
  bool maintenance = false;
  bool settled = false;
  std::string address;  // where it is reached or was seen last; empty where unknown
  Path path = Path::kNone;
  HostId via;                         // of kRelay and kMesh: the next host on the way; else 0
  std::optional<Duration> rtt;        // of kDirect and kRelay, once measured
  std::optional<WallTime> last_seen;  // none: never
  std::string version;                // of its software; empty where unknown
  bool votes = false;                 // on services with ownership majority
  NodeId node;                        // 0 where never met
  NodeId key;                         // the node that is let in as this host; 0: any
  uint64_t generation = 0;            // of the secret shared with it; 0: the passphrases
};

struct ServiceView {
  std::string name;
  ServiceState state = ServiceState::kStopped;
  HostId host;  // the owner, or 0
  std::vector<HostId> running_on;
  std::vector<HostId> stop_failed_on;  // where it may still run, though it was to stop
  uint64_t epoch = 0;
  std::string reason;  // why it is where it is, one sentence
  std::vector<HostId> preference;
  bool disabled = false;
  bool stopped_by_operator = false;
  HostId moved_to;                 // 0: no move in force
  std::vector<std::string> after;  // its relations, as the host has them that `ownership` is of
  std::string with;
  Ownership ownership =
      Ownership::kPeers;  // as its owner has it, else the first host of its line that is up
  Duration dead_time{}, fence_margin{};  // of the lease, in ownership majority
};

// Who votes on services with ownership majority.
struct VotersView {
  uint64_t number = 0;  // of the set; 0: not known here
  std::vector<std::string> names;
  std::vector<std::string> before;  // those of the set before, while these count as well
  std::string change;               // what is to change, and why it has not; empty: nothing
  std::vector<std::string> differ;  // hosts that are up and whose hosts files name others
};

// No alerts of what has this name, before that time.
struct SilenceView {
  std::string name;  // of a host or a service, or "all"
  WallTime until;
};

// The newest configuration that was pushed.
struct PushView {
  uint64_t count = 0;     // 0: none ever was
  std::string pusher;     // the host where that was
  bool applied = false;   // here
  std::string refused;    // why it cannot be applied here; empty: it can
  std::string undecided;  // the host whose push is prepared here and not decided; empty: none
  std::vector<std::string> behind;  // hosts that are up and have not applied it
};

struct View {
  HostId self;
  std::string self_name;
  bool settled = false;
  std::vector<HostView> hosts;        // ascending by id, one for each line of the hosts file
  std::vector<ServiceView> services;  // in the order of the services file
  std::vector<std::pair<HostId, HostId>>
      links;  // that both ends claim, each once, the lower id first
  VotersView voters;
  PushView push;
  std::vector<SilenceView> silences;  // in force, by name
  uint64_t malformed_messages = 0;    // from linked hosts, since the start; each closed its link
};

}  // namespace cluster::core
