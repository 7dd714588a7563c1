// What a guardian makes of services while no engine lives.
#include "core/guardian.h"

#include <gtest/gtest.h>

namespace cluster::core {
namespace {

constexpr MonoTime at(int64_t ms) { return MonoTime(milliseconds(ms)); }

class GuardianTest : public testing::Test {
 protected:
  GuardianTest() { guardian_.engine_began(); }

  void guard(int64_t stop_ms, int64_t kill_ms, bool lease = false, bool runs = false) {
    guardian_.pass(Guard{"db", at(stop_ms), at(kill_ms), 3, lease, runs, {{"CLUSTER_EPOCH", "3"}}});
  }
  RunId run(Script script) {
    const RunId run(guardian_.first_run());
    guardian_.pass(RunScript{run, "db", script, {}});
    return run;
  }
  bool end(RunId run, int code = 0) {
    return guardian_.ended(ScriptEnded{run, ScriptEnd::kExited, code});
  }
  Actions engine_ends() {
    Actions out;
    guardian_.engine_ended(out);
    return out;
  }
  Actions tick(int64_t ms) {
    Actions out;
    guardian_.tick(at(ms), out);
    return out;
  }

  Guardian guardian_;
};

TEST_F(GuardianTest, TellsTheNextEngineWhatRuns) {
  guard(5000, 9000);
  const RunId start = run(Script::kStart);
  engine_ends();
  ASSERT_EQ(guardian_.left().size(), 1u);
  EXPECT_EQ(guardian_.left()[0].run, start);
  EXPECT_FALSE(guardian_.left()[0].how.has_value());
  EXPECT_FALSE(end(start)) << "nobody waits for it";
  EXPECT_EQ(guardian_.left()[0].how, ScriptEnd::kExited);
  EXPECT_EQ(guardian_.left()[0].epoch, 3u);
  EXPECT_GT(guardian_.first_run(), start.value);
}

TEST_F(GuardianTest, GuardsNothingBeforeAStart) {
  guard(5000, 9000);
  engine_ends();
  EXPECT_TRUE(guardian_.left().empty());
  EXPECT_TRUE(tick(10'000).empty());
}

TEST_F(GuardianTest, KnowsWhenTheFirstLeaseEnds) {
  EXPECT_EQ(guardian_.leases_end(), kNever);
  guard(5000, 9000, true);
  EXPECT_EQ(guardian_.leases_end(), kNever) << "nothing runs by it yet";
  end(run(Script::kStart));
  EXPECT_EQ(guardian_.leases_end(), at(9000));
  guard(6000, 10'000, true);
  EXPECT_EQ(guardian_.leases_end(), at(10'000)) << "renewed";
  const RunId stop = run(Script::kStop);
  EXPECT_EQ(guardian_.leases_end(), at(10'000)) << "it may still run";
  end(stop);
  EXPECT_EQ(guardian_.leases_end(), kNever);
  run(Script::kStart);
  guardian_.killed(ServiceKilled{"db", true});
  EXPECT_EQ(guardian_.leases_end(), kNever);
  guard(6000, 10'000, false);
  run(Script::kStart);
  EXPECT_EQ(guardian_.leases_end(), kNever) << "no lease";
}

TEST_F(GuardianTest, StopsInTimeAndKillsWhatHangs) {
  guard(5000, 9000);
  end(run(Script::kStart));
  engine_ends();
  EXPECT_TRUE(tick(4999).empty());
  const Actions stop = tick(5000);
  ASSERT_EQ(stop.size(), 1u);
  EXPECT_EQ(std::get<RunScript>(stop[0]).script, Script::kStop);
  EXPECT_TRUE(tick(8999).empty());
  const Actions kill = tick(9000);
  ASSERT_EQ(kill.size(), 1u);
  EXPECT_EQ(std::get<KillService>(kill[0]).service, "db");
  EXPECT_TRUE(tick(9001).empty());
  guardian_.ended(ScriptEnded{std::get<RunScript>(stop[0]).run, ScriptEnd::kSignal, 9});
  EXPECT_TRUE(tick(9002).empty()) << "not beside the killing";
  EXPECT_FALSE(guardian_.killed(ServiceKilled{"db", true}));
  const Actions again = tick(9003);
  ASSERT_EQ(again.size(), 1u) << "stop also runs after a kill";
  EXPECT_EQ(std::get<RunScript>(again[0]).script, Script::kStop);
  EXPECT_TRUE(tick(69'002).empty());
  EXPECT_EQ(tick(69'003).size(), 1u) << "and has no more time than that";
  EXPECT_TRUE(tick(69'004).empty());
}

TEST_F(GuardianTest, KillsAStartThatHangsAndThenStops) {
  guard(5000, 9000);
  const RunId start = run(Script::kStart);
  engine_ends();
  const Actions kill = tick(5000);
  ASSERT_EQ(kill.size(), 1u);
  EXPECT_EQ(std::get<KillScript>(kill[0]).run, start);
  EXPECT_TRUE(tick(5001).empty());
  guardian_.ended(ScriptEnded{start, ScriptEnd::kSignal, 9});
  ASSERT_EQ(tick(5002).size(), 1u);
}

TEST_F(GuardianTest, WaitsForTheEndOfACheckThatItKilled) {
  guard(5000, 9000);
  end(run(Script::kStart));
  const RunId check = run(Script::kStatus);
  const Actions killed = engine_ends();
  ASSERT_EQ(killed.size(), 1u);
  EXPECT_EQ(std::get<KillScript>(killed[0]).run, check);
  EXPECT_TRUE(tick(5000).empty());
  guardian_.engine_began();
  EXPECT_FALSE(end(check)) << "the engine that asked for it has ended";
}

TEST_F(GuardianTest, TakesAnEngineThatIsLateForFrozen) {
  guard(5000, 9000);
  end(run(Script::kStart));
  EXPECT_FALSE(guardian_.overdue(at(4999)));
  EXPECT_TRUE(guardian_.overdue(at(5000)));
  EXPECT_TRUE(tick(5000).empty()) << "it never acts beside an engine";
}

TEST_F(GuardianTest, GivesAnEngineAMomentAfterBothHaveSlept) {
  guard(5000, 90'000);
  end(run(Script::kStart));
  EXPECT_FALSE(guardian_.overdue(at(60'000)));
  guard(65'000, 99'000);
  EXPECT_FALSE(guardian_.overdue(at(61'000)));
  guard(5000, 99'000);
  EXPECT_TRUE(guardian_.overdue(at(61'001)));
}

TEST_F(GuardianTest, GivesNoMomentOnceALeaseHasEnded) {
  guard(5000, 90'000, true);
  end(run(Script::kStart));
  EXPECT_TRUE(guardian_.overdue(at(60'000)));
}

TEST_F(GuardianTest, LeavesAnEngineAloneThatStops) {
  guard(5000, 9000);
  end(run(Script::kStart));
  run(Script::kStop);
  EXPECT_FALSE(guardian_.overdue(at(6000)));
  EXPECT_TRUE(guardian_.overdue(at(9000)));
  guardian_.pass(KillService{"db"});
  EXPECT_FALSE(guardian_.overdue(at(9000)));
}

TEST_F(GuardianTest, AsksAnEngineThatCouldNotStopForTheKillAlone) {
  guard(5000, 9000, true);
  end(run(Script::kStart));
  end(run(Script::kStop), 1);
  EXPECT_FALSE(guardian_.overdue(at(6000)));
  EXPECT_TRUE(guardian_.overdue(at(9000)));
  engine_ends();
  EXPECT_EQ(tick(6000).size(), 1u) << "without one it is tried again here";
}

TEST_F(GuardianTest, AsksNoMoreOfAnEngineThatHasKilledAllAndTriedToStop) {
  guard(5000, 9000, true);
  end(run(Script::kStart));
  const RunId hangs = run(Script::kStop);
  EXPECT_FALSE(guardian_.overdue(at(8000)));
  guardian_.pass(KillService{"db"});
  guardian_.killed(ServiceKilled{"db", true});
  end(hangs, 1);
  const RunId after_the_kill = run(Script::kStop);
  end(after_the_kill, 1);
  EXPECT_FALSE(guardian_.overdue(at(60'000))) << "stop failed, and nothing runs";
  EXPECT_EQ(guardian_.next_deadline(), kNever);

  guard(65'000, 70'000, true);
  end(run(Script::kStart));
  EXPECT_TRUE(guardian_.overdue(at(66'000))) << "it was started again";
}

TEST_F(GuardianTest, AsksNothingForALeaseThatCameAfterTheKill) {
  guard(5000, 9000, true);
  end(run(Script::kStart));
  guardian_.pass(KillService{"db"});
  guard(5500, 9500, true);
  EXPECT_FALSE(guardian_.overdue(at(9600))) << "the killing is under way";
  guardian_.killed(ServiceKilled{"db", true});
  EXPECT_FALSE(guardian_.overdue(at(9700))) << "nothing runs";
  guard(5600, 9600, true);
  const RunId after_the_kill = run(Script::kStop);
  EXPECT_FALSE(guardian_.overdue(at(9800)));
  end(after_the_kill);

  guard(15'000, 19'000, true);
  end(run(Script::kStart));
  guardian_.pass(KillService{"db"});
  guardian_.killed(ServiceKilled{"db", true});
  run(Script::kStart);
  EXPECT_TRUE(guardian_.overdue(at(19'000))) << "started again by the same lease";
  guardian_.pass(KillService{"db"});
  guardian_.killed(ServiceKilled{"db", true});
  guard(25'000, 29'000, true, true);
  EXPECT_TRUE(guardian_.overdue(at(29'000))) << "found running";
}

TEST_F(GuardianTest, ForgetsWhatHasBeenStopped) {
  guard(5000, 9000);
  end(run(Script::kStart));
  end(run(Script::kStop));
  guardian_.pass(Unguard{"db"});
  engine_ends();
  EXPECT_TRUE(guardian_.left().empty());
  EXPECT_EQ(guardian_.next_deadline(), kNever);
}

TEST_F(GuardianTest, GuardsWhatTheEngineHasFoundRunning) {
  guard(5000, 9000, false, true);
  engine_ends();
  ASSERT_EQ(guardian_.left().size(), 1u);
  EXPECT_EQ(tick(5000).size(), 1u);
}

}  // namespace
}  // namespace cluster::core
