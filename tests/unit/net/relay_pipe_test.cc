#include "net/relay_pipe.h"

#include <gtest/gtest.h>

#include <optional>

#include "support.h"

namespace cluster::net {
namespace {

using core::kMaxRelayBytes;
using core::kRelayWindowBytes;
using testing::Loop;

// Bytes that differ from place to place.
std::string pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  return bytes;
}

class RelayPipeTest : public ::testing::Test, public RelayPipe::Owner {
 protected:
  void relay_out(RelayId relay, std::string bytes) override {
    EXPECT_EQ(relay, RelayId(7));
    EXPECT_TRUE(ends.empty());
    pieces.push_back(bytes.size());
    out += bytes;
  }
  void relay_ended(RelayId relay, const std::string& reason) override {
    EXPECT_EQ(relay, RelayId(7));
    ends.push_back(reason);
  }

  // The test holds the connection's end.
  void open(size_t room) {
    Result<std::pair<Fd, Fd>> made = stream_pair();
    ASSERT_TRUE(made.ok());
    connection = std::move(made->first);
    pipe.emplace(loop.base(), RelayId(7), std::move(made->second), room, *this);
  }
  // As much of it as fits.
  size_t write(std::string_view bytes) {
    const ssize_t wrote = send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return wrote > 0 ? static_cast<size_t>(wrote) : 0;
  }
  void write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      bytes.remove_prefix(write(bytes));
      loop.spin(std::chrono::milliseconds(1));
      if (ends.size() > 0) return;
    }
  }
  // True once the end has been seen.
  bool read() {
    char buffer[4096];
    ssize_t got = 0;
    while ((got = recv(connection.get(), buffer, sizeof buffer, 0)) > 0)
      got_in.append(buffer, static_cast<size_t>(got));
    return got == 0;
  }
  void settle() { loop.spin(std::chrono::milliseconds(20)); }

  Loop loop;
  Fd connection;
  std::optional<RelayPipe> pipe;
  std::vector<size_t> pieces;
  std::string out, got_in;
  std::vector<std::string> ends;
};

TEST_F(RelayPipeTest, NoMoreComesOutThanThereIsRoomFor) {
  const std::string bytes = pattern(100'000);
  open(10);
  ASSERT_EQ(write(bytes), bytes.size());
  settle();
  EXPECT_EQ(out, bytes.substr(0, 10));
  for (const size_t more : {1u, 5000u, 1u, 40'000u}) {
    const size_t before = out.size();
    pipe->add_room(more);
    EXPECT_EQ(out.size(), before);
    settle();
    EXPECT_EQ(out.size(), before + more);
  }
  pipe->add_room(1'000'000);
  settle();
  EXPECT_EQ(out, bytes);
  for (const size_t piece : pieces) EXPECT_LE(piece, kMaxRelayBytes);
  EXPECT_TRUE(ends.empty());
}

TEST_F(RelayPipeTest, WithoutRoomNothingIsReadAndTheConnectionHasToWait) {
  open(0);
  const std::string block(64 << 10, 'x');
  size_t wrote = 0;
  while (const size_t now = write(block)) wrote += now;
  settle();
  EXPECT_EQ(write(block), 0u);
  EXPECT_TRUE(out.empty());
  pipe->add_room(0);
  pipe->add_room(2 * wrote);
  ASSERT_TRUE(loop.until([&] { return out.size() == wrote; }));
}

TEST_F(RelayPipeTest, TheEndComesOnceAndAfterAllBytes) {
  const std::string bytes = pattern(50'000);
  open(kRelayWindowBytes);
  write_all(bytes);
  connection.reset();
  ASSERT_TRUE(loop.until([&] { return !ends.empty(); }));
  EXPECT_EQ(out, bytes);
  EXPECT_EQ(ends, std::vector<std::string>{""});
  pipe->in("too late");
  pipe->add_room(5);
  pipe->look();
  pipe->close();
  settle();
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(RelayPipeTest, TheEndWaitsForTheRoomThatTheLastBytesNeed) {
  const std::string bytes = pattern(5'000);
  open(4'999);
  ASSERT_EQ(write(bytes), bytes.size());
  connection.reset();
  pipe->look();
  settle();
  pipe->look();
  EXPECT_EQ(out.size(), 4'999u);
  EXPECT_TRUE(ends.empty());
  pipe->add_room(1);
  ASSERT_TRUE(loop.until([&] { return !ends.empty(); }));
  EXPECT_EQ(out, bytes);
}

TEST_F(RelayPipeTest, AnEndThatNeedsNoRoomIsSeenWithoutAny) {
  const std::string bytes = pattern(5'000);
  open(bytes.size());
  ASSERT_EQ(write(bytes), bytes.size());
  settle();
  EXPECT_EQ(out, bytes);
  pipe->look();
  EXPECT_TRUE(ends.empty());
  connection.reset();
  pipe->look();
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(RelayPipeTest, WhoOnlySaysThatItHasNoMoreHasEndedToo) {
  open(100);
  write_all("last");
  shutdown(connection.get(), SHUT_WR);
  ASSERT_TRUE(loop.until([&] { return !ends.empty(); }));
  EXPECT_EQ(out, "last");
  EXPECT_TRUE(read());  // and sees the end itself
}

TEST_F(RelayPipeTest, AConnectionThatGoesWithoutReadingLosesNothingOfWhatItWrote) {
  open(10);
  pipe->in("nobody reads this");
  ASSERT_EQ(write(pattern(3'000)), 3'000u);
  connection.reset();
  pipe->in("nor this");
  pipe->add_room(kRelayWindowBytes);
  ASSERT_TRUE(loop.until([&] { return !ends.empty(); }));
  EXPECT_EQ(out, pattern(3'000));
}

TEST_F(RelayPipeTest, WhatComesInIsReadInOrder) {
  open(100);
  const std::string bytes = pattern(1 << 20);
  size_t at = 0;
  ASSERT_TRUE(loop.until([&] {
    // Never more under way than a window.
    const size_t more =
        std::min({kRelayWindowBytes - (at - got_in.size()), kMaxRelayBytes, bytes.size() - at});
    pipe->in(std::string_view(bytes).substr(at, more));
    at += more;
    if (at % 3 == 0 || more == 0) read();
    return got_in.size() == bytes.size();
  }));
  EXPECT_EQ(got_in, bytes);
  EXPECT_TRUE(ends.empty() && out.empty());
}

TEST_F(RelayPipeTest, ClosedItStillDeliversWhatWaits) {
  open(100);
  // More than the socket takes, so that some waits in the pipe.
  const int little = 4096;
  setsockopt(connection.get(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
  const std::string bytes = pattern(kRelayWindowBytes * 3);
  for (size_t at = 0; at < bytes.size(); at += kMaxRelayBytes)
    pipe->in(std::string_view(bytes).substr(at, kMaxRelayBytes));
  pipe->close();
  pipe->in("too late");
  write_all("nobody wants this");
  ASSERT_TRUE(loop.until([&] { return read(); }));
  EXPECT_EQ(got_in, bytes);
  settle();
  connection.reset();
  settle();
  EXPECT_TRUE(ends.empty() && out.empty());
}

// A connection that writes before it reads must not find the socket broken and give up what it has not read.
TEST_F(RelayPipeTest, ClosedItCanStillBeWrittenTo) {
  open(100);
  pipe->in("last words");
  pipe->close();
  EXPECT_EQ(write("not heard"), 9u);
  EXPECT_TRUE(read());
  EXPECT_EQ(got_in, "last words");
}

TEST_F(RelayPipeTest, WhoSendsBeyondTheWindowEndsIt) {
  open(100);
  const std::string block(kMaxRelayBytes, 'x');
  size_t sent = 0;
  while (ends.empty() && sent < (64u << 20)) {
    pipe->in(block);
    sent += block.size();
  }
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0], "the other end sent more than there was room for");
  EXPECT_GT(sent, kMaxRelayWaitingBytes);
  EXPECT_LT(sent, 16u << 20);
  EXPECT_TRUE(read());
  EXPECT_LE(got_in.size(), sent - kMaxRelayWaitingBytes);
}

}  // namespace
}  // namespace cluster::net
