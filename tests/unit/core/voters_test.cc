// Sets of voters, and the decision on the next one.
#include "core/voters.h"

#include <gtest/gtest.h>

namespace cluster::core {
namespace {

constexpr MonoTime at(int64_t ms) { return MonoTime(milliseconds(ms)); }
constexpr MonoTime kNone = MonoTime::min();

Voters joint() { return {2, {"B", "C", "D", "E"}, {"A", "B", "C"}, 7}; }

TEST(Voters, AQuorumIsOneOfEachSetThatCounts) {
  struct Row {
    std::set<std::string> of;
    bool enough;
  };
  const Row rows[] = {
      {{}, false},
      {{"B", "C"}, false},       // of the set before alone
      {{"C", "D", "E"}, false},  // of the new one alone
      {{"B", "C", "D"}, true},   // of both
      {{"A", "B", "D", "E"}, true},
      {{"A", "C", "D", "X"}, false},
  };
  for (const Row& row : rows) EXPECT_EQ(joint().enough(row.of), row.enough);
  Voters whole = joint();
  whole.before.clear();
  EXPECT_TRUE(whole.enough({"C", "D", "E"}));
  EXPECT_FALSE(whole.enough({"A", "B", "C"}));
}

TEST(Voters, ALeaseUnderAJointSetCountsFromTheEarlierOfBoth) {
  std::map<std::string, MonoTime> answered = {{"C", at(9)}, {"D", at(9)}, {"E", at(9)}};
  EXPECT_EQ(joint().counted(answered), kNone);
  answered["A"] = at(4);
  EXPECT_EQ(joint().counted(answered), at(4));
  answered["A"] = at(20);
  EXPECT_EQ(joint().counted(answered), at(9));
}

TEST(Voters, MoreThanHalfOfTheOthersMeetsEveryQuorumOfThem) {
  const Names three = {"A", "B", "C"}, two = {"A", "B"};
  EXPECT_FALSE(is_most_others(three, "A", {"B"}));
  EXPECT_TRUE(is_most_others(three, "A", {"B", "C"}));
  EXPECT_FALSE(is_most_others(three, "A", {"A", "B"}));  // itself does not count
  EXPECT_TRUE(is_most_others(three, "D", {"B", "C"}));
  EXPECT_TRUE(is_most_others(two, "A", {"B"}));
  EXPECT_FALSE(is_most_others({"A"}, "A", {"B"}));
}

// A vouch binds as long as those that may have founded a set by it may decide without the host that has given it.
TEST(Vouch, BindsUntilTooFewAreLeftThatMayHaveFounded) {
  const Names three = {"A", "B", "C"}, four = {"A", "B", "C", "D"};
  struct Row {
    Vouch vouch;
    std::set<std::string> released;
    bool binds;
  };
  const Row rows[] = {
      {{}, {}, false},
      {{three, {}}, {}, false},
      {{three, {"A"}}, {}, false},  // alone it is no quorum, and B does not learn from it alone
      {{three, {"A", "B"}}, {}, true},
      {{three, {"A", "B"}}, {"B"}, false},
      {{four, {"A", "B"}}, {}, true},  // D may learn from the two
      {{four, {"A"}}, {}, false},
      {{{"A", "C"}, {"A"}}, {}, false},  // of two no other is left
  };
  for (const Row& row : rows)
    EXPECT_EQ(row.vouch.binds("C", row.released), row.binds) << listed(row.vouch.list);
}

TEST(Voters, AreToldApartByNumberNamesAndOrigin) {
  const Voters first = Voters::first({"A", "B"});
  Voters other = joint(), whole = joint();
  whole.before.clear();
  EXPECT_EQ(other.hash(), whole.hash());
  other.origin = 8;
  EXPECT_NE(other.hash(), whole.hash());
  EXPECT_NE(first.hash(), Voters::first({"A", "C"}).hash());
  EXPECT_EQ(first.origin, Voters::first({"A", "B"}).origin);
  EXPECT_EQ(voters_of(to_wire(joint())).hash(), joint().hash());
  EXPECT_EQ(voters_of(to_wire(joint())).before, joint().before);
}

TEST(Vow, HoldsToTheHighestBallot) {
  Vow vow;
  EXPECT_TRUE(vow.promise({2, 5}));
  EXPECT_FALSE(vow.promise({2, 4}));
  EXPECT_TRUE(vow.promise({2, 5}));
  EXPECT_FALSE(vow.accept({1, 9}, {"A"}));
  EXPECT_TRUE(vow.accept({2, 5}, {"A"}));
  EXPECT_TRUE(vow.promise({3, 0}));
  EXPECT_FALSE(vow.accept({2, 5}, {"A"}));
  EXPECT_EQ(vow.accepted, (Ballot{2, 5}));
  Vow forgotten;
  forgotten.hear({{4, 0}, {1, 1}, {"X"}});
  forgotten.hear(vow);
  EXPECT_EQ(forgotten.promised, (Ballot{4, 0}));
  EXPECT_EQ(forgotten.next, Names{"A"});
}

// A proposer among A, B and C.
class ProposalTest : public testing::Test {
 protected:
  wire::Proposed answer(wire::Proposed::Verdict verdict, Ballot accepted = {}, Names next = {}) {
    wire::Proposed out;
    out.set_over(over_.hash());
    *out.mutable_ballot() = to_wire(ballot_);
    out.set_verdict(verdict);
    if (accepted.round > 0) *out.mutable_other() = to_wire(accepted);
    for (const std::string& name : next) out.add_next(name);
    return out;
  }

  const Voters over_ = Voters::first({"A", "B", "C"});
  const Ballot ballot_{3, 1};
  Proposal proposal_{over_, ballot_, {"A", "B", "C", "D"}, at(0)};
};

TEST_F(ProposalTest, ProposesItsWishOnceAQuorumHasPromised) {
  EXPECT_TRUE(proposal_.asks_itself());
  EXPECT_TRUE(proposal_.message()->next().empty());
  EXPECT_TRUE(proposal_.hear(at(1), "A", answer(wire::Proposed::PROMISED)));
  EXPECT_TRUE(proposal_.message()->next().empty());
  EXPECT_FALSE(proposal_.hear(at(1), "D", answer(wire::Proposed::PROMISED)));  // no voter
  EXPECT_TRUE(proposal_.hear(at(2), "C", answer(wire::Proposed::PROMISED)));
  EXPECT_EQ(proposal_.message()->next_size(), 4);
  proposal_.hear(at(3), "A", answer(wire::Proposed::ACCEPTED));
  EXPECT_FALSE(proposal_.chosen());
  proposal_.hear(at(3), "A", answer(wire::Proposed::ACCEPTED));
  EXPECT_FALSE(proposal_.chosen());
  proposal_.hear(at(4), "B", answer(wire::Proposed::ACCEPTED));
  ASSERT_TRUE(proposal_.chosen());
  EXPECT_EQ(proposal_.chosen()->number, 2U);
  EXPECT_EQ(proposal_.chosen()->before, over_.names);
  EXPECT_EQ(proposal_.chosen()->origin, over_.origin);
}

TEST_F(ProposalTest, ProposesWhatWasAcceptedInTheHighestBallot) {
  proposal_.hear(at(1), "A", answer(wire::Proposed::PROMISED, {1, 7}, {"A", "X"}));
  proposal_.hear(at(1), "B", answer(wire::Proposed::PROMISED, {2, 7}, {"B", "Y"}));
  EXPECT_EQ(proposal_.message()->next(1), "Y");
}

TEST_F(ProposalTest, ThatHasNothingToProposeEnds) {
  Proposal none(over_, ballot_, {}, at(0));
  none.hear(at(1), "A", answer(wire::Proposed::PROMISED));
  none.hear(at(1), "B", answer(wire::Proposed::PROMISED));
  EXPECT_FALSE(none.message());
}

TEST_F(ProposalTest, CountsNoAnswerAfterItsEnd) {
  const int64_t end = to_ms(kLongestBallot);
  proposal_.hear(at(1), "A", answer(wire::Proposed::PROMISED));
  EXPECT_FALSE(proposal_.hear(at(end), "B", answer(wire::Proposed::PROMISED)));
  EXPECT_TRUE(proposal_.over(at(end)));
  EXPECT_FALSE(proposal_.accepting());
}

TEST_F(ProposalTest, CountsNoAnswerToAnother) {
  wire::Proposed other = answer(wire::Proposed::PROMISED);
  other.mutable_ballot()->set_draw(2);
  EXPECT_FALSE(proposal_.hear(at(1), "A", other));
  other = answer(wire::Proposed::PROMISED);
  other.set_over(1);
  EXPECT_FALSE(proposal_.hear(at(1), "A", other));
}

// Clocks differ by 0.1 % at most.
TEST(Proposal, IsOverBeforeWhoeverForgotItListens) {
  EXPECT_GT(kBallotForgotten * 999, kLongestBallot * 1001);
}

}  // namespace
}  // namespace cluster::core
