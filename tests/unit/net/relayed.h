// Two hosts with a relayed session, and what lies between them: the test does what the two cores and the relays do.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support.h"

namespace cluster::net::testing {

// Moves the pieces of one session from one host to the other, and back what room they make.
class Middle {
 public:
  // What becomes of the n-th piece of a direction: may be changed; how often it is delivered.
  using Fault = std::function<int(int n, std::string& piece)>;

  struct Direction {
    Host* from;
    RelayId relay;
    Fault fault{};
    std::string seen{};  // every byte
    int pieces = 0;
    size_t room = core::kRelayWindowBytes;
    size_t next_event = 0;
    bool over = false;  // RelayEnded has come
    std::string reason{};
    std::vector<std::string> held{};  // while the path is slow
  };

  Middle(Host& one, Host& two, uint64_t number)
      : up{&one, RelayId(10 + number)}, down{&two, RelayId(2000 + number)} {}

  // `up` is what the host that listens says, `down` what the one that dials does.
  Direction up, down;
  size_t pieces_a_turn = SIZE_MAX;

  void turn() {
    hear(up);
    hear(down);
    move(up, down);
    move(down, up);
    if (up.over && up.held.empty()) close(down, "the other end has closed it");
    if (down.over && down.held.empty()) close(up, "the other end has closed it");
  }
  // The path is lost: both cores are told.
  void lose() {
    for (Direction* one : {&up, &down}) close(*one, "the path is lost");
  }

 private:
  static void close(Direction& end, const std::string& reason) {
    if (std::exchange(end.over, true)) return;
    end.from->transport.perform(core::CloseRelay{end.relay, reason});
  }

  static void hear(Direction& at) {
    for (; at.next_event < at.from->events.size(); ++at.next_event) {
      const core::Event& event = at.from->events[at.next_event];
      if (const auto* out = std::get_if<core::RelayOut>(&event); out && out->relay == at.relay) {
        EXPECT_FALSE(at.over);
        EXPECT_LE(out->bytes.size(), std::min(core::kMaxRelayBytes, at.room));
        EXPECT_FALSE(out->bytes.empty());
        at.room -= out->bytes.size();
        at.held.push_back(out->bytes);
      }
      if (const auto* end = std::get_if<core::RelayEnded>(&event); end && end->relay == at.relay) {
        EXPECT_FALSE(at.over);
        at.over = true;
        at.reason = end->reason;
      }
    }
  }

  void move(Direction& at, const Direction& to) const {
    const size_t moved = std::min(at.held.size(), pieces_a_turn);
    for (size_t i = 0; i < moved; ++i) {
      std::string piece = at.held[i];
      const size_t size = piece.size();
      at.seen += piece;
      for (int n = at.fault ? at.fault(at.pieces, piece) : 1; n > 0; --n)
        to.from->transport.perform(core::RelayIn{to.relay, piece});
      ++at.pieces;
      at.room += size;
      at.from->transport.perform(core::RelayRoom{at.relay, size});
    }
    at.held.erase(at.held.begin(), at.held.begin() + static_cast<std::ptrdiff_t>(moved));
  }
};

class RelayedTest : public ::testing::Test {
 protected:
  // Long enough not to appear in random bytes.
  static std::vector<HostLine> long_lines() {
    return {{HostId(1), "first-host.example", "passphrase of the first"},
            {HostId(2), "second-host.example", "passphrase of the second"},
            {HostId(3), "third-host.example", "passphrase of the third"}};
  }

  Loop loop;
  TransportOptions options;
  Host one{loop, 1, long_lines()};
  Host two{loop, 2, long_lines()};
  uint64_t sessions = 0;
  Middle middle{one, two, sessions};

  bool ready() {
    return loop.until([&] { return one.secrets.ready() && two.secrets.ready(); });
  }
  // One listens, two dials; each says whom it means.
  void open(const NodeId& at_one, const NodeId& at_two) {
    ASSERT_TRUE(ready());
    one.transport.perform(core::OpenRelay{middle.up.relay, HostId(2), at_one, false, kRoom});
    two.transport.perform(core::OpenRelay{middle.down.relay, HostId(1), at_two, true, kRoom});
  }
  void open() { open(identity(2).node(), identity(1).node()); }
  // A new session, as if the hosts had never had one.
  void begin_anew() {
    for (Host* host : {&one, &two}) host->events.clear();
    middle = Middle(one, two, ++sessions);
  }
  void link_them() {
    open();
    ASSERT_TRUE(
        until([&] { return one.count<core::LinkUp>() == 1 && two.count<core::LinkUp>() == 1; }));
  }
  bool until(const std::function<bool()>& done) {
    return loop.until([&] {
      middle.turn();
      return done();
    });
  }
  // Each core knows that the session is over.
  bool until_over() {
    return until([&] {
      return middle.up.over && middle.down.over && one.transport.counters().strangers == 0;
    });
  }
  // And each link has been said to be down.
  bool until_down() {
    return until_over() && until([&] {
             return one.count<core::LinkUp>() == one.count<core::LinkDown>() &&
                    two.count<core::LinkUp>() == two.count<core::LinkDown>();
           });
  }
  void settle() { loop.spin(std::chrono::milliseconds(50)); }
  LinkId at_one() const { return one.all<core::LinkUp>().at(0).link; }
  LinkId at_two() const { return two.all<core::LinkUp>().at(0).link; }

  static constexpr size_t kRoom = core::kRelayWindowBytes;
};

}  // namespace cluster::net::testing
