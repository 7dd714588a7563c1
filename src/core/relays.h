// The sessions of this host that others pass on: which there are, and the two streams of each, cut into pieces that
// travel as any routed message.
//
// Pieces are numbered by their place in the stream. One that does not follow the last ends the session: there is no
// retransmission, for what lies between loses nothing but when a link on the way breaks, and a new session takes
// three round trips. A sender stops at a window beyond what the other end says it has taken, so what waits on the way
// is bounded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/io.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

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
  uint64_t told = 0;  // of these, to the other end

  // The next piece of our stream; counts as sent.
  wire::Relayed piece(std::string bytes);
  // Of what has come more than a quarter of the window has not been told.
  bool owes_word() const { return received - told >= kRelayWindowBytes / 4; }
  // Takes the other end's next piece: by how much our stream may go on, or nullopt where it does not fit.
  std::optional<size_t> take(const wire::Relayed& piece);
};

class Relays {
 public:
  Relay& open(HostId host, const NodeId& node, uint64_t session, bool dials);
  void erase(RelayId id) { relays_.erase(id); }

  Relay* find(RelayId id);
  // The one that a piece from that node belongs to.
  Relay* find(const NodeId& from, const wire::Relayed& piece);
  Relay* to(const NodeId& node);
  const std::map<RelayId, Relay>& all() const { return relays_; }

 private:
  std::map<RelayId, Relay> relays_;
  uint64_t next_ = 1;
};

}  // namespace cluster::core
