#include "files/watch.h"

#include <set>

#include "files/path.h"
#include "files/scan.h"
#include "tests/unit/files/disk.h"

namespace cluster::files {
namespace {

using Added = Watch::Added;

class WatchTest : public DiskTest {
 protected:
  Watch& watch() {
    if (!watch_) {
      auto opened = Watch::open(tree());
      if (!opened.ok()) throw std::runtime_error(opened.error());
      watch_.emplace(std::move(*opened));
    }
    return *watch_;
  }
  // As the worker does: who scans, adds.
  void scan(const std::string& folder = "") {
    ScanCalls calls;
    calls.found = [](const std::string&, const Look&) {};
    calls.entering = [this](const std::string& entered) { watch().add(entered); };
    Scan scan(tree(), std::move(calls), folder);
    while (scan.step(100) == Scan::Step::kMore) {
    }
  }
  std::set<std::string> changed() {
    const Changes changes = watch().read();
    std::set<std::string> paths;
    for (const auto& [path, with_contents] : changes.paths) {
      paths.insert(with_contents ? path + "/*" : path);
      if (with_contents) scan(path);
    }
    everything_ = everything_ || changes.everything;
    root_gone_ = root_gone_ || changes.root_gone;
    return paths;
  }
  using Paths = std::set<std::string>;

  bool everything_ = false;
  bool root_gone_ = false;

 private:
  std::optional<Watch> watch_;
};

TEST_F(WatchTest, TellsOfEachKindOfChange) {
  write("d/edited", "1");
  write("d/moved", "2");
  write("d/removed", "3");
  scan();
  EXPECT_EQ(watch().folders(), 2U);
  EXPECT_TRUE(changed().empty());
  write("d/edited", "2");
  EXPECT_EQ(changed(), Paths{"d/edited"});
  chmod((root_ / "d/edited").c_str(), 0600);
  EXPECT_EQ(changed(), Paths{"d/edited"});
  fs::rename(root_ / "d/moved", root_ / "there");
  EXPECT_EQ(changed(), (Paths{"d/moved", "there"}));
  fs::remove(root_ / "d/removed");
  EXPECT_EQ(changed(), Paths{"d/removed"});
  fs::create_symlink("x", root_ / "link");
  EXPECT_EQ(changed(), Paths{"link"});
  chmod((root_ / "d").c_str(), 0700);
  EXPECT_EQ(changed(), Paths{"d"});
  chmod(root_.c_str(), 0700);
  EXPECT_EQ(changed(), Paths{""});
  std::ofstream open(root_ / "d/edited", std::ios::app);
  open << "more" << std::flush;
  EXPECT_EQ(changed(), Paths{"d/edited"}) << "though it is not closed";
}

TEST_F(WatchTest, FollowsFoldersAsTheyAppear) {
  scan();
  write("a/b/c", "1");
  EXPECT_EQ(changed(), Paths{"a/*"});
  EXPECT_EQ(watch().folders(), 3U);
  write("a/b/c", "2");
  EXPECT_EQ(changed(), Paths{"a/b/c"});
}

TEST_F(WatchTest, FollowsFoldersThatMove) {
  write("a/b/c", "1");
  scan();
  fs::rename(root_ / "a", root_ / "z");
  EXPECT_EQ(changed(), (Paths{"a", "z/*"}));
  write("z/b/c", "2");
  EXPECT_EQ(changed(), Paths{"z/b/c"});
  EXPECT_EQ(watch().folders(), 3U);
  fs::rename(root_ / "z", folder_ / "outside");
  EXPECT_EQ(changed(), Paths{"z"});
  std::ofstream(folder_ / "outside" / "b" / "c") << "3";
  EXPECT_TRUE(changed().empty()) << "what moved out is no business of ours";
  EXPECT_EQ(watch().folders(), 1U);
}

TEST_F(WatchTest, AFolderScannedBeforeItsMoveWasTold) {
  write("a/b/c", "1");
  scan();
  fs::rename(root_ / "a", root_ / "z");
  scan();
  changed();
  write("z/b/c", "2");
  EXPECT_EQ(changed(), Paths{"z/b/c"});
}

TEST_F(WatchTest, FoldersThatGoAreForgotten) {
  write("a/b/c", "1");
  scan();
  fs::remove_all(root_ / "a");
  changed();
  changed();
  EXPECT_EQ(watch().folders(), 1U);
  write("a/b/c", "2");
  EXPECT_EQ(changed(), Paths{"a/*"});
  EXPECT_EQ(watch().folders(), 3U);
}

TEST_F(WatchTest, OurOwnStagedFilesAreNotToldOf) {
  scan();
  StagedFile file = staged("f", "x");
  EXPECT_TRUE(changed().empty());
  ASSERT_TRUE(place().commit(file, state("x"), std::nullopt, Discard{}).done());
  EXPECT_EQ(changed(), Paths{"f"});
}

TEST_F(WatchTest, ARootThatGoesIsSaid) {
  scan();
  fs::rename(root_, folder_ / "moved");
  changed();
  EXPECT_TRUE(root_gone_);
  EXPECT_EQ(watch().add(""), Added::kGone);
}

TEST_F(WatchTest, ARootThatIsUnmountedIsSaid) {
  Mounted mounted(root_, "size=1m");
  if (!mounted) GTEST_SKIP() << "needs the right to mount";
  scan();
  ASSERT_EQ(umount2(root_.c_str(), 0), 0) << "watching does not keep it busy";
  changed();
  EXPECT_TRUE(root_gone_);
}

TEST_F(WatchTest, LostEventsMakeEverythingDirty) {
  write("a", "");
  write("b", "");
  scan();
  std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
  int events = 0;
  limit >> events;
  if (events <= 0 || events > 100'000) GTEST_SKIP() << "the queue is too long to be filled";
  // Of two in turn none is the same as the one before.
  for (int i = 0; i <= events; ++i) chmod((root_ / (i % 2 == 0 ? "a" : "b")).c_str(), 0600);
  for (int i = 0; i < 10'000 && !everything_; ++i) changed();
  EXPECT_TRUE(everything_);
}

TEST_F(WatchTest, OnlyFoldersOfTheTreeAreWatched) {
  write("f", "x");
  fs::create_directory(folder_ / "outside");
  fs::create_symlink(folder_ / "outside", root_ / "link");
  EXPECT_EQ(watch().add("f"), Added::kGone);
  EXPECT_EQ(watch().add("absent"), Added::kGone);
  EXPECT_EQ(watch().add("link"), Added::kGone);
  EXPECT_EQ(watch().add(""), Added::kYes);
  EXPECT_EQ(watch().add(""), Added::kYes);
  EXPECT_EQ(watch().folders(), 1U);
  EXPECT_FALSE(watch().take_limit_reached());
}

TEST_F(WatchTest, StrangeNamesComeThrough) {
  scan();
  const std::string name("a\nb\xff");
  write(name, "x");
  EXPECT_EQ(changed(), Paths{name});
  write(std::string(255, 'n'), "x");
  EXPECT_EQ(changed(), Paths{std::string(255, 'n')});
}

}  // namespace
}  // namespace cluster::files
