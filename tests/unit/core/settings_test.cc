#include "core/settings.h"

#include <gtest/gtest.h>

namespace cluster::core {
namespace {

NodeId node(uint8_t n) {
  NodeId id;
  id.bytes[0] = n;
  return id;
}

const WallTime kNow{hours(24 * 365 * 50)};

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

TEST(SettingsTest, AStampFromTheFutureIsRefusedAndMadeAnew) {
  Settings ahead(node(1)), right(node(2));
  const wire::Setting wrong = ahead.write(kNow + hours(24 * 365), "standby/h1", "1");
  ASSERT_EQ(ahead.merge(kNow + hours(24 * 365), wrong), Merged::kApplied);
  ASSERT_EQ(right.merge(kNow, wrong), Merged::kTooFarAhead);
  const auto again = ahead.restamp(wrong, wall_us(kNow));
  ASSERT_TRUE(again);
  EXPECT_EQ(right.merge(kNow, *again), Merged::kApplied);
  EXPECT_EQ(right.get("standby/h1"), "1");
  EXPECT_EQ(ahead.digest(), right.digest());
}

TEST(SettingsTest, RestampsOnlyWhatStillHolds) {
  Settings settings(node(1));
  const wire::Setting old = settings.write(kNow + hours(2), "k", "1");
  settings.merge(kNow + hours(2), old);
  settings.merge(kNow + hours(2), settings.write(kNow + hours(2), "k", "2"));
  EXPECT_FALSE(settings.restamp(old, wall_us(kNow)));
}

TEST(SettingsTest, RefusesWhatNoHostOfOursSends) {
  Settings settings(node(1));
  wire::Setting setting = settings.write(kNow, "k", std::string(kMaxSettingBytes, 'x'));
  EXPECT_EQ(settings.merge(kNow, setting), Merged::kInvalid);
  setting = settings.write(kNow, "", "v");
  EXPECT_EQ(settings.merge(kNow, setting), Merged::kInvalid);
  setting = settings.write(kNow, "k", "v");
  setting.set_node("short");
  EXPECT_EQ(settings.merge(kNow, setting), Merged::kInvalid);
}

}  // namespace
}  // namespace cluster::core
