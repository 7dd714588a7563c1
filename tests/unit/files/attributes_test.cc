#include "files/attributes.h"

#include "tests/unit/files/disk.h"

namespace cluster::files {
namespace {

using AttributesTest = DiskTest;

TEST_F(AttributesTest, AnAclNamesItsUsers) {
  const std::string text =
      "user::rwx,user:root:r--,user:4242:-w-,group::r-x,group:root:--x,mask::rwx,other::---";
  const auto value = acl_from_text(text, names_);
  ASSERT_TRUE(value.ok()) << value.error();
  EXPECT_EQ(value->size(), 4U + 7 * 8);
  const auto back = acl_to_text(*value, names_);
  ASSERT_TRUE(back.ok()) << back.error();
  EXPECT_EQ(*back, text);
}

TEST_F(AttributesTest, AnAclThatIsNoneIsRefused) {
  for (const std::string& text :
       {std::string("user"), std::string("user::"), std::string("user::rw"),
        std::string("mask:x:rwx"), std::string("user:nobody-knows-me:rwx"),
        std::string("thing::rwx"), std::string(",,"), std::string("user::wrx"),
        std::string("user::rwx:x")})
    EXPECT_FALSE(acl_from_text(text, names_).ok()) << text;
  for (const std::string& value :
       {std::string(), std::string("\2\0\0", 3), std::string("\3\0\0\0", 4),
        std::string("\2\0\0\0\1", 5), std::string("\2\0\0\0\3\0\7\0\0\0\0\0", 12)})
    EXPECT_FALSE(acl_to_text(value, names_).ok());
}

TEST_F(AttributesTest, AreReadAndWrittenAlike) {
  if (!keeps_user_attributes()) GTEST_SKIP() << "no user.* attributes on this file system";
  write("f", "x");
  const Fd fd(open((root_ / "f").c_str(), O_RDONLY));
  const std::string binary("\0\xff\n", 3);
  const Attributes wanted{{"user.a", binary}, {"user.empty", ""}};
  EXPECT_TRUE(write_attributes(fd.get(), wanted, names_).empty());
  const Fd folder(open(root_.c_str(), O_PATH));
  auto read = read_attributes(folder.get(), "f", names_);
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(*read, wanted);
  EXPECT_TRUE(write_attributes(fd.get(), {{"user.b", "2"}}, names_).empty());
  read = read_attributes(fd.get(), "", names_);
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(*read, (Attributes{{"user.b", "2"}})) << "others than wanted go";
}

TEST_F(AttributesTest, OnlyThoseKeptAlikeAreWritten) {
  write("f", "x");
  const Fd fd(open((root_ / "f").c_str(), O_RDONLY));
  const Attributes hostile{{"security.capability", "\1\0\0\2"}, {"trusted.x", "y"}, {"user.", "z"}};
  EXPECT_EQ(write_attributes(fd.get(), hostile, names_).size(), 3U);
  char value[64];
  EXPECT_LT(fgetxattr(fd.get(), "security.capability", value, sizeof value), 0);
  EXPECT_LT(fgetxattr(fd.get(), "trusted.x", value, sizeof value), 0);
}

TEST_F(AttributesTest, UsersWithoutANameAreNumbers) {
  EXPECT_EQ(names_.user(0), "root");
  EXPECT_EQ(names_.user(4'000'000'000U), "4000000000");
  EXPECT_EQ(names_.uid("4000000000"), 4'000'000'000U);
  EXPECT_EQ(names_.uid("root"), 0U);
  for (const char* name : {"no-such-user", "", "-1", "4294967295", "99999999999", "12x", " 5"})
    EXPECT_EQ(names_.uid(name), std::nullopt) << name;
  EXPECT_EQ(names_.gid("no-such-group"), std::nullopt);
}

}  // namespace
}  // namespace cluster::files
