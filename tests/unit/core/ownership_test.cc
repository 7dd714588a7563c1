#include "core/ownership.h"

#include <gtest/gtest.h>

#include "core/orders.h"

namespace cluster::core {
namespace {

NodeId node(uint8_t n) {
  NodeId id;
  id.bytes[0] = n;
  return id;
}

const MonoTime kNow{hours(1)};
constexpr Duration kBeat = seconds(1);

wire::Claim claim(uint64_t epoch, uint64_t attempt = 1) {
  wire::Claim out;
  out.set_service("web");
  out.set_epoch(epoch);
  out.set_attempt(attempt);
  return out;
}

TEST(Voter, GrantsToOneAtATime) {
  Voter voter;
  EXPECT_EQ(voter.vote(kNow, node(1), claim(1), {}, kBeat).verdict(), wire::Answer::GRANTED);
  const wire::Answer second = voter.vote(kNow, node(2), claim(2), {}, kBeat);
  EXPECT_EQ(second.verdict(), wire::Answer::RIVAL);
  EXPECT_EQ(second.rival(), node(1).raw());
}

TEST(Voter, KeepsABoundedNumberOfServicesThatItHardlyKnows) {
  Voter voter;
  wire::Claim odd = claim(1);
  for (size_t i = 0; i <= kMaxBallots; ++i) {
    odd.set_service("s" + std::to_string(i));
    const auto verdict = voter.vote(kNow, node(1), odd, {}, kBeat).verdict();
    EXPECT_EQ(verdict == wire::Answer::GRANTED, i < kMaxBallots) << i;
  }
  // Once the grants have lapsed there is room again.
  EXPECT_EQ(voter.vote(kNow + 2 * kBeat, node(1), odd, {}, kBeat).verdict(), wire::Answer::GRANTED);
  for (size_t i = 0; i < 2 * kMaxEpochs; ++i) voter.hear_epoch("e" + std::to_string(i), 1);
  EXPECT_EQ(voter.epochs().size(), kMaxEpochs);
}

TEST(Voter, AnEpochThatLeapsToTheEndOfNumbersIsNotHeard) {
  Voter voter;
  voter.hear_epoch("web", 7);
  voter.hear_epoch("web", UINT64_MAX);
  EXPECT_EQ(voter.highest_epoch("web"), 7u);
  EXPECT_EQ(voter.vote(kNow, node(1), claim(UINT64_MAX), {}, kBeat).verdict(),
            wire::Answer::OLD_EPOCH);
  voter.hear_epoch("web", 7 + kMaxLeap);
  EXPECT_EQ(voter.highest_epoch("web"), 7 + kMaxLeap);
}

TEST(Voter, AGrantLapsesUnlessAskedAgain) {
  Voter voter;
  voter.vote(kNow, node(1), claim(1), {}, kBeat);
  voter.vote(kNow + kBeat / 2, node(1), claim(1), {}, kBeat);
  EXPECT_EQ(voter.vote(kNow + kBeat, node(2), claim(2), {}, kBeat).verdict(), wire::Answer::RIVAL);
  EXPECT_EQ(voter.vote(kNow + 2 * kBeat, node(2), claim(2), {}, kBeat).verdict(),
            wire::Answer::GRANTED);
}

TEST(Voter, DoesNotGrantWhatSomebodyRuns) {
  Voter voter;
  Situation situation;
  situation.runner = node(3);
  const wire::Answer answer = voter.vote(kNow, node(1), claim(1), situation, kBeat);
  EXPECT_EQ(answer.verdict(), wire::Answer::RUNS);
  EXPECT_EQ(answer.rival(), node(3).raw());
}

TEST(Voter, RefusesEpochsThatHaveBeenPassed) {
  Voter voter;
  voter.hear_epoch("web", 7);
  const wire::Answer answer = voter.vote(kNow, node(1), claim(6), {}, kBeat);
  EXPECT_EQ(answer.verdict(), wire::Answer::OLD_EPOCH);
  EXPECT_EQ(answer.highest_epoch(), 7u);
  EXPECT_TRUE(voter.lift(kNow, "web", {}).empty()) << "asking again would not help";
  EXPECT_EQ(voter.vote(kNow, node(1), claim(7), {}, kBeat).verdict(), wire::Answer::GRANTED);
}

TEST(Voter, RefusesClaimsUnderAnOldServicesFile) {
  Voter voter;
  Situation situation;
  situation.old_configuration = true;
  EXPECT_EQ(voter.vote(kNow, node(1), claim(1), situation, kBeat).verdict(),
            wire::Answer::OLD_CONFIGURATION);
}

TEST(Voter, TellsThoseItRefusedWhenTheReasonEnds) {
  Voter voter;
  Situation busy;
  busy.runner = node(3);
  voter.vote(kNow, node(1), claim(1, 42), busy, kBeat);
  EXPECT_TRUE(voter.lift(kNow, "web", busy).empty());
  const auto told = voter.lift(kNow, "web", {});
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].first, node(1));
  EXPECT_EQ(told[0].second.verdict(), wire::Answer::LIFTED);
  EXPECT_EQ(told[0].second.attempt(), 42u);
  EXPECT_TRUE(voter.lift(kNow, "web", {}).empty()) << "once";
}

TEST(Voter, AReleaseMakesWayForTheRival) {
  Voter voter;
  voter.vote(kNow, node(1), claim(1), {}, kBeat);
  voter.vote(kNow, node(2), claim(2), {}, kBeat);
  voter.release("web", node(1));
  EXPECT_EQ(voter.lift(kNow, "web", {}).size(), 1u);
  EXPECT_EQ(voter.vote(kNow, node(2), claim(2), {}, kBeat).verdict(), wire::Answer::GRANTED);
}

// ------------------------------------------------------------------------- the services file in force

Config config_of(std::vector<std::pair<std::string, std::vector<HostId>>> services) {
  Config config;
  for (auto& [name, preference] : services) {
    ServiceEntry entry;
    entry.name = name;
    entry.preference = preference;
    config.services.push_back(entry);
  }
  return config;
}

TEST(OrdersTest, TheSameFileGivesTheSameVersionEverywhere) {
  Orders a, b;
  EXPECT_TRUE(a.read_file(config_of({{"web", {HostId(1), HostId(2)}}})));
  EXPECT_TRUE(b.read_file(config_of({{"web", {HostId(1), HostId(2)}}})));
  EXPECT_EQ(a.version(), b.version());
  EXPECT_FALSE(a.adopt(b.to_wire()));
}

TEST(OrdersTest, AnEditedFileIsNewerAndTheOthersFollowUntilTheyAgree) {
  Orders a, b;
  a.read_file(config_of({{"web", {HostId(1), HostId(2)}}}));
  b.read_file(config_of({{"web", {HostId(1), HostId(2)}}}));
  EXPECT_TRUE(a.read_file(config_of({{"web", {HostId(2), HostId(1)}}})));
  EXPECT_TRUE(b.adopt(a.to_wire()));
  EXPECT_TRUE(b.file_differs());
  EXPECT_EQ(b.find("web")->preference.front(), HostId(2));
  EXPECT_FALSE(b.read_file(config_of({{"web", {HostId(1), HostId(2)}}}))) << "not edited again";
  EXPECT_EQ(b.find("web")->preference.front(), HostId(2));
  EXPECT_FALSE(b.read_file(config_of({{"web", {HostId(2), HostId(1)}}}))) << "already in force";
  EXPECT_FALSE(b.file_differs());
  EXPECT_EQ(a.version(), b.version());
}

TEST(OrdersTest, ForgedContentsAreRefused) {
  Orders a, b;
  a.read_file(config_of({{"web", {HostId(1)}}}));
  a.read_file(config_of({{"web", {HostId(2)}}}));
  b.read_file(config_of({{"web", {HostId(1)}}}));
  wire::Orders forged = a.to_wire();
  forged.mutable_orders(0)->set_service("other");
  EXPECT_FALSE(b.adopt(forged));
  EXPECT_EQ(b.find("other"), nullptr);
}

TEST(OrdersTest, SurvivesTheDisk) {
  Orders a, b;
  a.read_file(config_of({{"web", {HostId(1)}}}));
  const Write write = a.to_write();
  b.load({{write.key, *write.value}});
  EXPECT_EQ(a.version(), b.version());
  EXPECT_FALSE(b.read_file(config_of({{"web", {HostId(1)}}})));
}

}  // namespace
}  // namespace cluster::core
