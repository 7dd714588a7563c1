// The link-state view: every node's newest record, the graph of links that both ends claim, and from it
// who is up.
//
// A member is up while it can be reached. Once it cannot, it stays up until the dead time after the
// last sign of life that anybody at the other end of its links has told of, unless somebody holds a
// proof of its end (it said goodbye, or an address of its own refuses): then it is down at once.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/context.h"
#include "core/links.h"
#include "core/sound.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

// Beyond so many nodes, or bytes of their records, those of further nodes are refused. All of it goes
// out at once where a link comes up, so it fits into a link's queue.
inline constexpr size_t kMaxNodes = 2048;
inline constexpr size_t kMaxRecordsBytes = 5 << 20;

struct Member {
  wire::Record record;
  size_t record_bytes = 0;
  std::vector<NodeId> edges;  // of the record, in its order
  std::vector<Member*>
      mutual;  // for each of these the other end, where it claims the edge too; else null
  std::map<std::string, int> services;  // where in the record
  NodeId node;
  HostId host;
  bool reachable = false;
  bool up = false;
  MonoTime heard;  // last sign of life; counts once unreachable
  MonoTime up_since;
  WallTime seen;        // last time that it was reachable, for people
  bool gone = false;    // we hold a proof of its end, and have heard nothing new of it since
  bool met = false;     // was up before, as far as this host has seen
  uint64_t ledger = 0;  // the longest that any of its records has told of
  NodeId next_hop;      // where reachable and not this host itself
  std::vector<MonoTime> returns;  // when it came up after having been down
};

enum class Freshness : uint8_t {
  kNewer,  // stored
  kSame,
  kOlder,    // the sender should get ours
  kInvalid,  // not a record that a peer may send
};

// A change of who is up.
struct UpChange {
  NodeId node;
  HostId host;
  bool up = false;
};

class Members {
 public:
  explicit Members(NodeId self) : self_(self) {}

  // Many hosts: edges that only shorten ways which there are anyhow are looked at a little later, together.
  void many(bool many) { many_ = many; }

  // This host's own record, whole.
  void set_own(wire::Record record);
  // Somebody else's record.
  Freshness apply(Now now, wire::Record record);
  // What a record of that age would be to apply(), as far as that can be told from it.
  Freshness freshness(const NodeId& node, uint64_t incarnation, uint64_t sequence) const;

  // Our own direct link to that node ended now; heard is its last byte.
  void lost_link(const NodeId& node, MonoTime heard);
  // Proof that this node has ended.
  void prove_gone(const NodeId& node);

  // Recomputes reachability and who is up. dead is this host's own dead time.
  std::vector<UpChange> refresh(Now now, const Links& links, Duration dead);
  // When somebody unreachable will be taken for down.
  MonoTime next_deadline(Duration dead) const;
  // Forget what was seen of everybody's liveness (after a sleep): nobody is up until heard again.
  std::vector<UpChange> distrust();

  const Member* find(const NodeId& node) const;
  Member* find(const NodeId& node);
  // The node that stands for a line of the hosts file: the one that is up, else the one seen last.
  const Member* of(HostId host) const;
  bool up(HostId host) const;
  // Whether this direct link is an edge of the graph. Not before the neighbour's present record is here:
  // one from before it was away says nothing of now, of itself or of others. A record that merely does
  // not claim this link yet counts, for it is heard on it.
  bool counts(const Link& link) const;
  const std::map<NodeId, Member>& all() const { return members_; }
  const NodeId& self() const { return self_; }

  // Whether both claim a link with each other.
  bool joined(const NodeId& one, const NodeId& other) const;
  // The neighbour through which `to` is reached; nullopt where there is no way.
  std::optional<NodeId> next_hop(const NodeId& to) const;
  // Whether that neighbour would still be reached if there were no direct link with it.
  bool reachable_around(const Links& links, const NodeId& neighbour) const;

 private:
  // What has to be looked at anew of who is reached over what.
  enum class Search : uint8_t { kNone, kShorten, kAll };

  void take(Member& member, wire::Record record, size_t bytes);
  void join_edges(Member& member, const std::vector<Member*>& before);
  void count_proofs(const Member& member, bool add);
  void note_lost_edges(Now now, const Member& from, const wire::Record& fresh);
  bool look_around(Now now, const Links& links);
  void search(const Links& links);
  void spread(std::deque<Member*> from);
  void reach_further();
  void carry_over_heard(const std::vector<Member*>& newly_unreachable);
  bool proved_gone(const Member& member) const;
  void come_up(Now now, Member& member);

  NodeId self_;
  bool many_ = false;
  std::map<NodeId, Member> members_;
  std::map<HostId, std::vector<const Member*>> nodes_of_;
  size_t records_bytes_ = 0;
  Search search_ = Search::kAll;
  MonoTime shorten_at_ = kNever;
  std::vector<NodeId> ways_;      // the neighbours from which the last search began
  std::vector<Member*> touched_;  // have got a mutual edge since
  std::vector<Member*> fading_;   // up, and not reached
  // Who has told of a proof of the end of that life of a node.
  std::map<std::pair<NodeId, uint64_t>, std::set<NodeId>> proofs_;
};

NodeId node_of(const std::string& raw);  // 0 where malformed

}  // namespace cluster::core
