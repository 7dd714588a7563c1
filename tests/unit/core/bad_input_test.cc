// A linked host that does not stop sending what no host of ours would.
#include <gtest/gtest.h>

#include "tests/unit/core/lone_host.h"

namespace cluster::core {
namespace {

using testing_core::LoneHost;
using testing_core::node;
using testing_core::three_hosts;

constexpr LinkId kGood{1000};

class BadInputTest : public testing::Test {
 protected:
  BadInputTest() {
    one_.boot(three_hosts(1));
    one_.link(3, kGood);
    link();
  }

  // Host 2 comes again.
  void link() {
    ++bad_.value;
    one_.link(2, bad_);
  }

  // It is cut off for what it says; adds what was logged of it.
  void offend(const std::string& bytes) {
    one_.hear(bad_, bytes);
    EXPECT_TRUE(one_.closed(bad_));
    EXPECT_FALSE(one_.closed(kGood));
    note();
    link();
    note();
  }
  void note() {
    for (const std::string& line : one_.logged(LogLevel::kWarning)) warnings_.push_back(line);
    for (const std::string& line : one_.logged(LogLevel::kInfo)) news_.push_back(line);
  }
  // Host 3 stays linked.
  void pass(Duration time) {
    for (Duration passed{}; passed < time; passed += seconds(2)) {
      one_.now.mono += seconds(2);
      wire::Message beat;
      beat.mutable_beat();
      one_.hear(kGood, beat);
      one_.hear(bad_, beat);
      EXPECT_FALSE(one_.closed(kGood));
    }
  }

  LoneHost one_;
  LinkId bad_{1};
  std::vector<std::string> warnings_, news_;
};

TEST_F(BadInputTest, IsCountedEachTimeAndToldOnceAMinute) {
  for (int i = 0; i < 100; ++i) offend("\xff");
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_EQ(warnings_[0],
            "malformed message from two (192.0.2.2:35790): it cannot be read; its link is closed");
  EXPECT_EQ(one_.view().malformed_messages, 100u);
  // The links that it has and loses are no news for that long either.
  EXPECT_LT(news_.size(), 5u);

  pass(minutes(1));
  wire::Message message;
  wire::Record nobody;
  nobody.set_node("short");
  add_record(message, nobody);
  offend(message.SerializeAsString());
  ASSERT_EQ(warnings_.size(), 2u);
  EXPECT_EQ(warnings_[1],
            "malformed message from two (192.0.2.2:35790): a record names no node; its link is "
            "closed (and 99 more from it since this was last said)");
  EXPECT_EQ(one_.view().malformed_messages, 101u);
}

TEST_F(BadInputTest, OfOneHostHidesNoneOfAnother) {
  offend("\xff");
  one_.hear(kGood, "\xff");
  EXPECT_TRUE(one_.closed(kGood));
  ASSERT_EQ(one_.logged(LogLevel::kWarning).size(), 1u);
  EXPECT_NE(one_.logged(LogLevel::kWarning)[0].find("three (192.0.2.3:35790)"), std::string::npos);
  EXPECT_FALSE(one_.closed(bad_));
}

TEST_F(BadInputTest, WhateverComesBeforeTheGreetingIsSome) {
  const LinkId fresh{500};
  one_.step(one_.link_up(2, fresh));
  wire::Message beat;
  beat.mutable_beat();
  one_.hear(fresh, beat);
  EXPECT_TRUE(one_.closed(fresh));
  EXPECT_FALSE(one_.closed(bad_));
  ASSERT_EQ(one_.logged(LogLevel::kWarning).size(), 1u);
  EXPECT_NE(one_.logged(LogLevel::kWarning)[0].find("it comes before the greeting"),
            std::string::npos);
  EXPECT_EQ(one_.view().malformed_messages, 1u);
}

TEST_F(BadInputTest, AnIncarnationThatCannotBeIsToldOnceAMinute) {
  wire::Record record;
  record.set_node(node(1).raw());
  record.set_host(1);
  record.set_incarnation(UINT64_MAX);
  wire::Message message;
  add_record(message, record);
  for (int i = 0; i < 100; ++i) {
    one_.hear(bad_, message);
    note();
  }
  EXPECT_EQ(warnings_.size(), 1u);
  pass(minutes(1));
  one_.hear(bad_, message);
  EXPECT_EQ(one_.logged(LogLevel::kWarning).size(), 1u);
}

}  // namespace
}  // namespace cluster::core
