// The small values that the state of a Node is made of.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/context.h"
#include "core/keyring.h"
#include "core/maintenance.h"
#include "core/members.h"
#include "core/node.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

// The run of the cluster that this host belongs to: begins when hosts start and find no other that has
// settled. Told apart by a number; of two that meet the older goes on.
struct Session {
  uint64_t id = 0;
  MonoTime began;
  bool confirmed = false;  // more than half of the hosts file has been seen in it
};

// A link that this host lost, as its record tells of it.
struct LostLink {
  uint64_t incarnation = 0;
  Duration silent{};
  wire::Lost::Proof proof = wire::Lost::SILENT;
};

// Since when, or after what failure, a pair without a direct link waits to be joined through others.
struct RelayWait {
  MonoTime not_before;
  Duration pause{};
};

// What this host has heard of the world outside, where it hears from no other host.
struct Isolation {
  MonoTime since;   // it listens
  MonoTime heard;   // another host, or an answer to a probe
  MonoTime probed;  // last
  int probes = 0;   // since all links are late
  MonoTime look_at = kNever;
  bool offline = false;
};

// An order that waits for its settings to be stored, or for its effect.
struct PendingCommand {
  Command command;
  StoreTicket ticket;                          // 0: stored
  std::vector<wire::Setting> settings;         // to come into force once stored
  std::map<HostId, uint64_t> failures_before;  // what each host had failed when the order was given
  std::string token;                           // of a restart
};

// Two dynamic hosts, as a common neighbour sees them.
struct Sight {
  const Member* member = nullptr;  // the other
  std::string ours, theirs;  // "IP:PORT" from which each connected; ours empty: it was dialled
  bool elder = false;        // this one has been linked there for longer
};

// The replacement of a pair's secret that is under way over a link.
struct Rotating {
  LinkId link;
  Generation wanted;  // its hash is 0 at the end that offers
  PairSecret secret;  // once derived
  bool offered = false;
  MonoTime give_up_at;
};

// A candidate that has been proved; handshakes go by what was before until that is stored.
struct Proving {
  HostId host;
  StoreTicket ticket;  // 0: could not be stored
  MonoTime again_at = kNever;
  Keyring::Pair before;
};

// An offer that was accepted: the links that there were besides its own may still carry former ones.
struct Accepted {
  LinkId link;
  uint64_t newest_ordinal = 0;
};

// What a host without memory has been told, since it asked.
struct Told {
  MonoTime asked;
  wire::Recalled answer;
};

struct Recollection {
  bool asked_by_others = false;  // so there are services of ownership majority
  bool alerted = false;
  MonoTime since;  // this engine began, or lost its memory
  std::optional<MonoTime> asking_since;
  MonoTime ask_at = MonoTime::min();
  std::map<NodeId, Told> told;
};

// What follows when something is stored.
struct StoredIncarnation {};
struct StoredClaim {
  std::string service;
};
struct StoredSettings {
  RequestId request;
};
struct StoredCandidate {
  NodeId node;
  LinkId link;
  Generation generation;
};
struct StoredProof {
  NodeId node;
  LinkId link;
};
struct StoredForgetting {
  RequestId request;
};
struct StoredGrant {
  NodeId to;
  wire::Answer answer;  // to a claim; a renewal's has no attempt
  uint64_t asked_us = 0;
  uint64_t incarnation = 0;  // of the asking
};
struct StoredMemory {};
struct StoredTrial {};
struct StoredUpkeeps {};
struct StoredBegun {
  BegunMaintenance begun;
};
using Continuation = std::variant<StoredIncarnation, StoredClaim, StoredSettings, StoredCandidate,
                                  StoredProof, StoredForgetting, StoredGrant, StoredMemory,
                                  StoredTrial, StoredUpkeeps, StoredBegun>;

// Where a service is now, as the records of the hosts that are up have it.
struct Standing {
  ServiceState state = ServiceState::kStopped;
  HostId host;         // of that state; 0: none
  int weight = 0;      // of that state, among those of several hosts
  uint64_t epoch = 0;  // of whoever holds it; 0: nobody
  std::vector<HostId> running_on;
  const Member* holder = nullptr;
  bool any_failed = false;
};

// That this host's disk keeps nothing: node_disk.cc.
struct Disk {
  std::string refuses;          // why; empty: it does not
  MonoTime again_at = kNever;   // the next trial
  Duration pause{};             // before it
  MonoTime mute_from = kNever;  // where the incarnation is not stored by then
  bool mute = false;
};

// The maintenance of this host, and what it has not stored yet of anybody's: node_maintenance.cc.
struct Upkeep {
  BegunMaintenance begun;  // nothing that is kept here is started, stopped or checked
  StoreTicket ticket;      // that, or its end, is being stored
  Maintenance::Phase phase = Maintenance::Phase::kNone;
  MonoTime since;                               // in that phase
  uint64_t asked = 0;                           // the voters, for this token
  std::map<std::string, StoreTicket> unstored;  // settings, each with its newest storing
};

// What is known of this machine's sleep: node_sleep.cc.
struct Sleep {
  bool near = false;          // it is about to
  bool delayed = false;       // DelaySleep was asked for
  MonoTime over_at = kNever;  // it has slept by then, or never will
};

// Work of which most steps leave none: done where what it depends on has changed, and when the time has come.
struct Chore {
  bool due = true;
  MonoTime at = kNever;

  bool is_due(MonoTime now) const { return due || now >= at; }
  void done(MonoTime next) { *this = {false, next}; }
};

}  // namespace cluster::core
