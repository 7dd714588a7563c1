#include "net/send_queue.h"

#include <gtest/gtest.h>

namespace cluster::net {
namespace {

using core::Priority;
using Pushed = SendQueue::Pushed;

std::string framed(const std::string& text) {
  return std::string(3, '\0') + static_cast<char>(text.size()) + text;
}

size_t fill(SendQueue& queue, Priority priority, const std::string& frame, Pushed end) {
  size_t pushed = 0;
  Pushed last = Pushed::kQueued;
  while (pushed < 10'000 && (last = queue.push(frame, priority)) == Pushed::kQueued) ++pushed;
  EXPECT_EQ(last, end);
  return pushed;
}

class SendQueueTest : public ::testing::Test {
 protected:
  SendQueue queue;

  void push(const std::string& text, Priority priority) {
    ASSERT_EQ(queue.push(text, priority), Pushed::kQueued);
  }
  std::string take(size_t limit = 100'000) {
    std::string out;
    queue.take(limit, out);
    return out;
  }
};

TEST_F(SendQueueTest, ControlOvertakesTheOthersButNotWithinAFrame) {
  push("bulk one", Priority::kBulk);
  push("bulk two", Priority::kBulk);
  std::string out = take(6);
  push("for others", Priority::kRelayed);
  push("control", Priority::kControl);
  out += take();
  EXPECT_EQ(out,
            framed("bulk one") + framed("control") + framed("bulk two") + framed("for others"));
  EXPECT_TRUE(queue.empty());
}

TEST_F(SendQueueTest, BulkAndRelayedTakeTurns) {
  for (const char* name : {"1", "2", "3", "4"}) push(std::string("bulk ") + name, Priority::kBulk);
  for (const char* name : {"1", "2"}) push(std::string("relayed ") + name, Priority::kRelayed);
  EXPECT_EQ(take(), framed("bulk 1") + framed("relayed 1") + framed("bulk 2") +
                        framed("relayed 2") + framed("bulk 3") + framed("bulk 4"));
}

TEST_F(SendQueueTest, NeitherWaitsForTheOther) {
  push("relayed 1", Priority::kRelayed);
  EXPECT_FALSE(queue.empty());
  EXPECT_EQ(take(), framed("relayed 1"));
  push("bulk 1", Priority::kBulk);
  EXPECT_EQ(take(), framed("bulk 1"));
  EXPECT_TRUE(queue.empty());
}

TEST_F(SendQueueTest, EachHasItsLimit) {
  const std::string frame(1 << 20, 'x');
  const size_t bytes = frame.size() + 4;
  EXPECT_EQ(fill(queue, Priority::kControl, frame, Pushed::kFull), kMaxControlQueueBytes / bytes);
  EXPECT_EQ(fill(queue, Priority::kBulk, frame, Pushed::kFull), kMaxBulkQueueBytes / bytes);
  EXPECT_EQ(fill(queue, Priority::kRelayed, frame, Pushed::kDropped),
            kMaxRelayedQueueBytes / bytes);
  take(SIZE_MAX);
  for (const Priority priority : {Priority::kControl, Priority::kBulk, Priority::kRelayed})
    EXPECT_EQ(queue.push(frame, priority), Pushed::kQueued);
}

TEST_F(SendQueueTest, WhatIsDroppedLeavesTheRestWhole) {
  const std::string frame(100'000, 'x');
  const size_t taken = fill(queue, Priority::kRelayed, frame, Pushed::kDropped);
  push("control", Priority::kControl);
  push("bulk", Priority::kBulk);
  const std::string out = take(SIZE_MAX);
  EXPECT_TRUE(out.starts_with(framed("control") + framed("bulk")));
  EXPECT_EQ(out.size(),
            framed("control").size() + framed("bulk").size() + taken * (frame.size() + 4));
}

}  // namespace
}  // namespace cluster::net
