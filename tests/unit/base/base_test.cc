#include <gtest/gtest.h>

#include <set>

#include "base/digest.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/rng.h"

namespace cluster {
namespace {

TEST(NodeIdTest, RoundTripsThroughItsRawForm) {
  NodeId id;
  id.bytes[0] = 0xab;
  id.bytes[15] = 0x01;
  EXPECT_EQ(NodeId::from_raw(id.raw()), id);
  EXPECT_EQ(id.hex(), "ab000000000000000000000000000001");
  EXPECT_EQ(id.brief(), "ab000000");
}

TEST(NodeIdTest, RefusesAnyOtherLength) {
  EXPECT_FALSE(NodeId::from_raw("short"));
  EXPECT_FALSE(NodeId::from_raw(std::string(17, 'x')));
  EXPECT_FALSE(NodeId::from_raw(""));
}

TEST(RngTest, TheSameSeedGivesTheSameNumbers) {
  Rng a(7), b(7), c(8);
  EXPECT_EQ(a.next(), b.next());
  EXPECT_NE(a.next(), c.next());
}

TEST(RngTest, StaysWithinItsBounds) {
  Rng rng(1);
  std::set<int64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const int64_t n = rng.between(int64_t{-2}, int64_t{2});
    ASSERT_GE(n, -2);
    ASSERT_LE(n, 2);
    seen.insert(n);
    ASSERT_LT(rng.unit(), 1.0);
  }
  EXPECT_EQ(seen.size(), 5u);
}

TEST(DigestTest, TellsFieldsApart) {
  EXPECT_NE(Digest().add("ab").add("c").value(), Digest().add("a").add("bc").value());
  EXPECT_EQ(Digest().add("ab").add("c").value(), Digest().add("ab").add("c").value());
}

TEST(ResultTest, HoldsAValueOrTheReason) {
  const Result<int> good(4), bad(Error{"no"});
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(*good, 4);
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.error(), "no");
}

TEST(EnsureDeathTest, SaysWhatBroke) {
  EXPECT_DEATH(ENSURE(1 == 2, "one is not two"), "1 == 2.*one is not two");
}

}  // namespace
}  // namespace cluster
