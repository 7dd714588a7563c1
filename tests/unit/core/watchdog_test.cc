// How long a guardian may be silent.
#include "core/watchdog.h"

#include <gtest/gtest.h>

namespace cluster::core {
namespace {

constexpr MonoTime at(int64_t ms) { return MonoTime(milliseconds(ms)); }

TEST(Watchdog, IsFedTwiceAsOftenAsTheSupervisorDemands) {
  Watchdog watchdog(seconds(30));
  EXPECT_EQ(watchdog.feed(at(0), kNever), Duration(seconds(30)));
  EXPECT_EQ(watchdog.due(), at(15'000));
  EXPECT_EQ(watchdog.feed(at(14'999), kNever), std::nullopt);
  EXPECT_EQ(watchdog.feed(at(15'000), kNever), Duration(seconds(30)));
}

TEST(Watchdog, FiresSoEarlyThatAllIsDeadWhenALeaseEnds) {
  Watchdog watchdog(seconds(30));
  watchdog.feed(at(0), kNever);
  // A lease begins: at once.
  EXPECT_EQ(watchdog.feed(at(100), at(10'100)), seconds(10) - kFencingTime);
  EXPECT_EQ(watchdog.feed(at(200), at(10'200)), std::nullopt) << "renewed: nothing is urgent";
  EXPECT_EQ(watchdog.feed(at(4900), at(14'000)), milliseconds(9100) - kFencingTime);
  // One that ends sooner begins beside it.
  EXPECT_EQ(watchdog.feed(at(5000), at(8000)), seconds(3) - kFencingTime);
  // Over: the supervisor's own figure counts again, once it is due.
  EXPECT_EQ(watchdog.feed(at(5100), kNever), std::nullopt);
  EXPECT_EQ(watchdog.feed(watchdog.due(), kNever), Duration(seconds(30)));
}

TEST(Watchdog, NeverFiresAfterALeaseThatIsNotRenewed) {
  Watchdog watchdog(seconds(30));
  const MonoTime end = at(10'000);
  MonoTime now = at(0);
  for (int fed = 0; now + kFencingTime + kShortestSilence < end; ++fed) {
    ASSERT_LT(fed, 20) << "often, but not endlessly";
    const auto silence = watchdog.feed(now, end);
    ASSERT_TRUE(silence.has_value());
    EXPECT_LE(now + *silence + kFencingTime, end);
    now = watchdog.due();
  }
  EXPECT_EQ(watchdog.feed(now, end), Duration(kShortestSilence));
}

TEST(Watchdog, AsksForNoMoreThanTheSupervisorAllows) {
  Watchdog watchdog(milliseconds(150));
  EXPECT_EQ(watchdog.feed(at(0), at(60'000)), Duration(milliseconds(150)));
  EXPECT_EQ(watchdog.feed(at(100), at(100)), Duration(milliseconds(150)));
}

}  // namespace
}  // namespace cluster::core
