#include "core/members.h"

#include <gtest/gtest.h>

namespace cluster::core {
namespace {

constexpr Duration kDead = seconds(5);

NodeId node(uint32_t n) {
  NodeId id;
  id.bytes[0] = static_cast<uint8_t>(n);
  return id;
}

// This host is node 1; the others are told of by records, and linked by hand.
class MembersTest : public testing::Test {
 protected:
  MembersTest() { members_.set_own(record(1, 1, {})); }

  static wire::Record record(uint32_t n, uint64_t sequence, const std::vector<uint32_t>& edges,
                             uint64_t incarnation = 1) {
    wire::Record out;
    out.set_node(node(n).raw());
    out.set_host(n);
    out.set_incarnation(incarnation);
    out.set_sequence(sequence);
    for (uint32_t other : edges) out.add_edges()->set_node(node(other).raw());
    return out;
  }

  static void add_lost(wire::Record& record, uint32_t other, Duration silent,
                       wire::Lost::Proof proof = wire::Lost::SILENT) {
    wire::Lost* lost = record.add_lost();
    lost->set_node(node(other).raw());
    lost->set_incarnation(1);
    lost->set_silent_us(static_cast<uint64_t>(to_us(silent)));
    lost->set_proof(proof);
  }

  void link(uint32_t n) {
    LinkUp up;
    up.link = LinkId(n);
    up.node = node(n);
    up.host = HostId(n);
    Link& link = links_.add(now(), up);
    link.established = link.synced = true;
  }
  void unlink(uint32_t n, MonoTime heard) {
    links_.erase(LinkId(n));
    members_.lost_link(node(n), heard);
  }

  Now now() const { return Now{mono_, WallTime{mono_.time_since_epoch()}}; }
  void pass(Duration time) { mono_ += time; }
  void hear(const wire::Record& r) { ASSERT_EQ(members_.apply(now(), r), Freshness::kNewer); }
  bool up(uint32_t n) {
    members_.refresh(now(), links_, kDead);
    return members_.up(HostId(n));
  }

  MonoTime mono_{hours(1)};
  Links links_;
  Members members_{node(1)};
};

TEST_F(MembersTest, TheNewerRecordWins) {
  hear(record(2, 5, {}));
  EXPECT_EQ(members_.apply(now(), record(2, 5, {})), Freshness::kSame);
  EXPECT_EQ(members_.apply(now(), record(2, 4, {})), Freshness::kOlder);
  EXPECT_EQ(members_.apply(now(), record(2, 1, {}, 2)), Freshness::kNewer);
  EXPECT_EQ(members_.apply(now(), record(2, 9, {}, 1)), Freshness::kOlder);
}

TEST_F(MembersTest, RefusesRecordsThatNoPeerMaySend) {
  EXPECT_EQ(members_.apply(now(), record(1, 9, {})), Freshness::kInvalid) << "our own";
  wire::Record bad = record(2, 1, {});
  bad.set_node("short");
  EXPECT_EQ(members_.apply(now(), bad), Freshness::kInvalid);
  bad = record(2, 1, {});
  bad.set_host(0);
  EXPECT_EQ(members_.apply(now(), bad), Freshness::kInvalid);
}

TEST_F(MembersTest, AnEdgeCountsOnlyWhereBothEndsClaimIt) {
  link(2);
  hear(record(2, 1, {1, 3}));
  hear(record(3, 1, {}));
  EXPECT_FALSE(up(3));
  hear(record(3, 2, {2}));
  EXPECT_TRUE(up(3));
  EXPECT_EQ(members_.next_hop(node(3)), node(2));
}

TEST_F(MembersTest, ABrokenLinkIsNoFailureWhileAThirdSeesBoth) {
  link(2);
  link(3);
  hear(record(2, 1, {1, 3}));
  hear(record(3, 1, {1, 2}));
  ASSERT_TRUE(up(3));
  unlink(3, mono_);
  pass(2 * kDead);
  EXPECT_TRUE(up(3));
}

TEST_F(MembersTest, StaysUpUntilTheDeadTimeAfterItsLastByte) {
  link(2);
  hear(record(2, 1, {1}));
  ASSERT_TRUE(up(2));
  pass(hours(1));
  unlink(2, mono_ - seconds(2));
  EXPECT_TRUE(up(2));
  pass(seconds(3) - milliseconds(1));
  EXPECT_TRUE(up(2));
  pass(milliseconds(1));
  EXPECT_FALSE(up(2));
}

TEST_F(MembersTest, TheOtherEndsEvidenceCounts) {
  link(2);
  hear(record(2, 1, {1, 3}));
  hear(record(3, 1, {2}));
  ASSERT_TRUE(up(3));
  pass(hours(1));
  wire::Record cut = record(2, 2, {1});
  add_lost(cut, 3, kDead);
  hear(cut);
  EXPECT_FALSE(up(3)) << "it had been silent there for the dead time already";
}

TEST_F(MembersTest, AHostBehindALostHostWasAliveAsLongAsThat) {
  link(2);
  hear(record(2, 1, {1, 3}));
  hear(record(3, 1, {2}));
  ASSERT_TRUE(up(3));
  pass(hours(1));
  unlink(2, mono_ - seconds(1));
  EXPECT_TRUE(up(3));
  pass(seconds(4));
  EXPECT_FALSE(up(3));
}

TEST_F(MembersTest, ARefusalAtItsOwnAddressMeansDownNow) {
  link(2);
  hear(record(2, 1, {1}));
  ASSERT_TRUE(up(2));
  unlink(2, mono_);
  ASSERT_TRUE(up(2));
  members_.prove_gone(node(2));
  EXPECT_FALSE(up(2));
}

TEST_F(MembersTest, SomebodyElsesProofCountsOfThisIncarnationOnly) {
  link(2);
  link(3);
  hear(record(2, 1, {1, 3}));
  hear(record(3, 1, {1, 2}));
  ASSERT_TRUE(up(3));
  unlink(3, mono_);
  wire::Record told = record(2, 2, {1});
  add_lost(told, 3, Duration{}, wire::Lost::REFUSED);
  hear(told);
  EXPECT_FALSE(up(3));

  hear(record(3, 1, {2}, 2));
  hear(record(2, 3, {1, 3}));
  EXPECT_TRUE(up(3)) << "it has come back since";
}

TEST_F(MembersTest, AGoodbyeMeansDownNow) {
  link(2);
  hear(record(2, 1, {1}));
  ASSERT_TRUE(up(2));
  wire::Record bye = record(2, 2, {1});
  bye.set_leaving(true);
  hear(bye);
  EXPECT_TRUE(up(2)) << "while the link lives";
  unlink(2, mono_);
  EXPECT_FALSE(up(2));
}

TEST_F(MembersTest, CountsReturnsButNotTheFirstAppearance) {
  link(2);
  hear(record(2, 1, {1}));
  ASSERT_TRUE(up(2));
  EXPECT_TRUE(members_.find(node(2))->returns.empty());
  unlink(2, mono_);
  pass(kDead);
  ASSERT_FALSE(up(2));
  link(2);
  ASSERT_TRUE(up(2));
  EXPECT_EQ(members_.find(node(2))->returns.size(), 1u);
}

TEST_F(MembersTest, AReturnedNeighbourIsNotUpWithTheRecordOfItsFormerLife) {
  hear(record(2, 9, {1}, 1));
  link(2);
  links_.find(LinkId(2))->peer_incarnation = 2;
  EXPECT_FALSE(up(2));
  hear(record(2, 1, {1}, 2));
  EXPECT_TRUE(up(2));
}

TEST_F(MembersTest, AHostThatWasAwayIsNotUpWithTheRecordFromBefore) {
  hear(record(2, 9, {1, 3}));
  hear(record(3, 9, {2}));
  link(2);
  links_.find(LinkId(2))->synced = false;
  EXPECT_FALSE(up(2));
  EXPECT_FALSE(up(3)) << "nor what that record tells of others";
  links_.find(LinkId(2))->synced = true;
  EXPECT_TRUE(up(2));
}

TEST_F(MembersTest, OfTwoNodesOnOneLineTheOneThatIsUpCounts) {
  hear(record(2, 1, {}));
  wire::Record wiped = record(9, 1, {1});
  wiped.set_host(2);
  hear(wiped);
  LinkUp up_event;
  up_event.link = LinkId(9);
  up_event.node = node(9);
  up_event.host = HostId(2);
  Link& link = links_.add(now(), up_event);
  link.established = link.synced = true;
  EXPECT_TRUE(up(2));
  EXPECT_EQ(members_.of(HostId(2))->node, node(9));
}

TEST_F(MembersTest, OfManyHostsWhoeverIsReachedAnewIsSeenAtOnce) {
  members_.many(true);
  link(2);
  hear(record(2, 1, {1}));
  EXPECT_TRUE(up(2));
  hear(record(4, 1, {3}));
  hear(record(3, 1, {2, 4}));
  EXPECT_FALSE(up(3));
  hear(record(2, 2, {1, 3}));
  EXPECT_TRUE(up(3));
  EXPECT_TRUE(up(4));
  EXPECT_EQ(members_.next_hop(node(4)), node(2));
  // An edge that one end no longer claims is none at once.
  hear(record(3, 2, {2}));
  up(4);
  EXPECT_EQ(members_.next_hop(node(4)), std::nullopt);
  EXPECT_TRUE(up(4)) << "the dead time has not passed";
  pass(kDead);
  EXPECT_FALSE(up(4));
}

TEST_F(MembersTest, OfManyHostsAShorterWayIsTakenALittleLater) {
  members_.many(true);
  link(2);
  link(6);
  hear(record(2, 1, {1, 3}));
  hear(record(3, 1, {2, 4}));
  hear(record(4, 1, {3, 6}));
  hear(record(6, 1, {1}));
  EXPECT_TRUE(up(4));
  EXPECT_EQ(members_.next_hop(node(4)), node(2));
  hear(record(6, 2, {1, 4}));
  EXPECT_TRUE(up(4));
  EXPECT_EQ(members_.next_hop(node(4)), node(2));
  const MonoTime later = members_.next_deadline(kDead);
  ASSERT_LT(later, mono_ + kDead);
  pass(later - mono_);
  EXPECT_TRUE(up(4));
  EXPECT_EQ(members_.next_hop(node(4)), node(6));
  EXPECT_EQ(members_.next_deadline(kDead), kNever);
}

TEST_F(MembersTest, KnowsWhoWouldBeReachedWithoutALink) {
  link(2);
  link(3);
  hear(record(2, 1, {1, 4}));
  hear(record(3, 1, {1}));
  hear(record(4, 1, {2}));
  EXPECT_TRUE(up(4));
  EXPECT_FALSE(members_.reachable_around(links_, node(2)));
  EXPECT_FALSE(members_.reachable_around(links_, node(3)));
  hear(record(3, 2, {1, 4}));
  hear(record(4, 2, {2, 3}));
  EXPECT_TRUE(members_.reachable_around(links_, node(2)));
  EXPECT_TRUE(members_.reachable_around(links_, node(3)));
}

}  // namespace
}  // namespace cluster::core
