#include "daemon/trace.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/push.h"
#include "wire/cluster.pb.h"

namespace cluster::daemon {
namespace {

using namespace core;
using namespace std::string_literals;

Config sample_config() {
  Config config;
  config.self = HostId(2);
  config.hosts = {{HostId(1), "server1", false, "10.0.0.1", 35790},
                  {HostId(2), "laptop", true, "", 0}};
  ServiceEntry service;
  service.name = "web";
  service.preference = {HostId(2), HostId(1)};
  service.local = true;
  service.unrunnable_why = "no start: Zürich";
  service.folder_digest = 0xfedcba9876543210ULL;
  service.failback = {.never = false, .stability = milliseconds(1500)};
  service.stop_timeout = milliseconds(1);
  service.max_failures = 7;
  service.fall = 3;
  service.rise = 2;
  service.after = {"cache", "queue"};
  service.with = "db";
  config.services = {service};
  config.beat_interval = milliseconds(250);
  config.port = 4000;
  return config;
}

TEST(Trace, HoldsNoPassphraseOfAPush) {
  const PushFiles files = {"verbosity = 1", "one open-sesame", "web 1"};
  wire::Message message;
  set_files(message.mutable_routed()->mutable_push_prepare()->mutable_files(), files);
  Boot boot;
  Pushed pushed;
  pushed.commit({1, 1}, NodeId(), files);
  for (const Write& write : pushed.to_writes(nullptr))
    if (write.value) boot.stored[write.key] = *write.value;
  const std::string hex_of_open = "6f70656e";
  for (const std::string& text :
       {to_text(Now(), Received{LinkId(1), message.SerializeAsString()}),
        to_text(Now(), ConfigPush{RequestId(1), files, {"one"}}), to_text(Now(), boot)}) {
    EXPECT_EQ(text.find(hex_of_open), std::string::npos) << text;
    EXPECT_EQ(text.find("open-sesame"), std::string::npos) << text;
  }
}

TEST(Trace, EveryEventComesBackTheSame) {
  NodeId node;
  node.bytes.fill(0xa5);
  const Now now{MonoTime(Duration(1234567890123)), WallTime(Duration(1700000000123456789))};
  const std::vector<Event> events = {
      LinkUp{LinkId(3),
             node,
             HostId(1),
             "server1",
             DialId(9),
             "[::1]:35790",
             {7, 1ULL << 63},
             RelayId(4)},
      LinkDown{LinkId(3), "reset by peer"},
      Received{LinkId(3), std::string("\0\xff\"\n", 4)},
      DialFailed{DialId(9), DialOutcome::kRejected, "wrong passphrase"},
      LocalAddresses{{"10.0.0.2", "fd00::2"}},
      ScriptEnded{RunId(5), ScriptEnd::kSignal, 9},
      Persisted{StoreTicket(~0ull)},
      PersistFailed{StoreTicket(8), "disk full"},
      ConfigChanged{sample_config()},
      Command{RequestId(1), Verb::kSilence, "web", HostId(2), 600},
      AlertSent{AlertId(3), "mail: exit status 75"},
      Noticed{AlertKind::kConflict, "motd", Severity::kWarning, "it was changed on two hosts", 7},
      Leave{},
      Tick{},
      SecretDerived{LinkId(3), {{8, 42}, std::string("\0sealed", 7)}},
      KeyRefused{HostId(2), node, "192.0.2.1:35790"},
      RelayOut{RelayId(4), std::string("\0tls", 4)},
      RelayEnded{RelayId(4), "the other end closed it"},
      ServiceKilled{"web", true},
      ProbeAnswered{},
      SleepPlanned{true},
      FilesSaid{node, "about a file"},
      ConfigPush{RequestId(2), {"verbosity = 1", "", "web 1"}, {"one", "two"}},
      ConfigValidated{{3, 4}, {"hosts:1: no"}},
      ConfigApplied{{3, 4}, {}},
  };
  ASSERT_EQ(events.size(), std::variant_size_v<Event>) << "an event has no line here";
  for (const Event& event : events) {
    const std::string text = to_text(now, event);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const auto back = event_from_text(text);
    ASSERT_TRUE(back.ok()) << text << ": " << back.error();
    EXPECT_EQ(back->event.index(), event.index());
    EXPECT_EQ(back->now.mono, now.mono);
    EXPECT_EQ(back->now.wall, now.wall);
    EXPECT_EQ(to_text(back->now, back->event), text);
  }
  EXPECT_FALSE(event_from_text(to_text(now, Tick{}))->more);
  EXPECT_TRUE(event_from_text(to_text(now, Tick{}, true))->more);
  const auto config = event_from_text(to_text(now, events[8]));
  EXPECT_EQ(std::get<ConfigChanged>(config->event).config, sample_config());
}

TEST(Trace, NumbersThatTheirTypeDoesNotHoldAreRefused) {
  const auto of = [](const std::string& number) {
    return R"({"at":[1,2],"event":"command","request":1,"verb":0,"service":"web","host":)" +
           number + "}";
  };
  EXPECT_TRUE(event_from_text(of("4294967295")).ok());
  for (const char* number : {"4294967296", "-1", "1.5", "2e111", "\"1\"", "null"})
    EXPECT_FALSE(event_from_text(of(number)).ok()) << number;
}

TEST(Trace, BootComesBackTheSame) {
  Boot boot;
  boot.node.bytes.fill(7);
  boot.node_key = std::string("\x30\x00\xff", 3);
  boot.version = "1.2";
  boot.config = sample_config();
  boot.stored = {{"key\0with\xfe"s, std::string("\0v", 2)}, {"empty", ""}};
  boot.seed = 0x8000000000000001ULL;
  const Now now{MonoTime(seconds(5)), WallTime(seconds(6))};
  const auto back = boot_from_text(to_text(now, boot));
  ASSERT_TRUE(back.ok()) << back.error();
  EXPECT_EQ(back->boot.node, boot.node);
  EXPECT_EQ(back->boot.node_key, boot.node_key);
  EXPECT_EQ(back->boot.config, boot.config);
  EXPECT_EQ(back->boot.stored, boot.stored);
  EXPECT_EQ(back->boot.seed, boot.seed);
  EXPECT_EQ(back->now.wall, now.wall);
}

TEST(Trace, RefusesWhatIsNoTrace) {
  for (const char* text :
       {"", "{}", "[1]", "{\"at\":[1,2]}", "{\"at\":[1,2],\"event\":\"nonsense\"}",
        "{\"at\":[1,2],\"event\":\"received\",\"link\":1,\"bytes\":\"0g\"}",
        "{\"at\":[1,2],\"event\":\"script_ended\",\"run\":1,\"how\":9,\"code\":0}"}) {
    EXPECT_FALSE(event_from_text(text).ok()) << text;
    EXPECT_FALSE(boot_from_text(text).ok()) << text;
  }
}

}  // namespace
}  // namespace cluster::daemon
