// Recorded, reflected and guessed handshakes.
#include <gtest/gtest.h>

#include "hostile.h"

namespace cluster::net {
namespace {

using core::DialFailed;
using core::LinkUp;
using testing::closed;
using testing::connect_to;
using testing::Host;
using testing::HostileTest;
using testing::identity;
using testing::lines;
using testing::Loop;
using testing::RawPeer;

// ---------------------------------------------------------------------------------- replay, reflection

// In the middle of a connection, passing everything on.
struct Relay {
  Fd left{}, right{};
  std::string from_left{};
  int flights = 0;  // how often what is under way has turned round
  bool to_right = false;

  // True once either end has closed it.
  bool turn() {
    const size_t before = from_left.size();
    std::string from_right;
    const bool over = pass(left, right, &from_left);
    if (from_left.size() > before && !std::exchange(to_right, true)) ++flights;
    if (over || pass(right, left, &from_right)) return true;
    if (!from_right.empty() && std::exchange(to_right, false)) ++flights;
    return false;
  }
  static bool pass(const Fd& from, const Fd& to, std::string* seen) {
    char buffer[16384];
    ssize_t got = 0;
    while ((got = recv(from.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
      if (seen) seen->append(buffer, static_cast<size_t>(got));
      send(to.get(), buffer, static_cast<size_t>(got), MSG_NOSIGNAL);
    }
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
};

struct Trap {
  std::vector<Fd> sockets;

  Trap() {
    auto opened = open_listeners({"127.0.0.1"}, 0);
    sockets = std::move(*opened);
  }

  uint16_t port() const { return Endpoint::local_of(sockets[0].get()).port(); }
  Fd accept(Loop& loop) {
    Fd fd;
    loop.until(
        [&] { return static_cast<bool>(fd = Fd(::accept(sockets[0].get(), nullptr, nullptr))); });
    return fd;
  }
};

TEST_F(HostileTest, ARecordedConnectionPlayedAgainIsRefused) {
  Trap trap;
  three.dial(1, 1, trap.port());
  Relay relay{trap.accept(loop), connect_to(port)};
  ASSERT_TRUE(loop.until([&] {
    relay.turn();
    return one.count<LinkUp>() == 2 && three.count<LinkUp>() == 1;
  }));
  const uint64_t links = one.transport.counters().authenticated;
  const Fd again = connect_to(port);
  send(again.get(), relay.from_left.data(), relay.from_left.size(), MSG_NOSIGNAL);
  EXPECT_TRUE(loop.until([&] { return closed(again); }));
  EXPECT_EQ(refused(Refusal::kTls), 1u);
  EXPECT_EQ(one.transport.counters().authenticated, links);
}

// Of three round trips TCP's handshake is the first: the dialer's Open goes with TLS's last message.
TEST_F(HostileTest, ADialerIsLinkedAfterTwoRoundTripsOverTcp) {
  Trap trap;
  three.dial(1, 1, trap.port());
  Relay relay{trap.accept(loop), connect_to(port)};
  ASSERT_TRUE(loop.until([&] {
    if (three.count<LinkUp>() == 0) relay.turn();
    return three.count<LinkUp>() == 1;
  }));
  EXPECT_EQ(relay.flights, 4);
  EXPECT_EQ(one.count<LinkUp>(), 1u);
  ASSERT_TRUE(loop.until([&] {
    relay.turn();
    return one.count<LinkUp>() == 2;
  }));
  EXPECT_EQ(relay.flights, 5);
}

TEST_F(HostileTest, ADialReflectedToItsOwnHostIsRefused) {
  Trap trap;
  one.dial(5, 3, trap.port());
  Relay relay{trap.accept(loop), connect_to(port)};
  ASSERT_TRUE(loop.until([&] {
    relay.turn();
    return one.count<DialFailed>() == 1;
  }));
  ASSERT_TRUE(loop.until([&] { return relay.turn() && refused(Refusal::kSelf) == 1; }));
  EXPECT_EQ(one.count<LinkUp>(), 1u);
}

TEST_F(HostileTest, WhatIsSentBackIsRefused) {
  Trap trap;
  one.dial(5, 3, trap.port());
  const Fd mirror = trap.accept(loop);
  ASSERT_TRUE(loop.until([&] {
    Relay::pass(mirror, mirror, nullptr);
    return one.count<DialFailed>() == 1;
  }));
  EXPECT_EQ(one.all<DialFailed>()[0].outcome, core::DialOutcome::kRejected);
  EXPECT_EQ(refused(Refusal::kTls), 1u);
  EXPECT_EQ(one.count<LinkUp>(), 1u);
}

// -------------------------------------------------------------------------------------------- guesses

class GuessingTest : public HostileTest {
 protected:
  Host liar{loop, 3, wrong()};

  static std::vector<HostLine> wrong() {
    std::vector<HostLine> guess = lines();
    guess[2].passphrase = "guess number 1";
    return guess;
  }
  // Host 3's name with another secret and another key, until it has to wait.
  void guess_until_refused(const std::string& from) {
    ASSERT_TRUE(loop.until([&] { return liar.secrets.ready(); }));
    const uint64_t before = refused(Refusal::kWrongSecret);
    for (uint64_t i = 0; i < kMaxFreeGuesses; ++i) {
      guess(from);
      ASSERT_TRUE(loop.until([&] { return refused(Refusal::kWrongSecret) == before + i + 1; }));
    }
    const uint64_t waiting = refused(Refusal::kGuesses);
    guess(from);
    ASSERT_TRUE(loop.until([&] { return refused(Refusal::kGuesses) == waiting + 1; }));
    EXPECT_EQ(refused(Refusal::kWrongSecret), before + kMaxFreeGuesses);
  }
  void guess(const std::string& from) {
    RawPeer raw(liar.secrets, connect_to(port, from), identity(9));
    ASSERT_TRUE(loop.until([&] {
      raw.step();
      return raw.tls.state() == TlsSession::State::kClosed ||
             (raw.handshake && raw.handshake->state() == Handshake::State::kFailed);
    }));
  }
};

TEST_F(GuessingTest, FromElsewhereTheyDoNotKeepTheRealHostOut) {
  guess_until_refused("127.0.0.5");
  guess_until_refused("127.0.0.6");
  three.dial(1, 1, port);
  EXPECT_TRUE(loop.until([&] { return three.count<LinkUp>() == 1; }));
  EXPECT_EQ(three.count<DialFailed>(), 0u);
}

TEST_F(GuessingTest, FromItsOwnAddressNeitherOnceItsKeyIsKnown) {
  three.dial(1, 1, port);
  ASSERT_TRUE(loop.until([&] { return three.count<LinkUp>() == 1; }));
  guess_until_refused("127.0.0.1");
  three.dial(2, 1, port);
  EXPECT_TRUE(loop.until([&] { return three.count<LinkUp>() == 2; }));
  EXPECT_EQ(three.count<DialFailed>(), 0u);
}

TEST_F(GuessingTest, AGuessThatIsNeverProvedCountsToo) {
  ASSERT_TRUE(loop.until([&] { return liar.secrets.ready(); }));
  for (uint32_t i = 0; i < kMaxFreeGuesses; ++i) {
    RawPeer raw(liar.secrets, connect_to(port), identity(9));
    ASSERT_TRUE(loop.until([&] { return raw.step() || raw.handshake; }));
    char answer = 0;
    ASSERT_TRUE(loop.until([&] { return recv(raw.fd.get(), &answer, 1, MSG_PEEK) == 1; }));
  }
  guess("127.0.0.1");
  EXPECT_EQ(refused(Refusal::kGuesses), 1u);
  EXPECT_EQ(one.transport.counters().guesses, kMaxFreeGuesses);
}

}  // namespace
}  // namespace cluster::net
