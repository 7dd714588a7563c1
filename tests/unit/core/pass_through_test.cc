// A chain one - two - three in which host two is older than the others: it passes on unharmed what a newer
// version has added to what it knows, keeps it over a restart, and is not troubled by what it does not know.
#include <gtest/gtest.h>

#include "base/digest.h"
#include "tests/unit/core/lone_host.h"

namespace cluster::core {
namespace {

using testing_core::LoneHost;
using testing_core::node;
using testing_core::three_hosts;

constexpr LinkId kOne{1}, kThree{3}, kThreeAgain{4};

// Field 500 and, in it, `text`: of a version to come.
template <class Kind>
void add_news(Kind& message, const std::string& text) {
  message.MergeFromString(std::string("\xa2\x1f") + static_cast<char>(text.size()) + text);
}

Config old_config() {
  Config config = three_hosts(2);
  ServiceEntry web;
  web.name = "web";
  web.preference = {HostId(2)};
  web.local = web.runnable = true;
  config.services = {web};
  return config;
}

class PassThroughTest : public testing::Test {
 protected:
  PassThroughTest() {
    old_.boot(old_config());
    old_.link(1, kOne);
    old_.link(3, kThree);
    tell(kOne, record(1));
    tell(kThree, record(3));
  }
  ~PassThroughTest() override { EXPECT_EQ(old_.view().malformed_messages, 0u); }

  static wire::Record record(uint8_t number, uint64_t sequence = 1) {
    wire::Record out;
    out.set_node(node(number).raw());
    out.set_host(number);
    out.set_incarnation(1);
    out.set_sequence(sequence);
    out.add_edges()->set_node(node(2).raw());
    return out;
  }
  void tell(LinkId link, const wire::Record& record) {
    wire::Message flood;
    add_record(flood, record);
    hear(link, flood);
  }
  void hear(LinkId link, const wire::Message& message) {
    old_.hear(link, message);
    EXPECT_FALSE(old_.closed(link));
  }
  // Host three comes again, and is told all.
  void greet_again() { old_.link(3, kThreeAgain); }
  void restart() {
    old_.boot(old_config());
    old_.link(1, kOne);
    old_.link(3, kThree);
  }
  static wire::Routed routed(uint8_t from, uint8_t to) {
    wire::Routed out;
    out.set_from(node(from).raw());
    out.set_to(node(to).raw());
    out.set_hops(9);
    return out;
  }
  wire::Message setting_of_one(const std::string& key, Duration ahead = {}) const {
    wire::Message message;
    wire::Setting& setting = *message.mutable_settings()->add_settings();
    setting.set_key(key);
    setting.set_value("1");
    setting.set_wall_us(wall_us(old_.now.wall + ahead));
    setting.set_node(node(1).raw());
    add_news(setting, "only until Sunday");
    return message;
  }
  bool has(const std::vector<wire::Setting>& settings, const wire::Message& message) const {
    return std::any_of(settings.begin(), settings.end(), [&](const wire::Setting& setting) {
      return setting.SerializeAsString() == message.settings().settings(0).SerializeAsString();
    });
  }

  LoneHost old_;
};

TEST_F(PassThroughTest, ARecordGoesOnWithAllThatItHolds) {
  wire::Record fresh = record(1, 2);
  add_news(fresh, "of the record");
  add_news(*fresh.mutable_edges(0), "of an edge");
  wire::Lost& lost = *fresh.add_lost();
  lost.set_node(node(9).raw());
  lost.set_proof(static_cast<wire::Lost::Proof>(77));
  add_news(lost, "of a loss");
  add_news(*fresh.mutable_configuration(), "of the version");
  wire::Holding& holding = *fresh.add_services();
  holding.set_service("web");
  holding.set_state(static_cast<wire::Holding::State>(88));
  add_news(holding, "of a service");
  tell(kOne, fresh);
  const auto told = old_.told(kThree);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].SerializeAsString(), fresh.SerializeAsString());
  greet_again();
  const auto all = old_.told(kThreeAgain);
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const wire::Record& record) {
    return record.SerializeAsString() == fresh.SerializeAsString();
  }));
}

TEST_F(PassThroughTest, ASettingGoesOnIsStoredAndComesBackWhole) {
  const wire::Message message = setting_of_one("color/web");
  hear(kOne, message);
  EXPECT_TRUE(has(old_.set(kThree), message));
  greet_again();
  EXPECT_TRUE(has(old_.set(kThreeAgain), message));
  restart();
  EXPECT_TRUE(has(old_.set(kThree), message));
}

TEST_F(PassThroughTest, ASettingThatIsLaidAsideGoesOnWholeOnceItsTimeHasCome) {
  const wire::Message message = setting_of_one("color/web", minutes(10));
  hear(kOne, message);
  ASSERT_TRUE(old_.set(kThree).empty());
  const auto refusal = old_.said(kOne);
  ASSERT_EQ(refusal.size(), 1u);
  EXPECT_EQ(refusal[0].routed().setting_refused().setting().SerializeAsString(),
            message.settings().settings(0).SerializeAsString());
  old_.now.wall += minutes(10);
  old_.step(Tick{});
  EXPECT_TRUE(has(old_.set(kThree), message));
}

TEST_F(PassThroughTest, AServicesFileGoesOnIsStoredAndComesBackWhole) {
  wire::Orders orders;
  orders.mutable_configuration()->set_count(7);
  orders.mutable_configuration()->set_hash(
      Digest().add("web").add(uint64_t{3}).add(uint64_t{2}).add(uint64_t{0}).value());
  wire::Orders::Order& web = *orders.add_orders();
  web.set_service("web");
  web.add_hosts(3);
  web.add_hosts(2);
  add_news(web, "two copies");
  add_news(orders, "signed");
  wire::Message answer, ask;
  *answer.mutable_routed() = routed(1, 2);
  *answer.mutable_routed()->mutable_orders() = orders;
  *ask.mutable_routed() = routed(3, 2);
  ask.mutable_routed()->mutable_orders_ask();

  hear(kOne, answer);
  EXPECT_EQ(old_.core().inspect().configuration_count, 7u);
  const auto given = [&] {
    hear(kThree, ask);
    for (const wire::Message& message : old_.said(kThree))
      if (message.routed().has_orders()) return message.routed().orders().SerializeAsString();
    return std::string();
  };
  EXPECT_EQ(given(), orders.SerializeAsString());
  restart();
  tell(kThree, record(3, 2));
  EXPECT_EQ(old_.core().inspect().configuration_count, 7u);
  EXPECT_EQ(given(), orders.SerializeAsString());
}

TEST_F(PassThroughTest, WhatTwoHostsSayToEachOtherIsHandedOnWhateverItIs) {
  wire::Message message;
  wire::Routed& news = *message.mutable_routed() = routed(1, 3);
  add_news(news, "a kind of its own");
  hear(kOne, message);
  const auto said = old_.said(kThree);
  ASSERT_EQ(said.size(), 1u);
  news.set_hops(8);
  EXPECT_EQ(said[0].SerializeAsString(), message.SerializeAsString());

  news = routed(1, 3);
  news.mutable_claim()->set_service("web");
  add_news(*news.mutable_claim(), "with a term");
  hear(kOne, message);
  news.set_hops(8);
  ASSERT_EQ(old_.said(kThree).size(), 1u);
  EXPECT_EQ(old_.said(kThree)[0].SerializeAsString(), message.SerializeAsString());
}

TEST_F(PassThroughTest, WhatItDoesNotKnowDoesNotTroubleIt) {
  wire::Message unknown;
  add_news(unknown, "a kind of its own");
  hear(kOne, unknown);
  EXPECT_TRUE(old_.sent(kOne).empty() && old_.sent(kThree).empty());
  wire::Message for_it;
  *for_it.mutable_routed() = routed(1, 2);
  add_news(*for_it.mutable_routed(), "a kind of its own");
  hear(kOne, for_it);
  EXPECT_TRUE(old_.sent(kOne).empty() && old_.sent(kThree).empty());
  wire::Message step;
  step.mutable_rotation()->set_step(static_cast<wire::Rotation::Step>(9));
  hear(kOne, step);
  EXPECT_TRUE(old_.sent(kOne).empty());
}

TEST_F(PassThroughTest, WhatItKnowsCountsWhateverElseIsThere) {
  wire::Message hello;
  hello.mutable_hello()->set_protocol(2);
  hello.mutable_hello()->set_incarnation(1);
  add_news(*hello.mutable_hello(), "a newer version");
  add_news(hello, "around it");
  old_.step(old_.link_up(3, kThreeAgain));
  hear(kThreeAgain, hello);
  EXPECT_FALSE(old_.told(kThreeAgain).empty());
  EXPECT_TRUE(old_.closed(kThree)) << "replaced by the newer link";

  wire::Message claim;
  *claim.mutable_routed() = routed(3, 2);
  add_news(*claim.mutable_routed(), "along with it");
  wire::Claim& body = *claim.mutable_routed()->mutable_claim();
  body.set_service("mail");
  body.set_epoch(5);
  body.set_attempt(1);
  body.mutable_configuration()->set_count(99);
  add_news(body, "with a term");
  hear(kThreeAgain, claim);
  const auto said = old_.said(kThreeAgain);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].routed().answer().verdict(), wire::Answer::GRANTED);
}

}  // namespace
}  // namespace cluster::core
