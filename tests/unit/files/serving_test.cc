#include "files/serving.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <vector>

#include "files/link_speed.h"
#include "files/packing.h"
#include "tests/unit/files/random_bytes.h"
#include "tests/unit/temp_folder.h"

namespace cluster::files {
namespace {

class ServingTest : public ::testing::Test {
 protected:
  std::string write(const std::string& bytes) {
    std::string path = folder_.path().string() + "/file";
    std::ofstream(path, std::ios::binary) << bytes;
    size_ = bytes.size();
    return path;
  }

  wire::ContentAsk ask_for_all(uint32_t pack) const {
    wire::ContentAsk ask;
    ask.set_request(1);
    ask.set_pack(pack);
    for (uint64_t at = 0; at < size_; at += kPartBytes) {
      auto& part = *ask.add_parts();
      part.set_digest(std::to_string(at));
      part.set_offset(at);
      part.set_size(static_cast<uint32_t>(std::min<uint64_t>(kPartBytes, size_ - at)));
    }
    return ask;
  }

  // What all frames bring, as it is in the file.
  std::string take_all(const std::string& path, const wire::ContentAsk& ask) {
    std::vector<std::string> frames;
    Serving serving(
        {[&](const wire::ContentAsk&) {
           return Serving::Opened{Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)), size_, {}};
         },
         [&](NodeId, std::string frame) { frames.push_back(std::move(frame)); }});
    serving.ask({}, ask);
    while (serving.step()) {
    }
    std::string out;
    sent_ = 0;
    for (const std::string& frame : frames) {
      std::string unpacked;
      const auto bulk = bulk_from(frame, unpacked);
      EXPECT_TRUE(bulk);
      if (!bulk) continue;
      EXPECT_EQ(bulk->given.missing(), "");
      sent_ += frame.size() - kFrameBytes - bulk->given.ByteSizeLong();
      out += bulk->bytes;
    }
    return out;
  }

  static constexpr uint64_t kPartBytes = 100'000;
  static constexpr uint64_t kFrameBytes = 1 + 4;  // the mark, and the length of the message
  testing_files::TempFolder folder_;
  uint64_t size_ = 0, sent_ = 0;
};

std::string lines(size_t bytes) {
  std::string out;
  for (int i = 0; out.size() < bytes; ++i) out += "line " + std::to_string(i) + " of a log\n";
  return out;
}

TEST_F(ServingTest, ALargeFileIsPackedForASlowLinkAlone) {
  const std::string text = lines(3'000'000);
  const std::string path = write(text);
  EXPECT_EQ(take_all(path, ask_for_all(0)), text);
  EXPECT_EQ(sent_, text.size());
  EXPECT_EQ(take_all(path, ask_for_all(6)), text);
  EXPECT_LT(sent_, text.size() / 3);
}

TEST_F(ServingTest, WhatDoesNotBecomeShorterGoesAsItIs) {
  const std::string noise = random_bytes(3'000'000, 1);
  const std::string text = noise + lines(5'000'000);
  const std::string path = write(text);
  EXPECT_EQ(take_all(path, ask_for_all(1)), text);
  EXPECT_LT(sent_, text.size() - 500'000) << "it is tried again after a while";
  EXPECT_GT(sent_, noise.size());
}

class LinkSpeedTest : public ::testing::Test {
 protected:
  LinkSpeedTest() { speed_.begin(now_, {}); }
  // In which the other end worked for so long, and this one for a tenth.
  void second_of(uint64_t bytes, Duration took = {}) {
    for (int i = 0; i < 10; ++i)
      speed_.came(now_ += milliseconds(100), rested_ += milliseconds(90), bytes / 10, took / 10);
  }
  MonoTime now_{seconds(5)};
  Duration rested_{};
  LinkSpeed speed_;
};

TEST_F(LinkSpeedTest, TellsASlowLinkFromAFastOneOnceItIsMeasured) {
  EXPECT_EQ(speed_.pack_level(), 0u) << "not known yet";
  second_of(100'000'000);
  EXPECT_EQ(speed_.pack_level(), 0u);
  second_of(20'000'000);
  EXPECT_EQ(speed_.pack_level(), 1u);
  second_of(12'000'000);
  EXPECT_EQ(speed_.pack_level(), 5u);
  second_of(2'000'000);
  EXPECT_EQ(speed_.pack_level(), 6u);
  speed_.begin(now_ += hours(1), rested_);
  EXPECT_EQ(speed_.pack_level(), 6u) << "time in which nothing was asked for says nothing";
  second_of(100'000'000);
  EXPECT_EQ(speed_.pack_level(), 0u);
}

TEST_F(LinkSpeedTest, AFastLinkThatWasSlowOnceIsFoundOutThoughTheProcessorIsSlower) {
  second_of(2'000'000);
  ASSERT_EQ(speed_.pack_level(), 6u);
  const auto seconds_until = [&](uint32_t level) {
    int out = 0;
    for (; speed_.pack_level() > level && out < 100; ++out) second_of(9'500'000, milliseconds(950));
    return out;
  };
  EXPECT_LT(seconds_until(0), 60);
}

TEST_F(LinkSpeedTest, LittleThatComesAtOnceTellsOnlyOfTheRoundTrip) {
  const auto often = [&](uint64_t bytes) {
    for (int i = 0; i < 100; ++i) {
      speed_.begin(now_ += seconds(1), rested_ += seconds(1));
      speed_.came(now_ += milliseconds(4), rested_ += milliseconds(3), bytes, {});
    }
  };
  often(4'000);
  EXPECT_FALSE(speed_.known());
  often(1'000'000);
  EXPECT_TRUE(speed_.known());
  EXPECT_EQ(speed_.pack_level(), 0u);
}

TEST_F(LinkSpeedTest, WhereBothEndsAreBusyNothingIsSaidOfTheLink) {
  for (int i = 0; i < 100; ++i) second_of(5'000'000, milliseconds(900));
  EXPECT_EQ(speed_.pack_level(), 0u);
}

TEST_F(LinkSpeedTest, ASlowLinkStaysOneWhereTheProcessorIsFasterThanIt) {
  for (int i = 0; i < 100; ++i) second_of(5'000'000, milliseconds(500));
  EXPECT_EQ(speed_.pack_level(), 6u);
}

}  // namespace
}  // namespace cluster::files
