#include "files/path.h"

#include <gtest/gtest.h>

#include <string>

namespace cluster::files {
namespace {

TEST(Path, OnlyWhatStaysBelowTheRootIsValid) {
  for (const std::string& path :
       {std::string("a"), std::string("a/b"), std::string("..."), std::string(".hidden/..x"),
        std::string("a\nb"), std::string("\xff\xfe"), std::string(255, 'n'), std::string(" ")})
    EXPECT_TRUE(valid_relative_path(path)) << shown(path);
  for (const std::string& path :
       {std::string(), std::string("/"), std::string("/etc/passwd"), std::string("a/"),
        std::string("a//b"), std::string("."), std::string(".."), std::string("../x"),
        std::string("a/.."), std::string("a/../../x"), std::string("a/./b"), std::string("a\0b", 3),
        std::string(256, 'n')})
    EXPECT_FALSE(valid_relative_path(path)) << shown(path);
  std::string deep = "a";
  while (deep.size() + 2 <= kMaxPathBytes) deep += "/a";
  EXPECT_TRUE(valid_relative_path(deep));
  EXPECT_FALSE(valid_relative_path(deep + "/a"));
}

TEST(Path, ComesApartAndTogether) {
  EXPECT_EQ(folder_of("a/b/c"), "a/b");
  EXPECT_EQ(name_of("a/b/c"), "c");
  EXPECT_EQ(folder_of("c"), "");
  EXPECT_EQ(join("", "c"), "c");
  EXPECT_EQ(join("a/b", "c"), "a/b/c");
  EXPECT_TRUE(within("a/b", "a"));
  EXPECT_TRUE(within("a", "a"));
  EXPECT_TRUE(within("ab", ""));
  EXPECT_FALSE(within("ab", "a"));
}

TEST(Path, IsShownOnOneLine) {
  EXPECT_EQ(shown("a\nb\x1b[2J"), "a\\x0ab\\x1b[2J");
  EXPECT_EQ(shown("Bär"), "Bär");
  EXPECT_EQ(shown("B\xe4r"), "B\\xe4r");
}

TEST(Leftovers, AreKnownByTheirNames) {
  const std::string digest(32, 'd');
  for (const std::string& name :
       {std::string("f"), std::string(255, 'n'), std::string("a\n\xff")}) {
    const std::string fresh = new_name(name, digest);
    EXPECT_LE(fresh.size(), kMaxNameBytes);
    EXPECT_EQ(leftover_kind(fresh), Leftover::kNew);
    EXPECT_EQ(leftover_kind(old_name(name, "1")), Leftover::kOld);
    EXPECT_EQ(fresh, new_name(name, digest)) << "to be found again";
    EXPECT_NE(fresh, new_name(name, std::string(32, 'e')));
    EXPECT_EQ(target_of_leftover(fresh), name.substr(0, 200));
  }
  EXPECT_NE(new_name(std::string(255, 'n'), digest), new_name(std::string(254, 'n'), digest));
}

TEST(Leftovers, NoUsersFileIsTakenForOne) {
  const std::string fresh = new_name("f", "x");
  for (const std::string& name :
       {std::string("f"), std::string(".f.cluster-new-"), fresh + "x", fresh.substr(1),
        ".f.cluster-new-" + std::string(24, '0'), "." + fresh,
        fresh.substr(0, fresh.size() - 1) + (fresh.back() == '0' ? "1" : "0")})
    EXPECT_EQ(leftover_kind(name), Leftover::kNone) << name;
  EXPECT_EQ(target_of_leftover("f"), "");
}

TEST(Leftovers, ALongNameIsCutBetweenCharacters) {
  std::string name = "x";
  while (name.size() < 250) name += "ä";
  const std::string target = target_of_leftover(new_name(name, "x"));
  EXPECT_EQ(target, name.substr(0, 199));
}

}  // namespace
}  // namespace cluster::files
