// The simulated shells of relayed sessions: what the daemon does with sockets and TLS, with words of a handshake as
// the network has it. What they say to each other travels in the cores' own messages, through other machines.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "core/io.h"
#include "tests/sim/network.h"
#include "tests/sim/queue.h"

namespace cluster::sim {

class Tunnels {
 public:
  Tunnels(Queue& queue, Machines& machines, const Network& network, Rng rng)
      : queue_(queue), machines_(machines), network_(network), rng_(rng) {}

  void perform(MachineId at, const core::OpenRelay& action);
  void perform(MachineId at, const core::RelayIn& action);
  void perform(MachineId at, const core::RelayRoom& action);
  void perform(MachineId at, const core::CloseRelay& action);

  // False: the link is none of theirs.
  bool send(MachineId at, LinkId link, const std::string& bytes);
  bool close(MachineId at, LinkId link);
  std::optional<core::PairSecret> derive(MachineId at, LinkId link, uint64_t count);

  void engine_died(MachineId at);

  bool is_up(MachineId at, LinkId link) { return find(at, link) != nullptr; }
  // A session between them is up at both ends.
  bool joined(MachineId a, MachineId b) const;
  // Numbers of links over sessions, apart from those over connections; those of both ends differ in the last bit.
  static constexpr uint64_t kFirstLink = uint64_t{1} << 48;

 private:
  using Key = std::pair<MachineId, RelayId>;
  enum class Word : uint8_t { kHello, kProof, kOwnProof, kWelcome, kFrame, kGoodbye };
  struct End {
    core::OpenRelay open;
    MachineId peer = 0;  // once it has said so
    core::Generation used;
    uint64_t session = 0;  // its number, which the dialer tells the listener
    bool early = false;    // the dialer does not wait for the listener's first word
    LinkId link;           // once up
    bool ending = false;
    size_t room = 0;
    std::string out, in;
  };

  End* find(const Key& key);
  End* find(MachineId at, LinkId link);
  void say(const Key& key, End& end, Word word, const std::string& bytes = {});
  void flush(const Key& key, End& end);
  void hear(const Key& key, End& end, Word word, const std::string& bytes);
  void hear_hello(const Key& key, End& end, const std::string& bytes);
  void hear_proof(const Key& key, End& end, const std::string& bytes);
  void up(const Key& key, End& end);
  void fail(const Key& key, const std::string& why);
  // In the order of the calls, unless the engine dies before.
  void deliver(const Key& key, core::Event event);

  Queue& queue_;
  Machines& machines_;
  const Network& network_;
  Rng rng_;
  std::map<Key, End> ends_;
  std::map<MachineId, uint64_t> lives_;  // engines that have died there
  uint64_t next_session_ = 1;
};

}  // namespace cluster::sim
