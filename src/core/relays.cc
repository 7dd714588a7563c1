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

std::optional<size_t> Relay::take(const wire::Relayed& piece) {
  const uint64_t size = piece.bytes().size();
  if (piece.at() != received || received + size - told > kRelayWindowBytes ||
      piece.taken() < taken || piece.taken() > sent)
    return std::nullopt;
  received += size;
  return static_cast<size_t>(piece.taken() - std::exchange(taken, piece.taken()));
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

Relay* Relays::to(const NodeId& node) {
  for (auto& [id, relay] : relays_)
    if (relay.node == node) return &relay;
  return nullptr;
}

}  // namespace cluster::core
