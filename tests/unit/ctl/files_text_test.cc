#include "ctl/files_text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bus/status.h"
#include "ctl/status_text.h"
#include "tests/unit/bus/fixture.h"

namespace cluster::ctl {
namespace {

const WallTime kNow = WallTime(seconds(1'700'000'000) + seconds(40));

Json document(const std::vector<sync::RootView>& roots) {
  return parse_status(bus::status_json(bus::test::sample_view(), "0.1.0", {}, {}, {roots, kNow}))
      .value();
}

std::vector<sync::RootView> in_sync() {
  sync::RootView root = bus::test::sample_roots()[0];
  root.peers = {{HostId{2}, "laptop1", "", 0, 0, WallTime{}}};
  return {root};
}

TEST(FilesText, AllIsInSync) {
  EXPECT_EQ(files_table(document(in_sync()), {}),
            "  ROOT  HOST                   STATE    BEHIND  FILES     SIZE  PATH\n"
            "  www   1 server1.example.com  in sync             12  34.5 kB  /srv/www\n"
            "  www   2 laptop1              in sync\n");
  EXPECT_EQ(files_line(document(in_sync())), "");
}

TEST(FilesText, WhoIsHowFarBehindAndWhy) {
  auto roots = bus::test::sample_roots();
  sync::RootView data = in_sync()[0];
  data.name = "data";
  data.path = "/srv/data";
  data.missing_files = 1;
  data.missing_bytes = 512;
  data.held_back = 11;
  data.failing = {"a\033[31m: no space left on device"};
  roots.push_back(data);
  EXPECT_EQ(
      files_table(document(roots), {}),
      "   ROOT       HOST                   STATE    BEHIND                 FILES     SIZE  PATH\n"
      "   www        1 server1.example.com  in sync                            12  34.5 kB  "
      "/srv/www\n"
      "   www        2 laptop1              behind   2 files, 1.2 MB, 40 s\n"
      "!  www        3 vps                  apart\n"
      "!  /etc/motd  1 server1.example.com  PAUSED                              0      0 B  /etc\n"
      "   data       1 server1.example.com  behind   1 file, 512 B             12  34.5 kB  "
      "/srv/data\n"
      "   data       2 laptop1              in sync\n"
      "\n"
      "www: nothing is exchanged with 3 vps: it has another mode\n"
      "/etc/motd: paused: the folder is not mounted\n"
      "data: 11 deletes are held back until clusterctl files confirm data, or revert\n"
      "data: not in place: a?[31m: no space left on device\n");
  EXPECT_EQ(files_line(document(roots)),
            "files: 3 of 3 roots are not in sync: www (behind), /etc/motd (paused), data (behind)");
}

TEST(FilesText, WhatThisHostHasAndOthersDoNotIsNotItsOwnFault) {
  auto roots = in_sync();
  roots[0].held_back = 1;
  std::string text = files_table(document(roots), {});
  EXPECT_NE(text.find("1 server1.example.com  held back"), std::string::npos) << text;
  EXPECT_NE(text.find("\nwww: 1 delete is held back until"), std::string::npos) << text;
  roots[0].failing = {"x: y"};
  text = files_table(document(roots), {});
  EXPECT_NE(text.find("1 server1.example.com  failing"), std::string::npos) << text;
  roots[0].scanned = false;
  text = files_table(document(roots), {});
  EXPECT_NE(text.find("1 server1.example.com  scanning"), std::string::npos) << text;
}

TEST(FilesText, HostsThatAreDownAndWhatIsKnownOfThem) {
  auto roots = in_sync();
  sync::PeerOfRoot& peer = roots[0].peers[0];
  peer.linked = false;
  peer.behind_files = 1;
  peer.behind_bytes = 512;
  peer.behind_since = kNow - seconds(40);
  peer.last_seen = WallTime(seconds(1'700'000'000));
  std::string text = files_table(document(roots), {});
  EXPECT_NE(
      text.find(
          "2 laptop1              down     1 file, 512 B, 40 s, since 2023-11-14T22:13:20.000Z\n"),
      std::string::npos)
      << text;
  peer.known = false;
  text = files_table(document(roots), {});
  EXPECT_NE(text.find("2 laptop1              down     since 2023-11-14T22:13:20.000Z\n"),
            std::string::npos)
      << text;
}

TEST(FilesText, ManyHostsThatHaveAllAreOneLine) {
  auto roots = in_sync();
  for (uint32_t id = 3; id <= 12; ++id)
    roots[0].peers.push_back({HostId{id}, "other", "", id == 7 ? 1u : 0u, 0, kNow});
  const std::string text = files_table(document(roots), {});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4) << text;
  EXPECT_NE(text.find("7 other                behind   1 file"), std::string::npos) << text;
  EXPECT_NE(text.find("10 others              in sync\n"), std::string::npos) << text;
}

TEST(FilesText, LongTransfersTellHowLongTheyTakeYet) {
  auto roots = in_sync();
  roots[0].transfers = {{"iso/big", 4'000'000'000, 1'000'000'000, seconds(10)}};
  const std::string text = files_table(document(roots), {});
  EXPECT_NE(text.find("\nwww: iso/big: 1.0 GB of 4.0 GB, 100 MB/s, 30 s left\n"), std::string::npos)
      << text;
}

TEST(FilesText, WithoutRootsItSaysSo) {
  const std::string none = "this host keeps no files alike with others\n";
  EXPECT_EQ(files_table(document({}), {}), none);
  // Of another version.
  for (const char* odd : {"{}", "{\"files\":1}", "{\"files\":{\"roots\":7}}"}) {
    EXPECT_EQ(files_table(Json::parse(odd), {}), none) << odd;
    EXPECT_EQ(files_line(Json::parse(odd)), "") << odd;
  }
}

TEST(FilesText, VersionsNewestFirst) {
  const Json log = Json::parse(bus::file_log_json(
      {{"1b", WallTime(seconds(2)), WallTime(seconds(1)), "file", 1'500, "replaced"},
       {"1a", WallTime(seconds(1)), WallTime(seconds(1)), "folder", 0, ""}}));
  EXPECT_EQ(file_log_table(log, {}),
            "VERSION  KEPT                      EDITED                      SIZE  WHAT\n"
            "1b       1970-01-01T00:00:02.000Z  1970-01-01T00:00:01.000Z  1.5 kB  replaced\n"
            "1a       1970-01-01T00:00:01.000Z  1970-01-01T00:00:01.000Z  folder\n");
  EXPECT_NE(file_log_table(Json::parse("[{}]"), {}), "");
}

TEST(FilesText, SizesAndTimesAreShort) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(999), "999 B");
  EXPECT_EQ(size_text(1'000), "1.0 kB");
  EXPECT_EQ(size_text(99'999), "99.9 kB");
  EXPECT_EQ(size_text(100'000), "100 kB");
  EXPECT_EQ(size_text(2'500'000'000), "2.5 GB");
  EXPECT_EQ(size_text(UINT64_MAX), "18.4 EB");
  EXPECT_EQ(time_text(59), "59 s");
  EXPECT_EQ(time_text(3'599), "59 min");
  EXPECT_EQ(time_text(86'399), "23 h");
  EXPECT_EQ(time_text(200'000), "2 d");
}

}  // namespace
}  // namespace cluster::ctl
