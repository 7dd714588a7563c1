#include "sync/filter.h"

#include <gtest/gtest.h>

namespace cluster::sync {
namespace {

TEST(Filter, PatternsAreThoseOfAShell) {
  EXPECT_TRUE(glob_matches("*.conf", "a.conf"));
  EXPECT_FALSE(glob_matches("*.conf", "d/a.conf"));
  EXPECT_TRUE(glob_matches("**/a.conf", "d/e/a.conf"));
  EXPECT_TRUE(glob_matches("**/a.conf", "a.conf"));
  EXPECT_TRUE(glob_matches("d/**", "d/e/f"));
  EXPECT_TRUE(glob_matches("[a-c]?", "bx"));
  EXPECT_FALSE(glob_matches("[!a-c]?", "bx"));
  EXPECT_TRUE(glob_matches("\\*", "*"));
  EXPECT_FALSE(glob_matches("\\*", "x"));
  EXPECT_TRUE(glob_matches("[", "["));
  EXPECT_FALSE(glob_matches("", "x"));
}

TEST(Filter, ANameCountsAnywhereAndAPathFromTheRoot) {
  const Filter filter{{}, {}, {"*.tmp", "/cache", "deep/er"}};
  EXPECT_FALSE(filter.wants("a.tmp", false));
  EXPECT_FALSE(filter.wants("d/a.tmp", false));
  EXPECT_FALSE(filter.wants("cache", true));
  EXPECT_FALSE(filter.wants("cache/file", false));
  EXPECT_TRUE(filter.wants("d/cache", true));
  EXPECT_FALSE(filter.wants("deep/er/file", false));
  EXPECT_TRUE(filter.wants("deep", true));
}

TEST(Filter, IncludedFilesAndTheFoldersToThem) {
  const Filter filter{{}, {"*.conf"}, {}};
  EXPECT_TRUE(filter.wants("d/a.conf", false));
  EXPECT_TRUE(filter.wants("d", true));
  EXPECT_FALSE(filter.wants("d/a.txt", false));
}

TEST(Filter, OnlyIsNothingElse) {
  const Filter filter{{"resolv.conf"}, {}, {}};
  EXPECT_TRUE(filter.wants("resolv.conf", false));
  EXPECT_FALSE(filter.wants("hosts", false));
  EXPECT_FALSE(filter.wants("d/resolv.conf", false));
}

}  // namespace
}  // namespace cluster::sync
