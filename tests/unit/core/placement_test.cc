#include "core/placement.h"

#include <gtest/gtest.h>

namespace cluster::core {
namespace {

const MonoTime kNow{hours(1)};

Candidate host(uint32_t id) {
  Candidate out;
  out.host = HostId(id);
  out.name = "h" + std::to_string(id);
  out.up = out.settled = out.able = true;
  return out;
}

PlacementInput three() {
  PlacementInput input;
  input.candidates = {host(1), host(2), host(3)};
  return input;
}

TEST(Placement, TheFirstHostThatIsUpAndAbleRunsIt) {
  PlacementInput input = three();
  EXPECT_EQ(place(input, kNow).host, HostId(1));
  input.candidates[0].up = false;
  EXPECT_EQ(place(input, kNow).host, HostId(2));
  input.candidates[1].able = false;
  EXPECT_EQ(place(input, kNow).host, HostId(3));
  input.candidates[2].standby = true;
  EXPECT_EQ(place(input, kNow).host, HostId());
}

TEST(Placement, SaysOfEachHostWhatIsAgainstIt) {
  PlacementInput input = three();
  input.candidates[0].up = false;
  input.candidates[1].able = false;
  input.candidates[1].why_not = "failed here: start exited with 1";
  const Choice choice = place(input, kNow);
  ASSERT_EQ(choice.hosts.size(), 3u);
  EXPECT_EQ(choice.hosts[0].second, "is down");
  EXPECT_EQ(choice.hosts[1].second, "failed here: start exited with 1");
  EXPECT_EQ(choice.hosts[2].second, "is able");
  EXPECT_EQ(choice.reason, "h3 is the most preferred host that is up and able");
}

TEST(Placement, AHostThatHasNotSettledIsNotChosenButKeepsWhatItHolds) {
  PlacementInput input = three();
  input.candidates[0].settled = false;
  EXPECT_EQ(place(input, kNow).host, HostId(2));
  input.candidates[0].holds = true;
  EXPECT_EQ(place(input, kNow).host, HostId(1));
}

TEST(Placement, TheOperatorsWordCountsMore) {
  PlacementInput input = three();
  input.moved_to = HostId(3);
  EXPECT_EQ(place(input, kNow).host, HostId(3));
  input.candidates[2].up = false;
  EXPECT_EQ(place(input, kNow).host, HostId(1)) << "a move to a host that is down is void";
  input.candidates[2].up = true;
  input.stopped = true;
  EXPECT_EQ(place(input, kNow).host, HostId());
  input.stopped = false;
  input.disabled = true;
  EXPECT_EQ(place(input, kNow).host, HostId());
}

TEST(Placement, FailbackIsAtOnceAfterAFirstReturn) {
  PlacementInput input = three();
  input.candidates[1].holds = true;
  input.candidates[0].returns = 1;
  input.candidates[0].up_since = kNow;
  EXPECT_EQ(place(input, kNow).host, HostId(1));
}

TEST(Placement, FailbackWaitsLongerWithEachReturn) {
  PlacementInput input = three();
  input.dead_time = seconds(5);
  input.candidates[1].holds = true;
  input.candidates[0].returns = 2;
  input.candidates[0].up_since = kNow;
  Choice choice = place(input, kNow);
  EXPECT_EQ(choice.host, HostId(2));
  EXPECT_EQ(choice.review_at, kNow + seconds(5));
  EXPECT_EQ(place(input, kNow + seconds(5)).host, HostId(1));
}

TEST(Placement, StabilityDoublesUpToTheFailureWindow) {
  const Duration dead = seconds(5), window = seconds(30);
  const Duration expected[] = {seconds(0),  seconds(0),  seconds(5), seconds(10),
                               seconds(20), seconds(30), seconds(30)};
  for (uint32_t returns = 0; returns < std::size(expected); ++returns)
    EXPECT_EQ(required_stability(returns, dead, window), expected[returns]) << returns;
}

TEST(Placement, FailbackNeverKeepsTheHolder) {
  PlacementInput input = three();
  input.failback.never = true;
  input.candidates[2].holds = true;
  const Choice choice = place(input, kNow);
  EXPECT_EQ(choice.host, HostId(3));
  EXPECT_EQ(choice.reason, "runs on h3; h1 is preferred, but failback is \"never\"");
}

TEST(Placement, FailbackAfterATimeOfStability) {
  PlacementInput input = three();
  input.failback.stability = minutes(1);
  input.candidates[1].holds = true;
  input.candidates[0].up_since = kNow - seconds(59);
  EXPECT_EQ(place(input, kNow).host, HostId(2));
  EXPECT_EQ(place(input, kNow + seconds(1)).host, HostId(1));
}

TEST(Placement, OfTwoHoldersTheMorePreferredStays) {
  PlacementInput input = three();
  input.failback.never = true;
  input.candidates[1].holds = input.candidates[2].holds = true;
  EXPECT_EQ(place(input, kNow).host, HostId(2));
}

TEST(Placement, WhoRunsItDoesNotMakeWayForWhoIsStoppingIt) {
  PlacementInput input = three();
  input.failback.never = true;
  input.candidates[1].holds = input.candidates[1].stopping = true;
  EXPECT_EQ(place(input, kNow).host, HostId(2)) << "restarted in place";
  input.candidates[2].holds = true;
  EXPECT_EQ(place(input, kNow).host, HostId(3));
}

TEST(Placement, WhatIsKeptByMaintenanceStaysWhateverBecomesOfItsHost) {
  PlacementInput input = three();
  input.candidates[1].holds = true;
  input.kept_on = HostId(2);
  EXPECT_EQ(place(input, kNow).host, HostId(2));
  EXPECT_EQ(place(input, kNow).reason, "stays on h2, which is in maintenance");
  input.disabled = true;
  EXPECT_EQ(place(input, kNow).host, HostId(2)) << "orders wait";
  input.disabled = false;
  input.candidates[1].up = input.candidates[1].able = input.candidates[1].holds = false;
  EXPECT_EQ(place(input, kNow).host, HostId(2)) << "its daemon is down, and it may run";
}

TEST(Placement, WhoeverRunsWhatIsKeptElsewhereMakesWayOnlyForWhoeverIsSeenToRunIt) {
  PlacementInput input = three();
  input.kept_on = HostId(2);
  input.candidates[0].holds = true;
  input.candidates[1].holds = true;
  EXPECT_EQ(place(input, kNow).host, HostId(2));
  input.candidates[1].up = input.candidates[1].holds = false;
  EXPECT_EQ(place(input, kNow).host, HostId(1));
}

PlacementInput follower(HostId leader_host, const std::string& place) {
  PlacementInput input = three();
  for (Candidate& candidate : input.candidates) {
    candidate.leader = "db";
    candidate.leader_host = leader_host;
    candidate.leader_place = place;
  }
  return input;
}

TEST(Placement, AFollowerBelongsWhereItsLeaderDoes) {
  PlacementInput input = follower(HostId(2), "h2");
  Choice choice = place(input, kNow);
  EXPECT_EQ(choice.host, HostId(2));
  EXPECT_EQ(choice.reason, "h2 is where db belongs, with which it runs");
  EXPECT_EQ(choice.hosts[0].second, "runs only with db, which belongs on h2");
  input.candidates[0].holds = true;
  input.failback.never = true;
  EXPECT_EQ(place(input, kNow).host, HostId(2)) << "it follows, whatever its own failback";
  input.moved_to = HostId(3);
  EXPECT_EQ(place(input, kNow).host, HostId(2)) << "and is not moved away from it";
}

TEST(Placement, AFollowerThatCannotRunThereRunsNowhere) {
  PlacementInput input = follower(HostId(2), "h2");
  input.candidates[1].able = false;
  input.candidates[1].why_not = "failed here: start exited with 1";
  Choice choice = place(input, kNow);
  EXPECT_EQ(choice.host, HostId());
  EXPECT_EQ(choice.reason,
            "it runs only where db does, on h2, and that host cannot run it: "
            "failed here: start exited with 1");
  choice = place(follower(HostId(4), "h4"), kNow);
  EXPECT_EQ(choice.host, HostId());
  EXPECT_EQ(choice.reason, "it runs only where db does, on h4, which is not on its line");
  EXPECT_FALSE(choice.settles);
}

TEST(Placement, AFollowerOfALeaderThatRunsNowhereRunsNowhere) {
  PlacementInput input = follower(HostId(), "stopped by the operator until \"start\"");
  EXPECT_EQ(place(input, kNow).host, HostId());
  EXPECT_EQ(place(input, kNow).reason,
            "it runs only with db, which is to run nowhere: stopped by the operator until "
            "\"start\"");
  EXPECT_FALSE(place(input, kNow).settles);
  input.candidates[0].leader_settles = true;
  EXPECT_TRUE(place(input, kNow).settles);
}

TEST(Placement, EachHostIsBoundAsItsOwnFilesHaveIt) {
  PlacementInput input = follower(HostId(2), "h2");
  input.candidates[1].up = false;
  EXPECT_EQ(place(input, kNow).host, HostId());
  input.candidates[2].leader.clear();
  EXPECT_EQ(place(input, kNow).host, HostId(3));
}

TEST(Placement, NobodyYetIsToldFromNobody) {
  PlacementInput input = three();
  for (Candidate& candidate : input.candidates) candidate.settled = false;
  EXPECT_EQ(place(input, kNow).host, HostId());
  EXPECT_TRUE(place(input, kNow).settles);
  for (Candidate& candidate : input.candidates) candidate.able = false;
  EXPECT_FALSE(place(input, kNow).settles);
  input.candidates[0].able = true;
  input.disabled = true;
  EXPECT_FALSE(place(input, kNow).settles);
}

}  // namespace
}  // namespace cluster::core
