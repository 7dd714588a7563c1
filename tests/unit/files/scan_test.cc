#include "files/scan.h"

#include <map>
#include <set>

#include "tests/unit/files/disk.h"

namespace cluster::files {
namespace {

using Step = Scan::Step;

class ScanTest : public DiskTest {
 protected:
  ScanCalls calls() {
    ScanCalls made;
    made.found = [this](const std::string& path, const Look& look) {
      order_.push_back(path);
      seen_[path] = look;
    };
    made.unseen = [this](const std::string& path, Unseen why, const std::string& reason) {
      unseen_[path] = why;
      reasons_ += reason;
    };
    made.leftover = [this](const std::string& path, Leftover kind) { leftovers_[path] = kind; };
    return made;
  }
  Step scan(ScanCalls with, const std::string& folder = "", size_t slice = 10) {
    Scan scan(tree(), std::move(with), folder);
    Step step = Step::kMore;
    while (step == Step::kMore) {
      const uint64_t before = scan.seen();
      step = scan.step(slice);
      EXPECT_LE(scan.seen() - before, slice);
    }
    error_ = scan.error();
    return step;
  }
  std::set<std::string> paths() const { return {order_.begin(), order_.end()}; }

  std::vector<std::string> order_;
  std::map<std::string, Look> seen_;
  std::map<std::string, Unseen> unseen_;
  std::map<std::string, Leftover> leftovers_;
  std::string reasons_, error_;
};

TEST_F(ScanTest, TellsOfFoldersBeforeWhatIsInThem) {
  write("a/b/c", "1");
  write("a/d", "2");
  write("e", "3");
  fs::create_symlink("a", root_ / "link");
  fs::create_directory(root_ / "empty");
  EXPECT_EQ(scan(calls(), "", 1), Step::kDone);
  EXPECT_EQ(paths(), (std::set<std::string>{"a", "a/b", "a/b/c", "a/d", "e", "empty", "link"}));
  EXPECT_EQ(order_.size(), 7U);
  for (size_t i = 0; i < order_.size(); ++i) {
    const std::string folder(folder_of(order_[i]));
    if (!folder.empty()) {
      EXPECT_LT(std::find(order_.begin(), order_.end(), folder) - order_.begin(),
                static_cast<std::ptrdiff_t>(i));
    }
  }
  EXPECT_EQ(seen_["e"].found.state.size, 1U);
}

TEST_F(ScanTest, GoesOverTenThousandFilesInSlices) {
  for (int folder = 0; folder < 10; ++folder) {
    // Names of one file, for they are made in a tenth of the time.
    const fs::path at = root_ / std::to_string(folder);
    write(std::to_string(folder) + "/0", "x");
    for (int file = 1; file < 1000; ++file)
      fs::create_hard_link(at / "0", at / std::to_string(file));
  }
  EXPECT_EQ(scan(calls(), "", 100), Step::kDone);
  EXPECT_EQ(paths().size(), 10'010U);
  EXPECT_EQ(order_.size(), 10'010U);
}

TEST_F(ScanTest, WhatIsKnownIsNotLookedAtFurther) {
  write("a/f", "1");
  write("a/g", "2");
  tick();
  EXPECT_EQ(scan(calls()), Step::kDone);
  const auto before = seen_;
  write("a/g", "3");
  order_.clear();
  ScanCalls with = calls();
  with.known = [&](const std::string& path, const sync::Signature& now) {
    const auto at = before.find(path);
    return at != before.end() &&
           trust(at->second.found.signature, now, tree().tick_ns()) == Trust::kAll;
  };
  EXPECT_EQ(scan(with), Step::kDone);
  EXPECT_EQ(order_, std::vector<std::string>{"a/g"});
}

TEST_F(ScanTest, SkipsWhatIsNotWanted) {
  write("cache/deep/f", "1");
  write("keep/f", "2");
  write("keep/f.tmp", "3");
  std::set<std::string> entered;
  ScanCalls with = calls();
  with.wanted = [](const std::string& path, bool is_folder) {
    return is_folder ? path != "cache" : !path.ends_with(".tmp");
  };
  with.entering = [&](const std::string& folder) { entered.insert(folder); };
  EXPECT_EQ(scan(with), Step::kDone);
  EXPECT_EQ(paths(), (std::set<std::string>{"keep", "keep/f"}));
  EXPECT_EQ(entered, (std::set<std::string>{"", "keep"}));
}

TEST_F(ScanTest, WhatCannotBeReadIsSaidAndNotTakenForEmpty) {
  if (geteuid() == 0) {
    // Root reads everything; a folder that is a link by the time it is entered stands for it.
    write("d/f", "1");
    ScanCalls with = calls();
    with.entering = [&](const std::string& folder) {
      if (folder != "d") return;
      fs::rename(root_ / "d", root_ / "was");
      fs::create_symlink("was", root_ / "d");
    };
    EXPECT_EQ(scan(with), Step::kDone);
    EXPECT_FALSE(paths().contains("d/f"));
    return;
  }
  write("d/f", "1");
  chmod((root_ / "d").c_str(), 0000);
  EXPECT_EQ(scan(calls()), Step::kDone);
  chmod((root_ / "d").c_str(), 0700);
  EXPECT_TRUE(paths().contains("d"));
  EXPECT_EQ(unseen_.at("d"), Unseen::kUnreadable);
}

TEST_F(ScanTest, DoesNotGoIntoAnotherFileSystem) {
  write("d/below", "1");
  const Mounted mounted(root_ / "d", "size=1m");
  if (!mounted) GTEST_SKIP() << "needs the right to mount";
  write("d/on-it", "2");
  EXPECT_EQ(scan(calls()), Step::kDone);
  EXPECT_TRUE(paths().empty());
  EXPECT_EQ(unseen_.at("d"), Unseen::kOtherFileSystem);
}

TEST_F(ScanTest, ARootThatGoesMeanwhileEndsIt) {
  write("a/f", "1");
  Scan scan(tree(), calls());
  EXPECT_EQ(scan.step(1), Step::kMore);
  fs::rename(root_, folder_ / "moved");
  fs::create_directory(root_);
  Step step = Step::kMore;
  while (step == Step::kMore) step = scan.step(10);
  EXPECT_EQ(step, Step::kFailed);
  EXPECT_NE(scan.error().find("is not the folder any more"), std::string::npos) << scan.error();
  EXPECT_EQ(scan.step(10), Step::kFailed);
}

TEST_F(ScanTest, OfAFolderThatIsNotThereNothingIsKnown) {
  EXPECT_EQ(scan(calls(), "absent"), Step::kFailed);
  EXPECT_NE(error_, "");
}

TEST_F(ScanTest, OneFolderAlone) {
  write("a/b/c", "1");
  write("x", "1");
  EXPECT_EQ(scan(calls(), "a"), Step::kDone);
  EXPECT_EQ(paths(), (std::set<std::string>{"a/b", "a/b/c"}));
}

TEST_F(ScanTest, LeftoversAreToldApart) {
  write("d/" + new_name("f", "x"), "1");
  write("d/" + old_name("f", "x"), "2");
  write("d/f", "3");
  EXPECT_EQ(scan(calls()), Step::kDone);
  EXPECT_EQ(paths(), (std::set<std::string>{"d", "d/f"}));
  EXPECT_EQ(leftovers_,
            (std::map<std::string, Leftover>{{"d/" + new_name("f", "x"), Leftover::kNew},
                                             {"d/" + old_name("f", "x"), Leftover::kOld}}));
}

TEST_F(ScanTest, DevicesAreToldOfAsWhatTheyAre) {
  ASSERT_EQ(mkfifo((root_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(scan(calls()), Step::kDone);
  EXPECT_EQ(seen_.at("fifo").kind, Look::Kind::kOther);
}

TEST_F(ScanTest, APathThatIsTooLongIsSaid) {
  const std::string name(200, 'd');
  fs::current_path(root_);
  for (int i = 0; i < 22; ++i) {
    ASSERT_EQ(mkdir(name.c_str(), 0755), 0);
    ASSERT_EQ(chdir(name.c_str()), 0);
  }
  fs::current_path("/");
  EXPECT_EQ(scan(calls()), Step::kDone);
  EXPECT_EQ(unseen_.size(), 1U);
  EXPECT_EQ(unseen_.begin()->second, Unseen::kTooLong);
  EXPECT_EQ(order_.size(), 20U);
}

}  // namespace
}  // namespace cluster::files
