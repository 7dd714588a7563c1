#include "config/load.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/unit/config/temp_config.h"

namespace cluster::config {
namespace {

const char* const kFiles[] = {"cluster.conf", "hosts", "services"};

TEST(Load, TheCommandLineGoesOverClusterConf) {
  const TempConfig config;
  Options options = config.options();
  options.id = 2;
  const Outcome outcome = load(options);
  ASSERT_TRUE(outcome.loaded) << joined(outcome.faults);
  EXPECT_EQ(outcome.loaded->core.self, HostId(2));
  EXPECT_EQ(outcome.loaded->port, 35791);
}

TEST(Load, ThePortIsClusterConfsThenTheLinesThenTheDefault) {
  const TempConfig config;
  const auto port = [&](const std::string& conf) {
    config.write("cluster.conf", conf);
    return config.load().loaded->port;
  };
  EXPECT_EQ(port("id = 1"), 35790);
  EXPECT_EQ(port("id = 2"), 35791);
  EXPECT_EQ(port("id = 3"), 35790);
  EXPECT_EQ(port("id = 3\nport = 5000"), 5000);
  EXPECT_EQ(port("id = 2\nport = 5000"), 5000);
  EXPECT_TRUE(has(config.load().warnings, config.path("cluster.conf"), 2,
                  "port is 5000, but by hosts the others dial this host at port 35791"));
}

TEST(Load, AFolderInPlaceOfAFileIsAFault) {
  for (const char* name : kFiles) {
    const TempConfig config;
    config.remove(name);
    std::filesystem::create_directories(config.path(name));
    Options options = config.options();
    options.id = 1;
    const Outcome outcome = load(options);
    EXPECT_FALSE(outcome.loaded);
    EXPECT_EQ(joined(outcome.faults),
              config.path(name) + ":1: this is a folder; expected a file\n");
  }
}

TEST(Load, AMissingFileIsAFault) {
  for (const char* name : kFiles) {
    const TempConfig config;
    config.remove(name);
    Options options = config.options();
    options.id = 1;
    EXPECT_EQ(joined(load(options).faults),
              config.path(name) + ":1: the file does not exist; expected a file\n");
  }
}

TEST(Load, TheHostsFileMayBeAnotherAndIsNamedWhereItIsAtFault) {
  const TempConfig config;
  std::filesystem::rename(config.path("hosts"), config.path("passed"));
  Options options = config.options();
  options.hosts_file = config.path("passed");
  const Outcome outcome = load(options);
  ASSERT_TRUE(outcome.loaded) << joined(outcome.faults);
  EXPECT_EQ(outcome.loaded->core.hosts.size(), 3U);
  config.write("passed", "server1.example.com:x password1\n");
  EXPECT_EQ(load(options).faults.front().file, config.path("passed"));
}

TEST(Load, APipeInPlaceOfAFileDoesNotHang) {
  for (const char* name : kFiles) {
    const TempConfig config;
    config.remove(name);
    ASSERT_EQ(::mkfifo(config.path(name).c_str(), 0600), 0);
    Options options = config.options();
    options.id = 1;
    EXPECT_TRUE(has(load(options).faults, config.path(name), 1, "pipe; expected a regular file"));
  }
}

// Root reads every file, so for this time the test is somebody else.
class Unprivileged {
 public:
  Unprivileged() : root_(::geteuid() == 0) {
    if (root_ && ::seteuid(65534) != 0) std::abort();
  }
  ~Unprivileged() {
    if (root_ && ::seteuid(0) != 0) std::abort();
  }

 private:
  bool root_;
};

TEST(Load, AnUnreadableFileIsAFault) {
  const TempConfig config;
  config.chmod("", 0755);
  for (const char* name : kFiles) config.chmod(name, 0644);
  config.chmod("hosts", 0);
  const Unprivileged somebody;
  EXPECT_EQ(joined(config.load().faults), config.path("hosts") +
                                              ":1: the file cannot be read: Permission denied; "
                                              "expected a readable file\n");
}

TEST(Load, ALoopOfLinksIsAFault) {
  const TempConfig config;
  config.remove("hosts");
  std::filesystem::create_symlink("hosts", config.path("hosts"));
  EXPECT_TRUE(has(config.load().faults, config.path("hosts"), 1, "cannot be read"));
}

TEST(Load, FilesMayBeLinks) {
  const TempConfig config;
  std::filesystem::rename(config.path("hosts"), config.path("hosts.real"));
  std::filesystem::create_symlink("hosts.real", config.path("hosts"));
  EXPECT_TRUE(config.load().loaded);
}

TEST(Load, FaultsOfAllFilesAreGathered) {
  const TempConfig config;
  config.write("cluster.conf", "id = 1\nnonsense = 1\n");
  config.write("hosts", "server1 password1\nserver2 short\n");
  config.write("services", "web 1 5\nmail 1 1\nvip 2\n");
  const Outcome outcome = config.load();
  EXPECT_TRUE(has(outcome.faults, config.path("cluster.conf"), 2, "unknown key"));
  EXPECT_TRUE(has(outcome.faults, config.path("hosts"), 2, "5 bytes"));
  EXPECT_TRUE(has(outcome.faults, config.path("services"), 1, "host 5"));
  EXPECT_TRUE(has(outcome.faults, config.path("services"), 2, "twice"));
  EXPECT_EQ(outcome.faults.size(), 4u) << joined(outcome.faults);
}

TEST(Load, RestartNeededNamesTheKeys) {
  const TempConfig config;
  const auto with = [&](const std::string& conf) {
    config.write("cluster.conf", conf);
    const Outcome outcome = config.load();
    EXPECT_TRUE(outcome.loaded) << joined(outcome.faults);
    return outcome.loaded.value_or(Loaded{});
  };
  const Loaded running = with("id = 1\n");
  EXPECT_TRUE(restart_needed(running, running).empty());
  EXPECT_TRUE(
      restart_needed(running, with("id = 1\ndead_time = 9\nverbosity = 1\nfailback = never\n"))
          .empty());
  EXPECT_EQ(restart_needed(running, with("id = 2\n")), (std::vector<std::string>{"id", "port"}));
  std::filesystem::copy(config.path("services.d"), config.path("other"),
                        std::filesystem::copy_options::recursive);
  EXPECT_EQ(restart_needed(running, with("id = 1\nport = 9\nlisten = 127.0.0.1\nservice_dir = \"" +
                                         config.path("other") + "\"\n")),
            (std::vector<std::string>{"port", "listen", "service_dir"}));
}

TEST(CheckConfigReport, OneLineAFaultOrWarning) {
  const TempConfig config;
  config.chmod("hosts", 0644);
  EXPECT_EQ(check_config_report(config.load()),
            config.path("hosts") +
                ":1: warning: every user of this host may read this file and its passphrases "
                "(mode 0644); expected mode 0600, or 0640 with a group of its own\n"
                "valid: 3 hosts, 1 service; this host is 1 server1.example.com\n");
  config.chmod("hosts", 0600);
  config.write("services", "web 1 1\n");
  EXPECT_EQ(
      check_config_report(config.load()),
      config.path("services") + ":1: service 'web' names host 1 twice; expected each host once\n");
}

TEST(CheckConfigReport, TooManyFaultsEnd) {
  const TempConfig config;
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += "? 1\n";
  config.write("services", lines);
  const Outcome outcome = config.load();
  EXPECT_EQ(outcome.faults.size(), kMaxFaults + 1);
  EXPECT_NE(outcome.faults.back().text.find("more wrong than is shown"), std::string::npos);
}

}  // namespace
}  // namespace cluster::config
