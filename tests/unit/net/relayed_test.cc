// Relayed sessions: a link between two transports whose bytes somebody else carries.
#include "relayed.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "wire/framing.h"

namespace cluster::net {
namespace {

using core::CloseLink;
using core::CloseRelay;
using core::KeyRefused;
using core::LinkDown;
using core::LinkUp;
using core::OpenRelay;
using core::Priority;
using core::Received;
using core::RelayEnded;
using core::RelayOut;
using core::SecretDerived;
using testing::Host;
using testing::identity;
using testing::RelayedTest;

constexpr std::chrono::milliseconds kSoon{300};

std::vector<std::string> frames_of(const Host& host) {
  std::vector<std::string> frames;
  for (const Received& one : host.all<Received>()) frames.push_back(one.bytes);
  return frames;
}

TEST_F(RelayedTest, IsALinkLikeAnyOther) {
  link_them();
  const LinkUp up1 = one.all<LinkUp>()[0];
  const LinkUp up2 = two.all<LinkUp>()[0];
  EXPECT_EQ(up1.host, HostId(2));
  EXPECT_EQ(up1.name, "second-host.example");
  EXPECT_EQ(up1.node, identity(2).node());
  EXPECT_EQ(up1.relay, middle.up.relay);
  EXPECT_EQ(up2.host, HostId(1));
  EXPECT_EQ(up2.node, identity(1).node());
  EXPECT_EQ(up2.relay, middle.down.relay);
  for (const LinkUp& up : {up1, up2}) {
    EXPECT_EQ(up.dial, DialId(0));
    EXPECT_EQ(up.address, "relayed");
    EXPECT_EQ(up.generation, Generation{});
  }
  one.send(at_one(), "from one");
  two.send(at_two(), "from two");
  ASSERT_TRUE(until([&] { return one.count<Received>() == 1 && two.count<Received>() == 1; }));
  EXPECT_EQ(frames_of(two), std::vector<std::string>{"from one"});
  EXPECT_EQ(frames_of(one), std::vector<std::string>{"from two"});
  EXPECT_TRUE(one.logs.empty() && two.logs.empty());
  EXPECT_EQ(one.transport.counters().strangers, 0u);
  EXPECT_EQ(one.transport.counters().authenticated, 1u);
}

TEST_F(RelayedTest, MuchArrivesInOrderBothWays) {
  link_them();
  std::vector<std::string> frames;
  frames.reserve(1025);
  for (int i = 0; i < 1024; ++i)
    frames.push_back(std::to_string(i) + std::string(1024, static_cast<char>(i)));
  frames.emplace_back(wire::kMaxFrameBytes, 'x');
  for (const std::string& frame : frames) {
    one.send(at_one(), frame, Priority::kBulk);
    two.send(at_two(), frame, Priority::kBulk);
  }
  ASSERT_TRUE(until([&] {
    return one.count<Received>() == frames.size() && two.count<Received>() == frames.size();
  }));
  EXPECT_EQ(frames_of(one), frames);
  EXPECT_EQ(frames_of(two), frames);
}

TEST_F(RelayedTest, BothEndsDeriveTheSameSecret) {
  link_them();
  one.transport.perform(core::DeriveSecret{at_one(), 1});
  two.transport.perform(core::DeriveSecret{at_two(), 1});
  ASSERT_EQ(one.count<SecretDerived>() + two.count<SecretDerived>(), 2u);
  const core::PairSecret secret = one.all<SecretDerived>()[0].secret;
  EXPECT_EQ(secret.generation, two.all<SecretDerived>()[0].secret.generation);
  EXPECT_EQ(secret.generation.count, 1u);
  // And the next session goes by it.
  one.secrets.set_access({HostId(2), identity(2).node(), {secret}, false});
  two.secrets.set_access(
      {HostId(1), identity(1).node(), {two.all<SecretDerived>()[0].secret}, false});
  middle.lose();
  ASSERT_TRUE(until([&] { return one.count<LinkDown>() + two.count<LinkDown>() == 2; }));
  begin_anew();
  link_them();
  EXPECT_EQ(one.all<LinkUp>().at(0).generation, secret.generation);
  EXPECT_EQ(two.all<LinkUp>().at(0).generation, secret.generation);
}

// ---------------------------------------------------------------------------------------- its end

TEST_F(RelayedTest, AnOrderlyCloseLosesNothing) {
  link_them();
  middle.pieces_a_turn = 1;
  for (int i = 0; i < 20; ++i) one.send(at_one(), std::string(20'000, static_cast<char>('a' + i)));
  two.send(at_two(), "nobody waits for this");
  one.transport.perform(CloseLink{at_one(), "test"});
  EXPECT_EQ(one.transport.closing(), 1u);
  ASSERT_TRUE(until([&] { return two.count<LinkDown>() == 1; }));
  EXPECT_EQ(two.count<Received>(), 20u);
  ASSERT_TRUE(until_over());
  ASSERT_TRUE(until([&] { return one.transport.closing() == 0; }));
  EXPECT_EQ(one.count<LinkDown>(), 0u);
  EXPECT_EQ(middle.up.reason, "test");
}

TEST_F(RelayedTest, BothMayCloseAtOnce) {
  link_them();
  one.transport.perform(CloseLink{at_one(), "test"});
  two.transport.perform(CloseLink{at_two(), "test"});
  ASSERT_TRUE(until([&] { return !one.transport.closing() && !two.transport.closing(); }));
  ASSERT_TRUE(until_over());
  EXPECT_EQ(one.count<LinkDown>() + two.count<LinkDown>(), 0u);
}

TEST_F(RelayedTest, WhatHasArrivedIsDeliveredWhenThePathIsLost) {
  link_them();
  for (int i = 0; i < 5; ++i) one.send(at_one(), std::string(20'000, 'x'));
  while (middle.up.seen.size() < 100'000 + 1'000) {
    loop.spin(std::chrono::milliseconds(1));
    middle.turn();
  }
  const size_t ended = one.count<RelayEnded>() + two.count<RelayEnded>();
  two.send(at_two(), "too late");
  middle.lose();
  ASSERT_TRUE(loop.until([&] { return one.count<LinkDown>() == 1 && two.count<LinkDown>() == 1; }));
  EXPECT_EQ(two.count<Received>(), 5u);
  for (const Host* host : {&one, &two})
    EXPECT_EQ(host->all<LinkDown>()[0].reason, "the path is lost");
  settle();
  EXPECT_EQ(one.count<RelayEnded>() + two.count<RelayEnded>(), ended);
}

TEST_F(RelayedTest, WhatIsSentBeyondTheWindowEndsIt) {
  link_them();
  const std::string block(core::kMaxRelayBytes, 'x');
  for (int i = 0; i < 1000 && one.count<RelayEnded>() == 0; ++i)
    one.transport.perform(core::RelayIn{middle.up.relay, block});
  ASSERT_TRUE(until([&] { return one.count<LinkDown>() == 1 && two.count<LinkDown>() == 1; }));
  EXPECT_EQ(one.all<RelayEnded>().at(0).reason, "the other end sent more than there was room for");
  EXPECT_EQ(one.count<Received>(), 0u);
}

TEST_F(RelayedTest, ALinkWithoutRoomStillEnds) {
  link_them();
  settle();
  middle.turn();
  const size_t pieces = one.count<RelayOut>();
  for (int i = 0; i < 20; ++i) one.send(at_one(), std::string(20'000, 'x'), Priority::kBulk);
  settle();  // and nothing is moved
  const auto all = one.all<RelayOut>();
  EXPECT_EQ(std::accumulate(all.begin() + static_cast<std::ptrdiff_t>(pieces), all.end(), size_t{0},
                            [](size_t sum, const RelayOut& out) { return sum + out.bytes.size(); }),
            kRoom);
  one.transport.perform(CloseLink{at_one(), "test"});
  ASSERT_TRUE(loop.until([&] { return one.transport.closing() == 0; }));
  one.transport.perform(CloseRelay{middle.up.relay, "gave up"});
  settle();
  EXPECT_EQ(one.count<RelayEnded>() + one.count<LinkDown>(), 0u);
}

TEST_F(RelayedTest, NothingIsLeftOfSessionsThatHaveEnded) {
  const auto open_files = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  ASSERT_TRUE(ready());
  const auto before = open_files();
  for (int i = 0; i < 5; ++i) {
    begin_anew();
    link_them();
    if (i % 2 == 0)
      two.transport.perform(CloseLink{at_two(), "test"});
    else
      middle.lose();
    ASSERT_TRUE(until_over());
  }
  EXPECT_TRUE(until([&] { return open_files() == before; })) << open_files() - before;
}

// ------------------------------------------------------------------------------------ who is there

TEST_F(RelayedTest, AWrongPassphraseIsRefused) {
  std::vector<HostLine> other = long_lines();
  other[0].passphrase = "another passphrase";
  two.secrets.set_lines(HostId(2), other);
  open();
  ASSERT_TRUE(until_over());
  EXPECT_EQ(one.count<LinkUp>() + two.count<LinkUp>(), 0u);
  EXPECT_TRUE(one.logged("refused, relayed session with host 2 (second-host.example): "));
  EXPECT_TRUE(
      two.logged("refused, relayed session with host 1 (first-host.example): wrong-secret: "));
  EXPECT_EQ(one.transport.counters().strangers, 0u);
  EXPECT_EQ(one.transport.counters().guesses, 1u);
}

TEST_F(RelayedTest, AKeyThatIsNotLetInIsRefusedAndReported) {
  one.secrets.set_access({HostId(2), identity(3).node(), {{}}, false});
  open();
  ASSERT_TRUE(until_over());
  EXPECT_EQ(one.count<LinkUp>() + two.count<LinkUp>(), 0u);
  ASSERT_EQ(one.count<KeyRefused>(), 1u);
  EXPECT_EQ(one.all<KeyRefused>()[0].host, HostId(2));
  EXPECT_EQ(one.all<KeyRefused>()[0].node, identity(2).node());
  EXPECT_EQ(one.all<KeyRefused>()[0].address, "relayed");
  EXPECT_TRUE(one.logged("not-admitted"));
  EXPECT_TRUE(two.logged("relayed session with host 1 (first-host.example): key-refused"));
}

// Whoever is in the middle may be a member itself and know all passphrases.
TEST_F(RelayedTest, AnotherNodeThatAnswersIsNotEvenSpokenTo) {
  open(identity(2).node(), identity(3).node());
  ASSERT_TRUE(until_over());
  EXPECT_EQ(one.count<LinkUp>() + two.count<LinkUp>(), 0u);
  EXPECT_EQ(middle.down.reason, "node " + identity(1).node().brief() + " is there instead of " +
                                    identity(3).node().brief());
  EXPECT_TRUE(
      two.logged("refused, relayed session with host 1 (first-host.example): not-me: node"));
  EXPECT_EQ(one.transport.counters().guesses, 0u);
}

TEST_F(RelayedTest, AnotherNodeThatDialsIsNotEvenAnswered) {
  open(identity(3).node(), identity(1).node());
  ASSERT_TRUE(until_over());
  EXPECT_EQ(one.count<LinkUp>() + two.count<LinkUp>(), 0u);
  EXPECT_TRUE(
      one.logged("refused, relayed session with host 2 (second-host.example): not-me: node"));
  EXPECT_EQ(one.transport.counters().guesses, 0u);
}

TEST_F(RelayedTest, BeforeTheSecretsAreDerivedThereIsNone) {
  Host three(loop, 3, {{HostId(3), "three", "some other passphrase"}});
  three.transport.perform(OpenRelay{RelayId(1), HostId(3), identity(1).node(), true, kRoom});
  three.transport.perform(OpenRelay{RelayId(2), HostId(3), identity(1).node(), false, kRoom});
  EXPECT_EQ(three.count<RelayEnded>(), 2u);
}

// ------------------------------------------------------------------------------------------ limits

class RelayLimitsTest : public RelayedTest {
 protected:
  void open_many(uint64_t first, uint64_t count, const NodeId& node) {
    for (uint64_t i = 0; i < count; ++i)
      one.transport.perform(OpenRelay{RelayId(first + i), HostId(2), node, false, kRoom});
  }
  std::vector<uint64_t> ended() const {
    std::vector<uint64_t> all;
    for (const RelayEnded& end : one.all<RelayEnded>()) all.push_back(end.relay.value);
    return all;
  }
};

TEST_F(RelayLimitsTest, ANodeHasAsManySessionsAsAnAddressHasConnections) {
  ASSERT_TRUE(ready());
  open_many(100, kMaxStrangersPerAddress, identity(2).node());
  open_many(200, 2, identity(3).node());
  loop.spin(std::chrono::milliseconds(20));
  EXPECT_TRUE(ended().empty());
  open_many(300, 2, identity(2).node());
  ASSERT_TRUE(loop.until([&] { return one.count<RelayEnded>() == 2; }));
  EXPECT_EQ(ended(), (std::vector<uint64_t>{100, 101}));
  EXPECT_EQ(one.all<RelayEnded>()[0].reason, "it has not authenticated yet, and others wait");
  EXPECT_EQ(one.transport.counters().strangers, kMaxStrangersPerAddress + 2);
  EXPECT_EQ(one.transport.counters().refused[Refusal::kRoom], 2u);
  EXPECT_TRUE(one.logged("ended, relayed session with host 2 (second-host.example): room"));
}

TEST_F(RelayLimitsTest, AllTogetherTheyAreStrangersAsOthersAre) {
  ASSERT_TRUE(ready());
  for (uint64_t i = 0; i < 2 * kMaxStrangers; ++i)
    open_many(100 + i, 1, *NodeId::from_raw(std::string(NodeId::kBytes, static_cast<char>(i))));
  ASSERT_TRUE(loop.until(
      [&] { return one.count<RelayEnded>() == 2 * kMaxStrangers - kMaxUnknownStrangers; }));
  EXPECT_EQ(one.transport.counters().strangers, kMaxUnknownStrangers);
}

TEST_F(RelayLimitsTest, WhoSaysNothingIsGoneInTime) {
  ASSERT_TRUE(ready());
  one.transport.set_options({.handshake_time = kSoon});
  open_many(100, 1, identity(2).node());
  ASSERT_TRUE(loop.until([&] { return one.count<RelayEnded>() == 1; }));
  EXPECT_EQ(one.all<RelayEnded>()[0].reason, "not authenticated within 300 ms");
  EXPECT_EQ(one.transport.counters().strangers, 0u);
}

// ---------------------------------------------------------------------------------- in the middle

// What is between the ends sees TLS records: a ClientHello, a ServerHello, and nothing else that is not encrypted.
void expect_encrypted(std::string_view stream, char hello) {
  size_t hellos = 0;
  while (stream.size() >= 5) {
    const char type = stream[0];
    const size_t size =
        static_cast<size_t>(static_cast<uint8_t>(stream[3])) << 8 | static_cast<uint8_t>(stream[4]);
    ASSERT_GE(stream.size(), 5 + size);
    if (type == 22) {
      EXPECT_EQ(stream[5], hello);
      ++hellos;
    } else if (type != 20) {  // of which TLS 1.3 sends one, for old middle boxes
      EXPECT_EQ(type, 23);
    }
    stream.remove_prefix(5 + size);
  }
  EXPECT_TRUE(stream.empty());
  EXPECT_EQ(hellos, 1u);
}

TEST_F(RelayedTest, TheMiddleHoldsNoPlaintext) {
  const std::string marker = "a marker that nobody else may read";
  link_them();
  for (int i = 0; i < 5; ++i) {
    one.send(at_one(), std::string(100, ' ') + marker);
    two.send(at_two(), marker, Priority::kBulk);
  }
  one.transport.perform(core::DeriveSecret{at_one(), 1});
  ASSERT_TRUE(until([&] { return one.count<Received>() == 5 && two.count<Received>() == 5; }));
  two.transport.perform(CloseLink{at_two(), "test"});
  ASSERT_TRUE(until_over());

  std::vector<std::string> secret = {marker, "cluster"};
  for (const HostLine& line : long_lines()) {
    secret.push_back(line.name);
    secret.push_back(line.passphrase);
    secret.push_back(identity(line.id.value).node().raw());
    secret.push_back(identity(line.id.value).spki());
  }
  for (const std::string* seen : {&middle.up.seen, &middle.down.seen}) {
    EXPECT_GT(seen->size(), 1'000u);
    for (const std::string& text : secret) EXPECT_EQ(seen->find(text), std::string::npos) << text;
  }
  expect_encrypted(middle.down.seen, 1);
  expect_encrypted(middle.up.seen, 2);
}

struct Damage {
  const char* name;
  int times;  // that the piece is delivered
  bool altered;
};
constexpr Damage kDamages[] = {{"lost", 0, false}, {"altered", 1, true}, {"repeated", 2, false}};

class DamagedTest : public RelayedTest, public ::testing::WithParamInterface<Damage> {
 protected:
  // The piece with that number, counted from 0, in that direction.
  static void damage(testing::Middle::Direction& direction, int number) {
    direction.fault = [number](int n, std::string& piece) {
      if (n != number) return 1;
      if (GetParam().altered) piece[piece.size() / 2] ^= 1;
      return GetParam().times;
    };
  }
};

TEST_P(DamagedTest, OnALinkItEndsBothEndsAndNothingFalseArrives) {
  for (const bool upwards : {true, false}) {
    begin_anew();
    link_them();
    testing::Middle::Direction& direction = upwards ? middle.up : middle.down;
    damage(direction, direction.pieces + 3);
    const Host& receiver = upwards ? two : one;
    std::vector<std::string> sent;
    for (int i = 0; i < 100 && receiver.count<LinkDown>() == 0; ++i) {
      sent.push_back("frame " + std::to_string(i));
      if (upwards)
        one.send(at_one(), sent.back());
      else
        two.send(at_two(), sent.back());
      // Each in a piece of its own.
      const int before = direction.pieces;
      ASSERT_TRUE(
          until([&] { return direction.pieces > before || receiver.count<LinkDown>() > 0; }));
    }
    ASSERT_TRUE(until([&] { return one.count<LinkDown>() == 1 && two.count<LinkDown>() == 1; }));
    ASSERT_TRUE(until_down());
    const std::vector<std::string> got = frames_of(receiver);
    EXPECT_EQ(got.size(), GetParam().times == 2 ? 4u : 3u);
    EXPECT_TRUE(std::equal(got.begin(), got.end(), sent.begin()));
    EXPECT_NE(receiver.all<LinkDown>()[0].reason.find("TLS failed"), std::string::npos);
    EXPECT_TRUE(receiver.logged("link closed, relayed session with host"));
  }
}

TEST_P(DamagedTest, InTheHandshakeThereIsNoLinkBothWays) {
  one.transport.set_options({.handshake_time = kSoon});
  two.transport.set_options({.handshake_time = kSoon});
  link_them();
  const int up = middle.up.pieces;
  const int down = middle.down.pieces;
  ASSERT_EQ(up + down, 5);  // hello; hello and key; key and open; answer; proof
  for (int i = 0; i < up + down; ++i) {
    begin_anew();
    if (i < up)
      damage(middle.up, i);
    else
      damage(middle.down, i - up);
    open();
    ASSERT_TRUE(until_down()) << i;
    // A dialer is linked before its proof has arrived, and what comes twice was good once.
    if (GetParam().times < 2) {
      const size_t links = i + 1 < up + down ? 0 : 1;
      EXPECT_EQ(one.count<LinkUp>() + two.count<LinkUp>(), links) << i;
    }
    EXPECT_EQ(one.count<Received>() + two.count<Received>(), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, DamagedTest, ::testing::ValuesIn(kDamages),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace cluster::net
