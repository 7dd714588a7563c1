// An authenticated peer that sends what no host of ours would: it loses its link, or is answered within bounds.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "core/hlc.h"
#include "core/members.h"
#include "core/node.h"
#include "core/settings.h"
#include "core/sound.h"
#include "tests/unit/core/floods.h"
#include "wire/framing.h"

namespace cluster::core {
namespace {

constexpr LinkId kLink{1};

NodeId node(uint32_t n) {
  NodeId id;
  id.bytes[0] = static_cast<uint8_t>(n);
  id.bytes[1] = static_cast<uint8_t>(n >> 8);
  return id;
}

wire::Record record(uint32_t n, uint64_t incarnation = 1, uint64_t sequence = 1) {
  wire::Record out;
  out.set_node(node(n).raw());
  out.set_host(2);
  out.set_incarnation(incarnation);
  out.set_sequence(sequence);
  out.add_edges()->set_node(node(1).raw());
  return out;
}

// Host 1, linked with host 2.
class HostileTest : public testing::Test {
 protected:
  HostileTest() {
    Boot boot;
    boot.node = node(1);
    boot.config.self = HostId(1);
    boot.config.hosts = {{HostId(1), "one", false, "one", 35790},
                         {HostId(2), "two", false, "two", 35790}};
    ServiceEntry web;
    web.name = "web";
    web.preference = {HostId(1), HostId(2)};
    web.local = web.runnable = true;
    boot.config.services = {web};
    node_ = std::make_unique<Node>(std::move(boot));
    node_->start(now_, out_);
    link(kLink);
    wire::Message flood;
    add_record(flood, record(2));
    receive(flood);
  }

  void link(LinkId id) {
    step(LinkUp{id, node(2), HostId(2), "two", DialId(), "192.0.2.2:35790", {}});
    wire::Message hello;
    hello.mutable_hello()->set_incarnation(1);
    step(Received{id, hello.SerializeAsString()});
  }
  void step(const Event& event) {
    node_->step(now_, event, out_);
    for (size_t i = 0; i < out_.size(); ++i)
      if (const auto* write = std::get_if<Persist>(&out_[i]))
        node_->step(now_, Persisted{write->ticket}, out_);
    actions_ = std::exchange(out_, {});
  }
  void receive(const wire::Message& message) { step(Received{kLink, message.SerializeAsString()}); }
  bool refused() const {
    return std::any_of(actions_.begin(), actions_.end(),
                       [](const Action& a) { return std::holds_alternative<CloseLink>(a); });
  }
  std::vector<wire::Message> sent() const {
    std::vector<wire::Message> out;
    for (const Action& action : actions_) {
      const auto* send = std::get_if<Send>(&action);
      if (send == nullptr) continue;
      EXPECT_LE(send->bytes.size(), wire::kMaxFrameBytes);
      EXPECT_TRUE(out.emplace_back().ParseFromString(send->bytes));
    }
    return out;
  }

  // Whoever links is told all records.
  bool told_of(uint32_t number) {
    link(kLink);
    for (const wire::Message& message : sent())
      for (const wire::Record& record : records_of(message))
        if (record.node() == node(number).raw()) return true;
    return false;
  }

  Now now_{MonoTime(hours(1)), kEarliestTime + hours(1)};
  Actions out_, actions_;
  std::unique_ptr<Node> node_;
};

TEST_F(HostileTest, WhatNoHostSaysClosesTheLinkAndChangesNothing) {
  const auto with = [](auto&& change) {
    wire::Record told = record(3);
    change(told);
    return told;
  };
  const std::vector<wire::Record> cases = {
      with([](wire::Record& r) { r.set_node("short"); }),
      with([](wire::Record& r) { r.set_host(0); }),
      with([](wire::Record& r) { r.set_version(std::string(kMaxVersionBytes + 1, 'v')); }),
      with([](wire::Record& r) { r.set_version("1\n2026-01-01 a line of its own in the log"); }),
      with([](wire::Record& r) { r.add_addresses("\x1b[31m"); }),
      with([](wire::Record& r) { r.add_services()->set_service("../etc"); }),
      with([](wire::Record& r) {
        r.add_services()->set_service("web");
        r.mutable_services(0)->set_with("../etc");
      }),
      with([](wire::Record& r) {
        r.add_services()->set_service("web");
        r.mutable_services(0)->add_after("");
      }),
      with([](wire::Record& r) {
        r.add_services()->set_service("web");
        for (int i = 0; i <= kMaxAfter; ++i) r.mutable_services(0)->add_after("db");
      }),
      with([](wire::Record& r) {
        while (r.edges_size() <= kMaxEdges) *r.add_edges() = r.edges(0);
      }),
  };
  for (const wire::Record& told : cases) {
    // What is sound of the same message is not taken either.
    wire::Message flood;
    add_record(flood, record(4));
    add_record(flood, told);
    receive(flood);
    EXPECT_TRUE(refused()) << unsound(told).value_or("sound");
    EXPECT_TRUE(unsound(told));
    EXPECT_EQ(node_->inspect().records_digest.find(node(3).brief()), std::string::npos);
    EXPECT_FALSE(told_of(3));
    EXPECT_FALSE(told_of(4));
    EXPECT_TRUE(told_of(2));
  }
}

TEST_F(HostileTest, BytesThatAreNoRecordCloseTheLinkAndChangeNothing) {
  std::string cut = record(3).SerializeAsString();
  cut.pop_back();
  for (const std::string& bytes : {std::string("\xff"), cut}) {
    wire::Message flood;
    add_record(flood, record(4));
    flood.mutable_flood()->add_records(bytes);
    receive(flood);
    EXPECT_TRUE(refused());
    EXPECT_FALSE(told_of(4));
  }
}

TEST_F(HostileTest, OneOldRecordToldManyTimesIsAnsweredOnce) {
  wire::Message flood;
  add_record(flood, record(2, 1, 5));
  receive(flood);
  flood.Clear();
  for (int i = 0; i < kMaxRecordsPerMessage; ++i) add_record(flood, record(2, 1, 2));
  receive(flood);
  EXPECT_FALSE(refused());
  int records = 0;
  for (const wire::Message& message : sent()) records += message.flood().records_size();
  EXPECT_EQ(records, 1);
}

TEST_F(HostileTest, ManySettingsGoOutInMessagesThatFitAFrame) {
  uint64_t us = 1'767'225'600'000'000;
  int number = 0;
  for (int messages = 0; messages < 4; ++messages) {
    wire::Message message;
    for (int i = 0; i < 300; ++i) {
      wire::Setting& setting = *message.mutable_settings()->add_settings();
      setting.set_key("odd/" + std::to_string(++number));
      setting.set_value(std::string(800, 'x'));
      setting.set_wall_us(++us);
      setting.set_node(node(2).raw());
    }
    receive(message);
    EXPECT_FALSE(refused());
    const auto writes = std::count_if(actions_.begin(), actions_.end(), [](const Action& a) {
      return std::holds_alternative<Persist>(a);
    });
    EXPECT_EQ(writes, 1) << "what comes together is stored together";
  }
  // A new link is told all of it: a mebibyte, or nearly.
  link(LinkId(2));
  int settings = 0;
  for (const wire::Message& message : sent()) {
    EXPECT_FALSE(unsound(message));
    settings += message.settings().settings_size();
  }
  EXPECT_GT(settings, 1000);
}

TEST_F(HostileTest, AnIncarnationThatLeapsIsNotBelieved) {
  const uint64_t before = node_->inspect().incarnation;
  const auto hear = [this](const wire::Record& record) {
    wire::Message flood;
    add_record(flood, record);
    receive(flood);
  };
  wire::Record own = record(1, UINT64_MAX);
  own.set_host(1);
  hear(own);
  EXPECT_EQ(node_->inspect().incarnation, before);
  hear(record(2, UINT64_MAX));
  hear(record(2, 2));
  EXPECT_NE(node_->inspect().records_digest.find(node(2).brief() + ":2."), std::string::npos)
      << node_->inspect().records_digest;
}

TEST_F(HostileTest, ATimeBeyondAllTimesIsALongTime) {
  wire::Record running = record(2, 1, 2);
  running.set_settled(true);
  running.set_dead_us(UINT64_MAX);
  running.set_session(1);
  running.set_session_age_us(UINT64_MAX);
  wire::Holding& web = *running.add_services();
  web.set_service("web");
  web.set_state(wire::Holding::RUNNING);
  web.set_able(true);
  web.set_failback_us(UINT64_MAX);
  wire::Message flood;
  add_record(flood, running);
  receive(flood);
  EXPECT_FALSE(refused());
  const std::string why = node_->explain(now_, "web").value_or("");
  EXPECT_NE(why.find("takes over once it has been up for 2.59e+06 s"), std::string::npos) << why;
}

TEST_F(HostileTest, AServicesFileThatNobodyWroteIsRefused) {
  const auto orders = [](auto&& change) {
    wire::Message message;
    wire::Routed& routed = *message.mutable_routed();
    routed.set_from(node(2).raw());
    routed.set_to(node(1).raw());
    auto& order = *routed.mutable_orders()->add_orders();
    order.set_service("web");
    order.add_hosts(1);
    change(*routed.mutable_orders(), order);
    return message;
  };
  using All = wire::Orders;
  using One = wire::Orders::Order;
  EXPECT_FALSE(unsound(orders([](All&, One&) {})));
  EXPECT_TRUE(unsound(orders([](All&, One& o) { o.set_service("../x"); })));
  EXPECT_TRUE(unsound(orders([](All&, One& o) { o.clear_hosts(); })));
  EXPECT_TRUE(unsound(orders([](All&, One& o) { o.add_hosts(1); })));
  EXPECT_TRUE(unsound(orders([](All& all, One& o) { *all.add_orders() = One(o); })));
}

TEST(Sound, ALineForPeersIsOneLineOfTextAndNoLonger) {
  EXPECT_EQ(as_line("start: Z\u00fcrich", 64), "start: Z\u00fcrich");
  EXPECT_EQ(as_line("Z\u00fcrich", 2), "Z");
  EXPECT_EQ(as_line("two\nlines\x1b", 64), "two?lines?");
  EXPECT_EQ(as_line("\xff is no text", 64), "? is no text");
}

TEST_F(HostileTest, RecordsOfInventedNodesAreTakenUpToALimit) {
  for (uint32_t n = 3; n < 2000; n += 100) {
    wire::Message flood;
    for (uint32_t i = n; i < n + 100; ++i) {
      wire::Record invented = record(i);
      for (int a = 0; a < kMaxAddresses; ++a)
        invented.add_addresses(std::string(kMaxAddressBytes, 'a'));
      add_record(flood, invented);
    }
    receive(flood);
  }
  EXPECT_FALSE(refused());
  link(LinkId(2));
  size_t bytes = 0;
  for (const wire::Message& message : sent()) bytes += message.ByteSizeLong();
  EXPECT_GT(bytes, kMaxRecordsBytes / 2);
  EXPECT_LT(bytes, 2 * kMaxRecordsBytes);
}

}  // namespace
}  // namespace cluster::core
