// One test for each *.story beside this file. CLUSTER_UPDATE_STORIES=1 writes what happens into them
// instead of comparing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/scenarios/story.h"

namespace cluster::scenarios {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

class StoryTest : public testing::Test {
 public:
  explicit StoryTest(fs::path path) : path_(std::move(path)) {}

  void TestBody() override {
    std::vector<Block> blocks = parse_story(read(path_));
    ASSERT_FALSE(blocks.empty()) << path_;
    const bool update = std::getenv("CLUSTER_UPDATE_STORIES") != nullptr;
    Story story;
    for (Block& block : blocks) {
      std::vector<std::string> happened;
      ASSERT_NO_THROW(happened = story.tell(block.orders)) << joined(block.orders);
      for (const std::string& fault : story.faults())
        FAIL() << path_ << ": " << fault << "\nafter\n" << joined(block.orders) << joined(happened);
      if (update) block.expected = happened;
      ASSERT_EQ(joined(block.expected), joined(happened)) << path_ << ", after\n"
                                                          << joined(block.orders);
    }
    if (update) std::ofstream(path_) << print_story(blocks);
  }

 private:
  fs::path path_;
};

std::string test_name(const fs::path& path) {
  std::string name = path.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

bool register_all() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(fs::path(__FILE__).parent_path()))
    if (entry.path().extension() == ".story") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths)
    testing::RegisterTest("Story", test_name(path).c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [path]() -> testing::Test* { return new StoryTest(path); });
  return !paths.empty();
}

const bool kRegistered = register_all();

}  // namespace
}  // namespace cluster::scenarios
