// One attempt to connect to one address, and where it leaves from.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "loop/event.h"
#include "net/socket.h"

namespace cluster::net {

// The local end of a dial.
struct Departure {
  std::optional<Endpoint> from;  // nullopt: the system chooses
  bool listening_port = false;   // `from` is a port that is listened on
};

// Given the sockets listened on: their specific address, if they have one of the target's family (but
// no loopback address towards other machines), and their port, if that is wanted.
Departure departure_for(const Endpoint& target, const std::vector<Endpoint>& listening,
                        bool from_listening_port);

class ConnectAttempt {
 public:
  struct Outcome {
    Fd fd;          // connected, or none
    int error = 0;  // errno where none
    bool from_listening_port = false;
  };

  // `busy` is called where the port pair is taken, and says whether it has freed it. `done` comes
  // from the loop, never from within the constructor; the attempt may be destroyed in it.
  ConnectAttempt(event_base* base, const Endpoint& target, Departure departure, Duration limit,
                 const std::function<bool()>& busy, std::function<void(Outcome)> done);
  ConnectAttempt(const ConnectAttempt&) = delete;
  ConnectAttempt& operator=(const ConnectAttempt&) = delete;

 private:
  int connect(const Endpoint& target, const Departure& departure);
  void finish(int error);

  Fd fd_;
  bool from_listening_port_ = false;
  int failed_ = 0;
  std::function<void(Outcome)> done_;
  EventPtr event_;
};

}  // namespace cluster::net
