// Hosts whose clocks are wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sync/hosts.h"

namespace cluster::sync {
namespace {

using testing::HasSubstr;

TEST(WrongClock, PausesTheHostThatHasItAndNoOther) {
  Hosts hosts(3);
  hosts[2].clock_error = hours(2);
  hosts[2].write("of C", "c");
  hosts[0].write("of A", "a");
  hosts.pass(minutes(1));
  EXPECT_EQ(hosts[1].read("of A"), "a");
  EXPECT_EQ(hosts[1].read("of C"), std::nullopt);
  EXPECT_EQ(hosts[2].read("of A"), std::nullopt);
  EXPECT_EQ(hosts[2].view().paused,
            "the clock of this host is 7200 s ahead of those of the other hosts");
  EXPECT_THAT(hosts[2].alerts(), HasSubstr("7200 s ahead"));
  EXPECT_EQ(hosts[0].view().paused, "");
  EXPECT_EQ(hosts[0].offsets(), (std::vector<Duration>{Duration(), hours(2)}));
  ASSERT_EQ(hosts[0].view().peers.size(), 2u);
  EXPECT_EQ(hosts[0].view().peers[1].apart, hosts[2].view().paused);
}

TEST(WrongClock, WhatWasMadeWhileItWasAheadIsStampedAnewOnceItIsRight) {
  Hosts hosts(3);
  hosts[0].write("zone", "first");
  hosts.pass(seconds(5));
  hosts[2].clock_error = hours(2);
  hosts[2].write("zone", "while ahead");
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts[0].read("zone"), "first");
  hosts[2].clock_error = {};
  hosts[2].write("other", "now");
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts[0].read("zone"), "while ahead");
  EXPECT_EQ(hosts[0].read("other"), "now");
  EXPECT_EQ(hosts[0].view().peers[1].apart, "");
  // It no longer wins every argument.
  hosts.cut(0, 2);
  hosts.cut(1, 2);
  hosts[2].write("zone", "earlier");
  hosts.pass(seconds(5));
  hosts[0].write("zone", "later");
  hosts.pass(seconds(5));
  hosts.link(0, 2);
  hosts.pass(seconds(5));
  for (size_t i : {0, 2}) EXPECT_EQ(hosts[i].read("zone"), "later") << i;
}

TEST(WrongClock, OneThatWasNeverSetJudgesNobody) {
  Hosts hosts(3);
  hosts[2].clock_error = hours(-24 * 365 * 57);
  hosts[2].write("of C", "c");
  hosts[0].write("of A", "a");
  hosts.pass(minutes(1));
  EXPECT_EQ(hosts[1].read("of A"), "a");
  EXPECT_THAT(hosts[2].view().paused, HasSubstr("behind"));
  hosts.cut(0, 1);
  hosts[0].write("of A", "again");
  hosts.pass(minutes(20));
  EXPECT_EQ(hosts[0].view().paused, "");
}

// With a clock that stands before the file's own time two edits would have the same stamp and number.
TEST(WrongClock, ThatIsBehindLosesNoEditThatIsPutBack) {
  Hosts hosts(2, Mode::kOlder);
  hosts.cut(0, 1);
  hosts[0].write("zone", "the creator's");
  hosts.pass(seconds(5));
  hosts[1].write("zone", "later");
  hosts.link(0, 1);
  hosts.pass(seconds(5));
  hosts.cut(0, 1);
  hosts[1].clock_error = hours(-2);
  hosts[1].write("zone", "one");
  hosts.pass(seconds(5));
  hosts[1].write("zone", "two");
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts[1].read("zone"), "the creator's");
  EXPECT_EQ(hosts[1].copies("zone"), (std::set<std::string>{"later", "one", "two"}));
}

// Whoever holds what was made while a clock was ahead stamps it anew; that is no edit, and undoes no delete.
TEST(WrongClock, WhatIsStampedAnewDoesNotUndoADelete) {
  Hosts hosts(3);
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < i; ++j) hosts.cut(j, i);
  hosts[0].clock_error = hosts[1].clock_error = hours(2);
  hosts.link(0, 1);
  hosts[0].write("zone", "of the future");
  hosts.pass(seconds(5));
  ASSERT_EQ(hosts[1].read("zone"), "of the future");
  hosts.cut(0, 1);
  hosts[0].clock_error = hosts[1].clock_error = {};
  hosts[0].remove("zone");
  hosts.pass(seconds(5));
  hosts.link(1, 2);
  hosts.pass(minutes(1));
  hosts.link(0, 1);
  hosts.link(0, 2);
  hosts.pass(minutes(1));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(hosts[i].read("zone"), std::nullopt) << i;
}

TEST(WrongClock, OfTwoHostsBothWait) {
  Hosts hosts(2);
  hosts[1].clock_error = minutes(-10);
  hosts[1].write("of B", "b");
  hosts.pass(minutes(1));
  EXPECT_THAT(hosts[0].view().paused, HasSubstr("600 s ahead"));
  EXPECT_THAT(hosts[1].view().paused, HasSubstr("600 s behind"));
  hosts[1].clock_error = seconds(30);
  hosts.pass(minutes(20));
  EXPECT_EQ(hosts[0].read("of B"), "b");
}

}  // namespace
}  // namespace cluster::sync
