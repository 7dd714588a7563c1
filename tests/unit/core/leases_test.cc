// Quorums, from when a lease counts, and what a voter must not forget.
#include "core/leases.h"

#include <gtest/gtest.h>

#include "core/grants.h"

namespace cluster::core {
namespace {

constexpr MonoTime at(int64_t ms) { return MonoTime(milliseconds(ms)); }
constexpr MonoTime kNone = MonoTime::min();

NodeId node(uint8_t n) {
  NodeId id;
  id.bytes.fill(n);
  return id;
}

Voters set_of(std::vector<std::string> names) { return Voters{1, std::move(names)}; }

TEST(Quorum, IsMoreThanHalf) {
  const size_t quorums[] = {1, 2, 2, 3, 3, 4, 4};
  for (size_t n = 1; n <= 7; ++n)
    EXPECT_EQ(set_of(std::vector<std::string>(n, "x")).quorum(), quorums[n - 1]) << n;
}

TEST(Lease, CountsFromTheSendingThatAMajorityHasAnswered) {
  struct Row {
    std::vector<MonoTime> answered;
    size_t quorum;
    MonoTime from;
  };
  const Row rows[] = {
      {{}, 1, kNone},
      {{at(5)}, 1, at(5)},
      {{at(5)}, 2, kNone},
      {{at(5), at(9)}, 2, at(5)},
      {{at(9), at(5), at(7)}, 2, at(7)},
      {{at(9), at(5), at(7), at(8), at(6)}, 3, at(7)},
      {{at(9), at(9), at(1)}, 3, at(1)},
      {{at(9)}, 0, kNone},
  };
  for (const Row& row : rows) EXPECT_EQ(counted_from(row.answered, row.quorum), row.from);
}

TEST(Lease, EndsForItsOwnerBeforeItEndsForAnyVoter) {
  const Voters three = set_of({"A", "B", "C"});
  OwnLease lease;
  lease.length = seconds(10);
  lease.dead = seconds(5);
  EXPECT_EQ(lease.stop_by(), kNone);
  lease.answer(three, "A", at(1000));
  lease.answer(three, "D", at(9000));  // no voter
  EXPECT_EQ(lease.stop_by(), kNone);
  lease.answer(three, "B", at(2000));
  EXPECT_EQ(lease.stop_by(), at(6000));
  EXPECT_LE(lease.kill_by() + kLongestKill, at(1000 + 9980));
  EXPECT_GT(lease.kill_by(), lease.stop_by());
  lease.answer(three, "B", at(1500));  // an answer that comes late takes nothing back
  lease.answer(three, "A", at(3000));
  EXPECT_EQ(lease.stop_by(), at(7000));
}

TEST(Lease, HasNoEndWhileItIsLeftAloneAndItsFormerOneAfterwards) {
  const Voters three = set_of({"A", "B", "C"});
  OwnLease lease;
  lease.length = seconds(10);
  lease.dead = seconds(5);
  lease.answer(three, "A", at(1000));
  lease.answer(three, "B", at(1000));
  lease.left_alone = true;
  EXPECT_EQ(lease.stop_by(), kNever);
  EXPECT_EQ(lease.kill_by(), kNever);
  lease.begin_anew();
  EXPECT_EQ(lease.kill_by(), kNever);
  lease.left_alone = false;
  EXPECT_EQ(lease.stop_by(), at(6000)) << "whoever votes now";
}

TEST(Lease, IsLeftAloneOnlyIfAMajorityOfTheVotersAgreesToThatMaintenance) {
  const Voters three = set_of({"A", "B", "C"});
  OwnLease lease;
  EXPECT_FALSE(lease.agreed_by_quorum(three, 7));
  lease.agree("A", 7);
  lease.agree("D", 7);  // no voter
  EXPECT_FALSE(lease.agreed_by_quorum(three, 7));
  lease.agree("B", 7);
  EXPECT_TRUE(lease.agreed_by_quorum(three, 7));
  EXPECT_FALSE(lease.agreed_by_quorum(three, 8));
  lease.agree("C", 8);
  EXPECT_FALSE(lease.agreed_by_quorum(three, 8)) << "what was said of another is forgotten";
  EXPECT_FALSE(lease.agreed_by_quorum(three, 7));
}

TEST(Grants, OfWhatIsKeptSomewhereGoToNobodyElse) {
  Grants grants;
  grants.leave_alone({{"db", node(1)}});
  EXPECT_EQ(grants.holder(at(0), "db", node(2)), node(1));
  EXPECT_EQ(grants.holder(at(0), "db", node(1)), NodeId{});
  EXPECT_EQ(grants.against(at(0), node(1), "db", 5, false), std::nullopt);
  grants.give(at(0), node(1), "db", 5, seconds(10));
  EXPECT_EQ(grants.against(at(100'000), node(2), "db", 6, false), wire::Answer::RIVAL)
      << "however long ago it was renewed";
  grants.leave_alone({});
  EXPECT_EQ(grants.against(at(100'000), node(2), "db", 6, false), std::nullopt);
}

TEST(Grants, OfAServiceThatNobodyHasAreRefusedToOthersWhileItIsKept) {
  Grants grants;
  grants.leave_alone({{"db", node(1)}});
  EXPECT_EQ(grants.against(at(0), node(2), "db", 6, false), wire::Answer::RIVAL);
}

TEST(Lease, ThatAnEarlierEngineHadIsNotShortened) {
  const Voters two = set_of({"A", "B"});
  OwnLease lease;
  lease.length = seconds(10);
  lease.dead = seconds(5);
  lease.stop_at_least = at(4000);
  lease.kill_at_least = at(8000);
  EXPECT_EQ(lease.stop_by(), at(4000));
  EXPECT_EQ(lease.kill_by(), at(8000));
  lease.answer(two, "A", at(3000));
  lease.answer(two, "B", at(3000));
  EXPECT_EQ(lease.stop_by(), at(8000));
}

TEST(Lease, WithAMarginOfNextToNothingStopsBeforeItKills) {
  const Voters one = set_of({"A"});
  OwnLease lease;
  lease.length = milliseconds(5001);
  lease.dead = seconds(5);
  lease.answer(one, "A", at(0));
  EXPECT_LE(lease.stop_by(), lease.kill_by());
}

class GrantsTest : public testing::Test {
 protected:
  void give(MonoTime now, const NodeId& to, uint64_t epoch) {
    const Write write = grants_.give(now, to, "db", epoch, seconds(10));
    disk_[write.key] = *write.value;
    grants_.was_stored(to, "db", epoch);
  }
  std::optional<wire::Answer::Verdict> against(MonoTime now, const NodeId& from, uint64_t epoch,
                                               bool held = false) const {
    return grants_.against(now, from, "db", epoch, held);
  }

  const NodeId a_ = node(1), b_ = node(2);
  Grants grants_;
  Stored disk_;
};

TEST_F(GrantsTest, GoToOneNodeAtATime) {
  EXPECT_EQ(against(at(0), a_, 1), std::nullopt);
  give(at(0), a_, 1);
  EXPECT_EQ(against(at(0), a_, 1), std::nullopt);
  EXPECT_EQ(against(at(9999), b_, 2), wire::Answer::RIVAL);
  EXPECT_EQ(against(at(10'000), b_, 2), std::nullopt);
  EXPECT_EQ(against(at(10'000), b_, 1), wire::Answer::OLD_EPOCH);
}

TEST_F(GrantsTest, LiveOnWhileTheyAreRenewed) {
  give(at(0), a_, 1);
  grants_.prolong(at(6000), "db");
  EXPECT_EQ(against(at(15'999), b_, 2), wire::Answer::RIVAL);
  EXPECT_EQ(grants_.next_end(at(6000)), at(16'000));
}

TEST_F(GrantsTest, EndWithTheReleaseOfTheirVeryEpoch) {
  give(at(0), a_, 3);
  EXPECT_FALSE(grants_.release(a_, "db", 2).has_value());
  EXPECT_FALSE(grants_.release(b_, "db", 3).has_value());
  EXPECT_EQ(against(at(1), b_, 4), wire::Answer::RIVAL);
  EXPECT_TRUE(grants_.release(a_, "db", 3).has_value());
  EXPECT_EQ(against(at(1), b_, 4), std::nullopt);
  EXPECT_EQ(against(at(1), a_, 3, true), wire::Answer::OLD_EPOCH) << "what is over is not renewed";
}

TEST_F(GrantsTest, LiveForTheirWholeLengthAfterARestart) {
  give(at(0), a_, 1);
  Grants after;
  after.load(disk_, at(7000));
  EXPECT_EQ(after.against(at(16'999), b_, "db", 2, false), wire::Answer::RIVAL);
  EXPECT_TRUE(after.stored(a_, "db", 1)) << "and are renewed at once";
  EXPECT_EQ(after.against(at(17'000), b_, "db", 2, false), std::nullopt);
  EXPECT_EQ(after.against(at(17'000), b_, "db", 1, false), wire::Answer::OLD_EPOCH);
}

TEST_F(GrantsTest, AreNothingBeforeTheyAreStored) {
  grants_.give(at(0), a_, "db", 1, seconds(10));
  EXPECT_FALSE(grants_.stored(a_, "db", 1));
  EXPECT_EQ(against(at(1), b_, 2), wire::Answer::RIVAL);
  grants_.drop(a_, "db", 1);
  EXPECT_EQ(against(at(1), b_, 2), std::nullopt);
  EXPECT_EQ(against(at(1), a_, 1), wire::Answer::OLD_EPOCH);
}

TEST_F(GrantsTest, OfAnEpochThatOthersHaveToldOfGoToItsOwnerAlone) {
  EXPECT_TRUE(grants_.hear(at(0), "db", 7).has_value());
  EXPECT_EQ(against(at(0), b_, 7), wire::Answer::OLD_EPOCH);
  EXPECT_EQ(against(at(0), a_, 7, true), std::nullopt);
  give(at(0), a_, 7);
  EXPECT_EQ(against(at(0), b_, 7, true), wire::Answer::OLD_EPOCH);
}

TEST_F(GrantsTest, GoOnBesideAHigherEpochThatIsTold) {
  give(at(0), a_, 7);
  const auto write = grants_.hear(at(1), "db", 9);
  ASSERT_TRUE(write.has_value());
  EXPECT_EQ(grants_.epoch("db"), 9U);
  EXPECT_EQ(against(at(1), a_, 7, true), std::nullopt);
  EXPECT_EQ(against(at(1), a_, 7), wire::Answer::OLD_EPOCH) << "of one that has not won it";
  EXPECT_EQ(against(at(1), b_, 9, true), wire::Answer::RIVAL);
  EXPECT_EQ(against(at(10'001), a_, 7, true), wire::Answer::OLD_EPOCH) << "once it has run out";
  EXPECT_EQ(against(at(10'001), b_, 9), wire::Answer::OLD_EPOCH);
  EXPECT_EQ(against(at(10'001), b_, 9, true), std::nullopt);
  disk_[write->key] = *write->value;
  Grants after;
  after.load(disk_, at(20'000));
  EXPECT_EQ(after.epoch("db"), 9U);
  EXPECT_EQ(after.against(at(20'001), a_, "db", 7, true), std::nullopt);
  EXPECT_EQ(after.against(at(20'001), a_, "db", 8, false), wire::Answer::OLD_EPOCH);
}

TEST_F(GrantsTest, AreNotForWhoClaimsWhatAnotherMayOwn) {
  give(at(0), a_, 7);
  ASSERT_TRUE(grants_.hear(at(1), "db", 7).has_value());
  EXPECT_FALSE(grants_.hear(at(1), "db", 7).has_value());
  EXPECT_EQ(against(at(2), a_, 7), wire::Answer::OLD_EPOCH);
  EXPECT_EQ(against(at(2), a_, 7, true), std::nullopt);
  EXPECT_EQ(against(at(2), a_, 8), std::nullopt);
  EXPECT_EQ(against(at(10'001), b_, 7, true), std::nullopt) << "it was b's";
}

TEST_F(GrantsTest, NeverLeapOutOfReach) {
  give(at(0), a_, 1);
  EXPECT_EQ(against(at(20'000), b_, uint64_t{1} << 40), wire::Answer::OLD_EPOCH);
}

}  // namespace
}  // namespace cluster::core
