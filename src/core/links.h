// The authenticated links of this host and the failure detector on them.
//
// A link is *established* once both ends have said Hello, and silent links are closed after the dead
// time that both ends agree on (the slower of the two). Like a listener on a bad telephone line, a host
// that hears nothing on most of its lines first doubts its own ear: it waits one beat longer, once
// (Lifeguard, Dadgar et al. 2018).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

inline constexpr uint32_t kProtocol = 1;

struct Link {
  LinkId id;
  NodeId node;
  HostId host;
  Generation generation;  // that authenticated it
  RelayId relay;          // runs over that session through others: no edge of the graph
  std::string address;
  bool dialled = false;        // by us
  bool greeted = false;        // our Hello is sent
  bool heard_hello = false;    // the peer's Hello has come
  bool established = false;    // both
  bool synced = false;         // the peer's records have come
  bool peer_dialling = false;  // the peer was dialling us when it saw this link
  bool moved = false;          // relayed: we say nothing more over it, for there is a direct link
  bool peer_moved = false;     // likewise the peer
  bool spared = false;         // one of the ends says that it is not needed: its end is no loss
  uint64_t peer_incarnation = 0;
  uint64_t digest_told = 0;  // of our settings, where it is not in our record
  uint64_t ordinal = 0;
  Duration beat{};  // the slower of both ends
  Duration dead{};
  MonoTime up_at;
  MonoTime last_received;
  MonoTime last_beat;   // sent
  bool graced = false;  // has had its one beat of doubt
  std::optional<Duration> rtt;
  uint64_t peer_sent_us = 0;  // of the newest beat received
  MonoTime peer_beat_at;

  // Until then its silence means nothing.
  MonoTime late_from() const { return last_received + beat + beat / 2; }
};

class Links {
 public:
  // Timing of this host; call again when the configuration changes.
  void configure(Duration beat, Duration dead);

  // A link that is authenticated. dead counts from now until the peer's Hello comes.
  Link& add(Now now, const LinkUp& up);
  void erase(LinkId id);

  Link* find(LinkId id);
  // The established direct link to that node, or null.
  const Link* to(const NodeId& node) const;
  const Link* to(HostId host) const;
  // By which the pair talks: its direct link, else the one through others; null: neither.
  const Link* session(const NodeId& node) const;
  // The link through others to that node, established or on the way to be.
  Link* relayed(const NodeId& node);
  // A direct link to that host, established or on the way to be.
  bool any(HostId host) const;
  const std::map<LinkId, Link>& all() const { return links_; }
  std::map<LinkId, Link>& all() { return links_; }

  // Any frame is a sign of life.
  static void hear(Now now, Link& link);
  void hear_hello(Now now, Link& link, const wire::Hello& hello);
  // Counts as life; answers a beat when our own is nearly due, so that both share one packet.
  void hear_beat(Context& context, Link& link, const wire::Beat& beat);

  // Those for which it holds; they may be dropped one by one.
  template <class Predicate>
  std::vector<LinkId> where(Predicate predicate) const {
    std::vector<LinkId> out;
    for (const auto& [id, link] : links_)
      if (predicate(link)) out.push_back(id);
    return out;
  }

  // Of the newest link that has come up, with whomever.
  uint64_t newest_ordinal() const { return next_ordinal_ - 1; }

  // Sends the beats that are due. Returns the links that are to be closed as silent.
  std::vector<LinkId> tick(Context& context);
  MonoTime next_deadline() const;

  static bool late(const Link& link, MonoTime now) { return now > link.late_from(); }

 private:
  void send_beat(Context& context, Link& link);
  MonoTime silence_deadline(const Link& link) const;
  bool doubtful(MonoTime now) const;

  std::map<LinkId, Link> links_;
  Duration beat_ = seconds(1);
  Duration dead_ = seconds(5);
  uint64_t next_ordinal_ = 1;
};

}  // namespace cluster::core
