// What a cluster may cost as it grows: links as the logarithm of its hosts, losses seen in the same time, and nothing
// said at rest.
#include "tests/sim/growth.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cluster::sim {
namespace {

constexpr Duration kDead = seconds(5);
constexpr Duration kSeenWithin = kDead + milliseconds(300);

TEST(Growth, LosesNoTimeAndKeepsFewLinks) {
  Growth few, many;
  for (const size_t hosts : {25U, 64U}) {
    GrowthOptions options;
    options.hosts = hosts;
    const Growth grown = grow(options);
    ASSERT_TRUE(grown.whole && grown.join && grown.kill && grown.silence && grown.move) << hosts;
    EXPECT_LE(*grown.whole, seconds(3)) << hosts;
    EXPECT_LE(*grown.join, seconds(1)) << hosts;
    EXPECT_LE(*grown.kill, milliseconds(300)) << hosts;
    EXPECT_LE(*grown.silence, kSeenWithin) << hosts;
    EXPECT_EQ(grown.at_rest.others, 0U) << hosts;
    (hosts == 25 ? few : many) = grown;
  }
  EXPECT_EQ(few.fewest_links, 24U) << "all are linked";
  EXPECT_LE(many.links, 2 * std::log2(64));
  // Some tried the last to start, when it was the only one that they did not see.
  EXPECT_LE(static_cast<double>(many.most_links), 3 * std::log2(64));
  EXPECT_LE(many.most_hops, 5U);
  // A host of sixty-four sends less than one of twenty-five, whose links are more.
  EXPECT_LT(many.at_rest.bytes / 64, few.at_rest.bytes / 25);
  EXPECT_LT(many.at_start.bytes / 64, few.at_start.bytes / 25);
  EXPECT_LT(many.at_join.bytes / 64, few.at_join.bytes / 25);
}

}  // namespace
}  // namespace cluster::sim
