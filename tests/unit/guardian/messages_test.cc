#include "guardian/messages.h"

#include <gtest/gtest.h>

#include "core/context.h"
#include "guardian/engine.h"

namespace cluster::guardian {
namespace {

using Environment = std::vector<std::pair<std::string, std::string>>;

const Environment kVariables = {{"CLUSTER_REASON", "move"}, {"CLUSTER_TO", "Z\xfcrich"}, {"E", ""}};

template <class T>
T to_guardian(const T& message) {
  const auto back = decode_to_guardian(encode(ToGuardian(message)));
  const T* found = back ? std::get_if<T>(&*back) : nullptr;
  EXPECT_NE(found, nullptr);
  return found != nullptr ? *found : T{};
}

TEST(Messages, WhatTheEngineAsksForArrivesWhole) {
  const auto run =
      to_guardian(core::RunScript{RunId(~0ull), "web", core::Script::kStatus, kVariables});
  EXPECT_EQ(run.run, RunId(~0ull));
  EXPECT_EQ(run.service, "web");
  EXPECT_EQ(run.script, core::Script::kStatus);
  EXPECT_EQ(run.environment, kVariables);
  EXPECT_EQ(to_guardian(core::KillScript{RunId(7)}).run, RunId(7));
  EXPECT_EQ(to_guardian(core::KillService{"web"}).service, "web");
  EXPECT_EQ(to_guardian(core::Unguard{"web"}).service, "web");

  const auto guard = to_guardian(core::Guard{"web", MonoTime(Duration(1234567890123)), core::kNever,
                                             9, true, true, kVariables});
  EXPECT_EQ(guard.service, "web");
  EXPECT_EQ(guard.stop_at, MonoTime(Duration(1234567890123)));
  EXPECT_EQ(guard.kill_at, core::kNever);
  EXPECT_EQ(guard.epoch, 9u);
  EXPECT_TRUE(guard.lease && guard.runs);
  EXPECT_EQ(guard.environment, kVariables);

  const auto settings = to_guardian(Settings{"/etc/cluster/services.d", 5});
  EXPECT_EQ(settings.service_dir, "/etc/cluster/services.d");
  EXPECT_EQ(settings.verbosity, 5);
  to_guardian(Began{});
  to_guardian(Ready{});
  to_guardian(Ending{});
  to_guardian(Alive{});
}

TEST(Messages, WhatTheGuardianTellsArrivesWhole) {
  core::LeftService ended{"db",
                          3,
                          core::Script::kStop,
                          core::ScriptEnd::kSignal,
                          9,
                          RunId(4),
                          true,
                          false,
                          MonoTime(Duration(5)),
                          core::kNever};
  core::LeftService runs{"web", 4,    core::Script::kStart,  std::nullopt,         0, RunId(5),
                         false, true, MonoTime(Duration(6)), MonoTime(Duration(7))};
  const auto back = decode_to_engine(encode(ToEngine(Begin{{ended, runs}, 6})));
  ASSERT_TRUE(back && std::holds_alternative<Begin>(*back));
  const Begin& begin = std::get<Begin>(*back);
  EXPECT_EQ(begin.first_run, 6u);
  ASSERT_EQ(begin.left.size(), 2u);
  EXPECT_EQ(begin.left[0].service, "db");
  EXPECT_EQ(begin.left[0].epoch, 3u);
  EXPECT_EQ(begin.left[0].newest, core::Script::kStop);
  EXPECT_EQ(begin.left[0].how, core::ScriptEnd::kSignal);
  EXPECT_EQ(begin.left[0].code, 9);
  EXPECT_EQ(begin.left[0].run, RunId(4));
  EXPECT_EQ(begin.left[0].stop_at, MonoTime(Duration(5)));
  EXPECT_EQ(begin.left[0].kill_at, core::kNever);
  EXPECT_TRUE(begin.left[0].dying && !begin.left[0].killed);
  EXPECT_TRUE(!begin.left[1].dying && begin.left[1].killed);
  EXPECT_FALSE(begin.left[1].how);
  EXPECT_EQ(begin.left[1].newest, core::Script::kStart);

  const auto end = decode_to_engine(
      encode(ToEngine(core::ScriptEnded{RunId(8), core::ScriptEnd::kNotStarted, 13})));
  ASSERT_TRUE(end && std::holds_alternative<core::ScriptEnded>(*end));
  EXPECT_EQ(std::get<core::ScriptEnded>(*end).how, core::ScriptEnd::kNotStarted);
  EXPECT_EQ(std::get<core::ScriptEnded>(*end).code, 13);
  const auto killed = decode_to_engine(encode(ToEngine(core::ServiceKilled{"web", true})));
  ASSERT_TRUE(killed && std::holds_alternative<core::ServiceKilled>(*killed));
  EXPECT_TRUE(std::get<core::ServiceKilled>(*killed).all);
}

TEST(Messages, NonsenseIsNothing) {
  EXPECT_FALSE(decode_to_guardian(""));
  EXPECT_FALSE(decode_to_engine("\xff\xff"));
  // A script that there is not.
  std::string run = encode(ToGuardian(core::RunScript{RunId(1), "w", core::Script::kStatus, {}}));
  ASSERT_EQ(run.back(), 2);
  run.back() = 9;
  EXPECT_FALSE(decode_to_guardian(run));
}

TEST(Inheritance, ComesBackFromItsText) {
  const Inheritance given{123, 7, 4, {5, 6}};
  const auto back = Inheritance::parse(given.to_text());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->guardian, 123);
  EXPECT_EQ(back->channel, 7);
  EXPECT_EQ(back->lock, 4);
  EXPECT_EQ(back->listening, (std::vector<int>{5, 6}));
  for (const char* text : {"", "7", "1,2", "1,2,x", "-1,2,3", "1,2,3,", "0,2,3,4", "1,2,3,4 "})
    EXPECT_EQ(Inheritance::parse(text).has_value(), std::string(text) == "1,2,3,") << text;
}

}  // namespace
}  // namespace cluster::guardian
