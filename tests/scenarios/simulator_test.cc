// The simulator itself: a seed replays exactly, random runs are clean, and bugs planted on purpose are
// found.
#include <gtest/gtest.h>

#include <vector>

#include "tests/sim/batch.h"

namespace cluster::sim {
namespace {

constexpr uint64_t kSeeds = 20;
constexpr uint64_t kFindWithin = 1000;

TEST(Simulator, SameSeedSameCourse) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    Outcome once = run({seed}), again = run({seed});
    EXPECT_EQ(once.digest, again.digest) << "seed " << seed;
    EXPECT_EQ(once.steps, again.steps) << "seed " << seed;
  }
  EXPECT_NE(run({1}).digest, run({2}).digest);
}

TEST(Simulator, RandomRunsAreClean) {
  BatchOptions options;
  options.seeds = kSeeds;
  run_batch(options, [](const Outcome& o) {
    EXPECT_EQ(o.verdict, Verdict::kClean) << "seed " << o.seed << ": " << o.violation;
  });
}

class Planted : public testing::TestWithParam<PlantName> {};

TEST_P(Planted, IsFound) {
  BatchOptions options;
  options.seeds = kFindWithin;
  options.plant = GetParam().plant;
  options.until_first = true;
  std::vector<Outcome> found;
  uint64_t runs = 0;
  run_batch(options, [&](const Outcome& o) {
    ++runs;
    if (o.verdict != Verdict::kClean) found.push_back(o);
  });
  ASSERT_FALSE(found.empty()) << GetParam().name << " stayed hidden in " << runs << " runs";
  EXPECT_NE(found.front().verdict, Verdict::kCrash) << found.front().violation;
  RecordProperty("found_after_runs", static_cast<int>(runs));
}

// But for the one that order_checks_test.cc looks for.
std::vector<PlantName> found_by_chance() {
  std::vector<PlantName> out = plants();
  std::erase_if(out, [](const PlantName& p) { return p.plant == Plant::kForgetOrders; });
  return out;
}

INSTANTIATE_TEST_SUITE_P(Bugs, Planted, testing::ValuesIn(found_by_chance()),
                         [](const auto& planted) {
                           std::string name(planted.param.name);
                           for (char& c : name)
                             if (c == '-') c = '_';
                           return name;
                         });

}  // namespace
}  // namespace cluster::sim
