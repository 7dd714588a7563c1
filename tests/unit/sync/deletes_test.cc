// How long deletes are remembered, and that none comes undone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "tests/unit/sync/hosts.h"

namespace cluster::sync {
namespace {

using testing::HasSubstr;

constexpr Duration kKept = hours(24);

using Files = std::map<std::string, std::optional<std::string>>;  // by path; nullopt: none

void expect_on_all(Hosts& hosts, size_t count, const Files& files) {
  for (size_t i = 0; i < count; ++i)
    for (const auto& [path, content] : files)
      EXPECT_EQ(hosts[i].read(path), content) << path << " on host " << i;
}

TEST(Deletes, AreForgottenOnceEveryHostHasThem) {
  Hosts hosts(3, Mode::kNewer, kKept);
  hosts[0].write("zone", "old");
  hosts.pass(seconds(5));
  ASSERT_EQ(hosts[2].read("zone"), "old");
  hosts[1].remove("zone");
  hosts.pass(minutes(5));
  EXPECT_EQ(hosts[2].read("zone"), std::nullopt);
  EXPECT_EQ(hosts[2].known(), 1u);
  hosts.pass(hours(3));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(hosts[i].known(), 0u) << i;
}

TEST(Deletes, AreRememberedForAHostThatIsAway) {
  Hosts hosts(3, Mode::kNewer, kKept);
  hosts[0].write("zone", "old");
  hosts.pass(seconds(5));
  hosts[2].stop();
  hosts[1].remove("zone");
  hosts.pass(kKept - hours(3));
  EXPECT_EQ(hosts[0].known(), 1u);
  hosts[2].start();
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts[2].read("zone"), std::nullopt);
  EXPECT_TRUE(hosts[2].retained("old"));
  EXPECT_EQ(hosts[2].alerts(), "");
}

TEST(Deletes, StayThoughAHostWasAwayForLongerThanTheyAreRemembered) {
  Hosts hosts(3, Mode::kNewer, kKept);
  hosts[0].write("zone", "old");
  hosts[0].write("kept", "same");
  hosts.pass(seconds(5));
  hosts[2].stop();
  hosts[1].remove("zone");
  hosts.pass(kKept + hours(3));
  EXPECT_EQ(hosts[0].known(), 1u);
  hosts[2].start();
  hosts.pass(minutes(1));
  expect_on_all(hosts, 3, {{"zone", std::nullopt}, {"kept", "same"}});
  EXPECT_TRUE(hosts[2].retained("old"));
  EXPECT_THAT(hosts[2].alerts(), HasSubstr("this host was away"));
}

TEST(Deletes, WhatAHostAloneHasThatWasAwayTooLongIsRetainedThere) {
  Hosts hosts(3, Mode::kNewer, kKept);
  hosts[0].write("zone", "first");
  hosts.pass(seconds(5));
  hosts[2].stop();
  hosts[0].write("zone", "theirs");
  hosts[2].write("zone", "its own");
  hosts[2].write("new", "made alone");
  hosts.pass(kKept + hours(3));
  hosts[2].start();
  hosts.pass(minutes(1));
  expect_on_all(hosts, 3, {{"zone", "theirs"}, {"new", std::nullopt}});
  EXPECT_TRUE(hosts[2].retained("its own"));
  EXPECT_TRUE(hosts[2].retained("made alone"));
  hosts[2].write("new", "made since");
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts[0].read("new"), "made since");
}

// Two hosts that were both without the other: neither can say whose files count, but what was deleted stays so.
TEST(Deletes, StayWhereTwoHostsWereApartForTooLong) {
  Hosts hosts(2, Mode::kNewer, kKept);
  hosts[0].write("zone", "old");
  hosts[0].write("other", "too");
  hosts.pass(seconds(5));
  hosts.cut(0, 1);
  hosts[0].remove("zone");
  hosts[1].remove("other");
  hosts.pass(seconds(5));
  hosts[0].write("of A", "a");
  hosts[1].write("of B", "b");
  hosts.pass(kKept + hours(3));
  hosts.link(0, 1);
  hosts.pass(minutes(1));
  expect_on_all(hosts, 2,
                {{"zone", std::nullopt}, {"other", std::nullopt}, {"of A", "a"}, {"of B", "b"}});
  EXPECT_TRUE(hosts[1].retained("old"));
}

// One host that was cut off from two deletes and forgets: what they made meanwhile is theirs all the same.
TEST(Deletes, AHostThatWasAloneDoesNotOverruleTheOthers) {
  Hosts hosts(3, Mode::kNewer, kKept);
  hosts[0].write("zone", "old");
  hosts[0].write("spare", "old too");
  hosts.pass(seconds(5));
  hosts.cut(0, 2);
  hosts.cut(1, 2);
  hosts[2].remove("spare");
  hosts[0].write("zone", "newer");
  hosts[1].write("more", "made by two");
  hosts.pass(kKept + hours(3));
  hosts.link(0, 2);
  hosts.link(1, 2);
  hosts.pass(minutes(1));
  expect_on_all(hosts, 3, {{"zone", "newer"}, {"more", "made by two"}, {"spare", std::nullopt}});
}

// A host that is new, or has lost all it had, was together with nobody whose files would count for more.
TEST(Deletes, ANewHostDoesNotOverruleOneThatWasAloneForTooLong) {
  Hosts hosts(2, Mode::kNewer, kKept);
  hosts[0].write("zone", "old");
  hosts.pass(seconds(5));
  hosts[1].stop();
  hosts[0].write("zone", "newer");
  hosts[0].write("more", "made alone");
  hosts.pass(kKept + hours(3));
  hosts[1].lose_state();
  hosts[1].remove("zone");
  hosts[1].start();
  hosts.pass(minutes(1));
  expect_on_all(hosts, 2, {{"zone", "newer"}, {"more", "made alone"}});
  EXPECT_FALSE(hosts[0].retained("made alone"));
}

// It met one that was not, and heard not all of it; then both were alone.
TEST(Deletes, WhoWasAwayOnceIsNotOverruledForWhatItMadeWhileBothWereAlone) {
  Hosts hosts(3, Mode::kNewer, kKept);
  hosts[0].write("zone", "old");
  hosts[0].write("spare", "old too");
  hosts.pass(seconds(5));
  hosts.cut(0, 1);
  hosts.cut(1, 2);
  hosts[0].write("zone", "newer");
  hosts.pass(kKept + hours(3));
  hosts[1].refuse_to_place("no space left on device");
  hosts.link(0, 1);
  hosts.pass(seconds(5));
  hosts.cut(0, 1);
  hosts.cut(0, 2);
  hosts[0].remove("spare");
  hosts[1].refuse_to_place("");
  hosts[1].write("later", "made alone");
  hosts.pass(kKept + hours(3));
  hosts.link(0, 1);
  hosts.pass(minutes(1));
  expect_on_all(hosts, 2, {{"zone", "newer"}, {"later", "made alone"}, {"spare", std::nullopt}});
  EXPECT_FALSE(hosts[1].retained("made alone"));
}

// What overrules another host's edit is none itself.
TEST(Deletes, StayThoughAnotherHostHasOverruledOneThatWasAway) {
  Hosts hosts(3, Mode::kNewer, kKept);
  hosts[0].write("zone", "old");
  hosts.pass(seconds(5));
  hosts.cut(0, 2);
  hosts.cut(1, 2);
  hosts[2].write("zone", "its own");
  hosts.pass(kKept + hours(3));
  hosts.cut(0, 1);
  hosts[1].remove("zone");
  hosts.pass(seconds(5));
  hosts.link(0, 2);
  hosts.pass(seconds(5));
  ASSERT_EQ(hosts[2].read("zone"), "old");
  hosts.link(0, 1);
  hosts.link(1, 2);
  hosts.pass(minutes(1));
  expect_on_all(hosts, 3, {{"zone", std::nullopt}});
}

TEST(Deletes, StayThoughTheyAreForgottenAndSomethingElseHasThatNameSince) {
  Hosts hosts(3, Mode::kNewer, kKept);
  hosts[0].write("zone", "old");
  hosts.pass(seconds(5));
  hosts[2].stop();
  hosts[1].remove("zone");
  hosts.pass(kKept + hours(3));
  ASSERT_EQ(hosts[1].known(), 0u);
  hosts[1].write("zone", "anew");
  hosts.pass(seconds(5));
  hosts[2].start();
  hosts.pass(minutes(1));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(hosts[i].read("zone"), "anew") << i;
    EXPECT_TRUE(hosts[i].copies("zone").empty()) << i;
  }
}

// Two pairs of hosts put the same edits together, each for itself; one of them deletes what came of it.
TEST(Deletes, StayThoughOthersHavePutTheSameEditsTogether) {
  Hosts hosts(4, Mode::kMerge, kKept);
  hosts[0].write("zone", "one two three");
  hosts.pass(seconds(5));
  for (size_t i = 0; i < 4; ++i)
    for (size_t j = 0; j < i; ++j) hosts.cut(j, i);
  const auto meet = [&](size_t a, size_t b) {
    hosts.link(a, b);
    hosts.pass(seconds(5));
  };
  hosts[0].write("zone", "ONE two three");
  meet(0, 2);
  hosts.cut(0, 2);
  hosts[1].write("zone", "one two THREE");
  meet(1, 3);
  hosts.cut(1, 3);
  meet(0, 1);
  meet(2, 3);
  expect_on_all(hosts, 4, {{"zone", "ONE two THREE"}});
  hosts[0].remove("zone");
  hosts.pass(kKept + hours(3));
  ASSERT_EQ(hosts[0].known(), 0u);
  ASSERT_EQ(hosts[3].read("zone"), "ONE two THREE");
  meet(0, 2);
  expect_on_all(hosts, 4, {{"zone", std::nullopt}});
}

TEST(Deletes, StayThoughAHostHasLostItsStateAndTheyAreForgotten) {
  Hosts hosts(3, Mode::kNewer, kKept);
  hosts[0].write("zone", "old");
  hosts.pass(seconds(5));
  hosts[2].stop();
  hosts[1].remove("zone");
  hosts.pass(kKept + hours(3));
  hosts[2].lose_state();
  hosts[2].write("after", "made later");
  hosts[2].start();
  hosts.pass(minutes(1));
  expect_on_all(hosts, 3, {{"zone", std::nullopt}, {"after", "made later"}});
  EXPECT_TRUE(hosts[2].retained("old"));
}

TEST(Deletes, AFileOfANameThatWasDeletedAndForgottenIsAFileLikeAny) {
  Hosts hosts(2, Mode::kNewer, kKept);
  hosts[0].write("zone", "old");
  hosts.pass(seconds(5));
  hosts[0].remove("zone");
  hosts.pass(hours(3));
  ASSERT_EQ(hosts[0].known(), 0u);
  hosts[0].write("zone", "again");
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts[1].read("zone"), "again");
}

}  // namespace
}  // namespace cluster::sync
