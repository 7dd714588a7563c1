#include "config/services.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/unit/config/temp_config.h"

namespace cluster::config {
namespace {

TEST(ServicesFile, KeepsOrderAndPreference) {
  const TempConfig config;
  config.write("services", "# services\n\nweb 2 1\r\n  mail\t3   1 2  \nvip 2");
  config.script("mail", "start");
  config.script("mail", "stop");
  config.script("mail", "status");
  const Outcome outcome = config.load();
  ASSERT_TRUE(outcome.loaded) << joined(outcome.faults);
  const auto& services = outcome.loaded->core.services;
  ASSERT_EQ(services.size(), 3u);
  EXPECT_EQ(services[0].name, "web");
  EXPECT_EQ(services[0].preference, (std::vector<HostId>{HostId(2), HostId(1)}));
  EXPECT_TRUE(services[0].local && services[0].runnable);
  EXPECT_FALSE(services[0].has_status);
  EXPECT_EQ(services[1].preference, (std::vector<HostId>{HostId(3), HostId(1), HostId(2)}));
  EXPECT_TRUE(services[1].has_status);
  EXPECT_FALSE(services[2].local || services[2].runnable);
}

TEST(ServiceConf, NamesAnAgentInPlaceOfScripts) {
  const TempConfig config;
  config.write("services", "vip 1\n");
  config.write("services.d/vip/service.conf",
               "ocf = \"no-provider:Thing\"\nparameters = { \"ip=192.0.2.1\" }\n");
  Outcome outcome = config.load();
  EXPECT_TRUE(has(outcome.faults, config.path("services.d/vip/service.conf"), 1,
                  "/usr/lib/ocf/resource.d/no-provider/Thing: No such file"))
      << joined(outcome.faults);
  EXPECT_EQ(outcome.faults.size(), 1u) << "no script is missed: " << joined(outcome.faults);

  config.script("vip", "status");
  outcome = config.load();
  EXPECT_TRUE(has(outcome.faults, config.path("services"), 1, "vip/status stands beside an agent"))
      << joined(outcome.faults);

  config.write("services.d/vip/service.conf", "ocf = \"../x:Thing\"\n");
  EXPECT_TRUE(has(config.load().faults, config.path("services.d/vip/service.conf"), 1,
                  "ocf is '../x:Thing'; expected PROVIDER:TYPE"));
  config.write("services.d/vip/service.conf",
               "ocf = \"a:b\"\nparameters = { \"ip=1\", \"ip=2\", \"x y=3\", \"z\" }\n");
  outcome = config.load();
  EXPECT_TRUE(has(outcome.faults, config.path("services.d/vip/service.conf"), 2,
                  "'ip=2' besides another of this name"))
      << joined(outcome.faults);
  EXPECT_TRUE(has(outcome.faults, config.path("services.d/vip/service.conf"), 2,
                  "'x y=3'; expected NAME=VALUE"));
  EXPECT_TRUE(has(outcome.faults, config.path("services.d/vip/service.conf"), 2,
                  "'z'; expected NAME=VALUE"));
  config.write("services.d/vip/service.conf", "parameters = \"ip=1\"\n");
  EXPECT_TRUE(
      has(config.load().faults, config.path("services.d/vip/service.conf"), 1, "none is named"));
}

TEST(ServiceConf, NamesAUnitInPlaceOfScripts) {
  const TempConfig config;
  const std::string conf = config.path("services.d/web/service.conf");
  config.remove("services.d/web/start");
  config.remove("services.d/web/stop");
  config.write("services.d/web/service.conf", "systemd = \"postgresql@15-main.service\"\n");
  Outcome outcome = config.load();
  ASSERT_TRUE(outcome.loaded) << joined(outcome.faults);
  EXPECT_TRUE(outcome.loaded->core.services[0].has_status);

  config.write("services.d/web/service.conf",
               "ownership = majority\nsystemd = \"nginx.service\"\n");
  EXPECT_TRUE(has(config.load().faults, conf, 2, "what systemd has started cannot be"));
  config.write("services.d/web/service.conf", "systemd = \"nginx\"\n");
  EXPECT_TRUE(has(config.load().faults, conf, 1, "systemd is 'nginx'; expected a unit"));
  config.write("services.d/web/service.conf", "systemd = \"nginx.service\"\nocf = \"a:b\"\n");
  EXPECT_TRUE(has(config.load().faults, conf, 1, "systemd stands beside ocf"));
  config.write("services.d/web/service.conf",
               "systemd = \"nginx.service\"\nparameters = \"a=1\"\n");
  EXPECT_TRUE(has(config.load().faults, conf, 2, "none is named"));
}

TEST(ServicesFile, MayBeEmpty) {
  const TempConfig config;
  config.write("services", "");
  EXPECT_TRUE(config.load().loaded);
}

TEST(ServicesFile, RefusesEachFaultWithItsLine) {
  const std::string long_name(65, 'a');
  const std::vector<FaultCase> cases = {
      {"unknown host", "web 1\nvip 2 9\n", 2, "host 9 of service 'vip' is not in hosts",
       "1 server1.example.com, 2"},
      {"duplicate service", "web 1\n\nweb 2\n", 3, "'web' stands here again, after line 1",
       "each service once"},
      {"same host twice", "web 1 2 1\n", 1, "service 'web' names host 1 twice", "each host once"},
      {"no host", "vip\n", 1, "service 'vip' has no host", "NAME HOST"},
      {"host 0", "vip 0\n", 1, "'0' is no host ID", "line numbers in hosts"},
      {"host by name", "vip laptop1\n", 1, "'laptop1' is no host ID (the ID of that host is 3)",
       "line numbers"},
      {"host negative", "vip -1\n", 1, "'-1' is no host ID", "line numbers"},
      {"host enormous", "vip 99999999999999999999\n", 1, "is no host ID", "line numbers"},
      {"inline comment", "vip 2 # x\n", 1, "a comment stands behind the hosts",
       "lines of their own"},
      {"name that climbs", "../etc 1\n", 1, "the service name is '../etc'",
       "the first a letter or digit"},
      {"name with slash", "a/b 1\n", 1, "the service name is 'a/b'", "letters, digits"},
      {"name with a dot first", ".web 1\n", 1, "the service name is '.web'", "letter or digit"},
      {"long name", long_name + " 1\n", 1, "the service name is 'aaaa", "1 to 64"},
      {"name not ASCII", "caf\xc3\xa9 1\n", 1, "'caf\xc3\xa9'", "letters, digits"},
      {"NUL", std::string("vip 2\0\n", 7), 1, "NUL", "text"},
      {"not UTF-8", "vip 2\n# \xff\n", 2, "UTF-8", "UTF-8"},
  };
  for (const FaultCase& one : cases) {
    const TempConfig config;
    expect_only_fault(config, "services", one);
  }
}

TEST(ServicesFile, ALineOfHostsWithoutAHostIsNamedAsSuch) {
  const TempConfig config;
  config.write("hosts",
               "server1.example.com password1\n# server2 password2\nlaptop1,open password3\n");
  expect_only_fault(config, "services",
                    {"commented out", "vip 3 2\n", 1,
                     "host 2 of service 'vip' is a line of hosts without a host", "one of"});
}

TEST(ServicesFile, TheNameOfFullLengthIsTaken) {
  EXPECT_TRUE(is_service_name(std::string(64, 'a')));
  EXPECT_TRUE(is_service_name("0-a_b.c"));
  EXPECT_FALSE(is_service_name(std::string(65, 'a')));
  EXPECT_FALSE(is_service_name(""));
  EXPECT_FALSE(is_service_name("-a"));
}

struct ScriptCase {
  const char* what;
  void (*spoil)(const TempConfig&);
  const char* wrong;
  const char* expected;
};

const ScriptCase kScriptCases[] = {
    {"start missing", [](const TempConfig& c) { c.remove("services.d/web/start"); },
     "web/start is missing", "an executable file"},
    {"stop missing", [](const TempConfig& c) { c.remove("services.d/web/stop"); },
     "web/stop is missing", "an executable file"},
    {"start not executable", [](const TempConfig& c) { c.chmod("services.d/web/start", 0644); },
     "web/start is not executable (mode 0644)", "an executable file"},
    {"status not executable", [](const TempConfig& c) { c.script("web", "status", 0600); },
     "web/status is not executable (mode 0600)", "or none of this name"},
    {"start a folder",
     [](const TempConfig& c) {
       c.remove("services.d/web/start");
       std::filesystem::create_directories(c.path("services.d/web/start"));
     },
     "web/start is a folder", "an executable file"},
    {"start a link to nothing",
     [](const TempConfig& c) {
       c.remove("services.d/web/start");
       std::filesystem::create_symlink("nowhere", c.path("services.d/web/start"));
     },
     "web/start is a link to nothing", "an executable file"},
    {"folder missing", [](const TempConfig& c) { c.remove("services.d/web"); },
     "services.d/web is no folder", "start and stop"},
    {"folder a file",
     [](const TempConfig& c) {
       c.remove("services.d/web");
       c.write("services.d/web", "");
     },
     "services.d/web is no folder", "start and stop"},
};

TEST(ServiceFolder, AFaultIsRefusedAtCheckAndReload) {
  for (const ScriptCase& one : kScriptCases) {
    const TempConfig config;
    one.spoil(config);
    expect_only_fault(config, "services", {one.what, "\nweb 2 1\n", 2, one.wrong, one.expected});
  }
}

TEST(ServiceFolder, AFaultDisablesOnlyThatServiceAtStart) {
  for (const ScriptCase& one : kScriptCases) {
    SCOPED_TRACE(one.what);
    const TempConfig config;
    config.write("services", "web 2 1\nmail 1\n");
    config.script("mail", "start");
    config.script("mail", "stop");
    one.spoil(config);
    const Outcome outcome = config.load(Mode::kStart);
    ASSERT_TRUE(outcome.loaded) << joined(outcome.faults);
    const auto& services = outcome.loaded->core.services;
    EXPECT_TRUE(services[0].local);
    EXPECT_FALSE(services[0].runnable);
    EXPECT_NE(services[0].unrunnable_why.find(one.wrong), std::string::npos)
        << services[0].unrunnable_why;
    EXPECT_TRUE(has(outcome.warnings, config.path("services"), 1, one.wrong))
        << joined(outcome.warnings);
    EXPECT_TRUE(services[1].runnable);
    EXPECT_TRUE(services[1].unrunnable_why.empty());
  }
}

TEST(ServiceFolder, BothScriptsAreToldAtOnce) {
  const TempConfig config;
  config.remove("services.d/web/start");
  config.remove("services.d/web/stop");
  EXPECT_EQ(config.load().faults.size(), 2u);
}

TEST(ServiceFolder, IsNeededOnTheHostsOfItsLineOnly) {
  const TempConfig config;
  config.write("services", "web 2 3\n");
  config.remove("services.d");
  const Outcome outcome = config.load();
  ASSERT_TRUE(outcome.loaded) << joined(outcome.faults);
  EXPECT_FALSE(outcome.loaded->core.services[0].local);
}

TEST(ServiceFolder, SymlinksOnTheWayAreFine) {
  const TempConfig config;
  std::filesystem::rename(config.path("services.d/web"), config.path("real"));
  std::filesystem::create_directory_symlink(config.path("real"), config.path("services.d/web"));
  EXPECT_TRUE(config.load().loaded);
}

TEST(ServiceConf, SetsTheService) {
  const TempConfig config;
  config.write("cluster.conf", "id = 1\nfailback = never\n");
  config.write(
      "services.d/web/service.conf",
      "start_timeout = 0.5\nstop_timeout = \"2m\"\nstatus_interval = 3\nstatus_timeout = 4\n"
      "max_failures = 7\nfailure_window = \"1h\"\nfailback = \"30s\"\nownership = \"peers\"\n");
  const Outcome outcome = config.load();
  ASSERT_TRUE(outcome.loaded) << joined(outcome.faults);
  const core::ServiceEntry& web = outcome.loaded->core.services[0];
  EXPECT_EQ(web.start_timeout, milliseconds(500));
  EXPECT_EQ(web.stop_timeout, minutes(2));
  EXPECT_EQ(web.status_interval, seconds(3));
  EXPECT_EQ(web.status_timeout, seconds(4));
  EXPECT_EQ(web.max_failures, 7u);
  EXPECT_EQ(web.failure_window, hours(1));
  EXPECT_EQ(web.failback, (core::Failback{false, seconds(30)}));
}

TEST(ServiceConf, FailbackIsTheServicesThenClusterConfsThenImmediate) {
  const TempConfig config;
  const auto failback = [&] { return config.load().loaded->core.services[0].failback; };
  EXPECT_EQ(failback(), core::Failback{});
  config.write("cluster.conf", "id = 1\nfailback = never\n");
  EXPECT_EQ(failback(), (core::Failback{true, {}}));
  config.write("services.d/web/service.conf", "failback = immediate\n");
  EXPECT_EQ(failback(), core::Failback{});
}

TEST(ServiceConf, OwnedByMajorityItNeverFailsBackUnlessToldTo) {
  const TempConfig config;
  config.write("services.d/web/service.conf",
               "ownership = majority\nfence_margin = \"1500ms\"\nfence = reboot\n");
  const auto web = [&] { return config.load().loaded->core.services[0]; };
  EXPECT_EQ(web().ownership, core::Ownership::kMajority);
  EXPECT_EQ(web().fence_margin, milliseconds(1500));
  EXPECT_EQ(web().fence, core::Fence::kReboot);
  EXPECT_EQ(web().failback, (core::Failback{true, {}}));
  config.write("cluster.conf", "id = 1\nfailback = \"10s\"\n");
  EXPECT_EQ(web().failback, (core::Failback{false, seconds(10)}));
  config.write("cluster.conf", "id = 1\nownership = majority\n");
  config.write("services.d/web/service.conf", "failback = immediate\n");
  EXPECT_EQ(web().ownership, core::Ownership::kMajority);
  EXPECT_EQ(web().fence_margin, seconds(5));
  EXPECT_EQ(web().failback, core::Failback{});
}

TEST(ServiceConf, RefusesEachFaultWithItsLine) {
  const std::vector<FaultCase> cases = {
      {"unknown key", "start_timeout = 5\nstart_time = 5\n", 2, "unknown key 'start_time'",
       "start_timeout"},
      {"key of cluster.conf", "\nport = 5\n", 2, "belongs into cluster.conf",
       "one of start_timeout"},
      {"repeated", "max_failures = 1\nmax_failures = 1\n", 2, "again, after line 1", "once"},
      {"zero", "stop_timeout = 0\n", 1, "stop_timeout is '0'", "a time from 10ms to 1d"},
      {"zero failures", "max_failures = 0\n", 1, "max_failures is '0'", "from 1 to 1000"},
      {"failback zero", "failback = 0\n", 1, "failback is '0'",
       "immediate, never, or a time from 1ms"},
      {"fence", "fence = maybe\n", 1, "fence is 'maybe'", "kill|reboot"},
      {"fence_margin zero", "fence_margin = 0\n", 1, "fence_margin is '0'", "a time from 10ms"},
      {"not closed", "\n\n/* x\n", 3, "comment", "*/"},
  };
  for (const FaultCase& one : cases) {
    const TempConfig config;
    expect_only_fault(config, "services.d/web/service.conf", one);
    const Outcome at_start = config.load(Mode::kStart);
    ASSERT_TRUE(at_start.loaded);
    EXPECT_FALSE(at_start.loaded->core.services[0].runnable);
    EXPECT_NE(at_start.loaded->core.services[0].unrunnable_why.find("service.conf:"),
              std::string::npos);
  }
}

TEST(ServiceConf, MayNotBeAFolder) {
  const TempConfig config;
  std::filesystem::create_directories(config.path("services.d/web/service.conf"));
  EXPECT_TRUE(
      has(config.load().faults, config.path("services.d/web/service.conf"), 1, "this is a folder"));
}

TEST(FolderDigest, ChangesWithContentModeAndPresence) {
  const TempConfig config;
  const auto digest = [&] { return config.load().loaded->core.services[0].folder_digest; };
  const uint64_t first = digest();
  EXPECT_EQ(digest(), first);
  config.write("services.d/web/other", "not a script");
  EXPECT_EQ(digest(), first);
  config.chmod("services.d/web/start", 0700);
  const uint64_t second = digest();
  EXPECT_NE(second, first);
  config.write("services.d/web/start", "#!/bin/sh\nexit 1\n", 0700);
  const uint64_t third = digest();
  EXPECT_NE(third, second);
  config.script("web", "status");
  const uint64_t fourth = digest();
  EXPECT_NE(fourth, third);
  config.write("services.d/web/service.conf", "max_failures = 4\n");
  EXPECT_NE(digest(), fourth);
}

}  // namespace
}  // namespace cluster::config
