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
    const std::string path = folder_.path().string() + "/file";
    std::ofstream(path, std::ios::binary) << bytes;
    size_ = bytes.size();
    return path;
  }

  wire::ContentAsk ask_for_all(uint32_t pack) const {
    wire::ContentAsk ask;
    ask.set_request(1);
    ask.set_beside(true);
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
         [](NodeId, wire::ContentGiven) { FAIL() << "it may come beside"; },
         [&](NodeId, std::string frame) { frames.push_back(std::move(frame)); }});
    serving.ask({}, ask);
    while (serving.step()) {
    }
    std::string out;
    sent_ = 0;
    for (const std::string& frame : frames) {
      const auto bulk = bulk_from(frame);
      EXPECT_TRUE(bulk);
      if (!bulk) continue;
      EXPECT_EQ(bulk->given.missing(), "");
      sent_ += bulk->bytes.size();
      std::string_view beside = bulk->bytes;
      for (const auto& part : bulk->given.parts()) {
        const std::string_view bytes = beside.substr(0, part.length());
        beside.remove_prefix(part.length());
        out += part.size() == 0 ? std::string(bytes)
                                : inflated(bytes, part.size(), kMaxChunkBytes).value_or("?");
      }
    }
    return out;
  }

  static constexpr uint64_t kPartBytes = 100'000;
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

TEST_F(ServingTest, AnOldHostGetsAllOfItInTheMessage) {
  const std::string text = lines(300'000);
  const std::string path = write(text);
  wire::ContentAsk ask = ask_for_all(0);
  ask.set_beside(false);
  std::string got;
  Serving serving(
      {[&](const wire::ContentAsk&) {
         return Serving::Opened{Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)), size_, {}};
       },
       [&](NodeId, const wire::ContentGiven& given) {
         for (const auto& part : given.parts()) {
           EXPECT_EQ(part.length(), 0u);
           got += part.bytes();
         }
       },
       [](NodeId, const std::string&) { FAIL() << "nothing may come beside"; }});
  serving.ask({}, ask);
  while (serving.step()) {
  }
  EXPECT_EQ(got, text);
}

TEST(LinkSpeed, TellsASlowLinkFromAFastOneOnceItIsMeasured) {
  MonoTime now{seconds(5)};
  LinkSpeed speed;
  speed.begin(now);
  EXPECT_EQ(speed.pack_level(), 0u) << "not known yet";
  const auto second_of = [&](uint64_t bytes) {
    for (int i = 0; i < 10; ++i) speed.came(now += milliseconds(100), bytes / 10);
  };
  second_of(100'000'000);
  EXPECT_EQ(speed.pack_level(), 0u);
  second_of(15'000'000);
  EXPECT_EQ(speed.pack_level(), 1u);
  second_of(2'000'000);
  EXPECT_EQ(speed.pack_level(), 6u);
  speed.begin(now += hours(1));
  EXPECT_EQ(speed.pack_level(), 6u) << "time in which nothing was asked for says nothing";
  second_of(100'000'000);
  EXPECT_EQ(speed.pack_level(), 0u);
}

}  // namespace
}  // namespace cluster::files
