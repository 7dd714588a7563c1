// A file, or a root, that is to be on all hosts now.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sync/hosts.h"

namespace cluster::sync {
namespace {

using testing::HasSubstr;

TEST(Push, AFileThatNoWatchHasToldOfIsEverywhereWhenItIsAnswered) {
  Hosts hosts(3);
  hosts.pass(seconds(1));
  hosts[0].write_unseen("zone", "new");
  hosts[0].push("zone");
  EXPECT_EQ(hosts[0].take_answer(), "done: zone is on 2 other hosts");
  for (size_t i = 1; i < 3; ++i) EXPECT_EQ(hosts[i].read("zone"), "new") << i;
}

TEST(Push, ARootAsAWhole) {
  Hosts hosts(2);
  hosts.pass(seconds(1));
  hosts[0].write_unseen("a", "one");
  hosts[0].write_unseen("b", "two");
  hosts[0].push("");
  EXPECT_EQ(hosts[0].take_answer(), "done: data is on 1 other host");
  EXPECT_EQ(hosts[1].read("a"), "one");
  EXPECT_EQ(hosts[1].read("b"), "two");
}

TEST(Push, IsNotAnsweredBeforeAllHaveIt) {
  Hosts hosts(3);
  hosts.pass(seconds(1));
  hosts[2].refuse_to_place("no space left");
  hosts[0].write_unseen("zone", "new");
  hosts[0].push("zone");
  EXPECT_EQ(hosts[0].take_answer(), "");
  EXPECT_EQ(hosts[1].read("zone"), "new");
  hosts[2].refuse_to_place("");
  hosts.pass(minutes(1));
  EXPECT_EQ(hosts[0].take_answer(), "done: zone is on 2 other hosts");
  EXPECT_EQ(hosts[2].read("zone"), "new");
}

TEST(Push, EndsWithTheHostsThatHaveItNot) {
  Hosts hosts(2);
  hosts.pass(seconds(1));
  hosts[1].refuse_to_place("no space left");
  hosts[0].write_unseen("zone", "new");
  hosts[0].push("zone");
  hosts.pass(minutes(3));
  EXPECT_EQ(hosts[0].take_answer(),
            "refused: zone is not everywhere:\npeer: it has not got it yet");
}

TEST(Push, AHostThatIsAwayIsNoReasonToWait) {
  Hosts hosts(3);
  hosts.pass(seconds(1));
  hosts[2].stop();
  hosts[0].write_unseen("zone", "new");
  hosts[0].push("zone");
  EXPECT_EQ(hosts[0].take_answer(), "done: zone is on 1 other host");
  hosts[2].start();
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts[2].read("zone"), "new");
}

TEST(Push, WhatIsNotThereIsRefused) {
  Hosts hosts(2);
  hosts.pass(seconds(1));
  hosts[0].push("zone");
  EXPECT_EQ(hosts[0].take_answer(), "refused: nothing is at zone on this host");
}

TEST(Push, ARootThatIsPausedIsRefusedWithTheReason) {
  Hosts hosts(2);
  hosts.pass(seconds(1));
  hosts[0].write("zone", "old");
  hosts[0].pause("it is not mounted");
  hosts[0].push("zone");
  EXPECT_EQ(hosts[0].take_answer(), "refused: data is paused here: it is not mounted");
}

TEST(Push, WhereTheRootIsPausedThereItEndsAtOnce) {
  Hosts hosts(2);
  hosts.pass(seconds(1));
  hosts[0].write("zone", "old");
  hosts[1].pause("it is not mounted");
  hosts[0].write_unseen("zone", "new");
  hosts[0].push("zone");
  EXPECT_THAT(hosts[0].take_answer(),
              HasSubstr("refused: zone is not everywhere:\npeer: it is paused there"));
}

}  // namespace
}  // namespace cluster::sync
