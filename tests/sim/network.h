// The simulated network: connections as ordered streams between machines, each direction a pipe of
// items that take their time.
//
// A dial is SYN, SYN-ACK and three authentication items that travel as any other; the dialer's end is
// up after the listener's proof or after the listener's first word (chosen at random), the listener's
// after the dialer's proof, so that either end may be up alone and a connection can die in between.
// A direction that is cut holds its items back, as TCP does, and lets them go some time after it is
// healed. What the ends know of a death depends on how it came: goodbye and reset travel, silence does
// not; an end that is gone answers data with a reset, as a kernel does.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/rng.h"
#include "core/io.h"
#include "tests/sim/queue.h"

namespace cluster::sim {

class Tunnels;

using MachineId = size_t;  // index into the world's machines

inline constexpr uint16_t kPort = 35790;

struct PeerName {
  HostId host;
  std::string name;
};

enum class Nat : uint8_t {
  kNone,
  kCone,       // keeps the port, so that a machine is seen by all at the same
  kSymmetric,  // another port for each whom it dials
};

// What the network needs to know of the machines it joins.
class Machines {
 public:
  virtual ~Machines() = default;
  virtual size_t count() const = 0;
  virtual bool powered(MachineId machine) const = 0;  // its kernel answers
  virtual bool asleep(MachineId machine) const = 0;   // suspended: nothing in, nothing out
  virtual bool listening(
      MachineId machine) const = 0;                  // a guardian is there, perhaps with no engine
  virtual bool frozen(MachineId machine) const = 0;  // its engine gets no processor
  virtual NodeId node(MachineId machine) const = 0;
  // What `at` calls the machine `peer`; nullopt where their lines do not match.
  virtual std::optional<PeerName> name_of(MachineId at, MachineId peer) const = 0;
  // By what `at` authenticates `peer` now, the newest proved one first.
  virtual std::vector<core::Generation> credentials(MachineId at, MachineId peer) const = 0;
  virtual bool same_passphrases(MachineId a, MachineId b) const = 0;
  // Whether `at` takes the key of `peer` for the right one.
  virtual bool admits(MachineId at, MachineId peer) const = 0;
  virtual void deliver(MachineId machine, core::Event event) = 0;
};

class Network {
 public:
  // Machines are those of 0 to `count` - 1.
  Network(Queue& queue, Machines& machines, size_t count, Rng rng);
  ~Network();

  // -- Addresses. A machine behind NAT is seen at its router's, which lets in only whom the machine has dialled.
  void set_address(MachineId machine, std::string ip, Nat nat);
  std::string address(MachineId machine) const { return hosts_[machine].ip; }
  Nat nat(MachineId machine) const { return hosts_[machine].nat; }
  // The machine has moved: what it had is silent for ever.
  void move(MachineId machine, std::string ip, Nat nat);

  // -- What machines ask for.
  void dial(MachineId from, const core::Dial& dial);
  void cancel_dial(MachineId from, DialId dial);
  void send(MachineId from, LinkId link, std::string bytes);
  void close(MachineId from, LinkId link);
  // The secret that follows from the session of that live link; nullopt where there is none.
  std::optional<core::PairSecret> derive(MachineId from, LinkId link, uint64_t count);

  // -- What happens to machines.
  void power_lost(MachineId machine);
  void engine_died(MachineId machine);
  void came_back(MachineId machine);  // powered or awake: peers' retransmissions reach it again
  void thawed(MachineId machine);     // its engine reads what its kernel received meanwhile

  // -- Faults. Cuts count: each needs its own heal.
  void set_latency(MachineId a, MachineId b, Duration one_way);
  void slow_down(MachineId a, MachineId b, Duration extra);  // both ways; 0 ends it
  void cut_one_way(MachineId from, MachineId to);
  void heal_one_way(MachineId from, MachineId to);
  void cut(MachineId a, MachineId b);
  void heal(MachineId a, MachineId b);
  void heal_all();
  // Both ends learn of it, and what was on its way is lost in part.
  void reset(MachineId a, MachineId b);
  // `dead` learns of it, `unaware` does not.
  void half_open(MachineId dead, MachineId unaware);
  // Nobody learns of it (a router lost its state).
  void black_hole(MachineId a, MachineId b);

  // -- The truth, for checkers.
  // A connection between them is up at both ends and carries data both ways now.
  bool linked(MachineId a, MachineId b) const;
  bool cut_between(MachineId a, MachineId b) const {
    return blocked_[a][b] != 0 || blocked_[b][a] != 0;
  }
  // What lies outside is reached by whoever is not cut off from all others.
  bool reaches_outside(MachineId machine) const;
  bool can_authenticate(MachineId dialer, MachineId listener) const;
  // What authenticates the two, as the handshake chooses it; nullopt: the listener refuses.
  std::optional<core::Generation> choose(MachineId dialer, MachineId listener,
                                         const std::vector<core::Generation>& offered) const;
  // The sessions through other machines.
  Tunnels& tunnels() { return *tunnels_; }
  Duration slowness(MachineId a, MachineId b) const { return latency_[a][b] + extra_[a][b]; }
  bool is_up(MachineId machine, LinkId link);
  // Changes whenever linked() may have changed.
  uint64_t topology() const { return topology_; }
  void touch() { ++topology_; }

 private:
  enum class Kind : uint8_t {
    kSyn,
    kSynAck,
    kRefuse,
    kDialerHello,
    kListenerProof,
    kDialerProof,
    kWelcome,
    kReject,
    kFrame,
    kGoodbye,
    kReset,
  };
  struct Item {
    Kind kind;
    Instant ready;
    std::string bytes;
  };
  struct Pipe {
    std::deque<Item> items;
    Instant last{};      // when the newest item is ready
    bool armed = false;  // a task will look at it
    bool dead = false;   // swallows everything
    std::optional<Instant> stuck;
  };
  enum class State : uint8_t { kHandshake, kUp, kGone };
  struct End {
    MachineId machine = 0;
    State state = State::kHandshake;
  };
  struct Connection {
    End ends[2];    // the dialer, the listener
    Pipe pipes[2];  // pipes[i] leads from ends[i]
    DialId dial;
    DialId crossed;  // the listener's, of which a router made the same connection
    HostId wanted;
    std::vector<core::Generation> offered;  // by the dialer
    core::Generation used;
    bool outcast = false;    // the listener does not take the dialer's key
    bool connected = false;  // the dialer knows that somebody listens
    bool early = false;      // the dialer does not wait for the listener's first word
    std::string dialled;     // the listener's address as dialled
    std::string observed;    // the dialer's as the listener sees it
  };
  struct Host {
    std::string ip;
    Nat nat = Nat::kNone;
    std::string outside;                     // as others see it, without port
    std::map<std::string, Instant> dialled;  // whom the router lets in, by outside, until when
  };

  static LinkId link_of(uint64_t id, size_t end) { return LinkId(id * 2 + end); }
  Connection* find(uint64_t id);
  // The connection of a live link of that machine; nullptr otherwise.
  Connection* find(MachineId machine, LinkId link);
  void put(uint64_t id, Connection& c, size_t from, Kind kind, std::string bytes = {});
  void arm(uint64_t id, size_t from, Pipe& pipe, Instant when);
  void flow(uint64_t id, size_t from);
  void accept(uint64_t id, Connection& c, size_t from, Item item);
  void accept_at_listener(uint64_t id, Connection& c, const Item& item);
  void accept_at_dialer(uint64_t id, Connection& c, const Item& item);
  bool let_in(MachineId from, MachineId to);
  void meet_half_way(uint64_t id, Connection& c);
  bool admit(MachineId at, MachineId peer, const std::string& address);
  void link_up(uint64_t id, Connection& c, size_t end);
  // The end is no more; its machine is told where `reason` is given.
  void end_gone(uint64_t id, Connection& c, size_t end, const char* reason);
  void dial_failed(Connection& c, core::DialOutcome outcome, const char* reason);
  void listener_failed(Connection& c, core::DialOutcome outcome, const char* reason);
  void time_out(uint64_t id);
  void lose_tail(Pipe& pipe);
  bool passes(MachineId from, MachineId to) const;
  void kick(MachineId from, MachineId to, Duration longest_wait);
  void sweep(uint64_t id);
  template <class Function>
  void each_between(MachineId a, MachineId b, Function function);

  Queue& queue_;
  Machines& machines_;
  Rng rng_;
  std::vector<Host> hosts_;
  std::vector<std::vector<Duration>> latency_;
  std::vector<std::vector<Duration>> extra_;
  std::vector<std::vector<int>> blocked_;  // [from][to]: cuts in force
  std::map<uint64_t, Connection> connections_;
  std::unique_ptr<Tunnels> tunnels_;
  uint64_t next_ = 1;
  uint64_t topology_ = 1;
};

}  // namespace cluster::sim
