#include "bus/status.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bus/errors.h"
#include "bus/manager.h"
#include "bus/objects.h"
#include "tests/unit/bus/fixture.h"

namespace cluster::bus::test {
namespace {

using Json = nlohmann::ordered_json;

TEST(Status, DocumentOfHostsAndServices) {
  core::View view = sample_view();
  view.malformed_messages = 6;
  view.links = {{HostId(1), HostId(3)}};
  EXPECT_EQ(
      status_json(view, "1.2.3", {9, 2, 3, 5, {{"room", 4}, {"frame", 0}}}, {6, 70, 1}),
      R"({"host":{"id":1,"name":"server1.example.com"},"version":"1.2.3","settled":true,)"
      R"("hosts":[{"id":1,"name":"server1.example.com","state":"up","standby":false,"maintenance":false,)"
      R"("settled":true,"votes":false,"address":"192.0.2.1","path":"self","via":null,"rtt_ms":null,"last_seen":null,)"
      R"("version":"0.1.0","key":null,"generation":0},)"
      R"({"id":2,"name":"laptop1","state":"down","standby":false,"maintenance":false,"settled":false,"votes":false,)"
      R"("address":"","path":null,"via":null,"rtt_ms":null,"last_seen":null,"version":"",)"
      R"("key":null,"generation":0}],"links":[[1,3]],)"
      R"("services":[{"name":"web","state":"running","host":1,"running_on":[1],"stop_failed_on":[],"epoch":3,)"
      R"("reason":"the most preferred host that is up","ownership":"peers","preference":[1,2],"disabled":false,)"
      R"("stopped":false,"moved_to":null,"after":["cache"],"with":null},)"
      R"({"name":"mail-1","state":"stopped","host":null,"running_on":[],"stop_failed_on":[2],"epoch":0,)"
      R"("reason":"no host of its line is up","ownership":"peers","preference":[2],"disabled":false,"stopped":false,)"
      R"("moved_to":null,"after":[],"with":"web"}],"voters":null,"silences":[],)"
      R"("push":{"count":0,"pusher":"","applied":false,"refused":"","undecided":"","behind":[]},"files":{"roots":[]},)"
      R"("strangers":{"connections":9,"waiting":2,"authenticated":3,"guesses":5,"refused":{"room":4,"frame":0,"message":6}},)"
      R"("relay":{"frames":6,"bytes":70,"dropped":1}})");
}

TEST(Status, TellsWhoVotesAndWhatIsInTheWayOfAChange) {
  core::View view = sample_view();
  view.silences = {{"web", WallTime(seconds(1'700'000'000))}};
  EXPECT_EQ(Json::parse(status_json(view, "")).at("silences").dump(),
            R"([{"name":"web","until":"2023-11-14T22:13:20.000Z"}])");
  view.voters = {2, {"a", "b"}, {"a"}, "1 of 2 have learnt it", {"b"}};
  EXPECT_EQ(Json::parse(status_json(view, "")).at("voters").dump(),
            R"({"number":2,"names":["a","b"],"before":["a"],"change":"1 of 2 have learnt it",)"
            R"("differ":["b"]})");
}

TEST(Status, FilesByRootAndHost) {
  const WallTime now(seconds(1'700'000'000) + milliseconds(40'250));
  const std::string files =
      R"({"roots":[{"name":"www","path":"/srv/www","mode":"newer","state":"behind","paused_why":"",)"
      R"("files":12,"bytes":34567,"held_back":0,"missing_files":0,"missing_bytes":0,"failing":[],)"
      R"("transfers":[],"hosts":[{"id":2,"name":"laptop1","state":"behind","apart_why":"","behind_files":2,)"
      R"("behind_bytes":1234567,"behind_seconds":40.25,"last_seen":null},)"
      R"({"id":3,"name":"vps","state":"apart","apart_why":"it has another mode","behind_files":0,)"
      R"("behind_bytes":0,"behind_seconds":0.0,"last_seen":null}]},)"
      R"({"name":"/etc/motd","path":"/etc","mode":"older","state":"paused",)"
      R"("paused_why":"the folder is not mounted","files":0,"bytes":0,"held_back":0,)"
      R"("missing_files":0,"missing_bytes":0,"failing":[],"transfers":[],"hosts":[]}]})";
  EXPECT_EQ(files_json({sample_roots(), now}), files);
  EXPECT_EQ(
      Json::parse(status_json(sample_view(), "", {}, {}, {sample_roots(), now})).at("files").dump(),
      files);
  auto roots = sample_roots();
  roots[0].transfers = {{"big", 4'000, 1'000, seconds(2)}, {"new", 9, 0, Duration{}}};
  EXPECT_EQ(Json::parse(files_json({roots, now})).at("roots").at(0).at("transfers").dump(),
            R"([{"path":"big","bytes":4000,"here":1000,"bytes_per_second":500,"seconds_left":6},)"
            R"({"path":"new","bytes":9,"here":0,"bytes_per_second":0,"seconds_left":null}])");
  // A clock that is behind the other host's.
  const auto early = Json::parse(files_json({sample_roots(), WallTime{}}));
  EXPECT_EQ(early.at("roots").at(0).at("hosts").at(0).at("behind_seconds"), 0);
}

TEST(Status, ARootIsInSyncOnceNothingIsLeftToDo) {
  const auto state = [](const sync::RootView& root) {
    return Json::parse(files_json({{root}, WallTime{}})).at("roots").at(0).at("state");
  };
  sync::RootView root = sample_roots()[0];
  root.peers.clear();
  EXPECT_EQ(state(root), "in sync");
  sync::RootView other = root;
  other.scanned = false;
  EXPECT_EQ(state(other), "scanning");
  other.paused = "it has vanished";
  EXPECT_EQ(state(other), "paused");
  other = root;
  other.missing_files = 1;
  EXPECT_EQ(state(other), "behind");
  other = root;
  other.held_back = 1;
  EXPECT_EQ(state(other), "behind");
  other = root;
  other.failing = {"a: no space \xff left"};
  EXPECT_EQ(state(other), "behind");
  other = root;
  other.peers = {sample_roots()[0].peers[1]};
  EXPECT_EQ(state(other), "behind");
}

TEST(Status, FilesTellOfHostsThatAreDown) {
  auto roots = sample_roots();
  roots[0].peers = {
      {.host = HostId{2},
       .name = "",
       .apart = "",
       .behind_since = {},
       .linked = false,
       .known = false},
      {.host = HostId{3}, .name = "", .apart = "", .behind_since = {}, .linked = false}};
  core::View view = sample_view();
  for (core::HostView& host : view.hosts) {
    host.up = host.id != HostId{2};
    host.last_seen = WallTime(seconds(1'700'000'000));
  }
  const FilesNow files = files_now(std::move(roots), WallTime(seconds(1'700'000'100)), view);
  const Json root = Json::parse(files_json(files)).at("roots").at(0);
  EXPECT_EQ(
      root.at("hosts").dump(),
      R"([{"id":2,"name":"laptop1","state":"down","apart_why":"","behind_files":null,)"
      R"("behind_bytes":null,"behind_seconds":null,"last_seen":"2023-11-14T22:13:20.000Z"}])");
  EXPECT_EQ(root.at("state"), "in sync");
}

TEST(Status, VersionsOfAFileInTheOrderGiven) {
  EXPECT_EQ(
      file_log_json({{"17", WallTime(seconds(2)), WallTime(seconds(1)), "file", 5,
                      "replaced by host 2 laptop1"},
                     {"16", WallTime{}, WallTime{}, "folder", 0, ""}}),
      R"([{"version":"17","kept":"1970-01-01T00:00:02.000Z","edited":"1970-01-01T00:00:01.000Z",)"
      R"("type":"file","size":5,"label":"replaced by host 2 laptop1"},)"
      R"({"version":"16","kept":"1970-01-01T00:00:00.000Z","edited":"1970-01-01T00:00:00.000Z",)"
      R"("type":"folder","size":0,"label":""}])");
  EXPECT_EQ(file_log_json({}), "[]");
}

TEST(Status, MeshHostShowsTheWayRoundTripAndWhenSeen) {
  core::View view = sample_view();
  core::HostView& laptop = view.hosts[1];
  laptop.up = true;
  laptop.path = core::Path::kMesh;
  laptop.via = HostId{7};
  laptop.rtt = std::chrono::nanoseconds(1'234'567);
  laptop.last_seen = WallTime(seconds(1'700'000'000) + milliseconds(42));
  const Json host = Json::parse(status_json(view, "")).at("hosts").at(1);
  EXPECT_EQ(host.at("path"), "mesh");
  EXPECT_EQ(host.at("via"), 7);
  EXPECT_DOUBLE_EQ(host.at("rtt_ms").get<double>(), 1.235);
  EXPECT_EQ(host.at("last_seen"), "2023-11-14T22:13:20.042Z");
}

TEST(Status, AHostThatIsDownHasNoPathWhateverWasKnownLast) {
  core::View view = sample_view();
  view.hosts[1].path = core::Path::kDirect;
  EXPECT_TRUE(Json::parse(status_json(view, "")).at("hosts").at(1).at("path").is_null());
}

TEST(Status, TextThatIsNoUtf8DoesNotSpoilTheDocument) {
  core::View view = sample_view();
  view.services[0].reason = "bad \xff byte";
  EXPECT_FALSE(Json::parse(status_json(view, ""), nullptr, false).is_discarded());
}

TEST(Status, TimesBeforeTheEpochAreStillTimes) {
  EXPECT_EQ(iso8601(WallTime(-milliseconds(1))), "1969-12-31T23:59:59.999Z");
}

TEST(Status, EventsInTheirOrder) {
  const std::vector<Happening> events = {{WallTime(seconds(1)), core::Severity::kInfo, "one"},
                                         {WallTime(seconds(2)), core::Severity::kCritical, "two"}};
  EXPECT_EQ(events_json(events),
            R"([{"time":"1970-01-01T00:00:01.000Z","severity":"info","text":"one"},)"
            R"({"time":"1970-01-01T00:00:02.000Z","severity":"critical","text":"two"}])");
  EXPECT_EQ(events_json({}), "[]");
}

TEST(Errors, EveryRefusalHasItsName) {
  EXPECT_EQ(error_name(core::Refusal::kUnknownService),
            "com.bammeson.cluster.Error.UnknownService");
  EXPECT_EQ(error_name(core::Refusal::kUnknownHost), "com.bammeson.cluster.Error.UnknownHost");
  EXPECT_EQ(error_name(core::Refusal::kNotAble), "com.bammeson.cluster.Error.NotAble");
  EXPECT_EQ(error_name(core::Refusal::kFailed), "com.bammeson.cluster.Error.Failed");
  EXPECT_EQ(error_name(core::Refusal::kLeaving), "com.bammeson.cluster.Error.Leaving");
}

TEST(Objects, PathsHoldOnlyWhatAPathMay) {
  EXPECT_EQ(service_path("web"), "/com/bammeson/cluster/service/web");
  EXPECT_EQ(service_path("mail-1.b_c"), "/com/bammeson/cluster/service/mail_2d1_2eb_5fc");
  EXPECT_EQ(host_path(HostId{12}), "/com/bammeson/cluster/host/12");
}

TEST(Objects, RoundTripAndLastSeenAreNoChange) {
  const core::View before = sample_view();
  core::View after = before;
  after.hosts[1].rtt = milliseconds(3);
  after.hosts[1].last_seen = WallTime(seconds(5));
  EXPECT_TRUE(changed_properties(before.hosts[1], after.hosts[1]).empty());
  EXPECT_TRUE(changed_properties(before, after).empty());
  after.hosts[1].up = true;
  after.hosts[1].standby = true;
  EXPECT_EQ(changed_properties(before.hosts[1], after.hosts[1]),
            (std::vector<std::string>{"Standby", "State"}));
  EXPECT_EQ(changed_properties(before, after), std::vector<std::string>{"HostsUp"});
}

TEST(Simulate, ListsOfIds) {
  EXPECT_TRUE(parse_ids("").value().empty());
  EXPECT_EQ(parse_ids(" 3, 1").value(), (std::vector<HostId>{HostId{3}, HostId{1}}));
  for (const char* bad : {"x", "1,,2", "0", "1 2", "-1", "4294967296", "1;2"}) {
    EXPECT_FALSE(parse_ids(bad)) << bad;
  }
}

TEST(Address, WhatBusTakes) {
  for (const char* good : {"system", "session", "none", "unix:path=/run/x", "tcp:host=a,port=1"}) {
    EXPECT_TRUE(Bus::check_address(good)) << good;
  }
  for (const char* bad : {"", "sistem", "/run/dbus/socket", ":x=1", "unix:"}) {
    EXPECT_FALSE(Bus::check_address(bad)) << bad;
  }
}

}  // namespace
}  // namespace cluster::bus::test
