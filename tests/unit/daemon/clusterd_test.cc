// The real program: its exit codes, its life under a supervisor, and hosts that take over.
#include <gtest/gtest.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "core/node.h"
#include "daemon/trace.h"
#include "tests/unit/daemon/real_daemon.h"

namespace cluster::daemon {
namespace {

using namespace testing_daemon;
namespace fs = std::filesystem;

class Clusterd : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(clusterd())) GTEST_SKIP() << clusterd() << " is not built";
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(Clusterd, WrongUsageEndsWithTwo) {
  for (const char* word : {"--nonsense", "stray", "--engine=7"}) {
    const Ended ended = run_clusterd({word});
    EXPECT_EQ(ended.code, 2) << word;
    EXPECT_FALSE(ended.error.empty()) << word;
  }
  EXPECT_EQ(run_clusterd({"--help"}).code, 0);
  EXPECT_TRUE(contains(run_clusterd({"--version"}).out, "clusterd "));
}

TEST_F(Clusterd, CheckConfigTellsAndTouchesNothing) {
  Site site(2);
  site.service("web", "1 2");
  const Ended good = run_clusterd(site.arguments(1, {"--check-config"}));
  EXPECT_EQ(good.code, 0) << good.error;
  write_file(site.config(1) / "cluster.conf", "beat_interval = 9\ndead_time = 1\nnonsense = 1\n");
  const Ended bad = run_clusterd(site.arguments(1, {"--check-config"}));
  EXPECT_EQ(bad.code, 1);
  EXPECT_TRUE(contains(bad.error, (site.config(1) / "cluster.conf").string() + ":3:")) << bad.error;
  EXPECT_FALSE(fs::exists(site.state(1)));
  EXPECT_EQ(run_clusterd(site.arguments(1)).code, 1);
  EXPECT_FALSE(fs::exists(site.state(1)));
}

class Supervisor {
 public:
  explicit Supervisor(const fs::path& path) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    strncpy(at.sun_path, path.c_str(), sizeof at.sun_path - 1);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  }
  ~Supervisor() { close(fd_); }
  // True once a message has come that holds it.
  bool hears(const std::string& what) {
    return until([&] {
      char text[1024];
      ssize_t got = 0;
      while ((got = recv(fd_, text, sizeof text, MSG_DONTWAIT)) > 0)
        heard_.append(text, static_cast<size_t>(got)) += '\n';
      const size_t at = heard_.find(what);
      if (at == std::string::npos) return false;
      heard_.erase(0, at + what.size());
      return true;
    });
  }

 private:
  const int fd_;
  std::string heard_;
};

TEST_F(Clusterd, LivesUnderASupervisor) {
  Site site(1);
  site.service("web", "1");
  site.set_script(1, "web", "start", "echo started with state $CLUSTER_STATE_DIR\n");
  Supervisor supervisor(site.root() / "notify");
  Program daemon(
      site.arguments(1), site.log(1),
      {{"NOTIFY_SOCKET", (site.root() / "notify").string()}, {"WATCHDOG_USEC", "200000"}});
  EXPECT_TRUE(supervisor.hears("READY=1\nSTATUS="));
  EXPECT_TRUE(until([&] { return contains(site.traces(1, "web"), "start"); })) << site.log_text(1);
  EXPECT_TRUE(until([&] {
    return contains(site.log_text(1), "web/start: started with state " + site.state(1).string());
  }));
  EXPECT_TRUE(supervisor.hears("here: web"));
  EXPECT_TRUE(supervisor.hears("WATCHDOG=1"));

  daemon.signal(SIGHUP);
  EXPECT_TRUE(supervisor.hears("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_TRUE(supervisor.hears("READY=1"));
  EXPECT_FALSE(contains(site.traces(1, "web"), "stop"));

  daemon.signal(SIGTERM);
  EXPECT_TRUE(supervisor.hears("STOPPING=1"));
  EXPECT_TRUE(supervisor.hears("EXTEND_TIMEOUT_USEC="));
  EXPECT_EQ(daemon.wait(), 0) << site.log_text(1);
  EXPECT_TRUE(contains(site.traces(1, "web"), "stop shutdown")) << site.traces(1, "web");
}

TEST_F(Clusterd, ASecondOrderToEndCutsNothingShort) {
  Site site(1);
  site.service("web", "1");
  site.set_script(1, "web", "stop",
                  "while [ ! -e go ]; do sleep 0.02; done\necho done >>stopped\n");
  Program daemon(site.arguments(1), site.log(1));
  EXPECT_TRUE(until([&] { return contains(site.traces(1, "web"), "start"); })) << site.log_text(1);
  daemon.signal(SIGTERM);
  EXPECT_TRUE(until([&] { return contains(site.traces(1, "web"), "stop"); }));
  daemon.signal(SIGTERM);
  EXPECT_TRUE(until([&] { return contains(site.log_text(1), "already leaving"); }));
  EXPECT_TRUE(daemon.running());
  write_file(site.config(1) / "services.d/web/go", "");
  EXPECT_EQ(daemon.wait(), 0);
  EXPECT_EQ(read_file(site.config(1) / "services.d/web/stopped"), "done\n");
}

TEST_F(Clusterd, AStateFolderBelongsToOne) {
  Site site(1);
  Program daemon(site.arguments(1), site.log(1));
  ASSERT_TRUE(until([&] { return contains(site.log_text(1), "ready: host 1"); }))
      << site.log_text(1);
  const Ended second = run_clusterd(site.arguments(1));
  EXPECT_EQ(second.code, 1);
  EXPECT_TRUE(contains(second.error, "process " + std::to_string(daemon.pid()))) << second.error;
  EXPECT_EQ(fs::status(site.state(1)).permissions(), fs::perms(0700));
}

TEST_F(Clusterd, DetachesOnceReadyOrSaysWhyNot) {
  Site site(1);
  const Ended caller = run_clusterd(site.arguments(1, {"--daemon"}));
  EXPECT_EQ(caller.code, 0) << caller.error;
  const pid_t pid = std::stoi(read_file(site.state(1) / "lock"));
  EXPECT_EQ(kill(pid, 0), 0);
  const Ended refused = run_clusterd(site.arguments(1, {"--daemon"}));
  EXPECT_EQ(refused.code, 1);
  EXPECT_TRUE(contains(refused.error, "in use by another clusterd")) << refused.error;
  kill(pid, SIGTERM);
  EXPECT_TRUE(until([&] { return kill(pid, 0) != 0; }));
}

TEST_F(Clusterd, ARefusedReloadChangesNothing) {
  Site site(1);
  site.service("web", "1");
  Program daemon(site.arguments(1), site.log(1));
  ASSERT_TRUE(until([&] { return contains(site.log_text(1), "service web is running"); }))
      << site.log_text(1);
  const fs::path conf = site.config(1) / "cluster.conf";
  write_file(conf, "beat_interval = 0.1\nnonsense = 2\n");
  daemon.signal(SIGHUP);
  EXPECT_TRUE(until([&] { return contains(site.log_text(1), "reload refused"); }));
  EXPECT_TRUE(contains(site.log_text(1), conf.string() + ":2:")) << site.log_text(1);
  write_file(conf, "beat_interval = 0.1\nport = 1\n");
  daemon.signal(SIGHUP);
  EXPECT_TRUE(until([&] {
    return contains(site.log_text(1), "needs a restart of clusterd to have an effect: port");
  }));
  write_file(site.config(1) / "services", "");
  daemon.signal(SIGHUP);
  EXPECT_TRUE(until([&] { return contains(site.traces(1, "web"), "stop"); })) << site.log_text(1);
  EXPECT_TRUE(daemon.running());
}

TEST_F(Clusterd, AKnownNameKeepsItsId) {
  Site site(2);
  {
    Program daemon(site.arguments(1), site.log(1));
    ASSERT_TRUE(until([&] { return contains(site.log_text(1), "ready: host 1"); }))
        << site.log_text(1);
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0) << site.log_text(1);
  }
  const std::string lines = read_file(site.config(1) / "hosts");
  write_file(site.config(1) / "hosts", "# a line put in before\n" + lines);
  std::vector<std::string> arguments = site.arguments(1);
  arguments.back() = "2";
  const Ended refused = run_clusterd(arguments);
  EXPECT_EQ(refused.code, 1);
  EXPECT_TRUE(contains(refused.error, "--accept-renumbering")) << refused.error;
  arguments.emplace_back("--accept-renumbering");
  Program daemon(arguments, site.log(2));
  EXPECT_TRUE(until([&] { return contains(site.log_text(2), "ready: host 2"); }))
      << site.log_text(2);
}

TEST_F(Clusterd, HostsLinkTakeOverAndGiveBack) {
  Site site(2);
  site.service("web", "1 2");
  Program second(site.arguments(2), site.log(2));
  auto first = std::make_unique<Program>(site.arguments(1), site.log(1));
  const auto runs_on = [&](int host, const std::string& last) {
    return until([&] {
      const std::string traces = site.traces(host, "web");
      const size_t line = traces.rfind('\n', traces.size() - 2) + 1;
      return !traces.empty() && traces.compare(line, last.size(), last) == 0;
    });
  };
  ASSERT_TRUE(runs_on(1, "start")) << site.log_text(1);
  EXPECT_TRUE(until([&] { return contains(site.log_text(1), "host 127.0.0.2 is up"); }));
  first->signal(SIGKILL);
  EXPECT_TRUE(runs_on(2, "start")) << site.log_text(2);
  first = std::make_unique<Program>(site.arguments(1), site.log(1));
  EXPECT_TRUE(runs_on(2, "stop")) << site.log_text(2);
  EXPECT_TRUE(runs_on(1, "start"));
  first->signal(SIGTERM);
  EXPECT_EQ(first->wait(), 0);
  EXPECT_TRUE(runs_on(1, "stop shutdown"));
  EXPECT_TRUE(runs_on(2, "start"));
  second.signal(SIGTERM);
  EXPECT_EQ(second.wait(), 0);
}

// What a daemon logs with --verbose --verbose makes the core come to the same view again.
TEST_F(Clusterd, ItsEventsReplay) {
  Site site(1);
  site.service("web", "1");
  Program daemon(site.arguments(1, {"--verbose", "--verbose"}), site.log(1));
  ASSERT_TRUE(until([&] { return contains(site.log_text(1), "service web is running"); }))
      << site.log_text(1);
  daemon.signal(SIGKILL);
  daemon.wait();
  std::istringstream lines(site.log_text(1));
  std::unique_ptr<core::Node> node;
  core::Actions actions;
  Now now;
  for (std::string line; std::getline(lines, line);) {
    const size_t at = line.find("{\"");
    if (!contains(line, " trace: ") || at == std::string::npos) continue;
    if (!node) {
      auto boot = boot_from_text(line.substr(at));
      ASSERT_TRUE(boot.ok()) << line;
      now = boot->now;
      node = std::make_unique<core::Node>(std::move(boot->boot));
      node->start(now, actions);
      continue;
    }
    const auto event = event_from_text(line.substr(at));
    ASSERT_TRUE(event.ok()) << line;
    now = event->now;
    node->step(now, event->event, actions, event->more);
  }
  ASSERT_TRUE(node);
  const core::View view = node->view(now);
  ASSERT_EQ(view.services.size(), 1u);
  EXPECT_EQ(view.services[0].state, core::ServiceState::kRunning);
  EXPECT_TRUE(std::any_of(actions.begin(), actions.end(), [](const core::Action& a) {
    return std::holds_alternative<core::RunScript>(a);
  }));
}

}  // namespace
}  // namespace cluster::daemon
