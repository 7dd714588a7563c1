#include "guardian/channel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <vector>

#include "posix/fd.h"
#include "wire/framing.h"

namespace cluster::guardian {
namespace {

struct BaseFree {
  void operator()(event_base* base) const { event_base_free(base); }
};

class ChannelTest : public testing::Test {
 protected:
  ChannelTest() : base_(event_base_new()) {
    auto pair = net::stream_pair();
    other_ = std::move(pair->second);
    channel_ = std::make_unique<Channel>(
        base_.get(), std::move(pair->first),
        [this](std::string_view frame) { received_.emplace_back(frame); },
        [this](const std::string& why) { closed_.push_back(why); });
  }
  ~ChannelTest() override { channel_.reset(); }

  void turn() { event_base_loop(base_.get(), EVLOOP_NONBLOCK); }
  void put(const std::string& bytes) {
    ASSERT_EQ(send(other_.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
  }

  std::unique_ptr<event_base, BaseFree> base_;
  Fd other_;
  std::vector<std::string> received_, closed_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(ChannelTest, FramesArriveWholeHoweverTheyAreCut) {
  const std::string stream = wire::frame_header(3) + "one" + wire::frame_header(5) + "three";
  for (char c : stream) {
    put(std::string(1, c));
    turn();
  }
  put(stream);
  turn();
  EXPECT_EQ(received_, (std::vector<std::string>{"one", "three", "one", "three"}));
  EXPECT_TRUE(closed_.empty());
}

TEST_F(ChannelTest, WhatWasSaidBeforeTheEndIsHeard) {
  put(wire::frame_header(4) + "last");
  other_.reset();
  channel_->drain();
  EXPECT_EQ(received_, (std::vector<std::string>{"last"}));
  EXPECT_TRUE(closed_.empty()) << "only from the loop";
  turn();
  EXPECT_EQ(closed_.size(), 1u);
  channel_->send("to nobody");
  turn();
  EXPECT_EQ(closed_.size(), 1u);
}

TEST_F(ChannelTest, AMalformedFrameEndsIt) {
  put(std::string(8, '\0'));
  turn();
  turn();
  EXPECT_EQ(closed_, (std::vector<std::string>{"a malformed frame"}));
}

TEST_F(ChannelTest, WhoDoesNotReadIsGivenUp) {
  const std::string much(64 << 10, 'x');
  for (size_t sent = 0; sent < 2 * kMaxQueuedBytes && closed_.empty(); sent += much.size()) {
    channel_->send(much);
    turn();
  }
  EXPECT_EQ(closed_, (std::vector<std::string>{"it does not read"}));
}

TEST_F(ChannelTest, WhatIsNotReadAtOnceGoesOutLater) {
  const std::string much(64 << 10, 'x');
  constexpr size_t kFrames = 32;
  for (size_t i = 0; i < kFrames; ++i) channel_->send(much);
  const size_t whole = kFrames * (wire::kHeaderBytes + much.size());
  std::string buffer(much.size(), '\0');
  size_t got = 0;
  while (got < whole) {
    turn();
    const ssize_t some = recv(other_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    ASSERT_GT(some, 0) << got;
    got += static_cast<size_t>(some);
  }
  EXPECT_EQ(got, whole);
}

TEST(ReadFrame, WaitsNoLongerThanToldAndTakesNoMore) {
  auto pair = net::stream_pair();
  EXPECT_FALSE(read_frame(pair->second.get(), milliseconds(1)));
  const std::string stream = wire::frame_header(3) + "one" + "rest";
  ASSERT_EQ(send(pair->first.get(), stream.data(), stream.size(), 0),
            static_cast<ssize_t>(stream.size()));
  EXPECT_EQ(read_frame(pair->second.get(), seconds(30)), "one");
  char rest[8];
  EXPECT_EQ(recv(pair->second.get(), rest, sizeof rest, 0), 4);
  pair->first.reset();
  EXPECT_FALSE(read_frame(pair->second.get(), seconds(30)));
}

}  // namespace
}  // namespace cluster::guardian
