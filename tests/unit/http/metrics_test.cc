// Metrics as a scraper reads them.
#include "http/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "http/openmetrics.h"

namespace cluster::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

core::HostView host(uint32_t id, const std::string& name, bool up) {
  core::HostView out;
  out.id = HostId(id);
  out.name = name;
  out.up = up;
  out.path = up ? core::Path::kDirect : core::Path::kNone;
  if (up) out.rtt = microseconds(1500);
  return out;
}

Snapshot snapshot() {
  Snapshot out;
  out.version = "1.2.3";
  out.now = {MonoTime(seconds(100)), WallTime(seconds(1000))};
  out.view.hosts = {host(1, "alpha", true), host(2, "beta", false)};
  core::ServiceView db;
  db.name = "db";
  db.state = core::ServiceState::kRunning;
  db.running_on = {HostId(1)};
  db.epoch = 7;
  out.view.services = {db};
  sync::RootView root;
  root.name = "www";
  sync::PeerOfRoot beta;
  beta.host = HostId(2);
  beta.name = "beta";
  beta.behind_files = 3;
  beta.behind_since = WallTime(seconds(990));
  root.peers = {beta};
  out.roots = {root};
  out.clocks = {{HostId(2), "beta", seconds(870)}};
  out.connections.refused = {{"key", 4}};
  return out;
}

TEST(OpenMetrics, EscapesLabelsAndEndsWithItsMark) {
  OpenMetrics out;
  out.family("x", "gauge", "", "help\nwith an end");
  out.sample("", {{"name", "a\"b\\c\nd\xff"}}, uint64_t{1});
  EXPECT_EQ(std::move(out).text(),
            "# TYPE x gauge\n# HELP x help\\nwith an end\nx{name=\"a\\\"b\\\\c\\nd?\"} 1\n# EOF\n");
}

TEST(OpenMetrics, AStateSetHasEveryStateAndOneThatIs) {
  OpenMetrics out;
  out.family("door", "stateset", "", "");
  out.state({{"room", "1"}}, {"open", "shut"}, "shut");
  EXPECT_THAT(lines(std::move(out).text()),
              testing::IsSupersetOf(
                  {"door{room=\"1\",door=\"open\"} 0", "door{room=\"1\",door=\"shut\"} 1"}));
}

TEST(Metrics, TellHostsServicesFilesAndRefusals) {
  const std::string text = metrics(snapshot(), Tally());
  EXPECT_THAT(lines(text),
              testing::IsSupersetOf({
                  "cluster_build_info{version=\"1.2.3\"} 1",
                  "cluster_host_up{id=\"1\",name=\"alpha\"} 1",
                  "cluster_host_up{id=\"2\",name=\"beta\"} 0",
                  "cluster_host_rtt_seconds{id=\"1\",name=\"alpha\"} 0.0015",
                  "cluster_host_clock_offset_seconds{id=\"2\",name=\"beta\"} -30",
                  "cluster_host_path{id=\"1\",name=\"alpha\",cluster_host_path=\"direct\"} 1",
                  "cluster_service_state{service=\"db\",cluster_service_state=\"running\"} 1",
                  "cluster_service_running{service=\"db\",id=\"2\",name=\"beta\"} 0",
                  "cluster_service_epoch{service=\"db\"} 7",
                  "cluster_sync_behind_files{root=\"www\",id=\"2\",name=\"beta\"} 3",
                  "cluster_sync_behind_seconds{root=\"www\",id=\"2\",name=\"beta\"} 10",
                  "cluster_refused_handshakes_total{reason=\"key\"} 4",
              }));
  EXPECT_THAT(text, EndsWith("# EOF\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("cluster_host_rtt_seconds{id=\"2\"")));
}

TEST(Metrics, NoSecretIsSharedWithItself) {
  Snapshot known = snapshot();
  known.view.self = HostId(1);
  const std::string text = metrics(known, Tally());
  EXPECT_THAT(text, HasSubstr("cluster_host_key_generation{id=\"2\",name=\"beta\"} 0"));
  EXPECT_THAT(text, testing::Not(HasSubstr("cluster_host_key_generation{id=\"1\"")));
}

// As the standard has it: each family once, with its samples right after it.
TEST(Metrics, HaveEachFamilyOnce) {
  std::vector<std::string> families;
  std::string family;
  for (const std::string& line : lines(metrics(snapshot(), Tally()))) {
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      families.push_back(family);
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(line.starts_with(family)) << line;
    }
  }
  std::sort(families.begin(), families.end());
  EXPECT_EQ(std::adjacent_find(families.begin(), families.end()), families.end());
}

TEST(Tally, CountsStartsByReasonAndTheTimeOfScripts) {
  const auto at = [](int64_t ms) { return MonoTime(milliseconds(ms)); };
  Tally tally;
  tally.began(at(0), {RunId(1), "db", core::Script::kStart, {{"CLUSTER_REASON", "failover"}}});
  tally.ended(at(250), {RunId(1), core::ScriptEnd::kExited, 1});
  tally.began(at(300), {RunId(2), "db", core::Script::kStatus, {}});
  tally.ended(at(310), {RunId(2), core::ScriptEnd::kExited, 3});
  tally.ended(at(310), {RunId(9), core::ScriptEnd::kExited, 0});  // of an engine before this one
  EXPECT_THAT(lines(metrics(snapshot(), tally)),
              testing::IsSupersetOf({
                  "cluster_service_starts_total{service=\"db\",reason=\"failover\"} 1",
                  "cluster_script_seconds_sum{service=\"db\",script=\"start\"} 0.25",
                  "cluster_script_failures_total{service=\"db\",script=\"start\"} 1",
                  "cluster_script_failures_total{service=\"db\",script=\"status\"} 0",
                  "cluster_script_seconds_count{service=\"db\",script=\"status\"} 1",
              }));
}

}  // namespace
}  // namespace cluster::http
