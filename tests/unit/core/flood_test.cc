// Floods of records that wait together, as they do where the host had no time for them, are taken in as one.
#include <gtest/gtest.h>

#include "tests/unit/core/lone_host.h"

namespace cluster::core {
namespace {

using testing_core::LoneHost;
using testing_core::node;
using testing_core::three_hosts;

constexpr LinkId kTwo{2}, kThree{3};

wire::Record record(uint8_t number, uint64_t sequence = 1) {
  wire::Record out;
  out.set_node(node(number).raw());
  out.set_host(number);
  out.set_incarnation(1);
  out.set_sequence(sequence);
  return out;
}

wire::Message flood(const wire::Record& record) {
  wire::Message message;
  add_record(message, record);
  return message;
}

wire::Message beat() {
  wire::Message message;
  message.mutable_beat()->set_sent_us(1);
  return message;
}

// Host one, linked with two and three.
class FloodTest : public testing::Test {
 protected:
  FloodTest() {
    one_.boot(three_hosts(1));
    one_.link(2, kTwo);
    one_.link(3, kThree);
    one_.hear(kTwo, flood(record(2)));
    one_.hear(kThree, flood(record(3)));
  }

  // As the last step told the third host: each node with the sequence of its record.
  std::vector<std::pair<std::string, uint64_t>> told() const {
    std::vector<std::pair<std::string, uint64_t>> out;
    for (const wire::Record& record : one_.told(kThree))
      out.emplace_back(record.node(), record.sequence());
    return out;
  }
  static std::pair<std::string, uint64_t> of(uint8_t number, uint64_t sequence) {
    return {node(number).raw(), sequence};
  }

  LoneHost one_;
};

TEST_F(FloodTest, WhatWaitedTogetherIsToldOnTogether) {
  one_.hear(kTwo, flood(record(8)), true);
  EXPECT_TRUE(told().empty());
  one_.hear(kTwo, flood(record(9)), true);
  EXPECT_TRUE(told().empty());
  one_.hear(kTwo, beat(), true);
  EXPECT_TRUE(told().empty());
  one_.hear(kTwo, flood(record(8, 2)));
  EXPECT_EQ(told(), (decltype(told()){of(8, 2), of(9, 1)}));
  EXPECT_EQ(one_.sent(kThree).size(), 1u);
}

TEST_F(FloodTest, WhateverElseComesFindsThemTakenIn) {
  wire::Message other;
  other.mutable_compared()->set_settings_digest(0);
  const std::vector<Event> others = {Tick{}, Received{kTwo, other.SerializeAsString()}};
  uint64_t sequence = 0;
  for (const Event& event : others) {
    one_.hear(kTwo, flood(record(8, ++sequence)), true);
    EXPECT_TRUE(told().empty());
    one_.step(event, true);
    EXPECT_EQ(told(), (decltype(told()){of(8, sequence)}));
  }
}

TEST_F(FloodTest, AFloodThatIsNoneTakesNothingFromThoseBeforeIt) {
  one_.hear(kTwo, flood(record(8)), true);
  one_.hear(kTwo, flood(wire::Record()), true);
  EXPECT_TRUE(one_.closed(kTwo));
  const auto said = told();
  EXPECT_TRUE(std::find(said.begin(), said.end(), of(8, 1)) != said.end());
}

TEST_F(FloodTest, TheLinkOnWhichTheyCameMayEndMeanwhile) {
  one_.hear(kTwo, flood(record(8)), true);
  one_.step(LinkDown{kTwo, "reset"}, true);
  EXPECT_EQ(told().front(), of(8, 1));
  one_.hear(kTwo, flood(record(9)), true);
  EXPECT_TRUE(one_.actions.empty());
}

}  // namespace
}  // namespace cluster::core
