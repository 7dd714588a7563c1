#include "files/hash.h"

#include <sys/mman.h>

#include "tests/unit/files/disk.h"

namespace cluster::files {
namespace {

using Step = Hasher::Step;

class HashTest : public DiskTest {
 protected:
  static Step run(Hasher& hasher) {
    for (;;)
      if (const Step step = hasher.step(1 << 20); step != Step::kMore) return step;
  }
  static std::string large() { return std::string(3 << 20, 'a') + "end"; }
};

TEST_F(HashTest, ReadsAFileInSlices) {
  write("d/f", large());
  Hasher hasher(tree(), "d/f");
  EXPECT_EQ(hasher.step(1 << 20), Step::kMore);
  EXPECT_EQ(hasher.bytes_read(), 1U << 20);
  EXPECT_EQ(run(hasher), Step::kDone);
  const sync::Found found = hasher.take_found();
  const Content content = hasher.take_content();
  EXPECT_EQ(found.state.content, state(large()).content);
  EXPECT_EQ(found.state.size, large().size());
  EXPECT_EQ(content.digest, found.state.content);
  EXPECT_GT(content.chunks.size(), 5U);
  EXPECT_TRUE(same_signature(found.signature, look("d/f").found.signature));
}

TEST_F(HashTest, AnEmptyFileHasAContentToo) {
  write("f", "");
  EXPECT_EQ(found("f").state.content, chunk_digest(""));
}

TEST_F(HashTest, SaysThatAFileChangedWhileItWasRead) {
  write("f", large());
  tick();
  Hasher hasher(tree(), "f");
  EXPECT_EQ(hasher.step(1 << 20), Step::kMore);
  std::fstream(root_ / "f", std::ios::in | std::ios::out) << "b";
  EXPECT_EQ(run(hasher), Step::kChanged);
}

TEST_F(HashTest, SaysThatAFileWasReplacedWhileItWasRead) {
  write("f", large());
  Hasher hasher(tree(), "f");
  EXPECT_EQ(hasher.step(1 << 20), Step::kMore);
  write("g", large());
  fs::rename(root_ / "g", root_ / "f");
  EXPECT_EQ(run(hasher), Step::kChanged);
}

TEST_F(HashTest, AFileThatOnlyGrowsHasAnEnd) {
  write("log", large());
  Hasher hasher(tree(), "log");
  std::ofstream log(root_ / "log", std::ios::app);
  Step step = Step::kMore;
  for (int i = 0; i < 1000 && step == Step::kMore; ++i) {
    log << std::string(1 << 20, 'x') << std::flush;
    step = hasher.step(1 << 20);
  }
  EXPECT_EQ(step, Step::kChanged);
}

TEST_F(HashTest, WhatIsNoFileIsGone) {
  fs::create_directory(root_ / "folder");
  fs::create_symlink("f", root_ / "link");
  for (const char* path : {"absent", "folder", "link", "no/such", "../x"}) {
    Hasher hasher(tree(), path);
    EXPECT_EQ(run(hasher), Step::kGone) << path;
  }
  write("f", large());
  Hasher hasher(tree(), "f");
  EXPECT_EQ(hasher.step(1), Step::kMore);
  fs::remove(root_ / "f");
  EXPECT_NE(run(hasher), Step::kDone);
}

TEST_F(HashTest, ALargeFileIsReadInTurnsAndHasTheSameContent) {
  std::string bytes;
  for (uint64_t i = 0; bytes.size() < (9 << 20) + 17; ++i) bytes += std::to_string(i * i) + ' ';
  write("f", bytes);
  ContentBuilder builder;
  builder.feed(bytes);
  const sync::Found before = found("f");
  EXPECT_EQ(before.state.content, builder.finish().digest);
  EXPECT_FALSE(before.signature.racy) << "it waits until that is settled";
}

// The kernel notes the time when a mapped page becomes dirty, not at each store into it.
TEST_F(HashTest, AStoreThroughAMappingShowsAfterwards) {
  write("f", std::string(8192, 'a'));
  const Fd fd(open((root_ / "f").c_str(), O_RDWR));
  auto* bytes =
      static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0));
  ASSERT_NE(bytes, MAP_FAILED);
  bytes[0] = 'b';
  tick();
  sync::Found before = found("f");
  if (before.signature.racy) before = (tick(), found("f"));
  tick();
  bytes[0] = 'c';
  const sync::Signature after = look("f").found.signature;
  munmap(bytes, 8192);
  struct stat info {};
  if (fstat(fd.get(), &info) == 0 && same_signature(before.signature, after))
    GTEST_SKIP() << "this file system does not write mapped pages back";
  EXPECT_EQ(trust(before.signature, after, tree().tick_ns()), Trust::kNothing);
}

}  // namespace
}  // namespace cluster::files
