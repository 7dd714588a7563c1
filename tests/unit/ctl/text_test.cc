#include "ctl/text.h"

#include <gtest/gtest.h>

#include <sstream>

#include "bus/status.h"
#include "ctl/arguments.h"
#include "ctl/status_text.h"

namespace cluster::ctl {
namespace {

const WallTime kNow = WallTime(seconds(1'700'000'000));

core::View three_hosts() {
  core::View view;
  view.self = HostId{1};
  view.self_name = "server1.example.com";
  view.settled = true;
  for (uint32_t id = 1; id <= 3; ++id) {
    core::HostView host;
    host.id = HostId{id};
    host.name = id == 1 ? "server1.example.com" : id == 2 ? "laptop1" : "büro-rechner";
    host.up = true;
    host.settled = true;
    host.path = id == 1 ? core::Path::kSelf : id == 2 ? core::Path::kDirect : core::Path::kMesh;
    if (id == 2) host.rtt = microseconds(12'340);
    if (id == 3) host.via = HostId{2};
    host.address = "192.0.2." + std::to_string(id);
    view.hosts.push_back(host);
  }
  const char* names[] = {"web", "vip"};
  for (uint32_t i = 0; i < 2; ++i) {
    core::ServiceView service;
    service.name = names[i];
    service.state = core::ServiceState::kRunning;
    service.host = HostId{i + 1};
    service.running_on = {HostId{i + 1}};
    service.epoch = 3 + i * 100;
    service.reason = "first of its line that is up";
    view.services.push_back(service);
  }
  return view;
}

Json document(const core::View& view) {
  return parse_status(bus::status_json(view, "0.1.0")).value();
}

TEST(StatusText, OnlyTellingRefusalsAreALine) {
  bus::Strangers strangers{
      99, 0, 2, 0, {{"lost", 9}, {"wrong-secret", 3}, {"room", 80}, {"tls", 7}}};
  const auto text = [&] {
    return status_text(parse_status(bus::status_json(three_hosts(), "0.1.0", strangers)).value(),
                       kNow, {});
  };
  EXPECT_TRUE(
      text().ends_with("\n\nconnections refused since the start: wrong-secret 3, room 80\n"))
      << text();
  strangers.refused[1].second = strangers.refused[2].second = 0;
  EXPECT_EQ(text().find("refused"), std::string::npos);
}

TEST(StatusText, AllIsWell) {
  EXPECT_EQ(status_text(document(three_hosts()), kNow, {}),
            "3 of 3 hosts up, 2 of 2 services running\n"
            "\n"
            "  ID  HOST                 STATE  PATH                    RTT  ADDRESS    LAST SEEN\n"
            "   1  server1.example.com  up     self                         192.0.2.1\n"
            "   2  laptop1              up     direct              12.3 ms  192.0.2.2\n"
            "   3  büro-rechner         up     mesh via 2 laptop1           192.0.2.3\n"
            "\n"
            "  SERVICE  STATE    ON                     EPOCH  WHY\n"
            "  web      running  1 server1.example.com      3  first of its line that is up\n"
            "  vip      running  2 laptop1                103  first of its line that is up\n");
}

core::View trouble() {
  core::View view = three_hosts();
  view.hosts[1].up = false;
  view.hosts[1].last_seen = kNow - seconds(125);
  view.hosts[2].standby = true;
  view.hosts[2].path = core::Path::kDirect;
  view.hosts[2].via = HostId{};
  view.services[0].state = core::ServiceState::kStopFailed;
  view.services[0].reason = "stop did not end within 60 s";
  view.services[1].state = core::ServiceState::kStopped;
  view.services[1].host = HostId{};
  view.services[1].running_on.clear();
  view.services[1].stopped_by_operator = true;
  view.services[1].reason = "stopped by an operator";
  return view;
}

TEST(StatusText, WhoVotesIsSaidWithWhatIsInTheWayOfAChange) {
  core::View view = three_hosts();
  view.voters = {
      3, {"a", "b", "c"}, {"a", "b"}, "1 of 2 that voted before know of the change", {"b"}};
  const std::string text = status_text(document(view), kNow, {});
  EXPECT_NE(text.find("votes on services with ownership majority: a, b, c (set 3)\n"
                      "  together with those that voted before: a, b\n"
                      "  1 of 2 that voted before know of the change\n"
                      "  the hosts file names others on: b\n"),
            std::string::npos)
      << text;
}

TEST(StatusText, AConfigurationThatIsNotInPlaceEverywhereIsSaid) {
  core::View view = three_hosts();
  view.push.count = 4;
  view.push.pusher = "laptop1";
  view.push.applied = true;
  EXPECT_EQ(status_text(document(view), kNow, {}), status_text(document(three_hosts()), kNow, {}));
  view.push.applied = false;
  view.push.refused = "cluster.conf:3: unknown\nservices:1: unknown";
  view.push.behind = {"a", "b"};
  view.push.undecided = "c";
  const std::string text = status_text(document(view), kNow, {});
  EXPECT_TRUE(text.ends_with(
      "\n\nconfiguration 4 of laptop1 cannot be applied here, so this host is on standby: "
      "cluster.conf:3: unknown services:1: unknown\n"
      "configuration 4 of laptop1 is not in place yet on: a, b\n"
      "a configuration of c is prepared here, and not decided yet\n"))
      << text;
}

TEST(StatusText, WhatIsSilencedIsSaid) {
  core::View view = three_hosts();
  view.silences = {{"web", WallTime(seconds(1'700'000'000))}};
  const std::string text = status_text(document(view), kNow, {});
  EXPECT_NE(text.find("no alerts of web until 2023-11-14T22:13:20.000Z\n"), std::string::npos)
      << text;
}

TEST(StatusText, ProblemsStandOut) {
  EXPECT_EQ(status_text(document(trouble()), kNow, {}),
            "2 of 3 hosts up, 0 of 2 services running, 1 failed, 1 switched off\n"
            "\n"
            "   ID  HOST                 STATE        PATH    RTT  ADDRESS    LAST SEEN\n"
            "    1  server1.example.com  up           self         192.0.2.1\n"
            "!   2  laptop1              DOWN                      192.0.2.2  2 min ago\n"
            "    3  büro-rechner         up, standby  direct       192.0.2.3\n"
            "\n"
            "   SERVICE  STATE        ON                     EPOCH  WHY\n"
            "!  web      STOP-FAILED  1 server1.example.com      3  stop did not end within 60 s\n"
            "   vip      stopped                               103  stopped by an operator\n");
}

TEST(StatusText, ANarrowTerminalKeepsWhatMatters) {
  Style style;
  style.width = 50;
  const std::string text = status_text(document(trouble()), kNow, style);
  EXPECT_EQ(text,
            "2 of 3 hosts up, 0 of 2 services running, 1 faile…\n"
            "\n"
            "   ID  HOST          STATE        LAST SEEN\n"
            "    1  server1.exa…  up\n"
            "!   2  laptop1       DOWN         2 min ago\n"
            "    3  büro-rechner  up, standby\n"
            "\n"
            "   SERVICE  STATE        ON\n"
            "!  web      STOP-FAILED  1 server1.e…\n"
            "   vip      stopped\n");
}

TEST(StatusText, ColourSaysItAgain) {
  Style style;
  style.colour = true;
  const std::string text = hosts_table(document(trouble()), kNow, style);
  EXPECT_NE(text.find("\033[1;31mDOWN\033[0m"), std::string::npos);
  EXPECT_NE(text.find("\033[33mup, standby\033[0m"), std::string::npos);
  EXPECT_NE(text.find("\033[32mup\033[0m"), std::string::npos);
}

TEST(StatusText, TwoCopiesAreAProblemAndBothAreShown) {
  core::View view = three_hosts();
  view.services[0].running_on = {HostId{1}, HostId{2}};
  const std::string text = services_table(document(view), {});
  EXPECT_NE(text.find("!  web      running  1 server1.example.com, 2 laptop1"), std::string::npos)
      << text;
}

TEST(StatusText, AMoveIsToldOnce) {
  core::View view = three_hosts();
  view.services[0].moved_to = HostId{2};
  for (const char* reason :
       {"moved to laptop1 by the operator until \"clear\"", "laptop1 is down"}) {
    view.services[0].reason = reason;
    const std::string text = services_table(document(view), {});
    const size_t first = text.find("moved to");
    EXPECT_NE(first, std::string::npos) << text;
    EXPECT_EQ(text.find("moved to", first + 1), std::string::npos) << text;
  }
}

TEST(StatusText, ACopyThatCouldNotBeStoppedIsAProblemThoughItRunsElsewhere) {
  core::View view = three_hosts();
  view.services[0].stop_failed_on = {HostId{2}};
  const std::string text = services_table(document(view), {});
  EXPECT_NE(text.find("!  web      running  1 server1.example.com"), std::string::npos) << text;
}

TEST(StatusText, WhatIsNoDocumentIsAnError) {
  for (const char* bad :
       {"", "[]", "{}", "{\"hosts\":1,\"services\":[]}", "{\"hosts\":[1],\"services\":[]}"}) {
    EXPECT_FALSE(parse_status(bad)) << bad;
  }
  // Fields of another version: absent or of another type.
  const auto odd = parse_status(R"({"hosts":[{"id":"x","name":7}],"services":[{}],"more":1})");
  ASSERT_TRUE(odd);
  EXPECT_NE(status_text(*odd, kNow, {}), "");
}

TEST(StatusText, HostsByIdNameOrItsBeginning) {
  const Json status = document(three_hosts());
  EXPECT_EQ(find_host(status, "2"), 2u);
  EXPECT_EQ(find_host(status, "laptop1"), 2u);
  EXPECT_EQ(find_host(status, "server1"), 1u);
  EXPECT_EQ(find_host(status, "server"), 0u);
  EXPECT_EQ(find_host(status, ""), 0u);
  EXPECT_EQ(find_host(status, "9"), 9u);
}

TEST(Text, WidthGoesByColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("bü"), 2u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\xcc\x81"), 1u);
  EXPECT_EQ(fit("日本語", 5), "日本…");
  EXPECT_EQ(fit("日本語", 4), "日…");
  EXPECT_EQ(fit("abc", 3), "abc");
  EXPECT_EQ(fit("abc", 0), "");
}

TEST(Text, NothingReachesTheTerminalThatItWouldObey) {
  EXPECT_EQ(printable("a\033[31mb\r\n\xff\xc2\x9b"), "a?[31mb?\n??");
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "evil"),
            "?evil");
  EXPECT_EQ(printable("\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf"), std::string(9, '?'));
  EXPECT_EQ(printable("grüße"), "grüße");
}

TEST(Text, TimesOfTheDocument) {
  EXPECT_EQ(parse_iso8601("2023-11-14T22:13:20.042Z"), kNow + milliseconds(42));
  EXPECT_FALSE(parse_iso8601("yesterday"));
  EXPECT_FALSE(parse_iso8601("2023-11-14T22:13:20.042Z and more"));
}

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

TEST(Arguments, OptionsMayStandAnywhere) {
  const auto arguments =
      parse_arguments(words("--bus=session move web --json laptop1 --timeout 2.5"));
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->bus, "session");
  EXPECT_TRUE(arguments->json);
  EXPECT_EQ(arguments->timeout, std::chrono::microseconds(2'500'000));
  EXPECT_EQ(arguments->command, "move");
  EXPECT_EQ(arguments->words, words("web laptop1"));
}

TEST(Arguments, SimulateTakesHostsInAnyFashion) {
  for (const char* line : {"simulate --lose 1 2", "simulate --lose 1 --lose 2",
                           "simulate --lose=1,2", "--lose 1,2 simulate"}) {
    const auto arguments = parse_arguments(words(line));
    ASSERT_TRUE(arguments) << line << ": " << arguments.error();
    EXPECT_EQ(arguments->lost, words("1 2")) << line;
  }
}

TEST(Arguments, WrongUsage) {
  for (const char* line : {"",
                           "frobnicate",
                           "status web",
                           "explain",
                           "explain a b",
                           "move web",
                           "simulate",
                           "simulate 1",
                           "simulate --lose",
                           "status --lose 1",
                           "--bus",
                           "--bus sistem status",
                           "status --timeout",
                           "status --timeout 0",
                           "status --timeout soon",
                           "status --timeout 1e3",
                           "status --frob",
                           "-x status",
                           "silence web",
                           "maintenance",
                           "push",
                           "readmit",
                           "standby 1 2",
                           "invite"}) {
    EXPECT_FALSE(parse_arguments(words(line))) << line;
  }
}

}  // namespace
}  // namespace cluster::ctl
