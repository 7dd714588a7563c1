// Connections to other hosts: listens, dials, authenticates, and carries frames.
//
// Takes the core's actions Dial, CancelDial, Send, CloseLink, DeriveSecret, OpenRelay, RelayIn, RelayRoom and
// CloseRelay; gives back the events LinkUp, LinkDown, Received, DialFailed, SecretDerived, KeyRefused, RelayOut and
// RelayEnded as core/io.h describes them, through one callback that must only enqueue: it may be called from within
// any function here and must not call back.
//
// A relayed session is a connection like any other, whose socket ends within this process. Where this end does not
// dial, it is a stranger, whose limits count by node instead of by address. RelayEnded comes once all that its
// connection wrote has been handed out; LinkDown may come before or after it.
//
// Everything lives on the thread of `base`. Destroying it drops all connections at once (what is to
// arrive first is closed by CloseLink; then wait for closing() to be 0).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "core/io.h"
#include "net/identity.h"
#include "net/refusal.h"
#include "net/report.h"
#include "net/secrets.h"
#include "net/socket.h"
#include "net/strangers.h"

struct event_base;

namespace cluster::net {

struct TransportOptions {
  // Dials leave from the listening port, so that the address that others observe can be dialled. For
  // hosts without an address of their own (dynamic ones) only: two hosts with addresses would dial
  // each other over one and the same pair of ports. Where that port is busy for a destination the
  // dial leaves from any other.
  bool dial_from_listening_port = false;
  std::chrono::milliseconds handshake_time = kHandshakeTime;
};

struct TransportCounters {
  uint64_t accepted = 0;        // connections
  uint64_t authenticated = 0;   // both ways round
  uint64_t strangers = 0;       // now: accepted, and neither authenticated nor gone
  uint64_t guesses = 0;         // answers that ended without a proof
  RefusalCounts refused;        // both ways round
  uint64_t relayed_frames = 0;  // of Priority::kRelayed, queued on links
  uint64_t relayed_bytes = 0;
  uint64_t relayed_dropped = 0;  // frames that a full queue had no place for
};

class Transport {
 public:
  // `identity` and `secrets` outlive it.
  Transport(event_base* base, const Identity& identity, Secrets& secrets, TransportOptions options,
            std::function<void(core::Event)> events, Report report);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Accepts on these sockets (open_listeners() opens some) from now on, and on no others; none stops
  // accepting. If they are bound to one specific address, dials leave from it too.
  void listen(std::vector<Fd> sockets);
  uint16_t port() const;  // of the first listening socket; 0: none

  void set_options(TransportOptions options);  // counts for later dials

  void perform(const core::Dial& action);
  void perform(const core::CancelDial& action);
  void perform(const core::Send& action);
  void perform(const core::CloseLink& action);
  void perform(const core::DeriveSecret& action);
  void perform(const core::OpenRelay& action);
  void perform(const core::RelayIn& action);
  void perform(const core::RelayRoom& action);
  void perform(const core::CloseRelay& action);

  // Frames that begin with wire::kBulkMark go from shell to shell, after what has priority. `received` must only enqueue.
  void send_bulk(LinkId link, std::string frame);
  void on_bulk(std::function<void(LinkId, std::string frame)> received);

  // Links that CloseLink has been asked for and whose queues are not empty yet.
  size_t closing() const;
  TransportCounters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cluster::net
