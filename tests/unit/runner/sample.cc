// A test program with every kind of outcome, run by runner_test.cc. Its failures are meant.
#include <gtest/gtest.h>

#include <cstdio>

namespace {

TEST(First, Passes) { SUCCEED(); }
TEST(First, Fails) { EXPECT_EQ(1, 2) << "a <b> & ]]> end"; }
TEST(First, FailsTwice) {
  EXPECT_TRUE(false) << "one";
  EXPECT_TRUE(false) << "two";
}
TEST(First, Skips) { GTEST_SKIP() << "not here"; }
TEST(Second, Passes) { SUCCEED(); }

class Broken : public testing::Test {
 protected:
  static void SetUpTestSuite() { ADD_FAILURE() << "no ground"; }
};
TEST_F(Broken, Passes) { SUCCEED(); }

class Numbers : public testing::TestWithParam<int> {};
TEST_P(Numbers, ArePositive) { EXPECT_GT(GetParam(), 0); }
INSTANTIATE_TEST_SUITE_P(Small, Numbers, testing::Values(1, 2));

TEST(After, SaysSo) { std::puts("after the first failure"); }

}  // namespace
