// One end of a pair that replaces its secret: what is stored when, and what the shell is told of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/hlc.h"
#include "core/node.h"
#include "wire/cluster.pb.h"

namespace cluster::core {
namespace {

constexpr LinkId kLink{1};
constexpr HostId kPeer{2}, kOther{3};
const Generation kPassphrases, kFirst{1, 11};

NodeId node(uint8_t number) {
  NodeId id;
  id.bytes.fill(number);
  return id;
}

// Host 1, the lower of the two, linked with host 2; its disk answers when the test says so.
class RotationTest : public testing::Test {
 protected:
  RotationTest() {
    Boot boot;
    boot.node = node(1);
    boot.config.self = HostId(1);
    boot.config.hosts = {{HostId(1), "one", false, "one", 35790},
                         {kPeer, "two", false, "two", 35790},
                         {kOther, "three", false, "three", 35790}};
    node_ = std::make_unique<Node>(std::move(boot));
    node_->start(now_, actions_);
    note();
    store();
    step(LinkUp{kLink, node(2), kPeer, "two", DialId(), "192.0.2.2:35790", {}});
    wire::Message hello;
    hello.mutable_hello()->set_incarnation(1);
    receive(hello);
    store();
  }

  void step(const Event& event) {
    actions_.clear();
    node_->step(now_, event, actions_);
    note();
  }
  void note() {
    for (const Action& action : actions_) {
      if (const auto* persist = std::get_if<Persist>(&action)) unstored_.push_back(*persist);
      if (const auto* dial = std::get_if<Dial>(&action); dial != nullptr && dial->host == kPeer)
        dialling_ = dial->dial;
      if (const auto* access = std::get_if<SetAccess>(&action)) access_[access->host] = *access;
    }
  }
  // All that was to be stored is, and so is what follows from that.
  void store() {
    while (!unstored_.empty()) {
      const StoreTicket ticket = unstored_.front().ticket;
      unstored_.erase(unstored_.begin());
      step(Persisted{ticket});
    }
  }
  void receive(const wire::Message& message) { step(Received{kLink, message.SerializeAsString()}); }
  void receive(wire::Rotation::Step which) {
    wire::Message message;
    message.mutable_rotation()->set_step(which);
    message.mutable_rotation()->set_count(kFirst.count);
    message.mutable_rotation()->set_hash(kFirst.hash);
    receive(message);
  }
  // What authenticates that host, as the shell was told.
  std::vector<Generation> by(HostId host) {
    std::vector<Generation> out;
    for (const PairSecret& secret : access_[host].secrets) out.push_back(secret.generation);
    return out;
  }
  bool said(wire::Rotation::Step which) const {
    return std::any_of(actions_.begin(), actions_.end(), [&](const Action& action) {
      const auto* send = std::get_if<Send>(&action);
      wire::Message message;
      return send != nullptr && message.ParseFromString(send->bytes) && message.has_rotation() &&
             message.rotation().step() == which;
    });
  }

  Now now_{MonoTime(hours(1)), kEarliestTime + hours(1)};
  Actions actions_;
  std::vector<Persist> unstored_;
  std::map<HostId, SetAccess> access_;
  std::optional<DialId> dialling_;  // the newest of host 2
  std::unique_ptr<Node> node_;
};

TEST_F(RotationTest, OffersOnlyWhatIsStored) {
  step(SecretDerived{kLink, {kFirst, "sealed"}});
  EXPECT_FALSE(said(wire::Rotation::OFFER));
  EXPECT_EQ(by(kPeer), (std::vector<Generation>{kPassphrases}));
  ASSERT_EQ(unstored_.size(), 1u);
  step(Persisted{std::exchange(unstored_, {}).front().ticket});
  EXPECT_TRUE(said(wire::Rotation::OFFER));
  // Not the candidate first: the other end may overwrite it while a handshake by it goes on.
  EXPECT_EQ(by(kPeer), (std::vector<Generation>{kPassphrases, kFirst}));
}

TEST_F(RotationTest, HandshakesGoByWhatWasBeforeUntilTheProofIsStored) {
  step(SecretDerived{kLink, {kFirst, "sealed"}});
  store();
  receive(wire::Rotation::ACCEPTED);
  ASSERT_EQ(unstored_.size(), 1u);
  const std::vector<Persist> proof = std::exchange(unstored_, {});
  // Something else makes the core tell anew whom it lets in.
  access_.erase(kPeer);
  step(Command{RequestId(1), Verb::kReadmit, "", kOther});
  EXPECT_TRUE(access_[kOther].open);
  EXPECT_FALSE(access_.contains(kPeer));
  EXPECT_FALSE(said(wire::Rotation::SETTLED));
  step(Persisted{proof.front().ticket});
  EXPECT_TRUE(said(wire::Rotation::SETTLED));
  ASSERT_TRUE(access_.contains(kPeer));
  EXPECT_EQ(by(kPeer), (std::vector<Generation>{kFirst}));
}

TEST_F(RotationTest, AProofThatCannotBeStoredIsStoredLaterAndTheLinkStays) {
  step(SecretDerived{kLink, {kFirst, "sealed"}});
  store();
  receive(wire::Rotation::ACCEPTED);
  ASSERT_EQ(unstored_.size(), 1u);
  step(PersistFailed{std::exchange(unstored_, {}).front().ticket, "disk full"});
  EXPECT_TRUE(std::none_of(actions_.begin(), actions_.end(), [](const Action& action) {
    return std::holds_alternative<CloseLink>(action);
  }));
  EXPECT_FALSE(said(wire::Rotation::SETTLED));
  EXPECT_EQ(by(kPeer), (std::vector<Generation>{kPassphrases, kFirst}));
  now_.mono += seconds(4);
  wire::Message beat;
  beat.mutable_beat();
  receive(beat);
  now_.mono += seconds(2);
  step(Tick{});
  ASSERT_EQ(unstored_.size(), 1u);
  step(Persisted{std::exchange(unstored_, {}).front().ticket});
  EXPECT_TRUE(said(wire::Rotation::SETTLED));
  EXPECT_EQ(by(kPeer), (std::vector<Generation>{kFirst}));
}

TEST_F(RotationTest, ADialThatComesUpByAFormerSecretIsMadeAgain) {
  step(SecretDerived{kLink, {kFirst, "sealed"}});
  store();
  receive(wire::Rotation::ACCEPTED);
  store();
  step(LinkDown{kLink, "reset"});
  ASSERT_TRUE(dialling_);
  step(LinkUp{LinkId(2), node(2), kPeer, "two", *dialling_, "192.0.2.2:35790", {}});
  EXPECT_TRUE(std::any_of(actions_.begin(), actions_.end(), [](const Action& action) {
    return std::holds_alternative<CloseLink>(action);
  }));
  dialling_.reset();
  now_.mono += minutes(1);
  step(Tick{});
  EXPECT_TRUE(dialling_);
}

TEST_F(RotationTest, AnAcceptanceOfSomethingElseProvesNothing) {
  step(SecretDerived{kLink, {{1, 12}, "sealed"}});
  store();
  receive(wire::Rotation::ACCEPTED);
  EXPECT_TRUE(unstored_.empty());
  EXPECT_EQ(by(kPeer).front(), kPassphrases);
}

}  // namespace
}  // namespace cluster::core
