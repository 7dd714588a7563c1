// What a Node knows and has under way: the state of one host, which the files of Node::State change.
#pragma once

#include <list>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/alerts.h"
#include "core/bad_input.h"
#include "core/dialer.h"
#include "core/grants.h"
#include "core/keyring.h"
#include "core/leases.h"
#include "core/links.h"
#include "core/maintenance.h"
#include "core/members.h"
#include "core/mesh.h"
#include "core/needs.h"
#include "core/node.h"
#include "core/node_pieces.h"
#include "core/openings.h"
#include "core/orders.h"
#include "core/ownership.h"
#include "core/placement.h"
#include "core/relays.h"
#include "core/service.h"
#include "core/settings.h"
#include "core/view.h"
#include "core/voters.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

// Where this host's state is stored.
inline constexpr char kNodeKey[] = "node";
inline constexpr char kTrialKey[] = "trial";
inline constexpr char kNamesKey[] = "names";
inline constexpr char kServicePrefix[] = "service/";
inline constexpr char kRestartedPrefix[] = "restarted/";
inline constexpr char kBarPrefix[] = "bar/";

// What goes into one message, where there is more: well below what a frame holds.
inline constexpr size_t kBytesPerMessage = 128 * 1024;

// A fault that more than one reader finds.
inline constexpr char kUnreadable[] = "it cannot be read";

// For the services file of another, should an answer have got lost.
inline constexpr int kBeatsToAskAgain = 2;

struct Knowledge {
  explicit Knowledge(Boot boot);

  Boot boot;
  const NodeId self;
  Config config;
  Rng rng;

  Links links;
  BadInput bad_input;
  Members members;
  Dialer dialer;
  Mesh mesh;
  MeshState mesh_state;
  EdgePace edge_pace;
  std::map<LinkId, Outbox> outboxes;
  MonoTime digest_at = kNever;  // neighbours are told it then
  Openings openings;
  Relays relays;
  std::map<HostId, RelayWait> relay_waits;
  std::map<NodeId, LinkId> file_links;  // the sessions of which FilesPeerUp was said
  Keyring keyring;
  std::map<NodeId, Rotating> rotations;
  std::map<NodeId, uint32_t> rotations_failed;  // since the last that was done
  std::map<NodeId, Proving> proving;
  std::map<NodeId, Accepted> accepted;
  std::map<NodeId, MonoTime> rotate_at;    // not before
  std::map<HostId, MonoTime> readmitting;  // until when the next new key is let in
  std::map<HostId, SetAccess> access_told;
  std::map<HostId, std::pair<NodeId, MonoTime>> refused_keys;  // until when that is no news
  bool access_dirty = true;
  std::vector<HostId> met;  // whose keys were learned since, where nothing else is to be told
  Chore ways, secrets;
  Isolation isolation;
  Disk disk;
  Sleep sleep;
  Alerts alerts;
  PushWork push;
  Settings settings;
  Upkeeps upkeeps;
  Upkeep upkeep;
  Orders orders;
  Voter voter;
  std::map<std::string, Service> services;
  std::map<std::string, MonoTime> guarded;  // when that has to be said again
  std::map<std::string, OwnLease> leases;
  MonoTime renew_at = kNever;
  Grants grants;
  Voters voters;
  VoterChange succession;
  Electorate electorate;     // as of the last look at who is up
  bool memory = false;       // what is stored of grants is all that this host has granted
  Duration longest_lease{};  // ever granted by this host, or heard of
  Recollection recollection;
  VoterLedger ledger;
  mutable std::pair<uint64_t, bool> memory_was_wanted{0, false};  // as of that revision
  std::map<std::string, OwnClaim> claims;
  std::map<std::string, MonoTime> not_before;  // after yielding to a rival
  std::map<std::string, MonoTime> cleared_at;  // when this host saw the newest `clear`
  std::map<std::string, HostId> last_owner;
  Placed choices;  // as of the last decision
  Relations relations;
  std::vector<size_t> sequence;  // of the orders: leaders before their followers
  OrdersVersion sequence_of;
  std::set<Relation> circles_alerted;
  std::list<PendingCommand> commands;
  std::map<StoreTicket, Continuation> continuations;

  wire::Record own;
  std::string own_content;  // serialized, but for sequence and ages
  uint64_t incarnation = 0;
  bool speaking = false;                   // the incarnation is stored
  MonoTime incarnation_again_at = kNever;  // after its storing failed
  Duration incarnation_pause{};
  std::vector<MonoTime> own_heard_newer;
  MonoTime clock_alert_again_at;  // likewise that this host's clock is ahead
  MonoTime leap_again_at;         // until then it is no news that others tell of one
  std::map<NodeId, LostLink> lost;
  std::map<HostId, DialTarget> probes;     // dynamic hosts to be dialled once, after a loss
  std::vector<wire::Routed> own_messages;  // end to end, from this host to itself
  std::vector<std::string> addresses;
  std::map<NodeId, LinkId> news;  // records to flood, and the link they came by
  std::vector<wire::Setting> setting_news;
  std::map<NodeId, std::pair<uint64_t, uint64_t>>
      settings_compared;  // our digest and its, when told
  OrdersVersion orders_asked;
  NodeId orders_asked_from;
  MonoTime orders_ask_at = kNever;  // again, unless nobody has a newer services file by then
  bool differing_alerted = false;

  bool settled = false;
  MonoTime settling_since;
  std::set<HostId> answered;  // linked or refused since then
  MonoTime outcast_until;     // others do not let this host's key in
  Session session;
  bool leaving = false;
  bool left = false;

  bool dirty = true;            // something changed that decisions depend on
  bool gathered = false;        // floods were heard, and nothing has followed from them yet
  MonoTime woken_at = kNever;   // the newest Wake asked for
  MonoTime review_at = kNever;  // decide again then, whatever happens
  uint64_t revision = 0;
  mutable std::optional<std::string> members_line;  // since the last look at who is up
  uint64_t next_run = 1;
  uint64_t next_ticket = 1;
  uint64_t next_attempt = 1;
  std::map<std::string, std::pair<ServiceState, HostId>> announced;
  std::set<HostId> hosts_announced;  // as up
};

}  // namespace cluster::core
