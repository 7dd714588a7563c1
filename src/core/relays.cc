#include "core/relays.h"

#include <algorithm>
#include <utility>

namespace cluster::core {

wire::Relayed Relay::piece(std::string bytes) {
  wire::Relayed out;
  out.set_session(session);
  out.set_dialled(dials);
  out.set_at(sent);
  out.set_taken(received);
  sent += bytes.size();
  told = received;
  out.set_bytes(std::move(bytes));
  return out;
}

bool Relay::take(MonoTime now, const wire::Relayed& piece, std::string& in, size_t& room) {
  const uint64_t from = piece.at(), to = from + piece.bytes().size();
  if (piece.taken() > sent) return false;
  if (piece.ended()) {
    ends_at = from;
  } else if (!piece.bytes().empty()) {
    if (from < received || to < from || to - told > kRelayWindowBytes ||
        early.size() == kMaxEarlyPieces)
      return false;
    early.emplace(from, piece.bytes());
  }
  while (!early.empty() && early.begin()->first == received) {
    received += early.begin()->second.size();
    in += early.begin()->second;
    early.erase(early.begin());
  }
  const bool missing = !early.empty() || (ends_at && !over());
  missing_since = !missing ? kNever : std::min(missing_since, now);
  if (piece.taken() > taken) room = piece.taken() - std::exchange(taken, piece.taken());
  return early.empty() || early.begin()->first > received;
}

Relay& Relays::open(HostId host, const NodeId& node, uint64_t session, bool dials) {
  const RelayId id(next_++);
  Relay& relay = relays_[id];
  relay.id = id;
  relay.host = host;
  relay.node = node;
  relay.session = session;
  relay.dials = dials;
  return relay;
}

Relay* Relays::find(RelayId id) {
  const auto it = relays_.find(id);
  return it == relays_.end() ? nullptr : &it->second;
}

Relay* Relays::find(const NodeId& from, const wire::Relayed& piece) {
  for (auto& [id, relay] : relays_)
    if (relay.node == from && relay.session == piece.session() && relay.dials != piece.dialled())
      return &relay;
  return nullptr;
}

const Relay* Relays::to(const NodeId& node) const {
  for (const auto& [id, relay] : relays_)
    if (relay.node == node) return &relay;
  return nullptr;
}

}  // namespace cluster::core
