#include "core/settings.h"

#include <gtest/gtest.h>

namespace cluster::core {
namespace {

NodeId node(uint8_t n) {
  NodeId id;
  id.bytes[0] = n;
  return id;
}

const WallTime kNow = kEarliestTime + hours(24 * 100);

TEST(HybridClock, NeverRepeatsAndNeverGoesBack) {
  HybridClock clock(node(1));
  const Stamp a = clock.make(kNow);
  const Stamp b = clock.make(kNow);
  const Stamp c = clock.make(kNow - hours(1));
  EXPECT_LT(a, b);
  EXPECT_LT(b, c);
}

TEST(HybridClock, ComesAfterWhatItHasSeen) {
  HybridClock clock(node(1));
  const Stamp seen{wall_us(kNow) + 1000, 5, node(2)};
  clock.see(seen);
  EXPECT_GT(clock.make(kNow), seen);
}

TEST(SettingsTest, TheLastWriterWinsEverywhere) {
  Settings a(node(1)), b(node(2));
  const wire::Setting first = a.write(kNow, "disable/web", "1");
  const wire::Setting second = b.write(kNow + seconds(1), "disable/web", "");
  EXPECT_EQ(a.merge(kNow, first), Merged::kApplied);
  EXPECT_EQ(a.merge(kNow, second), Merged::kApplied);
  EXPECT_EQ(b.merge(kNow, second), Merged::kApplied);
  EXPECT_EQ(b.merge(kNow, first), Merged::kOld);
  EXPECT_EQ(a.get("disable/web"), "");
  EXPECT_EQ(a.digest(), b.digest());
}

TEST(SettingsTest, SurvivesTheDisk) {
  Settings a(node(1));
  const wire::Setting setting = a.write(kNow, "move/web", "host2");
  const Write write = Settings::to_write(setting);
  Settings b(node(1));
  b.load({{write.key, *write.value}});
  EXPECT_EQ(b.get("move/web"), "host2");
  EXPECT_GT(b.write(kNow - hours(1), "x", "y").wall_us() + 1, setting.wall_us());
}

TEST(SettingsTest, AStampFromTheFutureIsRefusedAndMadeAnewByItsMaker) {
  Settings ahead(node(1)), right(node(2));
  const WallTime future = kNow + hours(24 * 365);
  const wire::Setting wrong = ahead.write(future, "standby/h1", "1");
  ASSERT_EQ(ahead.merge(future, wrong), Merged::kApplied);
  ASSERT_EQ(right.merge(kNow, wrong), Merged::kTooFarAhead);
  EXPECT_FALSE(ahead.refused(future, node(2), wrong, wall_us(kNow), 3))
      << "one of three may be wrong itself";
  EXPECT_FALSE(ahead.refused(future, node(2), wrong, wall_us(kNow), 3)) << "and counts once";
  const auto again = ahead.refused(future, node(3), wrong, wall_us(kNow), 3);
  ASSERT_TRUE(again);
  EXPECT_EQ(right.merge(kNow, *again), Merged::kApplied);
  EXPECT_EQ(right.get("standby/h1"), "1");
  EXPECT_EQ(ahead.digest(), right.digest());
}

TEST(SettingsTest, AnotherStampsAnewOnlyWhatItsOwnClockDoesNotBearOut) {
  Settings maker(node(1)), keeper(node(2));
  const wire::Setting setting = maker.write(kNow, "k", "1");
  keeper.merge(kNow, setting);
  EXPECT_FALSE(keeper.refused(kNow, node(3), setting, wall_us(kNow - hours(2)), 1));
  maker.merge(kNow, setting);
  maker.merge(kNow, maker.write(kNow, "k", "2"));
  EXPECT_FALSE(maker.refused(kNow, node(3), setting, wall_us(kNow - hours(2)), 1))
      << "replaced meanwhile";
}

TEST(SettingsTest, WhatAWrongClockRefusedComesInOnceItIsRight) {
  Settings maker(node(1)), behind(node(2));
  const wire::Setting setting = maker.write(kNow, "k", "1");
  ASSERT_EQ(behind.merge(kNow - hours(1), setting), Merged::kTooFarAhead);
  EXPECT_TRUE(behind.due(kNow - hours(1)).empty());
  const auto due = behind.due(kNow);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(behind.merge(kNow, due[0]), Merged::kApplied);
}

TEST(SettingsTest, WhereAllClocksWereSetBackOrdersGoOn) {
  Settings one(node(1)), other(node(2));
  const wire::Setting before = one.write(kNow, "k", "1");
  ASSERT_EQ(one.merge(kNow, before), Merged::kApplied);
  ASSERT_EQ(other.merge(kNow, before), Merged::kApplied);
  const WallTime set_back = kNow - hours(1);
  const wire::Setting order = one.write(set_back, "k", "2");
  ASSERT_EQ(one.merge(set_back, order), Merged::kApplied);
  ASSERT_EQ(other.merge(set_back, order), Merged::kApplied);
  EXPECT_EQ(other.get("k"), "2");
  Settings ahead(node(3));
  EXPECT_EQ(other.merge(set_back, ahead.write(kNow + seconds(1), "k", "3")), Merged::kTooFarAhead)
      << "nobody leads the clocks further astray";
}

TEST(SettingsTest, AClockThatWasNeverSetRefusesNothing) {
  Settings maker(node(1)), fresh(node(2));
  EXPECT_EQ(fresh.merge(WallTime{hours(1)}, maker.write(kNow, "k", "1")), Merged::kApplied);
}

TEST(SettingsTest, WhatAClockThatWasNeverSetTookGivesWayToWhatWasMadeAnew) {
  const WallTime future = kNow + hours(48), unset{hours(1)};
  Settings ahead(node(1)), right(node(2)), fresh(node(3));
  const wire::Setting wrong = ahead.write(future, "k", "1");
  ASSERT_EQ(ahead.merge(future, wrong), Merged::kApplied);
  ASSERT_EQ(fresh.merge(unset, wrong), Merged::kApplied);
  ASSERT_EQ(right.merge(kNow, wrong), Merged::kTooFarAhead);
  const auto again = ahead.refused(future, node(2), wrong, wall_us(kNow), 1);
  ASSERT_TRUE(again) << "of its neighbours only one can judge";
  EXPECT_EQ(fresh.merge(unset, *again), Merged::kApplied);
  EXPECT_EQ(right.merge(kNow, *again), Merged::kApplied);
  EXPECT_EQ(ahead.merge(future, wrong), Merged::kOld) << "as the other may still send it";
  const wire::Setting later = fresh.write(unset, "k", "2");
  EXPECT_EQ(right.merge(kNow, later), Merged::kApplied)
      << "nor does its own next one come of that time";
}

TEST(SettingsTest, WhatAClockThatWasNeverSetHasTakenItMayStampAnewItself) {
  const WallTime future = kNow + hours(48), unset{hours(1)};
  Settings gone(node(1)), right(node(2)), fresh(node(3)), other(node(4));
  const wire::Setting wrong = gone.write(future, "k", "1");
  ASSERT_EQ(fresh.merge(unset, wrong), Merged::kApplied);
  ASSERT_EQ(right.merge(kNow, wrong), Merged::kTooFarAhead);
  EXPECT_FALSE(fresh.refused(unset, node(2), wrong, wall_us(kNow), 3)) << "one of three";
  const auto again = fresh.refused(unset, node(4), wrong, wall_us(kNow), 3);
  ASSERT_TRUE(again);
  EXPECT_EQ(right.merge(kNow, *again), Merged::kApplied);
  EXPECT_EQ(right.get("k"), "1");
}

TEST(SettingsTest, WhatWasStampedAnewDoesNotComeBackWhenItsTimeHasCome) {
  const WallTime future = kNow + hours(48);
  Settings ahead(node(1)), right(node(2)), other(node(3));
  const wire::Setting wrong = ahead.write(future, "k", "1");
  ASSERT_EQ(ahead.merge(future, wrong), Merged::kApplied);
  ASSERT_EQ(right.merge(kNow, wrong), Merged::kTooFarAhead);
  const auto again = ahead.refused(future, node(2), wrong, wall_us(kNow), 1);
  ASSERT_TRUE(again);
  ASSERT_EQ(other.merge(kNow, *again), Merged::kApplied);
  const wire::Setting later = other.write(kNow + minutes(1), "k", "2");
  ASSERT_EQ(right.merge(kNow + minutes(1), later), Merged::kApplied);
  for (const wire::Setting& due : right.due(future))
    EXPECT_EQ(right.merge(future, due), Merged::kOld);
  EXPECT_EQ(right.get("k"), "2");
}

TEST(SettingsTest, WhoSetItsClockRightWritesOverWhatItHadFromAWrongOne) {
  const WallTime future = kNow + hours(48);
  Settings ahead(node(1)), once_unset(node(2)), right(node(3));
  const wire::Setting wrong = ahead.write(future, "k", "1");
  ASSERT_EQ(once_unset.merge(WallTime{hours(1)}, wrong), Merged::kApplied);
  ASSERT_EQ(right.merge(kNow, wrong), Merged::kTooFarAhead);
  const wire::Setting order = once_unset.write(kNow, "k", "2");
  ASSERT_EQ(once_unset.merge(kNow, order), Merged::kApplied);
  ASSERT_EQ(right.merge(kNow, order), Merged::kTooFarAhead);
  const auto again = once_unset.refused(kNow, node(3), order, wall_us(kNow), 1);
  ASSERT_TRUE(again);
  EXPECT_EQ(right.merge(kNow, *again), Merged::kApplied);
  for (const wire::Setting& due : right.due(future))
    EXPECT_EQ(right.merge(future, due), Merged::kOld);
  EXPECT_EQ(right.merge(future, wrong), Merged::kOld) << "whoever still has it";
  EXPECT_EQ(right.get("k"), "2");
}

TEST(SettingsTest, APeerWhoseClockIsBehindThoseOfOthersChangesNoStamp) {
  Settings maker(node(1)), third(node(3));
  ASSERT_EQ(maker.merge(kNow, third.write(kNow - minutes(1), "other", "1")), Merged::kApplied);
  const wire::Setting order = maker.write(kNow, "k", "1");
  ASSERT_EQ(maker.merge(kNow, order), Merged::kApplied);
  EXPECT_FALSE(maker.refused(kNow, node(2), order, wall_us(kNow - hours(1)), 1));
  EXPECT_TRUE(maker.refused(kNow, node(2), order, wall_us(kNow - minutes(1) - seconds(30)), 1));
}

TEST(SettingsTest, WhereTheOtherOfTwoHostsHasItsClockSetBackNoOrderIsLost) {
  Settings one(node(1)), other(node(2));
  const wire::Setting before = one.write(kNow, "k", "1");
  ASSERT_EQ(one.merge(kNow, before), Merged::kApplied);
  ASSERT_EQ(other.merge(kNow, before), Merged::kApplied);
  const WallTime later = kNow + minutes(10), set_back = later - hours(1);
  const wire::Setting order = one.write(later, "k", "2");
  ASSERT_EQ(one.merge(later, order), Merged::kApplied);
  ASSERT_EQ(other.merge(set_back, order), Merged::kTooFarAhead);
  const auto again = one.refused(later, node(2), order, wall_us(set_back), 1);
  ASSERT_TRUE(again);
  EXPECT_EQ(other.merge(set_back, *again), Merged::kApplied);
  EXPECT_EQ(one.merge(later, before), Merged::kOld);
  EXPECT_EQ(other.get("k"), "2");
}

TEST(SettingsTest, TakesNoMoreThanALinkCanCarry) {
  Settings maker(node(1)), settings(node(2));
  const std::string value(kMaxSettingBytes - 8, 'x');
  size_t taken = 0;
  for (int i = 0; i < 2000; ++i)
    taken += settings.merge(kNow, maker.write(kNow, std::to_string(i), value)) == Merged::kApplied;
  EXPECT_GT(taken, 900u);
  EXPECT_LT(taken * value.size(), kMaxSettingsBytes);
  // There is room for what takes none.
  EXPECT_EQ(settings.merge(kNow, maker.write(kNow, "1", "")), Merged::kApplied);
  EXPECT_EQ(settings.merge(kNow, maker.write(kNow, "new", value)), Merged::kApplied);
}

TEST(SettingsTest, StampsNothingAnewThatNobodyWouldTakeThen) {
  const WallTime future = kNow + hours(48);
  Settings ahead(node(1)), right(node(2));
  for (const size_t more : {2000u, 3980u}) {
    wire::Setting wrong = ahead.write(future, std::to_string(more), "1");
    // Of a version to come.
    std::string news = "\xa2\x1f";
    news += static_cast<char>(0x80 | (more & 0x7f));
    news += static_cast<char>(more >> 7);
    wrong.MergeFromString(news + std::string(more, 'x'));
    ASSERT_EQ(ahead.merge(future, wrong), Merged::kApplied);
    ASSERT_EQ(right.merge(kNow, wrong), Merged::kTooFarAhead);
    const auto again = ahead.refused(future, node(2), wrong, wall_us(kNow), 1);
    EXPECT_EQ(again.has_value(), more == 2000);
    if (again) {
      EXPECT_EQ(right.merge(kNow, *again), Merged::kApplied);
    }
  }
}

TEST(SettingsTest, RefusesWhatNoHostOfOursSends) {
  Settings settings(node(1));
  wire::Setting setting = settings.write(kNow, "k", std::string(kMaxSettingBytes, 'x'));
  EXPECT_EQ(settings.merge(kNow, setting), Merged::kInvalid);
  setting = settings.write(kNow, "k", "v");
  // Of a version to come: field 500, with 2000 bytes.
  const std::string news = "\xa2\x1f\xd0\x0f" + std::string(2000, 'x');
  setting.MergeFromString(news + news);
  EXPECT_EQ(settings.merge(kNow, setting), Merged::kApplied);
  setting = settings.write(kNow, "k", "v");
  setting.MergeFromString(news + news + news);
  EXPECT_EQ(settings.merge(kNow, setting), Merged::kInvalid);
  setting = settings.write(kNow, "", "v");
  EXPECT_EQ(settings.merge(kNow, setting), Merged::kInvalid);
  setting = settings.write(kNow, "k", "v");
  setting.set_node("short");
  EXPECT_EQ(settings.merge(kNow, setting), Merged::kInvalid);
}

}  // namespace
}  // namespace cluster::core
