// Sessions through others: when there is one, and how its pieces travel.

#include <algorithm>
#include <utility>

#include "core/node_state.h"

namespace cluster::core {

namespace {

constexpr Duration kFirstRelayPause = milliseconds(50);

wire::Routed routed(wire::Relayed piece) {
  wire::Routed message;
  *message.mutable_relayed() = std::move(piece);
  return message;
}

// Where our stream ends: what has not come by another way yet is awaited.
wire::Relayed end_of(const Relay& relay) {
  wire::Relayed piece;
  piece.set_session(relay.session);
  piece.set_dialled(relay.dials);
  piece.set_at(relay.sent);
  piece.set_ended(true);
  return piece;
}

// There is none, or none any more.
wire::Relayed refusal_of(const wire::Relayed& theirs) {
  wire::Relayed piece;
  piece.set_session(theirs.session());
  piece.set_dialled(!theirs.dialled());
  piece.set_ended(true);
  return piece;
}

}  // namespace

// A pair without a link of its own has a session through others as long as there is a way. The lower ID dials it: at
// once where neither can be dialled, elsewhere after a beat, for a dial mostly succeeds within that.
void Node::State::drive_relays(Context& context) {
  std::vector<RelayId> without_way, not_needed, torn;
  for (const auto& [id, relay] : relays.all()) {
    if (!members.next_hop(relay.node))
      without_way.push_back(id);
    else if (relay.missing_since != kNever &&
             context.now.mono >= relay.missing_since + kOvertakenTime)
      torn.push_back(id);
    else if (!relay.linked && links.to(relay.node) != nullptr)
      not_needed.push_back(id);
  }
  for (RelayId id : without_way) end_relay(context, id, "there is no way to it any more");
  for (RelayId id : not_needed) end_relay(context, id, "there is a direct link");
  for (RelayId id : torn) end_relay(context, id, "a piece of it is missing");
  // Where hosts are many most pairs have no link, and talk by way of others as those who pass records on.
  if (!mesh.full()) relay_waits.clear();
  if (leaving || !mesh.full()) return;
  for (const HostEntry& host : config.hosts) {
    if (host.id == config.self) continue;
    const Member* member = members.of(host.id);
    if (member == nullptr || !member->reachable || links.to(member->node) != nullptr) {
      relay_waits.erase(host.id);
      continue;
    }
    if (host.id < config.self) continue;
    const bool neither_dialled = host.dynamic && config.host(config.self)->dynamic;
    const auto [wait, fresh] = relay_waits.try_emplace(
        host.id,
        RelayWait{context.now.mono + (neither_dialled ? Duration{} : config.beat_interval), {}});
    if (relays.to(member->node) != nullptr || context.now.mono < wait->second.not_before) continue;
    const Relay& relay = relays.open(host.id, member->node, context.rng.next() | 1, true);
    context.emit(OpenRelay{relay.id, host.id, relay.node, true, kRelayWindowBytes});
  }
}

MonoTime Node::State::next_relay() const {
  MonoTime next = kNever;
  for (const auto& [id, relay] : relays.all())
    if (relay.missing_since != kNever) next = std::min(next, relay.missing_since + kOvertakenTime);
  if (leaving) return next;
  for (const auto& [host, wait] : relay_waits) {
    const Member* member = members.of(host);
    if (member == nullptr || relays.to(member->node) == nullptr)
      next = std::min(next, wait.not_before);
  }
  return next;
}

// Not again at once: what ended it may last.
void Node::State::relay_over(Context& context, const Relay& relay) {
  const auto wait = relay_waits.find(relay.host);
  if (wait != relay_waits.end()) {
    const Duration longest = std::max(config.dead_time, kFirstRelayPause);
    Duration& pause = wait->second.pause;
    pause = pause == Duration{} ? kFirstRelayPause : std::min<Duration>(2 * pause, longest);
    wait->second.not_before = context.now.mono + context.rng.between(pause / 2, pause);
  }
  relays.erase(relay.id);
}

void Node::State::end_relay(Context& context, RelayId id, const std::string& reason) {
  const Relay* relay = relays.find(id);
  if (relay == nullptr) return;
  context.emit(CloseRelay{id, reason});
  route(context, relay->node, routed(end_of(*relay)), Priority::kRelayed);
  relay_over(context, *relay);
}

void Node::State::on(Context& context, const RelayOut& event) {
  Relay* relay = relays.find(event.relay);
  if (relay == nullptr) return;
  wire::Relayed piece = relay->piece(event.bytes);
  if (!route(context, relay->node, routed(std::move(piece)), Priority::kRelayed))
    end_relay(context, event.relay, "there is no way to it any more");
}

void Node::State::on(Context& context, const RelayEnded& event) {
  const Relay* relay = relays.find(event.relay);
  if (relay == nullptr) return;
  context.log(LogLevel::kDebug,
              "session with " + name_of(relay->host) + " through others ended: " + event.reason);
  route(context, relay->node, routed(end_of(*relay)), Priority::kRelayed);
  relay_over(context, *relay);
}

void Node::State::receive_relayed(Context& context, const NodeId& from,
                                  const wire::Relayed& piece) {
  ways.due = true;
  Relay* relay = relays.find(from, piece);
  if (relay == nullptr && !piece.ended()) {
    relay = accept_relay(context, from, piece);
    if (relay == nullptr) {
      route(context, from, routed(refusal_of(piece)), Priority::kRelayed);
      return;
    }
  }
  if (relay == nullptr) return;
  std::string in;
  size_t room = 0;
  if (!relay->take(context.now.mono, piece, in, room))
    return end_relay(context, relay->id, "a piece of it belongs nowhere");
  for (size_t at = 0; at < in.size(); at += kMaxRelayBytes)
    context.emit(RelayIn{relay->id, in.substr(at, kMaxRelayBytes)});
  if (relay->over()) {
    context.emit(CloseRelay{relay->id, "the other end has ended it"});
    relay_over(context, *relay);
    return;
  }
  if (room > 0) context.emit(RelayRoom{relay->id, room});
  if (relay->owes_word()) route(context, from, routed(relay->piece({})), Priority::kRelayed);
}

// The first piece of a session that the other end dials.
Relay* Node::State::accept_relay(Context& context, const NodeId& from, const wire::Relayed& piece) {
  const Member* member = members.find(from);
  if (!piece.dialled() || piece.at() != 0 || piece.bytes().empty() || leaving ||
      member == nullptr || member->host >= config.self || config.host(member->host) == nullptr ||
      links.to(from) != nullptr)
    return nullptr;
  // It has begun anew, and does not know of the one that there was.
  if (const Relay* former = relays.to(from)) {
    context.emit(CloseRelay{former->id, "the other end has begun another"});
    relays.erase(former->id);
  }
  Relay& relay = relays.open(member->host, from, piece.session(), false);
  context.emit(OpenRelay{relay.id, relay.host, from, false, kRelayWindowBytes});
  return &relay;
}

// Over the relayed link nothing more is said, but what is on its way is still heard: it ends once both have said so.
void Node::State::move_from(Context& context, Link& relayed) {
  if (!relayed.established) return drop_link(context, relayed.id, "there is a direct link", true);
  if (!std::exchange(relayed.moved, true)) {
    wire::Message message;
    message.mutable_moved();
    send(context, relayed, message);
  }
  if (relayed.peer_moved) drop_link(context, relayed.id, "there is a direct link", true);
}

}  // namespace cluster::core
