#include "core/alerts.h"

#include <gtest/gtest.h>

namespace cluster::core {
namespace {

using News = Watch::News;

constexpr MonoTime kStart{hours(1)};
const std::optional<News> kNothing;

TEST(Watch, MissesOnlyWhatItHasSeenGood) {
  Watch watch{Duration{}};
  watch.see(kStart, false, LastTold::kGood);
  EXPECT_EQ(watch.news(kStart, LastTold::kGood), kNothing);
  watch.see(kStart, true, LastTold::kGood);
  EXPECT_EQ(watch.news(kStart, LastTold::kGood), kNothing);
  watch.see(kStart + seconds(1), false, LastTold::kGood);
  EXPECT_EQ(watch.news(kStart + seconds(1), LastTold::kGood), News::kBad);
}

TEST(Watch, IsNewsUntilItIsTold) {
  Watch watch{Duration{}};
  watch.see(kStart, true, LastTold::kGood);
  watch.see(kStart + seconds(1), false, LastTold::kGood);
  EXPECT_EQ(watch.news(kStart + seconds(1), LastTold::kGood), News::kBad);
  EXPECT_EQ(watch.news(kStart + seconds(9), LastTold::kGood), News::kBad);
  EXPECT_EQ(watch.news_since(), kStart + seconds(1));
  EXPECT_EQ(watch.news(kStart + seconds(9), LastTold::kBad), kNothing);
  watch.see(kStart + seconds(10), true, LastTold::kBad);
  EXPECT_EQ(watch.news(kStart + seconds(10), LastTold::kBad), News::kGood);
  EXPECT_EQ(watch.news(kStart + seconds(10), LastTold::kGood), kNothing);
}

TEST(Watch, WhatWasBadBetweenTwoLooksOfWhoeverTellsIsStillTold) {
  Watch watch{Duration{}};
  watch.see(kStart, true, LastTold::kGood);
  watch.see(kStart + seconds(1), false, LastTold::kGood);
  watch.see(kStart + seconds(2), true, LastTold::kGood);
  EXPECT_EQ(watch.news(kStart + seconds(2), LastTold::kGood), News::kBlip);
  watch.was_told(LastTold::kGood);
  EXPECT_EQ(watch.news(kStart + seconds(3), LastTold::kGood), kNothing);
}

TEST(Watch, BadForLessThanItsHoldIsNoChange) {
  Watch watch{seconds(5)};
  watch.see(kStart, true, LastTold::kGood);
  watch.see(kStart + seconds(1), false, LastTold::kGood);
  EXPECT_EQ(watch.news(kStart + seconds(1), LastTold::kGood), kNothing);
  EXPECT_EQ(watch.next(kStart + seconds(1), LastTold::kGood), kStart + seconds(6));
  watch.see(kStart + seconds(5), true, LastTold::kGood);
  EXPECT_EQ(watch.news(kStart + seconds(5), LastTold::kGood), kNothing);
  EXPECT_EQ(watch.changes(), 0U);
  watch.see(kStart + seconds(7), false, LastTold::kGood);
  EXPECT_EQ(watch.news(kStart + seconds(12), LastTold::kGood), News::kBad);
}

TEST(Watch, OutOfSightNothingIsKnownAndNothingChanges) {
  Watch watch{Duration{}};
  watch.see(kStart, true, LastTold::kGood);
  watch.lose_sight();
  EXPECT_EQ(watch.news(kStart + seconds(1), LastTold::kGood), kNothing);
  watch.see(kStart + seconds(2), true, LastTold::kGood);
  EXPECT_EQ(watch.changes(), 0U);
  EXPECT_EQ(watch.news(kStart + seconds(2), LastTold::kGood), kNothing);
  watch.lose_sight();
  watch.see(kStart + seconds(3), false, LastTold::kGood);
  EXPECT_EQ(watch.news(kStart + seconds(3), LastTold::kGood), News::kBad);
}

TEST(Watch, FlapsAtTheSixthChangeAndIsStableAfterFiveMinutesWithoutOne) {
  Watch watch{Duration{}};
  watch.see(kStart, true, LastTold::kGood);
  MonoTime now = kStart;
  LastTold told = LastTold::kGood;
  for (size_t change = 1; change < kFlapChanges; ++change) {
    now += seconds(30);
    const bool good = change % 2 == 0;
    watch.see(now, good, told);
    EXPECT_EQ(watch.news(now, told), good ? News::kGood : News::kBad);
    told = good ? LastTold::kGood : LastTold::kBad;
  }
  now += seconds(30);
  watch.see(now, true, told);
  EXPECT_EQ(watch.news(now, told), News::kFlaps);
  told = LastTold::kFlaps;
  watch.was_told(told);
  now += seconds(30);
  watch.see(now, false, told);
  EXPECT_EQ(watch.news(now, told), kNothing);
  EXPECT_EQ(watch.next(now, told), now + kStableTime);
  EXPECT_EQ(watch.news(now + kStableTime, told), News::kSettled);
}

TEST(Watch, SixChangesInLongerThanTenMinutesAreNoFlapping) {
  Watch watch{Duration{}};
  watch.see(kStart, true, LastTold::kGood);
  MonoTime now = kStart;
  LastTold told = LastTold::kGood;
  for (size_t change = 1; change <= 2 * kFlapChanges; ++change) {
    now += minutes(3);
    const bool good = change % 2 == 0;
    watch.see(now, good, told);
    EXPECT_EQ(watch.news(now, told), good ? News::kGood : News::kBad);
    told = good ? LastTold::kGood : LastTold::kBad;
  }
}

TEST(Damper, SaysWithTheSixthThatNoMoreFollowUntilItHasBeenQuiet) {
  Damper damper;
  MonoTime now = kStart;
  for (size_t i = 1; i < kFlapChanges; ++i) {
    now += seconds(1);
    EXPECT_EQ(damper.note(now), Damper::Verdict::kSend);
  }
  EXPECT_EQ(damper.note(now += seconds(1)), Damper::Verdict::kSendAsLast);
  EXPECT_EQ(damper.note(now += minutes(4)), Damper::Verdict::kQuiet);
  EXPECT_EQ(damper.note(now += minutes(4)), Damper::Verdict::kQuiet);
  EXPECT_EQ(damper.note(now += kStableTime), Damper::Verdict::kSend);
}

TEST(Telling, IsReadAsItWasWritten) {
  for (const LastTold last : {LastTold::kGood, LastTold::kBad, LastTold::kFlaps}) {
    Telling told;
    told.last = last;
    EXPECT_EQ(Telling::parse(told.value()), told);
    told.add("0000000a");
    told.add("0000000b");
    EXPECT_EQ(Telling::parse(told.value()), told);
  }
  EXPECT_EQ(Telling().value(), "");
  EXPECT_EQ(Telling::parse("of a newer version").last, LastTold::kGood);
}

TEST(Telling, KeepsTheNewestNumbers) {
  Telling told;
  for (size_t i = 0; i <= kMaxToldNumbers; ++i) told.add(std::to_string(i));
  EXPECT_FALSE(told.names("0"));
  EXPECT_TRUE(told.names("1"));
  EXPECT_TRUE(told.names(std::to_string(kMaxToldNumbers)));
}

TEST(Watch, IsBackSoonAfterItWasToldToFlap) {
  Watch watch(seconds(5));
  MonoTime now(hours(1));
  watch.see(now, true, LastTold::kGood);
  watch.see(now += seconds(1), false, LastTold::kGood);
  watch.was_told(LastTold::kFlaps);
  watch.see(now += seconds(1), true, LastTold::kFlaps);
  EXPECT_EQ(watch.changes(), 0U);
  EXPECT_FALSE(watch.news(now, LastTold::kFlaps));
}

}  // namespace
}  // namespace cluster::core
