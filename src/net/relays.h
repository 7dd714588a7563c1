// The relayed sessions of this host: a pipe and a connection each, which end in either order. The pipe belongs
// here, the connection to the Transport.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/io.h"
#include "net/connection.h"
#include "net/graveyard.h"
#include "net/relay_pipe.h"

namespace cluster::net {

class Relays final : public RelayPipe::Owner {
 public:
  // All references outlive it; `events` only enqueues.
  Relays(event_base* base, const std::function<void(core::Event)>& events, Graveyard& graveyard);

  // What the connection of the session is to be made of; none: RelayEnded has been said.
  struct Opened {
    Fd socket;
    Connection::Origin origin;
  };
  std::optional<Opened> open(const core::OpenRelay& action, const std::string& host);
  void perform(const core::RelayIn& action);
  void perform(const core::RelayRoom& action);
  void perform(const core::CloseRelay& action);

  // Of its connection: it ends, for the reason that is returned (what ended the session before it, if anything did);
  // it has gone. Nothing happens where the number is none of a session.
  std::string ended(RelayId relay, const std::string& reason);
  void gone(RelayId relay);

  // RelayPipe::Owner
  void relay_out(RelayId relay, std::string bytes) override;
  void relay_ended(RelayId relay, const std::string& reason) override;

 private:
  struct Session {
    std::unique_ptr<RelayPipe> pipe;
    std::string reason{};   // the first of all
    bool over = false;      // the core is done with it
    bool connected = true;  // there is a connection
  };
  Session* find(RelayId relay);
  void bury(RelayId relay);

  event_base* base_;
  const std::function<void(core::Event)>& events_;
  Graveyard& graveyard_;
  std::map<RelayId, Session> sessions_;
};

}  // namespace cluster::net
