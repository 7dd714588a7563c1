// The sessions of this host that others pass on: which there are, and the two streams of each, cut into pieces that
// travel as any routed message.
//
// Pieces are numbered by their place in the stream. When the way changes one may overtake another, and waits for it a
// while; one that never comes ends the session. There is no retransmission, for what lies between loses nothing but
// when a link on the way breaks, and a new session takes three round trips. A sender stops at a window beyond what the
// other end says it has taken, so what waits anywhere is bounded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/context.h"
#include "core/io.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

// How long what has overtaken another piece waits for it.
inline constexpr Duration kOvertakenTime = seconds(1);
inline constexpr size_t kMaxEarlyPieces = 256;

struct Relay {
  RelayId id;
  HostId host;
  NodeId node;
  uint64_t session = 0;  // drawn by the end that dials
  bool dials = false;    // this one does
  bool linked = false;   // a link runs, or ran, over it: it ends when that has closed
  uint64_t sent = 0;     // bytes, ever
  uint64_t taken = 0;    // of these, by the other end
  uint64_t received = 0;
  uint64_t told = 0;                      // of these, to the other end
  std::map<uint64_t, std::string> early;  // what has overtaken what is still missing, by its place
  std::optional<uint64_t> ends_at;        // the other stream has ended there
  MonoTime missing_since = kNever;

  // The next piece of our stream; counts as sent.
  wire::Relayed piece(std::string bytes);
  // Of what has come more than a quarter of the window has not been told.
  bool owes_word() const { return received - told >= kRelayWindowBytes / 4; }
  // Takes a piece of the other end's; false: it belongs nowhere. What follows without a gap from what was
  // received before is appended to `in`; `room` is by how much our own stream may go on.
  bool take(MonoTime now, const wire::Relayed& piece, std::string& in, size_t& room);
  bool over() const { return ends_at && *ends_at <= received; }
};

class Relays {
 public:
  Relay& open(HostId host, const NodeId& node, uint64_t session, bool dials);
  void erase(RelayId id) { relays_.erase(id); }

  Relay* find(RelayId id);
  // The one that a piece from that node belongs to.
  Relay* find(const NodeId& from, const wire::Relayed& piece);
  const Relay* to(const NodeId& node) const;
  const std::map<RelayId, Relay>& all() const { return relays_; }

 private:
  std::map<RelayId, Relay> relays_;
  uint64_t next_ = 1;
};

}  // namespace cluster::core
