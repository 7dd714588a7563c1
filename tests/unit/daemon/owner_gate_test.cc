// The gate before services that write files which others follow: what is let through when, and what the keeper is told.
#include "daemon/owner_gate.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

namespace cluster::daemon {
namespace {

using Here = core::Node::Here;

struct FakeRunner final : scripts::Runner {
  void run(const core::RunScript& script) override {
    did.push_back(std::string("run ") + core::to_string(script.script));
  }
  void kill(core::KillScript) override { did.emplace_back("kill"); }
  void kill(const core::KillService&) override { did.emplace_back("kill all"); }
  void guard(const core::Guard&) override {}
  void unguard(const core::Unguard&) override {}
  void set_service_dir(std::string) override {}
  size_t running() const override { return 0; }

  std::vector<std::string> did;
};

struct FakeKeeper final : files::Keeper {
  void configure(files::Roots) override {}
  void perform(core::FilesPeerUp) override {}
  void perform(core::FilesPeerDown) override {}
  void perform(core::FilesHeard) override {}
  void request(files::Request, files::Answer) override {}
  void log(std::string, files::LogAnswer) override {}
  void own(sync::Own order, files::Owned answer) override {
    did.push_back((order.waits ? "asks " : "owns ") + order.root + " " +
                  std::to_string(order.epoch) + (order.alone ? " alone" : ""));
    if (order.waits) answers.push_back(std::move(answer));
  }
  void end_owning(std::string root) override { did.push_back("ends " + root); }
  std::vector<sync::RootView> view() const override { return {}; }
  std::vector<sync::ClockOfPeer> clocks() const override { return {}; }

  std::vector<std::string> did;
  std::vector<files::Owned> answers;
};

class OwnerGateTest : public ::testing::Test {
 protected:
  OwnerGateTest() {
    for (const char* root : {"data", "spool"}) {
      sync::LocalRoot owned;
      owned.config.name = root;
      owned.service = "db";
      config_.roots.push_back(owned);
    }
    core::ServiceEntry db;
    db.name = "db";
    db.ownership = core::Ownership::kMajority;
    config_.core.services = {db};
    gate_.configure(config_);
  }

  void start(const std::string& service, uint64_t run) {
    core::Guard guard;
    guard.service = service;
    guard.epoch = 7;
    gate_.guard(guard);
    gate_.run({RunId(run), service, core::Script::kStart, {}});
  }
  void look(Here here) {
    gate_.look([&](const std::string&) { return here; });
  }
  using Words = std::vector<std::string>;
  Words kept() { return std::exchange(keeper_.did, {}); }
  Words ran() { return std::exchange(runner_.did, {}); }

  config::Loaded config_;
  FakeRunner runner_;
  FakeKeeper keeper_;
  std::vector<core::ScriptEnded> ended_;
  std::string alerts_;
  OwnerGate gate_{runner_, keeper_,
                  OwnerGate::World{[](const std::function<void()>& task) { task(); },
                                   [this](core::ScriptEnded ended) { ended_.push_back(ended); },
                                   [this](const std::string& text) { alerts_ += text + "\n"; }}};
};

TEST_F(OwnerGateTest, AServiceThatOwnsNothingIsNotHeldUp) {
  start("web", 1);
  EXPECT_EQ(ran(), Words{"run start"});
  EXPECT_EQ(kept(), Words{});
}

TEST_F(OwnerGateTest, AStartWaitsForAllThatItsServiceOwns) {
  start("db", 1);
  EXPECT_EQ(kept(), (Words{"asks data 7 alone", "asks spool 7 alone"}));
  keeper_.answers[0](Status());
  EXPECT_EQ(ran(), Words{});
  EXPECT_EQ(gate_.running(), 1u);
  keeper_.answers[1](Status());
  EXPECT_EQ(ran(), Words{"run start"});
  look({.idle = false, .running = true, .epoch = 7});
  EXPECT_EQ(kept(), Words{}) << "the keeper knows";
  gate_.run({RunId(2), "db", core::Script::kStop, {}});
  EXPECT_EQ(ran(), Words{"run stop"});
  EXPECT_EQ(kept(), Words{}) << "a stop may write";
  look({});
  EXPECT_EQ(kept(), (Words{"ends data", "ends spool"}));
  look({});
  EXPECT_EQ(kept(), Words{});
}

TEST_F(OwnerGateTest, AStartThatIsRefusedHasFailedAndSaysWhy) {
  start("db", 1);
  keeper_.answers[1](Error{"they are behind"});
  keeper_.answers[0](Status());
  ASSERT_EQ(ended_.size(), 1u);
  EXPECT_EQ(ended_[0].run, RunId(1));
  EXPECT_EQ(ended_[0].how, core::ScriptEnd::kNotStarted);
  EXPECT_EQ(alerts_, "service db is not started here: files of spool: they are behind\n");
  EXPECT_EQ(ran(), Words{});
  EXPECT_EQ(kept().back(), "ends spool");
}

TEST_F(OwnerGateTest, AStartThatIsKilledWhileItWaitsNeverBegins) {
  start("db", 1);
  gate_.kill(core::KillScript{RunId(1)});
  ASSERT_EQ(ended_.size(), 1u);
  EXPECT_EQ(ended_[0].how, core::ScriptEnd::kSignal);
  EXPECT_EQ(ended_[0].code, SIGKILL);
  for (const files::Owned& late : keeper_.answers) late(Status());
  EXPECT_EQ(ran(), Words{});

  start("db", 2);
  gate_.kill(core::KillService{"db"});
  EXPECT_EQ(ended_.size(), 2u);
  EXPECT_EQ(ran(), Words{"kill all"});
}

TEST_F(OwnerGateTest, WhatIsFoundHereIsTold) {
  look({.idle = false, .running = false});
  EXPECT_EQ(kept(), Words{}) << "it is being looked at";
  look({.idle = false, .running = true, .epoch = 3});
  EXPECT_EQ(kept(), (Words{"owns data 3 alone", "owns spool 3 alone"}));
  gate_.configure(config_);
  look({.idle = false, .running = true, .epoch = 3});
  EXPECT_EQ(kept(), Words{}) << "a reload changes nothing";
}

TEST_F(OwnerGateTest, WhatIsNotHereAtTheStartIsTold) {
  look({});
  EXPECT_EQ(kept(), (Words{"ends data", "ends spool"}));
}

}  // namespace
}  // namespace cluster::daemon
