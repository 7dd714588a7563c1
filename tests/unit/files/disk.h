// A root folder on a real disk, for the tests of what is done to it.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "files/hash.h"
#include "files/place.h"
#include "files/tree.h"
#include "tests/unit/temp_folder.h"

namespace cluster::files {

namespace fs = std::filesystem;

inline std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  out << static_cast<int>(outcome.kind) << " " << outcome.reason;
  for (const std::string& warning : outcome.warnings) out << "; " << warning;
  return out;
}

// A tmpfs, gone with its owner; false where there is no right to mount.
class Mounted {
 public:
  Mounted(fs::path at, const std::string& options) : at_(std::move(at)) {
    fs::create_directories(at_);
    mounted_ = mount("none", at_.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~Mounted() { unmount(); }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;

  explicit operator bool() const { return mounted_; }
  void unmount() {
    if (std::exchange(mounted_, false)) umount2(at_.c_str(), MNT_DETACH);
  }

 private:
  const fs::path at_;
  bool mounted_ = false;
};

class DiskTest : public testing::Test {
 protected:
  DiskTest() { fs::create_directory(root_); }

  Tree& tree() {
    if (!tree_) {
      auto opened = Tree::open(root_.string(), names_);
      if (!opened.ok()) throw std::runtime_error(opened.error());
      tree_.emplace(std::move(*opened));
    }
    return *tree_;
  }
  // Path and content as in the tree; folders on the way are made.
  void write(const std::string& path, const std::string& bytes) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << bytes;
  }
  std::string read(const std::string& path) const {
    std::ifstream file(root_ / path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> names(const std::string& folder = "") const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(root_ / folder))
      found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  }
  struct stat info(const std::string& path) const {
    struct stat found {};
    lstat((root_ / path).c_str(), &found);
    return found;
  }
  Look look(const std::string& path) {
    auto result = tree().look(path);
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error());
    return result.ok() ? *result : Look{};
  }
  // With content.
  sync::Found found(const std::string& path) {
    const Look seen = look(path);
    if (seen.found.state.type != sync::FileType::kFile) return seen.found;
    Hasher hasher(tree(), path);
    Hasher::Step step = Hasher::Step::kMore;
    while (step == Hasher::Step::kMore) step = hasher.step(1 << 20);
    EXPECT_EQ(step, Hasher::Step::kDone) << path << ": " << hasher.error();
    return hasher.take_found();
  }
  // Until no clock of a file system stands where it stood.
  static void tick() { std::this_thread::sleep_for(std::chrono::milliseconds(40)); }
  bool keeps_user_attributes() const {
    const std::string probe = root_ / ".probe";
    std::ofstream(probe) << "x";
    const bool kept = setxattr(probe.c_str(), "user.probe", "x", 1, 0) == 0;
    fs::remove(probe);
    return kept;
  }

  // A state for these bytes, of this process's user.
  sync::FileState state(const std::string& bytes, uint32_t mode = 0644) {
    sync::FileState made;
    ContentBuilder builder;
    builder.feed(bytes);
    made.content = builder.finish().digest;
    made.size = bytes.size();
    made.mode = mode;
    made.owner = names_.user(geteuid());
    made.group = names_.group(getegid());
    made.mtime_ns = 1'500'000'000'123'456'700;
    return made;
  }
  sync::FileState folder_state(uint32_t mode = 0755) {
    sync::FileState made = state("", mode);
    made.type = sync::FileType::kFolder;
    made.content.clear();
    made.mtime_ns = 0;
    return made;
  }
  sync::FileState link_state(const std::string& target) {
    sync::FileState made = state("", 0);
    made.type = sync::FileType::kLink;
    made.content = target;
    return made;
  }
  StagedFile staged(const std::string& path, const std::string& bytes) {
    auto result = place().stage(path, state(bytes).content, bytes.size());
    if (const auto* refused = std::get_if<Outcome>(&result))
      throw std::runtime_error(refused->reason);
    StagedFile file = std::get<StagedFile>(std::move(result));
    EXPECT_EQ(file.write_at(0, bytes), StagedFile::Write::kDone) << file.error();
    return file;
  }
  Outcome put(const std::string& path, const std::string& bytes, const Expected& expected,
              const Keep& keep = Discard{}, uint32_t mode = 0644) {
    StagedFile file = staged(path, bytes);
    Outcome outcome = place().commit(file, state(bytes, mode), expected, keep);
    if (!outcome.done()) place().discard(file);
    return outcome;
  }
  Place place() { return {tree(), rules_}; }

  const testing_files::TempFolder folder_;
  const fs::path root_ = folder_ / "root";
  Names names_;
  PlaceRules rules_;

 private:
  std::optional<Tree> tree_;
};

}  // namespace cluster::files
