#include "net/relays.h"

#include <sys/socket.h>

namespace cluster::net {
namespace {

// What a connection may have written and the pipe not read: little, so that control waits for little.
constexpr int kUnreadByPipeBytes = 2 * core::kMaxRelayBytes;

}  // namespace

Relays::Relays(event_base* base, const std::function<void(core::Event)>& events,
               Graveyard& graveyard)
    : base_(base), events_(events), graveyard_(graveyard) {}

std::optional<Relays::Opened> Relays::open(const core::OpenRelay& action, const std::string& host) {
  Result<std::pair<Fd, Fd>> ends = stream_pair();
  if (!ends) {
    events_(core::RelayEnded{action.relay, ends.error()});
    return std::nullopt;
  }
  Opened opened{std::move(ends->first), {}};
  setsockopt(opened.socket.get(), SOL_SOCKET, SO_SNDBUF, &kUnreadByPipeBytes,
             sizeof kUnreadByPipeBytes);
  if (action.dials) opened.origin.target = action.host;
  opened.origin.relay = action.relay;
  opened.origin.node = action.node;
  opened.origin.remote = "relayed";
  opened.origin.label = "relayed session with " + host;
  // The whole ID: a node may choose the first digits of its own.
  opened.origin.limit_group = "node " + action.node.hex();
  sessions_[action.relay] = {std::make_unique<RelayPipe>(
      base_, action.relay, std::move(ends->second), action.room, *this)};
  return opened;
}

void Relays::perform(const core::RelayIn& action) {
  if (const Session* session = find(action.relay)) session->pipe->in(action.bytes);
}

void Relays::perform(const core::RelayRoom& action) {
  if (const Session* session = find(action.relay)) session->pipe->add_room(action.bytes);
}

void Relays::perform(const core::CloseRelay& action) {
  Session* session = find(action.relay);
  if (!session || session->over) return;
  ended(action.relay, action.reason);
  session->over = true;
  session->pipe->close();
  bury(action.relay);
}

std::string Relays::ended(RelayId relay, const std::string& reason) {
  Session* session = find(relay);
  if (!session) return reason;
  if (session->reason.empty()) session->reason = reason;
  return session->reason;
}

void Relays::gone(RelayId relay) {
  Session* session = find(relay);
  if (!session) return;
  session->connected = false;
  session->pipe->look();
  bury(relay);
}

void Relays::relay_out(RelayId relay, std::string bytes) {
  events_(core::RelayOut{relay, std::move(bytes)});
}

void Relays::relay_ended(RelayId relay, const std::string& reason) {
  const std::string why = ended(relay, reason);
  events_(core::RelayEnded{relay, why.empty() ? "closed" : why});
  find(relay)->over = true;
  bury(relay);
}

Relays::Session* Relays::find(RelayId relay) {
  const auto found = sessions_.find(relay);
  return found == sessions_.end() ? nullptr : &found->second;
}

// Once nobody needs it any more.
void Relays::bury(RelayId relay) {
  const auto found = sessions_.find(relay);
  if (found == sessions_.end() || !found->second.over || found->second.connected) return;
  graveyard_.take(std::move(found->second.pipe));
  sessions_.erase(found);
}

}  // namespace cluster::net
