// Sessions through others: their pieces, and when there is one.
#include "core/relays.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "core/hlc.h"
#include "core/node.h"
#include "tests/unit/core/floods.h"

namespace cluster::core {
namespace {

wire::Relayed piece(uint64_t at, size_t bytes, uint64_t taken = 0) {
  wire::Relayed out;
  out.set_session(7);
  out.set_at(at);
  out.set_bytes(std::string(bytes, 'x'));
  out.set_taken(taken);
  return out;
}

// What taking a piece gives: what has come whole, and the room; nullopt: it was not taken.
using Taken = std::optional<std::pair<size_t, size_t>>;

Taken take(Relay& relay, const wire::Relayed& piece, Duration at = {}) {
  std::string in;
  size_t room = 0;
  if (!relay.take(MonoTime(at), piece, in, room)) return std::nullopt;
  return std::make_pair(in.size(), room);
}

Taken in(size_t bytes, size_t room = 0) { return std::make_pair(bytes, room); }

TEST(Relays, APieceThatWasOvertakenIsWaitedFor) {
  Relays relays;
  Relay& relay = relays.open(HostId(2), NodeId{}, 7, true);
  EXPECT_EQ(take(relay, piece(0, 10)), in(10));
  EXPECT_EQ(take(relay, piece(0, 10)), std::nullopt) << "repeated";
  EXPECT_EQ(take(relay, piece(30, 5), seconds(3)), in(0));
  EXPECT_EQ(take(relay, piece(20, 10), seconds(4)), in(0));
  EXPECT_EQ(relay.missing_since, MonoTime(seconds(3)));
  EXPECT_EQ(take(relay, piece(10, 10), seconds(5)), in(25));
  EXPECT_EQ(relay.missing_since, kNever);
  EXPECT_EQ(relay.received, 35u);
}

TEST(Relays, PiecesThatOverlapBelongNowhere) {
  Relays relays;
  Relay& relay = relays.open(HostId(2), NodeId{}, 7, true);
  EXPECT_EQ(take(relay, piece(5, 10)), in(0));
  EXPECT_EQ(take(relay, piece(0, 6)), std::nullopt);
}

TEST(Relays, AnEndWaitsForWhatItHasOvertaken) {
  Relays relays;
  Relay& relay = relays.open(HostId(2), NodeId{}, 7, true);
  wire::Relayed end = piece(10, 0);
  end.set_ended(true);
  EXPECT_EQ(take(relay, end, seconds(1)), in(0));
  EXPECT_FALSE(relay.over());
  EXPECT_EQ(relay.missing_since, MonoTime(seconds(1)));
  EXPECT_EQ(take(relay, piece(0, 10)), in(10));
  EXPECT_TRUE(relay.over());
  end.set_at(0);
  EXPECT_EQ(take(relay, end), in(0)) << "who knows of no session ends it at once";
  EXPECT_TRUE(relay.over());
}

TEST(Relays, WhatTheOtherEndHasTakenMakesRoom) {
  Relays relays;
  Relay& relay = relays.open(HostId(2), NodeId{}, 7, true);
  EXPECT_EQ(relay.piece(std::string(100, 'y')).at(), 0u);
  EXPECT_EQ(relay.piece(std::string(50, 'y')).at(), 100u);
  EXPECT_EQ(take(relay, piece(0, 1, 120)), in(1, 120));
  EXPECT_EQ(take(relay, piece(1, 1, 150)), in(1, 30));
  EXPECT_EQ(take(relay, piece(2, 1, 100)), in(1)) << "overtaken";
  EXPECT_EQ(take(relay, piece(1, 0, 110)), in(0)) << "likewise";
  EXPECT_EQ(take(relay, piece(3, 1, 151)), std::nullopt) << "more than was said";
}

TEST(Relays, MoreThanTheWindowIsNotTakenAndAWordIsOwedBefore) {
  Relays relays;
  Relay& relay = relays.open(HostId(2), NodeId{}, 7, false);
  uint64_t at = 0;
  while (at + kMaxRelayBytes <= kRelayWindowBytes) {
    EXPECT_EQ(take(relay, piece(at, kMaxRelayBytes)), in(kMaxRelayBytes));
    at += kMaxRelayBytes;
    EXPECT_EQ(relay.owes_word(), at >= kRelayWindowBytes / 4);
  }
  EXPECT_EQ(take(relay, piece(at, 1)), std::nullopt);
  EXPECT_EQ(take(relay, piece(at + 1, 1)), std::nullopt);
  EXPECT_EQ(relay.piece({}).taken(), at);
  EXPECT_FALSE(relay.owes_word());
  EXPECT_EQ(take(relay, piece(at, 1)), in(1));
}

TEST(Relays, APieceBelongsToASessionByItsNodeNumberAndDirection) {
  Relays relays;
  NodeId two, three;
  two.bytes[0] = 2;
  three.bytes[0] = 3;
  const RelayId id = relays.open(HostId(2), two, 7, true).id;
  wire::Relayed theirs = piece(0, 1);
  EXPECT_EQ(relays.find(two, theirs), relays.find(id));
  EXPECT_EQ(relays.find(three, theirs), nullptr);
  theirs.set_dialled(true);
  EXPECT_EQ(relays.find(two, theirs), nullptr);
  theirs.set_dialled(false);
  theirs.set_session(8);
  EXPECT_EQ(relays.find(two, theirs), nullptr);
}

constexpr HostId kSelf{2}, kMiddle{1}, kFar{3};
constexpr LinkId kLink{1};

NodeId node(HostId host) {
  NodeId id;
  id.bytes[0] = static_cast<uint8_t>(host.value);
  return id;
}

// Host 2, dynamic, linked with host 1, which is linked with the dynamic host 3.
class JoinedTest : public testing::Test {
 protected:
  JoinedTest() {
    Boot boot;
    boot.node = node(kSelf);
    boot.config.self = kSelf;
    boot.config.hosts = {{kMiddle, "middle", false, "192.0.2.1", 35790},
                         {kSelf, "self", true, "", 0},
                         {kFar, "far", true, "", 0}};
    node_ = std::make_unique<Node>(std::move(boot));
    node_->start(now_, out_);
    step(Tick{});
    link_up(kLink, kMiddle);
    flood(true);
  }

  void link_up(LinkId id, HostId host, RelayId relay = {}) {
    step(LinkUp{id, node(host), host, "", DialId(), "192.0.2.9:35790", {}, relay});
    wire::Message hello;
    hello.mutable_hello()->set_incarnation(1);
    receive(hello, id);
  }
  // The middle says whom it is linked with, and what the far one says of itself.
  void flood(bool with_far) {
    wire::Message message;
    wire::Record middle;
    middle.set_node(node(kMiddle).raw());
    middle.set_host(kMiddle.value);
    middle.set_incarnation(1);
    middle.set_sequence(++sequence_);
    middle.add_edges()->set_node(node(kSelf).raw());
    middle.mutable_edges(0)->set_observed("198.51.100.2:35790");
    middle.mutable_edges(0)->set_ordinal(self_ordinal_);
    if (with_far) {
      middle.add_edges()->set_node(node(kFar).raw());
      middle.mutable_edges(1)->set_observed("198.51.100.3:35790");
      middle.mutable_edges(1)->set_ordinal(2);
    }
    add_record(message, middle);
    if (with_far) {
      wire::Record far;
      far.set_node(node(kFar).raw());
      far.set_host(kFar.value);
      far.set_incarnation(1);
      far.set_sequence(sequence_);
      far.add_edges()->set_node(node(kMiddle).raw());
      add_record(message, far);
    }
    receive(message);
  }
  void step(const Event& event) {
    node_->step(now_, event, out_);
    for (size_t i = 0; i < out_.size(); ++i)
      if (const auto* write = std::get_if<Persist>(&out_[i]))
        node_->step(now_, Persisted{write->ticket}, out_);
    actions_ = std::exchange(out_, {});
    for (const Action& action : actions_) {
      if (const auto* open = std::get_if<OpenRelay>(&action)) opened_.push_back(*open);
      if (const auto* dial = std::get_if<Dial>(&action)) dials_.push_back(*dial);
    }
  }
  void receive(const wire::Message& message, LinkId link = kLink) {
    step(Received{link, message.SerializeAsString()});
  }
  void hear(wire::Relayed piece, HostId from = kFar) {
    wire::Message message;
    wire::Routed& routed = *message.mutable_routed();
    routed.set_from(node(from).raw());
    routed.set_to(node(kSelf).raw());
    routed.set_hops(3);
    *routed.mutable_relayed() = std::move(piece);
    receive(message);
  }
  void pass(Duration time) {
    now_.mono += time;
    now_.wall += time;
    wire::Message beat;
    beat.mutable_beat();
    receive(beat);
  }
  std::vector<wire::Relayed> pieces() const {
    std::vector<wire::Relayed> out;
    for (const Action& action : actions_) {
      const auto* send = std::get_if<Send>(&action);
      wire::Message message;
      if (send == nullptr || !message.ParseFromString(send->bytes) ||
          !message.routed().has_relayed())
        continue;
      EXPECT_EQ(send->priority, Priority::kRelayed);
      out.push_back(message.routed().relayed());
    }
    return out;
  }
  template <class T>
  const T* done() const {
    for (const Action& action : actions_)
      if (const auto* found = std::get_if<T>(&action)) return found;
    return nullptr;
  }
  wire::Relayed from_listener(uint64_t at, std::string bytes) {
    wire::Relayed out = piece(at, 0);
    out.set_session(session());
    out.set_bytes(std::move(bytes));
    return out;
  }
  uint64_t session() {
    if (session_ == 0) {
      step(RelayOut{opened_.at(0).relay, "first"});
      session_ = pieces().at(0).session();
    }
    return session_;
  }
  Path path() const { return node_->view(now_).hosts.at(2).path; }

  Now now_{MonoTime(hours(1)), kEarliestTime + hours(1)};
  Actions out_, actions_;
  std::vector<OpenRelay> opened_;
  std::vector<Dial> dials_;
  uint64_t sequence_ = 0, session_ = 0;
  uint64_t self_ordinal_ = 1;  // the far one's is 2
  std::unique_ptr<Node> node_;
};

TEST_F(JoinedTest, TheLowerOfTwoThatCannotBeDialledJoinsThemAtOnce) {
  ASSERT_EQ(opened_.size(), 1u);
  EXPECT_EQ(opened_[0].host, kFar);
  EXPECT_EQ(opened_[0].node, node(kFar));
  EXPECT_TRUE(opened_[0].dials);
  EXPECT_EQ(path(), Path::kMesh);
  hear(from_listener(0, "answer"));
  ASSERT_NE(done<RelayIn>(), nullptr);
  EXPECT_EQ(done<RelayIn>()->bytes, "answer");
  link_up(LinkId(2), kFar, opened_[0].relay);
  EXPECT_EQ(path(), Path::kRelay);
  EXPECT_EQ(node_->view(now_).hosts.at(2).via, kMiddle);
}

TEST_F(JoinedTest, AMissingPieceEndsItAtBothEndsAndAnotherFollows) {
  hear(from_listener(5, "later"));
  EXPECT_EQ(done<RelayIn>(), nullptr);
  pass(milliseconds(900));
  EXPECT_EQ(done<CloseRelay>(), nullptr);
  pass(milliseconds(100));
  ASSERT_NE(done<CloseRelay>(), nullptr);
  ASSERT_EQ(pieces().size(), 1u);
  EXPECT_TRUE(pieces()[0].ended());
  EXPECT_EQ(opened_.size(), 1u) << "not at once";
  pass(milliseconds(100));
  ASSERT_EQ(opened_.size(), 2u);
  EXPECT_NE(opened_[1].relay, opened_[0].relay);
}

TEST_F(JoinedTest, WithoutAWayThereIsNone) {
  session();
  flood(false);
  ASSERT_NE(done<CloseRelay>(), nullptr);
  pass(seconds(2));
  EXPECT_EQ(opened_.size(), 1u);
  flood(true);
  EXPECT_EQ(opened_.size(), 2u);
}

TEST_F(JoinedTest, TheHigherIdDialsNoneAndIsRefusedOne) {
  wire::Relayed first = piece(0, 10);
  first.set_dialled(true);
  hear(first);
  EXPECT_EQ(opened_.size(), 1u) << "its own alone";
  ASSERT_EQ(pieces().size(), 1u);
  EXPECT_TRUE(pieces()[0].ended());
  EXPECT_EQ(pieces()[0].session(), 7u);
}

TEST_F(JoinedTest, ADirectLinkIsMovedToAndWhatIsOnItsWayStillCounts) {
  hear(from_listener(0, "answer"));
  const LinkId relayed(2), direct(3);
  link_up(relayed, kFar, opened_[0].relay);
  link_up(direct, kFar);
  EXPECT_EQ(path(), Path::kDirect);
  const auto said_over = [&](LinkId link) {
    return std::any_of(actions_.begin(), actions_.end(), [&](const Action& action) {
      const auto* send = std::get_if<Send>(&action);
      wire::Message message;
      return send != nullptr && send->link == link && message.ParseFromString(send->bytes) &&
             message.has_moved();
    });
  };
  EXPECT_TRUE(said_over(relayed));
  EXPECT_EQ(done<CloseLink>(), nullptr) << "the other end may still have said something";
  wire::Message moved;
  moved.mutable_moved();
  receive(moved, relayed);
  ASSERT_NE(done<CloseLink>(), nullptr);
  EXPECT_EQ(done<CloseLink>()->link, relayed);
  EXPECT_EQ(path(), Path::kDirect);
}

TEST_F(JoinedTest, WhenTheDirectLinkEndsThePairIsJoinedAgain) {
  link_up(LinkId(3), kFar);
  flood(true);
  opened_.clear();
  step(LinkDown{LinkId(3), "reset"});
  EXPECT_EQ(opened_.size(), 1u);
  EXPECT_EQ(path(), Path::kMesh);
}

TEST_F(JoinedTest, AHostThatIsNoLongerInTheFileIsNotWaitedFor) {
  hear(from_listener(5, "later"));
  pass(seconds(1));
  ASSERT_NE(done<CloseRelay>(), nullptr);
  Config fewer;
  fewer.self = kSelf;
  fewer.hosts = {{kMiddle, "middle", false, "192.0.2.1", 35790}, {kSelf, "self", true, "", 0}};
  step(ConfigChanged{fewer});
  pass(milliseconds(900));
  EXPECT_EQ(opened_.size(), 1u);
  ASSERT_NE(done<Wake>(), nullptr);
  EXPECT_GE(done<Wake>()->at - now_.mono, milliseconds(50));
}

// ------------------------------------------------------------------------------- through routers

TEST_F(JoinedTest, TheElderDialsWhereTheOtherIsSeenAndAsksItToDialTooWhenThatTakesLong) {
  const auto asks = [&] {
    return std::count_if(actions_.begin(), actions_.end(), [](const Action& action) {
      const auto* send = std::get_if<Send>(&action);
      wire::Message message;
      return send != nullptr && message.ParseFromString(send->bytes) &&
             message.routed().has_opening();
    });
  };
  const auto to_far = [&] {
    return std::count_if(dials_.begin(), dials_.end(),
                         [](const Dial& dial) { return dial.host == kFar; });
  };
  EXPECT_EQ(to_far(), 1);
  EXPECT_EQ(dials_.back().address, "198.51.100.3");
  pass(milliseconds(400));
  EXPECT_EQ(asks(), 0);
  pass(milliseconds(200));
  EXPECT_EQ(asks(), 1);
  EXPECT_EQ(to_far(), 1) << "its dial is under way, and opens its own router";
  // A router that answers with a reset: again soon.
  for (int i = 0; i < 5; ++i) {
    step(DialFailed{dials_.back().dial, DialOutcome::kRefused, "reset"});
    pass(milliseconds(160));
  }
  EXPECT_EQ(to_far(), 6);
}

TEST_F(JoinedTest, AfterThreeTriesItIsSeldomUntilOneIsSeenElsewhere) {
  int asks = 0;
  const auto count = [&] {
    for (const Action& action : actions_) {
      const auto* send = std::get_if<Send>(&action);
      wire::Message message;
      asks +=
          send != nullptr && message.ParseFromString(send->bytes) && message.routed().has_opening();
    }
  };
  const auto run = [&](int steps) {
    for (int i = 0; i < steps; ++i) {
      if (!dials_.empty() && dials_.back().host == kFar) {
        const DialId last = std::exchange(dials_, {}).back().dial;
        step(DialFailed{last, DialOutcome::kUnreachable, "no answer"});
        count();
      }
      pass(milliseconds(500));
      count();
    }
  };
  run(120);
  EXPECT_EQ(asks, 3);
  run(600);
  EXPECT_GE(asks, 4);
  EXPECT_LE(asks, 6);
  size_t dials = 0;
  for (int i = 0; i < 240; ++i) {
    run(1);
    dials += dials_.size();
  }
  EXPECT_LE(dials, 30u) << "in two minutes";
}

TEST_F(JoinedTest, WhoIsAskedDialsToo) {
  self_ordinal_ = 3;
  flood(true);
  step(DialFailed{dials_.back().dial, DialOutcome::kUnreachable, "no answer"});
  dials_.clear();
  pass(seconds(4));
  EXPECT_TRUE(dials_.empty()) << "the elder dials";
  wire::Message message;
  wire::Routed& routed = *message.mutable_routed();
  routed.set_from(node(kFar).raw());
  routed.set_to(node(kSelf).raw());
  routed.set_hops(3);
  routed.mutable_opening();
  pass(seconds(1));
  receive(message);
  ASSERT_FALSE(dials_.empty());
  EXPECT_EQ(dials_.back().address, "198.51.100.3");
}

}  // namespace
}  // namespace cluster::core
