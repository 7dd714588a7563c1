// Mode owner: the host that runs the service writes, the others follow it.
#include <gtest/gtest.h>

#include "tests/unit/sync/hosts.h"

namespace cluster::sync {

namespace {

using std::nullopt;

constexpr bool kAlone = true;

// The first runs the service, and all have what it has written.
struct Owners : Hosts {
  explicit Owners(size_t count) : Hosts(count, Mode::kOwner) {
    (*this)[0].begin(1);
    (*this)[0].write("db", "one");
    pass(seconds(1));
  }
  TestHost &a = (*this)[0], &b = (*this)[1];
};

// Of the first two hosts with the others.
void for_each_pair(void (Hosts::*act)(size_t, size_t), Hosts& hosts) {
  for (const size_t one : {0, 1})
    for (const size_t other : {2, 3}) (hosts.*act)(one, other);
}

TEST(Owner, IsFollowedByTheOthers) {
  Owners hosts(3);
  EXPECT_EQ(hosts.a.take_begun(), "runs");
  EXPECT_EQ(hosts.b.read("db"), "one");
  hosts.a.write("db", "two");
  hosts.a.write("more", "of it");
  hosts.pass(seconds(1));
  for (size_t i = 1; i < 3; ++i) {
    EXPECT_EQ(hosts[i].read("db"), "two");
    EXPECT_EQ(hosts[i].read("more"), "of it");
  }
  hosts.a.remove("db");
  hosts.pass(seconds(1));
  EXPECT_EQ(hosts.b.read("db"), nullopt);
  EXPECT_TRUE(hosts.b.retained("two"));
}

TEST(Owner, BeforeAnyHostRunsTheServiceNothingIsTaken) {
  Hosts hosts(2, Mode::kOwner);
  hosts[0].write("db", "of A");
  hosts[1].write("db", "of B");
  hosts.pass(minutes(1));
  EXPECT_EQ(hosts[0].read("db"), "of A");
  EXPECT_EQ(hosts[1].read("db"), "of B");
  hosts[1].begin(1);
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts[0].read("db"), "of B");
  EXPECT_TRUE(hosts[0].pinned("of A"));
}

TEST(Owner, WhatAnotherHostChangesIsTakenBackAndKept) {
  Owners hosts(3);
  hosts.b.write("db", "edited on B");
  hosts.b.write("stray", "made on B");
  hosts.pass(seconds(5));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(hosts[i].read("db"), "one");
    EXPECT_EQ(hosts[i].read("stray"), nullopt);
  }
  EXPECT_TRUE(hosts.b.pinned("edited on B"));
  EXPECT_TRUE(hosts.b.pinned("made on B"));
  hosts.b.remove("db");
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts.b.read("db"), "one");
  EXPECT_EQ(hosts.a.read("db"), "one");
}

TEST(Owner, WhatAnotherHostChangesWhileNobodyRunsTheServiceIsTakenBackByTheNext) {
  Owners hosts(3);
  hosts.a.end();
  hosts.b.write("db", "edited on B");
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts[2].read("db"), "one");
  hosts[2].begin(2);
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts.b.read("db"), "one");
  EXPECT_EQ(hosts.a.read("db"), "one");
}

TEST(Owner, AHandOverBeginsWithAllThatTheFormerHasWritten) {
  Owners hosts(2);
  hosts.a.write_unseen("db", "flushed by stop");
  hosts.a.end();
  hosts.b.begin(2, Duration{});
  EXPECT_EQ(hosts.b.take_begun(), "runs");
  EXPECT_EQ(hosts.b.read("db"), "flushed by stop");
  hosts.b.write("db", "two");
  hosts.pass(seconds(1));
  EXPECT_EQ(hosts.a.read("db"), "two");
  EXPECT_FALSE(hosts.a.pinned("flushed by stop"));
}

TEST(Owner, AStartWaitsForTheFormerToEndAndForWhatIsOnItsWay) {
  Owners hosts(2);
  hosts.b.refuse_to_place("no space left on device");
  hosts.a.write("db", "two");
  hosts.b.begin(2);
  EXPECT_EQ(hosts.b.take_begun(), "") << "A still writes";
  hosts.b.refuse_to_place("");
  hosts.pass(seconds(2));
  EXPECT_EQ(hosts.b.take_begun(), "");
  hosts.a.write_unseen("db", "three");
  hosts.a.end();
  EXPECT_EQ(hosts.b.take_begun(), "runs");
  EXPECT_EQ(hosts.b.read("db"), "three");
}

TEST(Owner, WhatACrashedOneHadWrittenAloneIsKeptThereForAsLongAsNobodySaysOtherwise) {
  Owners hosts(3);
  hosts.cut(0, 1);
  hosts.cut(0, 2);
  hosts.a.write("db", "seen by none");
  hosts.a.write("new", "seen by none, too");
  hosts.a.stop();
  hosts.b.begin(2, Duration{});
  EXPECT_EQ(hosts.b.take_begun(), "runs");
  hosts.b.write("db", "two");
  hosts.a.start();
  hosts.a.end();  // it is not running
  hosts.link(0, 1);
  hosts.link(0, 2);
  hosts.pass(seconds(5));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(hosts[i].read("db"), "two");
    EXPECT_EQ(hosts[i].read("new"), nullopt);
  }
  EXPECT_TRUE(hosts.a.pinned("seen by none"));
  EXPECT_TRUE(hosts.a.pinned("seen by none, too"));
  EXPECT_NE(hosts.a.alerts().find("files confirm data"), std::string::npos) << hosts.a.alerts();
}

TEST(Owner, ThatStartsAgainAfterACrashHasWhatItHadWritten) {
  Owners hosts(2);
  hosts.cut(0, 1);
  hosts.a.write("db", "seen by none");
  hosts.a.stop();
  hosts.a.write_unseen("db", "written as it died");
  hosts.a.start();
  hosts.a.end();  // it is not running
  hosts.link(0, 1);
  hosts.a.begin(2, Duration{});
  hosts.pass(seconds(2));
  EXPECT_EQ(hosts.a.take_begun(), "runs");
  EXPECT_EQ(hosts.b.read("db"), "written as it died");
}

TEST(Owner, ThatComesBackAndIsToRunAtOnceBeginsWithWhatTheOtherHasMade) {
  Owners hosts(2);
  hosts.cut(0, 1);
  hosts.a.write("db", "seen by none");
  hosts.a.write("new", "seen by none, too");
  hosts.a.stop();
  hosts.b.begin(2);
  hosts.b.write("db", "two");
  hosts.pass(seconds(1));
  hosts.a.start();
  hosts.b.end();
  hosts.link(0, 1);
  hosts.a.begin(3, Duration{});  // nobody has said that its last run is over
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts.a.take_begun(), "runs");
  EXPECT_EQ(hosts.a.read("db"), "two");
  EXPECT_TRUE(hosts.a.pinned("seen by none"));
  EXPECT_EQ(hosts.a.read("new"), nullopt);
  EXPECT_TRUE(hosts.a.pinned("seen by none, too"));
}

TEST(Owner, GoesOnThroughARestartOfTheDaemon) {
  Owners hosts(2);
  hosts.a.stop();
  hosts.a.write_unseen("db", "two");
  hosts.a.start();
  hosts.a.found_running(1);
  hosts.pass(seconds(2));
  EXPECT_EQ(hosts.b.read("db"), "two");
  EXPECT_EQ(hosts.a.read("db"), "two");
}

TEST(Owner, OfTwoSidesOfAPartitionTheOneThatGoesOnCounts) {
  for (const bool first_goes_on : {true, false}) {
    Owners hosts(4);
    for_each_pair(&Hosts::cut, hosts);
    hosts[2].begin(2);
    EXPECT_EQ(hosts[2].take_begun(), "runs");
    hosts.a.write("db", "left");
    hosts[2].write("db", "right");
    hosts[2].write("right only", "right");
    hosts.pass(seconds(1));
    EXPECT_EQ(hosts[1].read("db"), "left");
    EXPECT_EQ(hosts[3].read("db"), "right");
    for_each_pair(&Hosts::link, hosts);
    hosts.pass(seconds(1));
    EXPECT_EQ(hosts.a.read("db"), "left") << "nothing changes below a service that runs";
    EXPECT_EQ(hosts[2].read("db"), "right");
    (first_goes_on ? hosts[2] : hosts.a).end();
    hosts.pass(seconds(10));
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(hosts[i].read("db"), first_goes_on ? "left" : "right") << i;
      EXPECT_EQ(hosts[i].read("right only").has_value(), !first_goes_on) << i;
    }
    EXPECT_TRUE(first_goes_on ? hosts[2].pinned("right") : hosts.a.pinned("left"));
  }
}

TEST(Owner, OfTwoSidesThatBothEndAsTheyMeetTheOneThatRanForLongerCounts) {
  for (const bool first_began_first : {true, false}) {
    Hosts hosts(4, Mode::kOwner);
    const size_t old_one = first_began_first ? 0 : 2, young = 2 - old_one;
    for_each_pair(&Hosts::cut, hosts);
    hosts[old_one].begin(1);
    hosts[old_one].write("db", "of long ago");
    hosts.pass(hours(1));
    hosts[young].begin(1);
    hosts[young].write("db", "of a moment");
    hosts.pass(seconds(1));
    for_each_pair(&Hosts::link, hosts);
    hosts[young].end();
    hosts[old_one].end();
    hosts[1].begin(2);
    hosts.pass(seconds(10));
    EXPECT_EQ(hosts[1].take_begun(), "runs");
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(hosts[i].read("db"), "of long ago") << i;
    EXPECT_TRUE(hosts[young].pinned("of a moment"));
  }
}

TEST(Owner, ThatALaterOneHasFollowedIsNotFollowedWhereNobodyRunsItWithoutAMajority) {
  Hosts hosts(3, Mode::kOwner);
  hosts[0].begin(1, nullopt, kAlone);
  hosts[0].write("db", "one");
  hosts.pass(seconds(1));
  hosts.cut(0, 1);
  hosts.cut(0, 2);
  hosts[1].begin(2, nullopt, kAlone);
  hosts[1].write("db", "two");
  hosts.pass(seconds(1));
  hosts[0].write("db", "of a stop that hangs");
  hosts[1].stop();
  hosts.link(0, 2);
  hosts.pass(seconds(10));
  EXPECT_EQ(hosts[2].read("db"), "two");
  hosts[0].end();
  hosts.pass(seconds(10));
  EXPECT_EQ(hosts[0].read("db"), "two");
  EXPECT_TRUE(hosts[0].pinned("of a stop that hangs"));
}

// ----------------------------------------------------------------------------------- how far behind

TEST(Owner, OfAHostThatHadAllWhenTheOwnerWentIsNotBehind) {
  Owners hosts(3);
  hosts.a.stop();
  hosts.pass(hours(1));
  hosts.b.stop();
  hosts.pass(hours(1));
  hosts.b.start();
  hosts.b.begin(2, seconds(1));
  hosts.pass(seconds(5));
  EXPECT_EQ(hosts.b.take_begun(), "runs");
}

TEST(Owner, OfAHostThatWasAwayIsRefusedBeyondMaxLag) {
  Owners hosts(2);
  hosts.b.stop();
  hosts.a.write("db", "two");
  hosts.pass(hours(2));
  hosts.a.stop();
  hosts.b.start();
  hosts.b.begin(2, hours(1));
  EXPECT_NE(hosts.b.take_begun().find("behind those of the host that ran it last"),
            std::string::npos);
  hosts.b.begin(3, hours(3));
  EXPECT_EQ(hosts.b.take_begun(), "runs");
}

TEST(Owner, OfAHostThatStoppedJustBeforeItsOwnerIsBehindByThatAlone) {
  Owners hosts(2);
  hosts.pass(hours(5));
  hosts.b.stop();
  hosts.a.stop();
  hosts.pass(minutes(1));
  hosts.b.start();
  hosts.b.begin(2, minutes(5));
  EXPECT_EQ(hosts.b.take_begun(), "runs");
}

TEST(Owner, OfAHostThatNeverHadAllIsRefusedWhereItMayNotBeBehind) {
  Hosts hosts(3, Mode::kOwner);
  hosts.cut(0, 1);
  hosts.cut(0, 2);
  hosts[0].begin(1);
  hosts[0].write("db", "one");
  hosts[2].refuse_to_place("no space left on device");
  hosts.link(0, 2);
  hosts.pass(seconds(1));
  hosts[0].stop();
  hosts[2].begin(2, hours(1));
  hosts.pass(minutes(2));
  EXPECT_NE(hosts[2].take_begun().find("refused: "), std::string::npos);
  hosts[2].begin(3);
  EXPECT_EQ(hosts[2].take_begun(), "runs") << "it is better than nothing";
}

TEST(Owner, WhatAThirdHostHasOfTheLastRunIsWaitedFor) {
  Owners hosts(3);
  hosts.cut(0, 1);
  hosts.cut(1, 2);
  hosts.a.write("db", "two");
  hosts.pass(seconds(5));
  hosts.a.stop();
  hosts.link(1, 2);
  hosts.b.begin(2, seconds(1));
  EXPECT_EQ(hosts.b.take_begun(), "runs");
  EXPECT_EQ(hosts.b.read("db"), "two");
}

TEST(Owner, OfARootThatCannotBeUsedIsRefused) {
  Owners hosts(2);
  hosts.a.end();
  hosts.b.pause("it is not mounted");
  hosts.b.begin(2);
  EXPECT_EQ(hosts.b.take_begun(), "refused: it is not mounted");
}

}  // namespace

}  // namespace cluster::sync
