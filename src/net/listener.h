// Accepts on the listening sockets, and pauses where it must not: when its owner says so, and for a moment when the
// system has no descriptors left (accepting again at once would be a busy loop).
#pragma once

#include <functional>
#include <vector>

#include "loop/event.h"
#include "net/report.h"
#include "net/socket.h"

namespace cluster::net {

class Listener {
 public:
  static constexpr int kAcceptsPerTurn = 16;
  static constexpr std::chrono::milliseconds kPause{500};

  // `report` outlives it. Before each connection it asks `may_accept`; after a no it waits for
  // resume(), and who connects waits in the backlog.
  Listener(event_base* base, std::vector<Fd> sockets, std::function<bool()> may_accept,
           std::function<void(Fd, Endpoint)> accepted, const Report& report);

  void resume();
  const std::vector<Endpoint>& addresses() const { return addresses_; }

 private:
  struct Socket {
    Listener* owner;
    Fd fd;
    EventPtr event;
  };

  void accept_from(const Socket& socket);
  void set_waiting(bool waiting);

  std::vector<Socket> sockets_;
  std::vector<Endpoint> addresses_;
  std::function<bool()> may_accept_;
  std::function<void(Fd, Endpoint)> accepted_;
  const Report& report_;
  Throttle throttle_;
  EventPtr pause_over_;
  bool waiting_ = true;
};

}  // namespace cluster::net
