#include "net/transport.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/send_queue.h"
#include "support.h"
#include "wire/framing.h"

namespace cluster::net {
namespace {

using core::CancelDial;
using core::CloseLink;
using core::DialFailed;
using core::DialOutcome;
using core::LinkDown;
using core::LinkUp;
using core::Priority;
using core::Received;
using testing::connect_to;
using testing::Host;
using testing::lines;
using testing::Loop;

class TransportTest : public ::testing::Test {
 protected:
  Loop loop;
  Host one{loop, 1};
  Host two{loop, 2};

  void link_them() {
    two.dial(7, 1, one.listen());
    ASSERT_TRUE(loop.until([&] { return one.count<LinkUp>() == 1 && two.count<LinkUp>() == 1; }));
  }
  LinkId at_one() const { return one.all<LinkUp>().at(0).link; }
  LinkId at_two() const { return two.all<LinkUp>().at(0).link; }
};

TEST_F(TransportTest, LinksAndSendsBothWays) {
  link_them();
  const LinkUp up1 = one.all<LinkUp>()[0];
  const LinkUp up2 = two.all<LinkUp>()[0];
  EXPECT_EQ(up1.host, HostId(2));
  EXPECT_EQ(up1.name, "two");
  EXPECT_EQ(up1.node, testing::identity(2).node());
  EXPECT_EQ(up1.dial, DialId(0));
  EXPECT_EQ(up2.host, HostId(1));
  EXPECT_EQ(up2.node, testing::identity(1).node());
  EXPECT_EQ(up2.dial, DialId(7));
  EXPECT_EQ(up2.address, "127.0.0.1:" + std::to_string(one.transport.port()));
  EXPECT_EQ(up1.address.substr(0, 10), "127.0.0.1:");

  one.send(at_one(), "from one");
  two.send(at_two(), "from two");
  two.send(at_two(), "and another");
  ASSERT_TRUE(loop.until([&] { return one.count<Received>() == 2 && two.count<Received>() == 1; }));
  EXPECT_EQ(two.all<Received>()[0].bytes, "from one");
  EXPECT_EQ(one.all<Received>()[0].bytes, "from two");
  EXPECT_EQ(one.all<Received>()[1].bytes, "and another");
  EXPECT_EQ(two.all<Received>()[0].link, at_two());
  EXPECT_TRUE(one.logs.empty() && two.logs.empty());
}

TEST_F(TransportTest, LargeFramesArriveWholeAndControlOvertakesBulk) {
  link_them();
  const int kFrames = 24;
  for (int i = 0; i < kFrames; ++i)
    two.send(at_two(), std::string(wire::kMaxFrameBytes, static_cast<char>('a' + i)),
             Priority::kBulk);
  loop.spin(std::chrono::milliseconds(1));
  two.send(at_two(), "urgent");
  ASSERT_TRUE(
      loop.until([&] { return one.count<Received>() == kFrames + 1; }, std::chrono::seconds(60)));
  const std::vector<Received> got = one.all<Received>();
  int urgent_at = -1;
  int next = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    if (got[i].bytes == "urgent") {
      urgent_at = static_cast<int>(i);
      continue;
    }
    EXPECT_EQ(got[i].bytes, std::string(wire::kMaxFrameBytes, static_cast<char>('a' + next++)));
  }
  EXPECT_GE(urgent_at, 0);
  EXPECT_LT(urgent_at, kFrames);
}

TEST_F(TransportTest, CloseLinkSendsFirstWhatIsQueued) {
  link_them();
  for (int i = 0; i < 4; ++i)
    one.send(at_one(), std::string(wire::kMaxFrameBytes, 'x'), Priority::kBulk);
  one.send(at_one(), "goodbye");
  one.transport.perform(CloseLink{at_one(), "test"});
  EXPECT_EQ(one.transport.closing(), 1u);
  ASSERT_TRUE(loop.until([&] { return two.count<LinkDown>() == 1; }));
  EXPECT_EQ(two.count<Received>(), 5u);
  ASSERT_TRUE(loop.until([&] { return one.transport.closing() == 0; }));
  EXPECT_EQ(one.count<LinkDown>(), 0u);
  one.send(at_one(), "too late");
  two.send(at_two(), "too late");
}

TEST_F(TransportTest, BothEndsMayCloseAtOnce) {
  link_them();
  one.transport.perform(CloseLink{at_one(), "test"});
  two.transport.perform(CloseLink{at_two(), "test"});
  ASSERT_TRUE(loop.until([&] { return !one.transport.closing() && !two.transport.closing(); }));
  EXPECT_EQ(one.count<LinkDown>() + two.count<LinkDown>(), 0u);
}

TEST_F(TransportTest, AnEndThatVanishesIsNoticed) {
  auto three = std::make_unique<Host>(loop, 3);
  three->dial(1, 1, one.listen());
  ASSERT_TRUE(loop.until([&] { return one.count<LinkUp>() == 1 && three->count<LinkUp>() == 1; }));
  three.reset();
  ASSERT_TRUE(loop.until([&] { return one.count<LinkDown>() == 1; }));
}

TEST_F(TransportTest, AnEndThatTakesNothingFillsTheQueueUpToItsLimit) {
  link_them();
  // Everything happens within one turn of the loop, so nothing is taken.
  size_t sent = 0;
  while (one.count<LinkDown>() == 0 && sent < 2 * kMaxControlQueueBytes) {
    one.send(at_one(), std::string(64 << 10, 'x'));
    sent += 64 << 10;
  }
  EXPECT_LE(sent, kMaxControlQueueBytes + (64 << 10));
  ASSERT_EQ(one.count<LinkDown>(), 1u);
  EXPECT_NE(one.all<LinkDown>()[0].reason.find("queue is full"), std::string::npos);
  ASSERT_TRUE(loop.until([&] { return two.count<LinkDown>() == 1; }));
}

TEST_F(TransportTest, WhatIsForOthersIsDroppedBeyondItsLimitAndTheLinkStays) {
  link_them();
  const std::string piece(16 << 10, 'x');
  constexpr size_t kFrames = 300;
  for (size_t i = 0; i < kFrames; ++i) one.send(at_one(), piece, Priority::kRelayed);
  one.send(at_one(), "own");
  const TransportCounters sent = one.transport.counters();
  EXPECT_EQ(sent.relayed_frames, kMaxRelayedQueueBytes / (piece.size() + wire::kHeaderBytes));
  EXPECT_EQ(sent.relayed_bytes, sent.relayed_frames * piece.size());
  EXPECT_EQ(sent.relayed_dropped, kFrames - sent.relayed_frames);
  ASSERT_TRUE(loop.until([&] { return two.count<Received>() == sent.relayed_frames + 1; }));
  EXPECT_EQ(two.all<Received>()[0].bytes, "own");
  EXPECT_EQ(one.count<LinkDown>() + two.count<LinkDown>(), 0u);
}

TEST_F(TransportTest, DialsThatFailSayHow) {
  const uint16_t port = one.listen();
  uint16_t unused = 0;
  {
    const auto sockets = open_listeners({"127.0.0.1"}, 0);
    unused = Endpoint::local_of((*sockets)[0].get()).port();
  }
  two.dial(1, 1, unused);
  ASSERT_TRUE(loop.until([&] { return two.count<DialFailed>() == 1; }));
  EXPECT_EQ(two.all<DialFailed>()[0].outcome, DialOutcome::kRefused);
  EXPECT_EQ(two.all<DialFailed>()[0].dial, DialId(1));

  two.dial(2, 1, port, "no-such-host.invalid");
  ASSERT_TRUE(loop.until([&] { return two.count<DialFailed>() == 2; }, std::chrono::seconds(60)));
  EXPECT_EQ(two.all<DialFailed>()[1].outcome, DialOutcome::kUnreachable);
  EXPECT_NE(two.all<DialFailed>()[1].reason.find("no-such-host.invalid"), std::string::npos);

  two.dial(3, 9, port);
  two.dial(4, 2, port);
  two.dial(5, 3, port);  // host 1 is not host 3
  ASSERT_TRUE(loop.until([&] { return two.count<DialFailed>() == 5; }));
  for (size_t i = 2; i < 5; ++i)
    EXPECT_EQ(two.all<DialFailed>()[i].outcome, DialOutcome::kRejected) << i;
  EXPECT_TRUE(one.logged("wants host 3"));
  EXPECT_EQ(two.count<LinkUp>() + one.count<LinkUp>(), 0u);
}

TEST_F(TransportTest, ANameIsResolved) {
  two.dial(1, 1, one.listen(), "localhost");
  ASSERT_TRUE(loop.until([&] { return two.count<LinkUp>() == 1; }, std::chrono::seconds(60)));
}

TEST_F(TransportTest, Ipv6Works) {
  const auto sockets = open_listeners({"::1"}, 0);
  if (!sockets.ok()) GTEST_SKIP() << "no IPv6 loopback here";
  two.dial(1, 1, one.listen("::1"), "::1");
  ASSERT_TRUE(loop.until([&] { return two.count<LinkUp>() == 1; }));
  EXPECT_EQ(two.all<LinkUp>()[0].address, "[::1]:" + std::to_string(one.transport.port()));
}

TEST_F(TransportTest, AWrongPassphraseIsRefusedAndLoggedOnceWithTheAddress) {
  std::vector<HostLine> wrong = lines();
  wrong[0].passphrase = "guess number 1";
  Host three(loop, 3, wrong);
  const uint16_t port = one.listen();
  for (uint64_t i = 1; i <= 5; ++i) {
    three.dial(i, 1, port);
    ASSERT_TRUE(loop.until([&] { return three.count<DialFailed>() == i; }));
  }
  for (const DialFailed& failed : three.all<DialFailed>())
    EXPECT_EQ(failed.outcome, DialOutcome::kRejected);
  ASSERT_TRUE(
      loop.until([&] { return one.transport.counters().refused[Refusal::kWrongSecret] == 5; }));
  EXPECT_EQ(one.logs.size(), 1u);
  EXPECT_TRUE(one.logged("127.0.0.1") && one.logged("passphrase")) << one.logs[0];
  EXPECT_EQ(three.logs.size(), 1u);
  EXPECT_EQ(one.count<LinkUp>() + three.count<LinkUp>(), 0u);
}

TEST_F(TransportTest, AKeyThatIsNotAdmittedNeverComesUpAtEitherEnd) {
  one.secrets.set_access({HostId(2), testing::identity(3).node(), {}, false});
  two.dial(1, 1, one.listen());
  ASSERT_TRUE(loop.until([&] { return two.count<DialFailed>() == 1 && !one.logs.empty(); }));
  EXPECT_NE(two.all<DialFailed>()[0].reason.find("readmit two"), std::string::npos);
  EXPECT_TRUE(one.logged("readmit two"));
  EXPECT_EQ(one.count<LinkUp>() + two.count<LinkUp>(), 0u);
  ASSERT_EQ(one.count<core::KeyRefused>(), 1u);
  EXPECT_EQ(two.all<DialFailed>()[0].outcome, DialOutcome::kNotAdmitted);
  EXPECT_EQ(one.all<core::KeyRefused>()[0].node, testing::identity(2).node());
}

TEST_F(TransportTest, APairGoesOnByTheSecretThatItsSessionGaveIt) {
  link_them();
  one.transport.perform(core::DeriveSecret{at_one(), 1});
  two.transport.perform(core::DeriveSecret{at_two(), 1});
  ASSERT_EQ(one.count<core::SecretDerived>() + two.count<core::SecretDerived>(), 2u);
  const core::PairSecret here = one.all<core::SecretDerived>()[0].secret;
  const core::PairSecret there = two.all<core::SecretDerived>()[0].secret;
  EXPECT_EQ(here.generation, there.generation);
  one.secrets.set_access({HostId(2), testing::identity(2).node(), {here}, false});
  two.secrets.set_access({HostId(1), testing::identity(1).node(), {there}, false});
  two.dial(2, 1, one.transport.port());
  ASSERT_TRUE(loop.until([&] { return one.count<LinkUp>() == 2 && two.count<LinkUp>() == 2; }));
  EXPECT_EQ(one.all<LinkUp>()[1].generation, here.generation);
  EXPECT_EQ(two.all<LinkUp>()[1].generation, here.generation);
}

TEST_F(TransportTest, WithoutDescriptorsItPausesAndGoesOnLater) {
  link_them();
  const uint16_t port = one.transport.port();
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const Fd waiting = connect_to(port);
  const Fd more = connect_to(port);
  rlimit none = before;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  EXPECT_TRUE(loop.until([&] { return !one.alerts.empty(); }));
  loop.spin(std::chrono::milliseconds(300));
  EXPECT_EQ(one.alerts.size(), 1u);
  setrlimit(RLIMIT_NOFILE, &before);
  one.send(at_one(), "the link lives");
  EXPECT_TRUE(loop.until([&] { return two.count<Received>() == 1; }));
  EXPECT_TRUE(loop.until([&] { return one.transport.counters().accepted >= 3; }));
}

TEST_F(TransportTest, ACancelledDialIsNeverHeardOfAgain) {
  const uint16_t port = one.listen();
  two.dial(1, 1, port);  // waits for the secrets
  two.transport.perform(CancelDial{DialId(1)});
  ASSERT_TRUE(loop.until([&] { return two.secrets.ready() && one.secrets.ready(); }));
  two.dial(2, 1, port);  // connects
  two.transport.perform(CancelDial{DialId(2)});
  two.dial(3, 1, port, "localhost");  // resolves
  two.transport.perform(CancelDial{DialId(3)});
  two.dial(4, 1, port);  // shakes hands
  loop.until([&] { return one.transport.counters().accepted > 0; });
  two.transport.perform(CancelDial{DialId(4)});
  two.transport.perform(CancelDial{DialId(99)});
  loop.spin(std::chrono::milliseconds(300));
  EXPECT_TRUE(two.events.empty());
}

TEST_F(TransportTest, TwoThatDialEachOtherGetTwoLinks) {
  const uint16_t to_one = one.listen();
  const uint16_t to_two = two.listen();
  one.dial(1, 2, to_two);
  two.dial(1, 1, to_one);
  ASSERT_TRUE(loop.until([&] { return one.count<LinkUp>() == 2 && two.count<LinkUp>() == 2; }));
}

TEST_F(TransportTest, ADynamicHostIsSeenAtItsListeningPortAlsoWhenItDialsAgain) {
  Host dynamic(loop, 3, lines(), {.dial_from_listening_port = true});
  const std::string seen = "127.0.0.3:" + std::to_string(dynamic.listen("127.0.0.3"));
  const uint16_t port = one.listen();
  for (size_t i = 1; i <= 3; ++i) {
    dynamic.dial(i, 1, port);
    ASSERT_TRUE(
        loop.until([&] { return one.count<LinkUp>() == i && dynamic.count<LinkUp>() == i; }));
    EXPECT_EQ(one.all<LinkUp>().back().address, seen) << i;
    if (i == 1) dynamic.transport.perform(CloseLink{dynamic.all<LinkUp>().back().link, "test"});
    if (i == 2) one.transport.perform(CloseLink{one.all<LinkUp>().back().link, "test"});
    if (i == 2) loop.until([&] { return dynamic.count<LinkDown>() == 1; });
  }
  // The pair of ports is taken by the third link: from another port.
  dynamic.dial(9, 1, port);
  ASSERT_TRUE(loop.until([&] { return one.count<LinkUp>() == 4; }));
  EXPECT_NE(one.all<LinkUp>().back().address, seen);
  // The observed address can be dialled.
  two.dial(1, 3, dynamic.transport.port(), "127.0.0.3");
  ASSERT_TRUE(loop.until([&] { return two.count<LinkUp>() == 1; }));
}

TEST_F(TransportTest, AHostThatListensOnOneAddressDialsFromIt) {
  two.listen("127.0.0.2");
  two.dial(1, 1, one.listen());
  ASSERT_TRUE(loop.until([&] { return one.count<LinkUp>() == 1; }));
  EXPECT_EQ(one.all<LinkUp>()[0].address.substr(0, 10), "127.0.0.2:");
}

}  // namespace
}  // namespace cluster::net
