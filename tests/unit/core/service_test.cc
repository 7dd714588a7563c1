#include "core/service.h"

#include <gtest/gtest.h>

namespace cluster::core {
namespace {

constexpr ScriptEnd kExited = ScriptEnd::kExited;

class ServiceTest : public testing::Test, public ServiceWorld {
 protected:
  struct Run {
    RunId run;
    Script script;
    Reason reason;
  };

  ServiceTest() : service_("web", entry()) {}

  static ServiceEntry entry() {
    ServiceEntry out;
    out.name = "web";
    out.local = out.runnable = out.has_status = true;
    return out;
  }

  RunId run_script(Context&, const Service&, Script script, Reason reason, HostId,
                   HostId) override {
    runs_.push_back({RunId(runs_.size() + 1), script, reason});
    return runs_.back().run;
  }
  void service_ended(Context&, const Service&) override { ++ended_; }
  void bar_changed(Context&, const Service&) override { ++bars_; }

  Context context() { return Context{now_, out_, rng_}; }
  void start() {
    Context c = context();
    service_.start(c, *this, 7, Reason::kPlacement, HostId{});
  }
  void stop(bool at_once = false) {
    Context c = context();
    service_.stop(c, *this, Reason::kOperator, HostId{}, at_once);
  }
  void end(int code, ScriptEnd how = kExited) {
    Context c = context();
    ASSERT_TRUE(service_.script_ended(c, *this, {runs_.back().run, how, code}));
  }
  void pass(Duration time) {
    now_.mono += time;
    Context c = context();
    service_.tick(c, *this);
  }
  bool killed() const {
    return std::any_of(out_.begin(), out_.end(), [&](const Action& a) {
      const KillScript* kill = std::get_if<KillScript>(&a);
      return kill != nullptr && kill->run == runs_.back().run;
    });
  }
  void check(int code) {
    pass(seconds(10));
    ASSERT_EQ(newest(), Script::kStatus);
    end(code);
  }
  Script newest() const { return runs_.back().script; }
  void run() {
    start();
    end(0);
    ASSERT_TRUE(service_.running());
  }

  Now now_{MonoTime{hours(1)}, WallTime{hours(1)}};
  Actions out_;
  Rng rng_{1};
  std::vector<Run> runs_;
  int ended_ = 0, bars_ = 0;
  Service service_;
};

TEST_F(ServiceTest, StartsRunsAndStops) {
  start();
  EXPECT_EQ(service_.state(), wire::Holding::STARTING);
  end(0);
  EXPECT_EQ(service_.state(), wire::Holding::RUNNING);
  stop();
  EXPECT_EQ(service_.state(), wire::Holding::STOPPING);
  end(0);
  EXPECT_TRUE(service_.idle());
  EXPECT_EQ(ended_, 1);
}

TEST_F(ServiceTest, AFailedStartIsCleanedUpAndBarsThisHost) {
  start();
  end(1);
  EXPECT_EQ(newest(), Script::kStop);
  EXPECT_EQ(service_.state(), wire::Holding::STOPPING) << "part of it may run";
  end(0);
  EXPECT_TRUE(service_.idle());
  EXPECT_TRUE(service_.barred(now_.mono));
  EXPECT_EQ(service_.bar_why(), "failed here: start exited with 1");
  EXPECT_TRUE(service_.barred(now_.mono + minutes(10) - milliseconds(1)));
  EXPECT_FALSE(service_.barred(now_.mono + minutes(10)));
}

TEST_F(ServiceTest, TheBarDoublesEachTimeUntilCleared) {
  for (Duration length : {minutes(10), minutes(20), minutes(40)}) {
    start();
    end(1);
    end(0);
    EXPECT_TRUE(service_.barred(now_.mono + length - milliseconds(1)));
    EXPECT_FALSE(service_.barred(now_.mono + length));
    pass(length);
  }
  service_.lift_bar();
  start();
  end(1);
  end(0);
  EXPECT_FALSE(service_.barred(now_.mono + minutes(10)));
}

TEST_F(ServiceTest, AChangedFolderLiftsTheBar) {
  start();
  end(1);
  end(0);
  ServiceEntry changed = entry();
  service_.configure(changed);
  EXPECT_TRUE(service_.barred(now_.mono)) << "nothing changed";
  changed.folder_digest = 1;
  service_.configure(changed);
  EXPECT_FALSE(service_.barred(now_.mono));
}

TEST_F(ServiceTest, TheBarOutlivesTheEngine) {
  for (int i = 0; i < 2; ++i) {
    if (i > 0) pass(minutes(10));
    start();
    end(1);
    end(0);
  }
  EXPECT_EQ(bars_, 2);
  const auto stored = service_.stored_bar(now_);
  ASSERT_TRUE(stored.has_value());
  // Both clocks, as the next engine finds them: after a boot one of them has begun anew.
  const auto barred_until = [&](Duration passed, Duration wall_passed) {
    Service next("web", entry());
    const Now later{MonoTime(passed), now_.wall + wall_passed};
    next.recall_bar(later, *stored);
    if (!next.barred(later.mono)) return Duration{};
    EXPECT_EQ(next.bar_why(), "failed here: start exited with 1");
    Duration left{};
    while (next.barred(later.mono + left)) left += minutes(1);
    return left;
  };
  EXPECT_EQ(barred_until(minutes(1), minutes(5)), minutes(15)) << "twenty in all";
  EXPECT_EQ(barred_until(minutes(1), -hours(1000)), minutes(20)) << "a clock that is behind";
  EXPECT_EQ(barred_until(minutes(1), minutes(21)), Duration{});

  Service next("web", entry());
  next.recall_bar(Now{now_.mono, now_.wall + minutes(25)}, *stored);
  EXPECT_EQ(next.stored_bar(now_)->count(), 2u) << "over, and the next is twice as long";
  Service much_later("web", entry());
  much_later.recall_bar(Now{now_.mono, now_.wall + minutes(31)}, *stored);
  EXPECT_FALSE(much_later.stored_bar(now_).has_value());
  ServiceEntry changed = entry();
  changed.folder_digest = 1;
  Service mended("web", changed);
  mended.recall_bar(now_, *stored);
  EXPECT_FALSE(mended.stored_bar(now_).has_value());
  service_.lift_bar();
  EXPECT_FALSE(service_.stored_bar(now_).has_value());
}

TEST_F(ServiceTest, AHangingStartIsKilledAndCleanedUp) {
  start();
  pass(seconds(60) - milliseconds(1));
  EXPECT_FALSE(killed());
  pass(milliseconds(1));
  EXPECT_TRUE(killed());
  end(9, ScriptEnd::kSignal);
  EXPECT_EQ(newest(), Script::kStop);
  EXPECT_EQ(service_.bar_why(), "failed here: start was killed after 60 s");
}

TEST_F(ServiceTest, AStopDuringTheStartWaitsForItsEnd) {
  start();
  stop();
  EXPECT_EQ(newest(), Script::kStart);
  EXPECT_FALSE(killed());
  end(0);
  EXPECT_EQ(newest(), Script::kStop);
  end(0);
  EXPECT_TRUE(service_.idle());
  EXPECT_FALSE(service_.barred(now_.mono));
}

TEST_F(ServiceTest, AStopAtOnceKillsTheStart) {
  start();
  stop(true);
  EXPECT_TRUE(killed());
  end(9, ScriptEnd::kSignal);
  EXPECT_EQ(newest(), Script::kStop);
  end(0);
  EXPECT_TRUE(service_.idle());
  EXPECT_FALSE(service_.barred(now_.mono)) << "it did not fail";
}

TEST_F(ServiceTest, AFailedStopAsksTheStatusBeforeItAlerts) {
  run();
  stop();
  end(1);
  EXPECT_EQ(newest(), Script::kStatus);
  end(3);
  EXPECT_TRUE(service_.idle());
}

TEST_F(ServiceTest, WhatCannotBeStoppedIsStopFailedUntilItCan) {
  run();
  stop();
  pass(seconds(60));
  EXPECT_TRUE(killed());
  end(9, ScriptEnd::kSignal);
  end(0);  // status: it still runs
  EXPECT_EQ(service_.state(), wire::Holding::STOP_FAILED);
  EXPECT_EQ(ended_, 0);
  Context c = context();
  service_.retry_stop(c, *this);
  end(0);
  EXPECT_TRUE(service_.idle());
}

TEST_F(ServiceTest, ChecksAndRestartsInPlaceAndMovesAtTheThirdFailure) {
  run();
  for (int failure = 1; failure <= 2; ++failure) {
    pass(seconds(10));
    ASSERT_EQ(newest(), Script::kStatus);
    end(1);
    ASSERT_EQ(newest(), Script::kStop);
    EXPECT_EQ(runs_.back().reason, Reason::kHealth);
    end(0);
    ASSERT_EQ(newest(), Script::kStart);
    end(0);
    ASSERT_TRUE(service_.running());
    EXPECT_EQ(service_.epoch(), 7u);
    EXPECT_EQ(ended_, 0) << "it stays ours";
  }
  pass(seconds(10));
  end(1);
  EXPECT_EQ(newest(), Script::kStop);
  end(0);
  EXPECT_TRUE(service_.idle());
  EXPECT_TRUE(service_.barred(now_.mono));
}

TEST_F(ServiceTest, SoManyChecksInARowHaveToFail) {
  ServiceEntry three = entry();
  three.fall = 3;
  service_.configure(three);
  run();
  for (uint32_t failed = 1; failed < 3; ++failed) {
    check(1);
    EXPECT_TRUE(service_.running());
    EXPECT_EQ(service_.failed_checks(), failed);
  }
  check(1);
  EXPECT_EQ(newest(), Script::kStop);
  EXPECT_EQ(runs_.back().reason, Reason::kHealth);
  end(0);
  end(0);
  ASSERT_TRUE(service_.running());
  EXPECT_EQ(service_.failed_checks(), 0u) << "it is another life";
}

TEST_F(ServiceTest, WhatFlapsIsNotRestarted) {
  ServiceEntry two = entry();
  two.fall = 2;
  service_.configure(two);
  run();
  for (int i = 0; i < 20; ++i) {
    check(1);
    check(0);
  }
  EXPECT_TRUE(service_.running());
  EXPECT_EQ(service_.failures(), 0u);
  check(1);
  check(3);
  EXPECT_EQ(newest(), Script::kStop) << "two in a row";
}

TEST_F(ServiceTest, SoManyGoodChecksInARowMakeItGoodAgain) {
  ServiceEntry wary = entry();
  wary.fall = wary.rise = 2;
  service_.configure(wary);
  run();
  check(1);
  check(0);
  EXPECT_EQ(service_.failed_checks(), 1u) << "one is too few";
  check(0);
  EXPECT_EQ(service_.failed_checks(), 0u);
  check(1);
  check(0);
  check(1);
  EXPECT_EQ(newest(), Script::kStop) << "what flaps fails in the end";
}

TEST_F(ServiceTest, FailuresMoveItNotFailedChecks) {
  ServiceEntry two = entry();
  two.fall = two.max_failures = 2;
  service_.configure(two);
  run();
  check(1);
  check(1);
  end(0);
  end(0);
  ASSERT_TRUE(service_.running());
  check(1);
  EXPECT_FALSE(service_.barred(now_.mono));
  check(1);
  end(0);
  EXPECT_TRUE(service_.idle());
  EXPECT_TRUE(service_.barred(now_.mono));
}

TEST_F(ServiceTest, OldFailuresAreForgotten) {
  run();
  for (int failure = 1; failure <= 5; ++failure) {
    pass(minutes(10) + seconds(1));
    end(1);
    end(0);
    end(0);
    ASSERT_TRUE(service_.running());
  }
}

TEST_F(ServiceTest, ASlowCheckIsKilledAndCountsAsFailed) {
  run();
  pass(seconds(10));
  pass(seconds(10));
  EXPECT_TRUE(killed());
  end(9, ScriptEnd::kSignal);
  EXPECT_EQ(newest(), Script::kStop);
}

TEST_F(ServiceTest, AStopMakesACheckGiveWay) {
  run();
  pass(seconds(10));
  ASSERT_EQ(newest(), Script::kStatus);
  stop();
  EXPECT_TRUE(killed());
  EXPECT_EQ(newest(), Script::kStatus) << "one script at a time";
  end(9, ScriptEnd::kSignal);
  EXPECT_EQ(newest(), Script::kStop);
}

TEST_F(ServiceTest, FoundRunningAtBootIsKept) {
  Context c = context();
  service_.check(c, *this, 5);
  EXPECT_EQ(service_.state(), wire::Holding::CHECKING);
  end(0);
  EXPECT_TRUE(service_.running());
  EXPECT_EQ(service_.epoch(), 5u);
}

TEST_F(ServiceTest, FoundBrokenAtBootIsStopped) {
  Context c = context();
  service_.check(c, *this, 5);
  end(1);
  EXPECT_EQ(newest(), Script::kStop);
  end(0);
  EXPECT_TRUE(service_.idle());
}

TEST_F(ServiceTest, WithoutAStatusScriptWhatMayRunIsStoppedAtBoot) {
  ServiceEntry bare = entry();
  bare.has_status = false;
  service_.configure(bare);
  Context c = context();
  service_.check(c, *this, 5);
  EXPECT_EQ(newest(), Script::kStop);
  EXPECT_EQ(service_.state(), wire::Holding::CHECKING) << "nobody makes way for it";
  end(0);
  EXPECT_EQ(service_.state(), wire::Holding::STOPPED);
}

TEST_F(ServiceTest, AnOperatorsRestartIsDoneOnceItRunsAgain) {
  run();
  Context c = context();
  service_.restart(c, *this, Reason::kOperator, "token");
  EXPECT_EQ(service_.restarted(), "");
  end(0);
  EXPECT_EQ(service_.restarted(), "");
  end(0);
  EXPECT_EQ(service_.restarted(), "token");
}

TEST_F(ServiceTest, KeepForgetsAStopThatHasNotBegun) {
  start();
  stop();
  service_.keep();
  end(0);
  EXPECT_TRUE(service_.running());
}

TEST_F(ServiceTest, LeftAloneItIsNeitherStoppedNorRestartedNorChecked) {
  run();
  ASSERT_TRUE(service_.at_rest());
  service_.leave_alone(now_.mono, true);
  const size_t before = runs_.size();
  stop(true);
  pass(minutes(5));
  Context c = context();
  service_.restart(c, *this, Reason::kOperator, "token");
  EXPECT_EQ(runs_.size(), before);
  EXPECT_TRUE(service_.running());
}

TEST_F(ServiceTest, AfterThatItIsCheckedAtOnceAndHavingBeenStoppedIsNoFailure) {
  run();
  service_.leave_alone(now_.mono, true);
  pass(minutes(5));
  service_.leave_alone(now_.mono, false);
  pass(Duration{});
  ASSERT_EQ(newest(), Script::kStatus);
  end(3);
  EXPECT_TRUE(service_.idle());
  EXPECT_EQ(ended_, 1);
  EXPECT_EQ(service_.failures(), 0u);
  EXPECT_FALSE(service_.barred(now_.mono));
}

TEST_F(ServiceTest, FoundLeftAloneItsStatusIsBelievedAndNothingElseDone) {
  for (const int code : {0, 1, 3}) {
    service_ = Service("web", entry());
    runs_.clear();
    Context c = context();
    service_.find_left_alone(c, *this, 7, true);
    ASSERT_EQ(newest(), Script::kStatus);
    end(code);
    EXPECT_EQ(service_.running(), code != 3) << code;
    EXPECT_EQ(service_.idle(), code == 3) << code;
    EXPECT_EQ(runs_.size(), 1u) << "nothing is stopped or started";
  }
}

TEST_F(ServiceTest, FoundLeftAloneWithoutAStatusItRunsUnlessTheMachineWasRestarted) {
  ServiceEntry bare = entry();
  bare.has_status = false;
  for (const bool runs : {true, false}) {
    service_ = Service("web", bare);
    Context c = context();
    service_.find_left_alone(c, *this, 7, runs);
    EXPECT_EQ(service_.running(), runs);
    EXPECT_TRUE(runs_.empty());
  }
}

}  // namespace
}  // namespace cluster::core
