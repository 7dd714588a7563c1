// Several files at once: all or none, also where a crash comes between.
#include "files/replace_all.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "tests/unit/temp_folder.h"

namespace cluster::files {
namespace {

class ReplaceAllTest : public testing::Test {
 protected:
  ReplaceAllTest() { std::filesystem::create_directory(folder()); }

  std::string folder() const { return (temp_ / "etc").string(); }
  std::string keep() const { return (temp_ / "kept").string(); }

  static void write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string at(const std::string& name) const { return read(folder() + "/" + name); }
  size_t entries(const std::string& path) const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path), {}));
  }
  Status replace(const std::vector<NewFile>& files) {
    return replace_all(folder(), files, keep(), "1");
  }

  testing_files::TempFolder temp_;
};

TEST_F(ReplaceAllTest, AllAreInPlaceAndWhatTheyReplaceIsKept) {
  write(folder() + "/a", "old a");
  write(folder() + "/b", "same");
  chmod((folder() + "/a").c_str(), 0640);
  ASSERT_TRUE(replace({{"a", "new a"}, {"b", "same"}, {"c", "new c"}}).ok());
  EXPECT_EQ(at("a"), "new a");
  EXPECT_EQ(at("c"), "new c");
  struct stat info {};
  ASSERT_EQ(stat((folder() + "/a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0640U);
  ASSERT_EQ(stat((folder() + "/c").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  EXPECT_EQ(read(keep() + "/1/a"), "old a");
  EXPECT_EQ(entries(keep() + "/1"), 1U);
  EXPECT_EQ(entries(folder()), 3U);
}

TEST_F(ReplaceAllTest, NothingIsChangedWhereOneCannotBeWritten) {
  write(folder() + "/a", "old a");
  std::filesystem::create_directory(folder() + "/.b.cluster-new");  // in the way
  EXPECT_FALSE(replace({{"a", "new a"}, {"b", "new b"}}).ok());
  EXPECT_EQ(at("a"), "old a");
  EXPECT_EQ(entries(folder()), 2U);
}

TEST_F(ReplaceAllTest, NothingIsChangedWhereWhatIsReplacedCannotBeKept) {
  write(folder() + "/a", "old a");
  write(keep(), "a file where the folder is to be");
  EXPECT_FALSE(replace({{"a", "new a"}}).ok());
  EXPECT_EQ(at("a"), "old a");
}

// As a crash leaves it behind, after none or some of the renames.
TEST_F(ReplaceAllTest, ACrashBetweenTwoRenamesIsFinished) {
  for (const bool first_done : {false, true}) {
    write(folder() + "/a", first_done ? "new a" : "old a");
    write(folder() + "/b", "old b");
    if (!first_done) write(folder() + "/.a.cluster-new", "new a");
    write(folder() + "/.b.cluster-new", "new b");
    write(folder() + "/.cluster-replace", "a\nb\n");
    ASSERT_TRUE(finish_replacing(folder()).ok());
    EXPECT_EQ(at("a"), "new a");
    EXPECT_EQ(at("b"), "new b");
    EXPECT_EQ(entries(folder()), 2U);
  }
}

TEST_F(ReplaceAllTest, ACrashBeforeTheJournalHasChangedNothing) {
  write(folder() + "/a", "old a");
  write(folder() + "/.a.cluster-new", "half of");
  write(folder() + "/.cluster-replace.new", "a\n");
  ASSERT_TRUE(finish_replacing(folder()).ok());
  EXPECT_EQ(at("a"), "old a");
  ASSERT_TRUE(replace({{"a", "newer"}}).ok());
  EXPECT_EQ(at("a"), "newer");
  EXPECT_EQ(entries(folder()), 1U);
}

TEST_F(ReplaceAllTest, AJournalLeadsNowhereElse) {
  write(folder() + "/.cluster-replace", "../x\n/etc/x\n");
  write((temp_ / ".x.cluster-new").string(), "bad");
  ASSERT_TRUE(finish_replacing(folder()).ok());
  EXPECT_FALSE(std::filesystem::exists(temp_ / "x"));
}

TEST_F(ReplaceAllTest, OfWhatWasReplacedTheNewestIsKept) {
  for (size_t i = 0; i < kMaxReplacedKept + 4; ++i)
    ASSERT_TRUE(
        replace_all(folder(), {{"a", std::to_string(i)}}, keep(), std::to_string(100 + i)).ok());
  EXPECT_EQ(entries(keep()), kMaxReplacedKept);
  EXPECT_TRUE(std::filesystem::exists(keep() + "/" + std::to_string(100 + kMaxReplacedKept + 3)));
}

}  // namespace
}  // namespace cluster::files
