#include "files/place.h"

#include <fstream>

#include "files/attributes.h"
#include "files/path.h"
#include "tests/unit/files/disk.h"

namespace cluster::files {
namespace {

using Kind = Outcome::Kind;
using Names_ = std::vector<std::string>;

using PlaceTest = DiskTest;

TEST_F(PlaceTest, AFileAppearsWithAllThatBelongsToIt) {
  fs::create_directory(root_ / "d");
  StagedFile file = staged("d/f", "content");
  EXPECT_FALSE(fs::exists(root_ / "d/f"));
  const Outcome done = place().commit(file, state("content", 0640), std::nullopt, Discard{});
  ASSERT_TRUE(done.done()) << done;
  EXPECT_TRUE(done.warnings.empty()) << done;
  EXPECT_EQ(done.found.state, state("content", 0640));
  EXPECT_EQ(done.found, found("d/f")) << "what is told is what a look tells";
  EXPECT_EQ(read("d/f"), "content");
  EXPECT_EQ(names("d"), Names_{"f"});
}

TEST_F(PlaceTest, NothingIsWrittenOutside) {
  fs::create_directory(folder_ / "outside");
  fs::create_symlink(folder_ / "outside", root_ / "link");
  for (const std::string path : {"../outside/f", "/tmp/f", "a/../f", "", ".", "d//f"}) {
    const auto refused = place().stage(path, "x", 1);
    ASSERT_TRUE(std::holds_alternative<Outcome>(refused)) << path;
    EXPECT_EQ(place().make_folder(path, folder_state(), std::nullopt, Discard{}).kind,
              Kind::kFailed);
    EXPECT_EQ(place().make_link(path, link_state("x"), std::nullopt, Discard{}).kind,
              Kind::kFailed);
    EXPECT_EQ(place().remove(path, std::nullopt, Discard{}).kind, Kind::kFailed);
  }
  EXPECT_EQ(std::get<Outcome>(place().stage("link/f", "x", 1)).kind, Kind::kNoParent);
  EXPECT_EQ(place().make_folder("link/d", folder_state(), std::nullopt, Discard{}).kind,
            Kind::kNoParent);
  EXPECT_TRUE(fs::is_empty(folder_ / "outside"));
  EXPECT_EQ(std::get<Outcome>(place().stage(new_name("f", "x"), "x", 1)).kind, Kind::kFailed)
      << "nor under a name of our own";
}

TEST_F(PlaceTest, ThereIsNoFileWithoutItsFolder) {
  EXPECT_EQ(std::get<Outcome>(place().stage("absent/f", "x", 1)).kind, Kind::kNoParent);
  write("f", "x");
  EXPECT_EQ(std::get<Outcome>(place().stage("f/g", "x", 1)).kind, Kind::kNoParent);
}

TEST_F(PlaceTest, SetuidIsLeftOutUnlessAllowed) {
  Outcome done = put("f", "x", std::nullopt, Discard{}, 04755);
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(done.found.state.mode, 0755U);
  EXPECT_EQ(done.warnings.size(), 1U);
  rules_.allow_setuid = true;
  done = put("g", "x", std::nullopt, Discard{}, 06755);
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(done.found.state.mode, 06755U);
  EXPECT_TRUE(done.warnings.empty()) << done;
  rules_.allow_setuid = false;
  done = place().make_folder("d", folder_state(03775), std::nullopt, Discard{});
  EXPECT_EQ(done.found.state.mode, 03775U) << "of a folder it gives nobody's rights away";
}

TEST_F(PlaceTest, AnOwnerThatIsNotKnownHereIsSaidAndGetsNoSetuid) {
  rules_.allow_setuid = true;
  StagedFile file = staged("f", "x");
  sync::FileState wanted = state("x", 06755);
  wanted.owner = "no-such-user";
  wanted.group = "no-such-group";
  const Outcome done = place().commit(file, wanted, std::nullopt, Discard{});
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(done.warnings.size(), 2U) << done;
  EXPECT_EQ(done.found.state.owner, names_.user(geteuid()));
  EXPECT_EQ(done.found.state.mode, 0755U) << "or it would be setuid of whoever we are";
}

TEST_F(PlaceTest, AnOwnerIsSetByNameOrNumber) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  StagedFile file = staged("f", "x");
  sync::FileState wanted = state("x", 0600);
  wanted.owner = "4242";
  wanted.group = names_.group(1);
  const Outcome done = place().commit(file, wanted, std::nullopt, Discard{});
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(done.found.state, wanted);
  EXPECT_EQ(info("f").st_uid, 4242U);
}

TEST_F(PlaceTest, AttributesAndAclsAreKept) {
  if (!keeps_user_attributes()) GTEST_SKIP() << "no user.* attributes on this file system";
  StagedFile file = staged("f", "x");
  sync::FileState wanted = state("x", 0660);
  wanted.attributes = {
      {"system.posix_acl_access", "user::rw-,user:4242:rw-,group::---,mask::rw-,other::---"},
      {"user.note", "n"}};
  Outcome done = place().commit(file, wanted, std::nullopt, Discard{});
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(done.found.state, wanted) << done;
  // Where the ACL cannot be had, its mask must not become what the group may.
  wanted.attributes[0].second = "user::rw-,user:no-such-user:rw-,group::---,mask::rw-,other::---";
  done = place().set_attributes("f", wanted, done.found);
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(done.warnings.size(), 1U) << done;
}

TEST_F(PlaceTest, WithoutItsAclAFileIsNotOpenToItsGroup) {
  StagedFile file = staged("f", "x");
  sync::FileState wanted = state("x", 0660);
  wanted.attributes = {{"system.posix_acl_access",
                        "user::rw-,user:no-such-user:rw-,group::r--,mask::rw-,other::---"}};
  const Outcome done = place().commit(file, wanted, std::nullopt, Discard{});
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(done.found.state.mode, 0640U);
}

TEST_F(PlaceTest, AFoldersDefaultAclDoesNotStick) {
  const auto acl = acl_from_text("user::rwx,user:4242:rwx,group::r-x,mask::rwx,other::---", names_);
  if (setxattr(root_.c_str(), "system.posix_acl_default", acl->data(), acl->size(), 0) != 0)
    GTEST_SKIP() << "no ACLs on this file system";
  const Outcome done = put("f", "x", std::nullopt, Discard{}, 0644);
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(done.found.state, state("x")) << "hosts keep it alike, whatever its folder says";
  const Outcome made = place().make_folder("d", folder_state(), std::nullopt, Discard{});
  EXPECT_EQ(made.found.state, folder_state());
}

TEST_F(PlaceTest, RunsOfZerosStayHoles) {
  std::string bytes(8 << 20, '\0');
  bytes.replace(100, 4, "head");
  bytes.replace(bytes.size() - 4, 4, "tail");
  ASSERT_TRUE(put("f", bytes, std::nullopt).done());
  EXPECT_EQ(read("f"), bytes);
  if (info("f").st_blocks * 512 > 1 << 20) GTEST_SKIP() << "no holes on this file system";
  EXPECT_LT(info("f").st_blocks * 512, 1 << 20);
}

TEST_F(PlaceTest, ATransferGoesOnAfterACrash) {
  const std::string bytes = std::string(20'000, 'a') + std::string(20'000, 'b');
  const std::string content = state(bytes).content;
  {
    auto begun = std::get<StagedFile>(place().stage("f", content, bytes.size()));
    EXPECT_FALSE(begun.resumed());
    EXPECT_EQ(begun.write_at(0, std::string(20'000, 'a')), StagedFile::Write::kDone);
  }
  auto file = std::get<StagedFile>(place().stage("f", content, bytes.size()));
  EXPECT_TRUE(file.resumed());
  EXPECT_TRUE(file.holds(0, 20'000, chunk_digest(std::string(20'000, 'a'))));
  EXPECT_FALSE(file.holds(20'000, 20'000, chunk_digest(std::string(20'000, 'b'))));
  EXPECT_EQ(file.write_at(20'000, std::string(20'000, 'b')), StagedFile::Write::kDone);
  ASSERT_TRUE(place().commit(file, state(bytes), std::nullopt, Discard{}).done());
  EXPECT_EQ(read("f"), bytes);
}

TEST_F(PlaceTest, WhatACrashLeftInAHoleGoes) {
  const std::string bytes(64 << 10, '\0');
  {
    (void)std::get<StagedFile>(place().stage("f", "x", bytes.size()))
        .write_at(0, std::string(bytes.size(), 'r'));
  }
  auto file = std::get<StagedFile>(place().stage("f", "x", bytes.size()));
  EXPECT_TRUE(file.resumed());
  EXPECT_EQ(file.write_at(0, bytes), StagedFile::Write::kDone);
  ASSERT_TRUE(place().commit(file, state(bytes), std::nullopt, Discard{}).done());
  EXPECT_EQ(read("f"), bytes);
}

// In a folder that others may write into, the name of what will be staged is known to them.
TEST_F(PlaceTest, ASecondNameOfAnotherFileIsNotWrittenThrough) {
  write("precious", "keep me");
  const std::string name = new_name("f", state("evil").content);
  fs::create_hard_link(root_ / "precious", root_ / name);
  ASSERT_TRUE(put("f", "evil", std::nullopt).done());
  EXPECT_EQ(read("precious"), "keep me");
  const std::string link = new_name("g", state("evil").content);
  fs::create_symlink("precious", root_ / link);
  ASSERT_TRUE(put("g", "evil", std::nullopt).done());
  EXPECT_EQ(read("precious"), "keep me");
}

TEST_F(PlaceTest, CopiesOnlyWhatIsVerified) {
  write("source", std::string(30'000, 's'));
  const Fd source(open((root_ / "source").c_str(), O_RDONLY));
  auto file = std::get<StagedFile>(place().stage("f", "x", 20'000));
  const std::string digest = chunk_digest(std::string(20'000, 's'));
  EXPECT_EQ(file.copy_from(source.get(), 20'000, 20'000, 0, digest), StagedFile::Write::kDiffers);
  EXPECT_EQ(file.copy_from(source.get(), 0, 20'000, 0, chunk_digest("else")),
            StagedFile::Write::kDiffers);
  EXPECT_EQ(file.copy_from(source.get(), 10'000, 20'000, 0, digest), StagedFile::Write::kDone);
  EXPECT_EQ(file.copy_from(source.get(), 0, kMaxChunkBytes + 1, 0, digest),
            StagedFile::Write::kFailed);
  EXPECT_EQ(file.write_at(19'999, "xx"), StagedFile::Write::kFailed) << "beyond its end";
  EXPECT_EQ(file.write_at(UINT64_MAX, "xx"), StagedFile::Write::kFailed);
  place().discard(file);
  EXPECT_EQ(names(), Names_{"source"});
}

TEST_F(PlaceTest, AFullDiskIsSaidAndLeavesTheOldOne) {
  fs::remove(root_);
  const Mounted mounted(root_, "size=1m");
  if (!mounted) GTEST_SKIP() << "needs the right to mount";
  write("f", "old");
  const std::string bytes(2 << 20, 'x');
  auto file = std::get<StagedFile>(place().stage("f", "x", bytes.size()));
  EXPECT_EQ(file.write_at(0, bytes), StagedFile::Write::kNoSpace) << file.error();
  EXPECT_NE(file.error(), "");
  place().discard(file);
  EXPECT_EQ(read("f"), "old");
  EXPECT_TRUE(put("g", std::string(500'000, 'x'), std::nullopt).done())
      << "and its space is free again";
}

TEST_F(PlaceTest, OnlyAttributesChangeWhereOnlyTheyDiffer) {
  write("f", "x");
  fs::create_directory(root_ / "d");
  fs::create_symlink("f", root_ / "l");
  const ino_t inode = info("f").st_ino;
  Outcome done = place().set_attributes("f", state("x", 0600), found("f"));
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(done.found, found("f"));
  EXPECT_EQ(info("f").st_ino, inode);
  EXPECT_EQ(info("f").st_mode & 07777, 0600U);
  EXPECT_EQ(done.found.state.mtime_ns, state("x").mtime_ns);
  done = place().set_attributes("d", folder_state(0711), found("d"));
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(info("d").st_mode & 07777, 0711U);
  done = place().set_attributes("l", link_state("f"), found("l"));
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(look("l").found.state.mtime_ns, link_state("f").mtime_ns);
  EXPECT_NE(read("f"), "") << "the link's target has been left alone";
  EXPECT_EQ(place().set_attributes("d", state("x"), found("d")).kind, Kind::kChanged);
}

TEST_F(PlaceTest, ManyFilesAreSyncedAtOnce) {
  rules_.sync_each = false;
  std::vector<StagedFile> files;
  std::vector<StagedFile*> prepared;
  files.push_back(staged("f", "x"));
  files.push_back(staged("g", "x"));
  for (StagedFile& file : files) {
    place().prepare(file, state("x", 0600));
    prepared.push_back(&file);
  }
  ASSERT_TRUE(place().sync(prepared).ok());
  EXPECT_EQ(files[1].write_at(0, "y"), StagedFile::Write::kDone)
      << "then it counts as not prepared";
  Outcome done = place().commit(files[0], state("x", 0600), std::nullopt, Discard{});
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(done.found, found("f"));
  done = place().commit(files[1], state("y", 0640), std::nullopt, Discard{});
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(done.found.state, state("y", 0640));
  EXPECT_TRUE(place().sync({}).ok());
}

TEST_F(PlaceTest, TimesBeforeTheEpochAreKept) {
  StagedFile file = staged("f", "x");
  sync::FileState wanted = state("x");
  wanted.mtime_ns = -1'500'000'000;
  const Outcome done = place().commit(file, wanted, std::nullopt, Discard{});
  ASSERT_TRUE(done.done()) << done;
  EXPECT_EQ(done.found.state.mtime_ns, wanted.mtime_ns);
}

TEST_F(PlaceTest, LongAndStrangeNamesAreWritten) {
  for (const std::string& name :
       {std::string(255, 'n'), std::string("a\nb"), std::string("\xff\xfe")}) {
    const Outcome done = put(name, "x", std::nullopt);
    ASSERT_TRUE(done.done()) << done;
    EXPECT_TRUE(put(name, "y", done.found).done());
    EXPECT_EQ(read(name), "y");
    EXPECT_TRUE(place().remove(name, found(name), Discard{}).done());
  }
  EXPECT_TRUE(names().empty());
}

}  // namespace
}  // namespace cluster::files
