// The small values that the state of a Node is made of.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/context.h"
#include "core/maintenance.h"
#include "core/node.h"
#include "core/push.h"
#include "core/voters.h"
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

// One of a flood. Only what may be news is read whole.
struct HeardRecord {
  NodeId node;
  uint64_t incarnation = 0, sequence = 0;
  std::optional<wire::Record> record;
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

// Above so many hosts as are all linked with each other: whom this one links with, and why not for ever.
struct MeshState {
  std::vector<HostId> wanted;               // ascending
  std::map<HostId, MonoTime> without_link;  // whoever is or was wanted, and since when
  std::map<LinkId, MonoTime> spare_since;   // dialled by this host, and wanted no more
  HostId explored;                          // dialled once, though at no place of the mesh
  MonoTime explore_at = MonoTime::min();
  MonoTime choose_at = kNever, spare_at = kNever;
};

// Which of its links this host has told of, and when it tells of more.
struct EdgePace {
  std::set<LinkId> told;
  MonoTime not_before;
  MonoTime due = kNever;  // there is more to tell
  Duration pause{};
};

// What goes out over a link before long.
struct Outbox {
  std::set<NodeId> owed;
  // What those nodes tell the other end over links of their own, for as long as both claim these.
  std::set<NodeId> left_to_them;
  MonoTime not_before;
  Duration pause{};
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

// An order that waits for its settings to be stored, or for its effect.
struct PendingCommand {
  Command command;
  StoreTicket ticket;                          // 0: stored
  std::vector<wire::Setting> settings;         // to come into force once stored
  std::map<HostId, uint64_t> failures_before;  // what each host had failed when the order was given
  std::string token;                           // of a restart
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
struct StoredMemory {
  Voters set;
};
struct StoredVoters {
  Voters set;
  bool caught_up = false;
};
struct StoredVouch {
  Vouch vouch;
};
struct StoredVow {
  NodeId to;
  wire::Proposed answer;
};
struct StoredTrial {};
struct StoredUpkeeps {};
struct StoredBegun {
  BegunMaintenance begun;
};
struct StoredPushStep {
  enum class Step : uint8_t { kOwn, kVote, kRenounced, kCommit, kAbort, kApplied };
  Step step = Step::kOwn;
  PushId id;
  NodeId to;  // of kVote and kRenounced: who is told
};
using Continuation =
    std::variant<StoredIncarnation, StoredClaim, StoredSettings, StoredCandidate, StoredProof,
                 StoredForgetting, StoredGrant, StoredMemory, StoredTrial, StoredVoters, StoredVow,
                 StoredVouch, StoredUpkeeps, StoredBegun, StoredPushStep>;

// What a host has been told that asked what others know of grants.
struct Told {
  MonoTime asked;
  wire::Recalled answer;
};

// What a host without memory has been told, since it asked.
struct Recollection {
  bool asked_by_others = false;  // so there are services of ownership majority
  bool alerted = false;
  MonoTime since;       // this engine began, or lost its memory
  MonoTime asked_from;  // no answer counts to what was asked before
  std::optional<MonoTime> asking_since;
  MonoTime ask_at = MonoTime::min();
  std::map<NodeId, Told> told;
  bool storing = false;  // what it is about to know

  Vouch vouch, stored_vouch;
  bool storing_vouch = false;
  std::map<NodeId, wire::Recall> to_be_vouched;  // answered once it is stored
};

// How much this host has stored as a voter: node_ledger.cc.
struct VoterLedger {
  uint64_t length = 0;  // with what is being stored
  uint64_t stored = 0;
  std::map<StoreTicket, uint64_t> under_way;
  MonoTime tell_at = kNever;
};

// Of the voters, who can be reached, and of those who votes.
struct Electorate {
  std::set<std::string> up, voting;                // of the voters
  std::set<std::string> up_at_all, voting_at_all;  // and of those that may become some
};

// The way from a set of voters to the next: node_voters.cc.
struct VoterChange {
  Voters stored;  // what others are told of: they may rely on it
  MonoTime store_at = kNever;
  MonoTime tell_at = kNever;
  std::map<NodeId, MonoTime> tell_again;
  MonoTime foreign_at = kNever;  // when others that do not follow from the same are worth an alert
  bool foreign_alerted = false;
  bool of_older_version = false;  // by which the voters could not change

  Names file;  // the names in the hosts file
  uint64_t file_hash = 0;
  Names wish;  // the hosts file as it was edited here; empty: nothing is to change
  uint64_t wish_over = 0;
  MonoTime wished_at;
  bool alerted = false;
  Vow vow;
  std::optional<Proposal> proposal;
  uint64_t highest_round = 0;  // that was heard of
  MonoTime propose_at = MonoTime::min(), ask_at = kNever;
  Duration pause{};

  // While the set is joint.
  bool caught_up = false, caught_up_stored = false;
  MonoTime recall_at = MonoTime::min(), catch_up_at = kNever;
  std::map<std::string, Told> heard;  // by the voter's name

  void begin_anew();
};

// Where a service is now, as the records of the hosts that are up have it.
struct Standing {
  ServiceState state = ServiceState::kStopped;
  HostId host;         // of that state; 0: none
  int weight = 0;      // of that state, among those of several hosts
  uint64_t epoch = 0;  // of whoever holds it; 0: nobody
  std::vector<HostId> running_on, stop_failed_on;
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
  bool reread = false;     // what is kept here may be another since
  StoreTicket ticket;      // that, or its end, is being stored
  Maintenance::Phase phase = Maintenance::Phase::kNone;
  MonoTime since;                               // in that phase
  uint64_t asked = 0;                           // the voters, for this token
  std::map<std::string, StoreTicket> unstored;  // settings, each with its newest storing
};

// The push that an operator of this host has ordered, until it is answered: node_push.cc.
struct OwnPush {
  enum class Stage : uint8_t { kAsking, kAborting, kSpreading };
  RequestId request;
  PushId id;
  Stage stage = Stage::kAsking;
  std::vector<NodeId> participants;  // but for this host
  std::vector<std::string> removed;  // hosts that are up and not in the new hosts file
  std::set<NodeId> waiting;          // for their votes
  MonoTime give_up_at = kNever, ask_at = kNever;
  Refusal refusal = Refusal::kNone;  // of kAborting
  std::string why;
};

// What is under way of pushed configurations. One change at a time is stored; what comes meanwhile is said again.
struct PushWork {
  Pushed kept;
  std::optional<Pushed> next;  // is being stored
  StoreTicket ticket;
  bool unsure = false;  // of what is on the disk, as a storing has failed
  MonoTime store_at;    // not before
  std::optional<OwnPush> own;
  std::optional<Pushed::Prepared> validating;
  MonoTime validated_by = kNever;
  PushId applying;           // ApplyConfig is not answered yet
  bool apply_due = true;     // what is outstanding is to be tried
  bool newer_known = false;  // than what is committed here, by the records
  MonoTime doubt_since, ask_at, fetch_at;
};

// What is known of this machine's sleep: node_sleep.cc.
struct Sleep {
  bool near = false;          // it is about to
  bool delayed = false;       // DelaySleep was asked for
  MonoTime over_at = kNever;  // it has slept by then, or never will
};

}  // namespace cluster::core
