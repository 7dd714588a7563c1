// Who may start a service, in ownership `peers`: every host that can be reached has to grant the claim. (Of ownership
// `majority` only who is to be told when the reason of a refusal ends; the rest is in grants.h and leases.h.)
//
// A voter grants a service to one claimant at a time, and not while it, or a host it sees, runs it. A
// grant lapses unless the claimant asks again, and is over once the claimant is seen to run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/sound.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

// Of services that this host knows only by what others say of them.
inline constexpr size_t kMaxBallots = 8192;
inline constexpr size_t kMaxEpochs = 16384;

// What a voter knows when it is asked.
struct Situation {
  NodeId runner;                   // runs it, and is not the claimant; 0: nobody
  NodeId rival;                    // claims it here, and is not the claimant; 0: nobody
  bool stop_failed = false;        // somebody could not stop it
  bool old_configuration = false;  // the claimant's services file is older than ours
};

class Voter {
 public:
  // The answer to a claim by `from`; granting it is noted. own_beat bounds how long a grant lasts.
  wire::Answer vote(MonoTime now, const NodeId& from, const wire::Claim& claim,
                    const Situation& situation, Duration own_beat);
  // The claimant gave up, or runs the service now: its grant is over.
  void release(const std::string& service, const NodeId& from);
  // Of a node that is down: all its grants and questions are over.
  void forget(const NodeId& node);

  // It was refused for another reason than those of vote(), and is to be told when that ends.
  void note_refusal(MonoTime now, const NodeId& from, const wire::Answer& answer);
  // Claimants whose refusal has lost its reason, with the answer that tells them to ask again.
  std::vector<std::pair<NodeId, wire::Answer>> lift(MonoTime now, const std::string& service,
                                                    const Situation& situation);
  bool has_refused(const std::string& service) const;
  // A live grant to another node than this, or 0.
  NodeId granted_to_other(MonoTime now, const std::string& service, const NodeId& than) const;

  // One that leaps further than kMaxLeap is nobody's, and is not heard.
  void hear_epoch(const std::string& service, uint64_t epoch);
  uint64_t highest_epoch(const std::string& service) const;
  const auto& epochs() const { return epochs_; }
  // When the next grant lapses.
  MonoTime next_deadline(MonoTime now) const;

 private:
  struct Grant {
    NodeId to;
    uint64_t attempt = 0;
    MonoTime lapses;
  };
  struct Ballot {
    std::optional<Grant> grant;
    std::map<NodeId, wire::Answer> refused;
  };

  void make_room(MonoTime now);

  std::map<std::string, Ballot> ballots_;
  std::map<std::string, uint64_t> epochs_;
};

// This host's own claim for one service.
struct OwnClaim {
  struct Vote {
    bool granted = false;
    MonoTime asked;
    NodeId hop;                           // over which it was asked
    MonoTime silent_from;                 // without an answer until then it counts as granting
    MonoTime answered = MonoTime::min();  // when that was asked which it granted last
  };

  uint64_t epoch = 0;
  uint64_t attempt = 0;
  Duration lease{}, dead{};  // ownership majority: see OwnLease; 0: ownership peers
  bool stored = false;       // epoch and "may run here" are on disk
  bool held = false;         // somebody was seen to run it when we looked last
  StoreTicket ticket;
  std::map<NodeId, Vote> votes;
};

}  // namespace cluster::core
