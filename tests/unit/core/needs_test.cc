#include "core/needs.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cluster::core {
namespace {

using Kind = Relation::Kind;
using Names = std::vector<std::string>;

Relation after(const std::string& service, const std::string& on) {
  return {Kind::kAfter, service, on};
}
Relation with(const std::string& service, const std::string& on) {
  return {Kind::kWith, service, on};
}

TEST(Relations, CountWhereThereIsNoCircle) {
  Relations relations;
  EXPECT_TRUE(relations.empty());
  EXPECT_TRUE(relations.take({after("web", "cache"), with("cache", "db"), after("web", "db")}));
  EXPECT_FALSE(relations.empty());
  EXPECT_TRUE(relations.circles().empty());
  EXPECT_TRUE(relations.counts(after("web", "cache")));
  EXPECT_TRUE(relations.counts(with("cache", "db")));
  EXPECT_FALSE(relations.counts(after("cache", "db"))) << "it is with it";
  EXPECT_TRUE(relations.comes_after("web", "db"));
  EXPECT_FALSE(relations.comes_after("db", "web"));
  EXPECT_FALSE(relations.comes_after("web", "web"));
}

TEST(Relations, OverOthersAreRelationsToo) {
  Relations relations;
  relations.take({after("c", "b"), after("b", "a")});
  EXPECT_TRUE(relations.comes_after("c", "a"));
  relations.take({after("c", "b")});
  EXPECT_FALSE(relations.comes_after("c", "a")) << "what is no longer told is over";
}

TEST(Relations, TheSameInAnyOrderAndToldTwiceIsNoChange) {
  Relations relations;
  EXPECT_FALSE(relations.take({}));
  EXPECT_TRUE(relations.take({after("b", "a"), after("c", "a")}));
  EXPECT_FALSE(relations.take({after("c", "a"), after("b", "a"), after("c", "a")}));
  EXPECT_TRUE(relations.take({after("b", "a")}));
}

TEST(Relations, OfACircleTheLastInOrderIsIgnored) {
  const std::vector<Relation> all = {after("a", "c"), after("b", "a"), after("c", "b")};
  std::vector<Relation> told = all;
  do {
    Relations relations;
    relations.take(told);
    ASSERT_EQ(relations.circles().size(), 1u);
    EXPECT_EQ(relations.circles()[0].ignored, after("c", "b"));
    EXPECT_EQ(to_string(relations.circles()[0]), "c, b, a, c");
    EXPECT_TRUE(relations.counts(all[0]) && relations.counts(all[1]));
    EXPECT_FALSE(relations.counts(all[2]));
    EXPECT_FALSE(relations.comes_after("c", "b"));
  } while (std::next_permutation(told.begin(), told.end()));
}

TEST(Relations, WhatOnlyOrdersGivesWayToWhatSharesAHost) {
  Relations relations;
  relations.take({after("a", "b"), with("b", "a")});
  EXPECT_TRUE(relations.counts(with("b", "a")));
  EXPECT_FALSE(relations.counts(after("a", "b")));
  relations.take({with("a", "b"), with("b", "a")});
  EXPECT_TRUE(relations.counts(with("a", "b")));
  EXPECT_FALSE(relations.counts(with("b", "a")));
}

TEST(Relations, AServiceAfterItselfIsACircle) {
  Relations relations;
  relations.take({after("a", "a"), after("b", "a")});
  ASSERT_EQ(relations.circles().size(), 1u);
  EXPECT_EQ(to_string(relations.circles()[0]), "a, a");
  EXPECT_TRUE(relations.counts(after("b", "a")));
}

TEST(Relations, EachCircleIsOpened) {
  Relations relations;
  relations.take({after("a", "b"), after("b", "a"), after("x", "y"), after("y", "x"),
                  after("b", "c"), after("c", "a")});
  EXPECT_EQ(relations.circles().size(), 3u);
  for (const std::string& service : Names{"a", "b", "c", "x", "y"})
    EXPECT_FALSE(relations.comes_after(service, service)) << service;
  EXPECT_TRUE(relations.comes_after("a", "b"));
  EXPECT_TRUE(relations.comes_after("a", "c"));
}

TEST(Relations, TheSequencePutsEachBehindWhatItComesAfter) {
  Relations relations;
  relations.take({after("web", "cache"), with("cache", "db"), after("web", "gone")});
  EXPECT_EQ(relations.in_sequence({"web", "other", "cache", "db"}),
            (Names{"db", "cache", "web", "other"}));
  EXPECT_EQ(relations.in_sequence({"other", "db"}), (Names{"other", "db"}));
}

TEST(Relations, ALongRowIsNoBurden) {
  constexpr int kServices = 4096;
  Relations relations;
  std::vector<Relation> told;
  Names names;
  const auto name = [](int i) { return "s" + std::to_string(i); };
  for (int i = kServices - 1; i >= 0; --i) {
    names.push_back(name(i));
    if (i > 0) told.push_back(after(name(i), name(i - 1)));
  }
  relations.take(told);
  EXPECT_TRUE(relations.comes_after(name(kServices - 1), name(0)));
  const Names sequence = relations.in_sequence(names);
  ASSERT_EQ(sequence.size(), names.size());
  EXPECT_EQ(sequence.front(), name(0));
  EXPECT_EQ(sequence.back(), name(kServices - 1));
}

TEST(Relations, WhatLeadsToACircleAndOutOfItCounts) {
  Relations relations;
  relations.take({after("in", "a"), after("a", "b"), after("b", "a"), after("b", "out"),
                  after("bridge", "x"), after("a", "bridge"), after("x", "y"), after("y", "x")});
  EXPECT_EQ(relations.circles().size(), 2u);
  EXPECT_TRUE(relations.comes_after("in", "b"));
  EXPECT_TRUE(relations.comes_after("in", "out"));
  EXPECT_TRUE(relations.comes_after("b", "out"));
  EXPECT_TRUE(relations.comes_after("a", "y"));
}

}  // namespace
}  // namespace cluster::core
