// What is a host's own stays so, whatever others push.
#include "config/pushed.h"

#include <gtest/gtest.h>

#include "tests/unit/config/temp_config.h"

namespace cluster::config {
namespace {

std::string merged(const std::string& pushed, const std::string& own) {
  const auto out = with_own_settings(pushed, own, "/etc/cluster/cluster.conf");
  EXPECT_TRUE(out.ok()) << out.error();
  return out ? *out : "";
}

TEST(Pushed, EveryHostLocalSettingStaysAndTheRestIsTheirs) {
  EXPECT_EQ(merged("id = 1\nport = 1111 # theirs\nlisten = 10.0.0.1\nprobe = 192.0.2.1\n"
                   "service_dir = \"/a\"\nbeat_interval = 2\n",
                   "beat_interval = 7\nservice_dir = \"/b\"\nprobe = {\"192.0.2.2\"}\n"
                   "listen = {\"10.0.0.2\",\n \"10.0.0.3\"}\nport = 2222\nid = 2\n"),
            "id = 2\nport = 2222 # theirs\nlisten = {\"10.0.0.2\",  \"10.0.0.3\"}\n"
            "probe = {\"192.0.2.2\"}\nservice_dir = \"/b\"\nbeat_interval = 2\n");
}

TEST(Pushed, WhatThisHostDoesNotSetIsTakenOut) {
  EXPECT_EQ(merged("id = 1\nverbosity = 4\n", "verbosity = 1\n"), "\nverbosity = 4\n");
}

TEST(Pushed, WhatTheyDoNotSetComesAfterTheirs) {
  EXPECT_EQ(merged("verbosity = 4", "id = 3 // ours\nport = 9\n"),
            "verbosity = 4\nid = 3\nport = 9\n");
}

TEST(Pushed, LinesKeepTheirNumbers) {
  EXPECT_EQ(
      merged("listen = {\"10.0.0.1\",\n  \"10.0.0.2\"}\nverbosity = 4\n", "listen = 10.0.0.9\n"),
      "listen = 10.0.0.9\n\nverbosity = 4\n");
}

TEST(Pushed, ThePathOfASyncSectionIsEachHostsOwn) {
  EXPECT_EQ(
      merged("sync www {\n  path = \"/srv/a\"\n  mode = older\n}\nsync new { path = \"/n\" }\n",
             "sync www { path = \"/srv/b\" }\nsync gone { path = \"/g\" }\n"),
      "sync www {\n  path = \"/srv/b\"\n  mode = older\n}\nsync new { path = \"/n\" }\n");
}

TEST(Pushed, CommentsAndTextsThatLookLikeSettingsAreLeftAlone) {
  const std::string pushed = "# id = 1\n/* port = 2 */\ncritical_files = \"/id = 1\"\n";
  EXPECT_EQ(merged(pushed, "verbosity = 3\n"), pushed);
}

TEST(Pushed, AFileThatCannotBeReadIsLeftToTheParser) {
  EXPECT_EQ(merged("sync www {\n", "id = 1\n"), "sync www {\n");
  const auto out = with_own_settings("verbosity = 1\n", "id = 2\nsync www {\n", "/c/cluster.conf");
  ASSERT_FALSE(out.ok());
  EXPECT_EQ(out.error().find("/c/cluster.conf:"), 0U) << out.error();
}

TEST(Pushed, WhatIsPushedFromHereIsWhatIsReadHere) {
  const TempConfig config;
  Options options = config.options();
  ASSERT_TRUE(read_push_files(options).ok());
  config.write("passed", "server1.example.com another\n");
  options.hosts_file = config.path("passed");
  EXPECT_EQ(read_push_files(options)->hosts, "server1.example.com another\n");
  EXPECT_EQ(read_push_files(options)->services, "web 1 2\n");
  options.hosts_file = config.path("nowhere");
  EXPECT_EQ(read_push_files(options).error().find(options.hosts_file + ":1: "), 0U);
}

}  // namespace
}  // namespace cluster::config
