#include "files/retained.h"

#include <fstream>

#include "files/retained_meta.h"
#include "tests/unit/files/disk.h"

namespace cluster::files {
namespace {

using Step = Retained::Copying::Step;

class RetainedTest : public DiskTest {
 protected:
  RetainedTest() : store_(*Retained::open((folder_ / "retained").string())) {}

  RetainedVersion version(const std::string& path, int64_t when, const std::string& label = "v") {
    return {"", "root", path, state("x"), label, WallTime(seconds(when))};
  }
  std::unique_ptr<Retained::Copying> keep(const std::string& name, const RetainedVersion& as) {
    const Fd folder(open(root_.c_str(), O_RDONLY));
    auto kept = store_.keep(folder.get(), name, as);
    EXPECT_TRUE(kept.ok()) << (kept.ok() ? "" : kept.error());
    return kept.ok() ? std::move(*kept) : nullptr;
  }
  void keep_file(const std::string& path, int64_t when, const std::string& bytes) {
    write("f", bytes);
    EXPECT_EQ(keep("f", version(path, when)), nullptr);
  }
  std::string data(const RetainedVersion& of) {
    auto fd = store_.open_version(of);
    if (!fd.ok()) return fd.error();
    std::string bytes(1 << 20, '\0');
    bytes.resize(static_cast<size_t>(::read(fd->get(), bytes.data(), bytes.size())));
    return bytes;
  }
  std::vector<RetainedVersion> list(const std::string& path) {
    auto versions = store_.list("root", path);
    EXPECT_TRUE(versions.ok());
    return versions.ok() ? *versions : std::vector<RetainedVersion>{};
  }
  size_t files() const {
    size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "retained"))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }
  static size_t run(Retained::Sweep sweep) {
    while (sweep.step(1)) {
    }
    EXPECT_EQ(sweep.error(), "");
    return sweep.removed();
  }
  fs::path version_folder() const {
    return *fs::directory_iterator(*fs::directory_iterator(folder_ / "retained"));
  }

  Retained store_;
};

TEST_F(RetainedTest, VersionsOfAPathAreListedTheNewestFirst) {
  const std::string path("dir/na\nme\xff");
  keep_file(path, 100, "first");
  keep_file(path, 300, "third");
  keep_file(path, 200, "second");
  keep_file(path, 200, "second too");
  keep_file("other", 250, "other");
  const auto versions = list(path);
  ASSERT_EQ(versions.size(), 4U);
  EXPECT_EQ(data(versions[0]), "third");
  EXPECT_EQ(data(versions[1]), "second too");
  EXPECT_EQ(data(versions[3]), "first");
  RetainedVersion expected = version(path, 300);
  expected.id = versions[0].id;
  EXPECT_EQ(versions[0], expected);
  EXPECT_TRUE(names().empty());
  EXPECT_TRUE(store_.list("other root", path)->empty());
}

TEST_F(RetainedTest, NobodyElseReadsThem) {
  write("f", "secret");
  chmod((root_ / "f").c_str(), 04777);
  keep("f", version("f", 1));
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "retained")) {
    struct stat info {};
    ASSERT_EQ(lstat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, S_ISDIR(info.st_mode) ? 0700U : 0600U) << entry.path();
  }
  struct stat info {};
  stat((folder_ / "retained").c_str(), &info);
  EXPECT_EQ(info.st_mode & 07777, 0700U);
}

TEST_F(RetainedTest, HostileNamesOfRootsStayInside) {
  for (const std::string& root : {std::string("../../x"), std::string(".."), std::string("/etc"),
                                  std::string(300, 'r'), std::string("a\0b", 3), std::string()}) {
    write("f", "x");
    RetainedVersion of = version("f", 1);
    of.root = root;
    keep("f", of);
    ASSERT_EQ(store_.list(root, "f")->size(), 1U);
    EXPECT_EQ(data(store_.list(root, "f")->front()), "x");
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "retained"), {}), 6);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 2);
}

TEST_F(RetainedTest, ExpiryRemovesTheOldOnesButThoseThatAreSpared) {
  keep_file("a", 100, "1");
  keep_file("a", 200, "2");
  keep_file("b", 100, "3");
  RetainedVersion pinned = version("c", 100, "pinned");
  write("f", "4");
  keep("f", pinned);
  const auto spare = [](const RetainedVersion& each) { return each.label == "pinned"; };
  EXPECT_EQ(run(store_.expire(WallTime(seconds(150)), spare)), 2U);
  EXPECT_EQ(list("a").size(), 1U);
  EXPECT_EQ(data(list("a")[0]), "2");
  EXPECT_TRUE(list("b").empty());
  EXPECT_EQ(data(list("c")[0]), "4");
  EXPECT_EQ(run(store_.expire(WallTime(seconds(1000)))), 2U);
  EXPECT_EQ(files(), 0U);
  EXPECT_TRUE(fs::is_empty(folder_ / "retained")) << "no folder is left either";
}

TEST_F(RetainedTest, AllOfARootCanBeVisited) {
  keep_file("a", 100, "1");
  keep_file("b", 200, "2");
  std::vector<std::string> paths;
  const auto each = [&](const RetainedVersion& of) { paths.push_back(of.path); };
  EXPECT_EQ(run(store_.visit("root", each)), 0U);
  EXPECT_EQ(paths.size(), 2U);
  EXPECT_EQ(run(store_.visit("absent", each)), 0U);
  EXPECT_EQ(run(store_.visit("", each)), 0U);
  EXPECT_EQ(paths.size(), 4U);
  EXPECT_TRUE(store_.remove(list("a")[0]).ok());
  EXPECT_TRUE(list("a").empty());
}

TEST_F(RetainedTest, WhatACrashLeavesGoesWithTheNextExpiry) {
  keep_file("a", 100, "kept");
  keep_file("a", 101, "lost");
  const std::string lost = list("a")[0].id;
  const fs::path folder = version_folder();
  fs::remove(folder / (lost + ".data"));  // the crash came before the data was moved
  std::ofstream(folder / "0000000000000001-0.tmp") << "half";
  std::ofstream(folder / "0000000000000001-0.copy") << "half";
  EXPECT_EQ(list("a").size(), 1U);
  EXPECT_EQ(run(store_.expire(WallTime(seconds(50)))), 0U);
  EXPECT_EQ(files(), 2U);
  EXPECT_EQ(data(list("a")[0]), "kept");
}

TEST_F(RetainedTest, ADamagedDescriptionIsNoVersion) {
  keep_file("a", 100, "x");
  const fs::path meta = version_folder() / (list("a")[0].id + ".meta");
  std::fstream(meta, std::ios::in | std::ios::out | std::ios::binary).seekp(40).put('!');
  EXPECT_TRUE(list("a").empty());
  EXPECT_EQ(run(store_.expire(WallTime(seconds(50)))), 0U);
  EXPECT_EQ(files(), 2U) << "its data may still be wanted";
  run(store_.expire(WallTime(seconds(1000))));
  EXPECT_EQ(files(), 0U);
}

TEST_F(RetainedTest, DescriptionsSurviveAnyBytes) {
  const std::string bytes = meta_bytes(version("a", 1));
  ASSERT_TRUE(parse_meta(bytes).ok());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parse_meta(std::string_view(bytes).substr(0, size)).ok());
}

class OtherDiskTest : public RetainedTest {
 protected:
  bool mount_other() {
    fs::remove_all(folder_ / "other");
    other_.emplace(folder_ / "other", "size=8m");
    if (!*other_) return false;
    store_ = *Retained::open((folder_ / "other" / "retained").string());
    return true;
  }
  std::optional<Mounted> other_;
};

TEST_F(OtherDiskTest, AFileIsCopiedInSteps) {
  if (!mount_other()) GTEST_SKIP() << "needs the right to mount";
  const std::string bytes(3 << 20, 'x');
  write("f", bytes);
  fs::resize_file(root_ / "f", 20 << 20);  // more than there is space for, were it not a hole
  auto copying = keep("f", version("f", 1));
  ASSERT_NE(copying, nullptr);
  EXPECT_EQ(copying->step(1 << 20), Step::kMore);
  EXPECT_TRUE(fs::exists(root_ / "f")) << "until it is done";
  EXPECT_EQ(run(store_.expire(WallTime(seconds(1000)))), 0U)
      << "what is being copied is left alone";
  Step step = Step::kMore;
  while (step == Step::kMore) step = copying->step(1 << 20);
  EXPECT_EQ(step, Step::kDone) << copying->error();
  EXPECT_EQ(copying->step(1), Step::kDone);
  EXPECT_FALSE(fs::exists(root_ / "f"));
  EXPECT_EQ(data(list("f")[0]), bytes.substr(0, 1 << 20));
  struct stat info {};
  fstat(store_.open_version(list("f")[0])->get(), &info);
  EXPECT_EQ(info.st_size, 20 << 20);
}

TEST_F(OtherDiskTest, ACopyThatIsDroppedLeavesTheFile) {
  if (!mount_other()) GTEST_SKIP() << "needs the right to mount";
  write("f", std::string(3 << 20, 'x'));
  {
    auto copying = keep("f", version("f", 1));
    ASSERT_NE(copying, nullptr);
    EXPECT_EQ(copying->step(1 << 20), Step::kMore);
  }
  EXPECT_TRUE(fs::exists(root_ / "f"));
  EXPECT_TRUE(list("f").empty());
}

TEST_F(OtherDiskTest, AFullDiskFailsTheCopyAndKeepsTheFile) {
  if (!mount_other()) GTEST_SKIP() << "needs the right to mount";
  write("f", std::string(20 << 20, 'x'));
  auto copying = keep("f", version("f", 1));
  ASSERT_NE(copying, nullptr);
  Step step = Step::kMore;
  while (step == Step::kMore) step = copying->step(1 << 20);
  EXPECT_EQ(step, Step::kFailed);
  EXPECT_NE(copying->error(), "");
  EXPECT_TRUE(fs::exists(root_ / "f"));
}

TEST_F(OtherDiskTest, LinksAndFoldersAreDescribedAndGone) {
  if (!mount_other()) GTEST_SKIP() << "needs the right to mount";
  fs::create_symlink("target", root_ / "l");
  RetainedVersion link = version("l", 1);
  link.state = link_state("target");
  EXPECT_EQ(keep("l", link), nullptr);
  EXPECT_EQ(list("l")[0].state.content, "target");
  EXPECT_TRUE(names().empty());
}

}  // namespace
}  // namespace cluster::files
