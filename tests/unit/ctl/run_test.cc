// clusterctl as a process of its own against a pretended daemon.
#include "ctl/run.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bus/status.h"
#include "tests/unit/bus/fixture.h"

namespace cluster::ctl {
namespace {

using bus::test::BusTest;
using testing::AllOf;
using testing::HasSubstr;

class Ctl {
 public:
  Ctl(const std::string& bus, const std::vector<std::string>& words) {
    int stdout_pipe[2];
    int stderr_pipe[2];
    if (pipe2(stdout_pipe, O_CLOEXEC) != 0 || pipe2(stderr_pipe, O_CLOEXEC) != 0) abort();
    pid_ = fork();
    if (pid_ == 0) {
      dup2(stdout_pipe[1], STDOUT_FILENO);
      dup2(stderr_pipe[1], STDERR_FILENO);
      // Not executed, so close-on-exec does not help: the daemon's connection must not stay open here.
      close_range(STDERR_FILENO + 1, ~0U, 0);
      setenv("TERM", "xterm", 1);
      std::vector<const char*> argv = {"clusterctl", "--bus", bus.c_str()};
      for (const std::string& word : words) argv.push_back(word.c_str());
      _exit(run(static_cast<int>(argv.size()), argv.data()));
    }
    close(stdout_pipe[1]);
    close(stderr_pipe[1]);
    out_ = stdout_pipe[0];
    err_ = stderr_pipe[0];
    fcntl(out_, F_SETFL, O_NONBLOCK);
    fcntl(err_, F_SETFL, O_NONBLOCK);
  }
  ~Ctl() {
    if (!ended()) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(out_);
    close(err_);
  }

  bool ended() {
    drain(out_, out);
    drain(err_, err);
    if (code < 0) {
      int status = 0;
      if (waitpid(pid_, &status, WNOHANG) == pid_)
        code = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
      drain(out_, out);
      drain(err_, err);
    }
    return code >= 0;
  }
  bool said(const std::string& text) {
    ended();
    return out.find(text) != std::string::npos;
  }
  void interrupt() { kill(pid_, SIGKILL); }

  std::string out;
  std::string err;
  int code = -1;

 private:
  static void drain(int fd, std::string& into) {
    char buffer[4096];
    for (ssize_t n = 0; (n = read(fd, buffer, sizeof buffer)) > 0;) into.append(buffer, n);
  }

  pid_t pid_ = 0;
  int out_ = -1;
  int err_ = -1;
};

class CtlTest : public BusTest {
 protected:
  std::unique_ptr<Ctl> start(const std::vector<std::string>& words) {
    return std::make_unique<Ctl>(private_bus_.address(), words);
  }
  std::unique_ptr<Ctl> complete(const std::vector<std::string>& words) {
    auto ctl = start(words);
    EXPECT_TRUE(until([&] { return ctl->ended(); }));
    return ctl;
  }
};

TEST_F(CtlTest, StatusAsTableAndAsJson) {
  start_bus();
  auto ctl = complete({"status"});
  EXPECT_EQ(ctl->code, 0) << ctl->err;
  EXPECT_EQ(ctl->out.substr(0, ctl->out.find('\n')), "1 of 2 hosts up, 1 of 2 services running");
  EXPECT_EQ(ctl->out.find('\033'), std::string::npos);

  ctl = complete({"--json", "status"});
  EXPECT_EQ(ctl->code, 0);
  EXPECT_EQ(nlohmann::json::parse(ctl->out).at("host").at("id"), 1);
  ctl = complete({"hosts", "--json"});
  EXPECT_EQ(nlohmann::json::parse(ctl->out).at(1).at("name"), "laptop1");
  ctl = complete({"services"});
  EXPECT_NE(ctl->out.find("mail-1"), std::string::npos);
  EXPECT_EQ(ctl->out.find("laptop1"), std::string::npos);
}

TEST_F(CtlTest, ExplainSimulateAndLog) {
  start_bus();
  EXPECT_EQ(complete({"explain", "web"})->out, "why web\n");
  EXPECT_EQ(complete({"explain", "web", "--json"})->out,
            "{\"service\":\"web\",\"explanation\":\"why web\"}\n");
  EXPECT_EQ(complete({"simulate", "--lose", "server1", "laptop1"})->out, "without 2\n");
  EXPECT_EQ(complete({"simulate", "--lose", "2", "--json"})->out,
            "{\"lost\":[2],\"outcome\":\"without 1\"}\n");
  cluster_.happened = {{WallTime(seconds(1)), core::Severity::kWarning, "uh \033[31m oh"}};
  EXPECT_EQ(complete({"log"})->out, "1970-01-01T00:00:01.000Z  uh ?[31m oh\n");
  EXPECT_EQ(nlohmann::json::parse(complete({"log", "--json"})->out).at(0).at("severity"),
            "warning");
}

TEST_F(CtlTest, WaitsUntilTheWorkIsDone) {
  start_bus();
  auto ctl = start({"move", "web", "laptop1"});
  ASSERT_TRUE(until([&] { return cluster_.waiting.size() == 1; }));
  EXPECT_EQ(cluster_.commands[0].host, HostId{2});
  run_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(ctl->ended());
  cluster_.waiting[0](core::Refusal::kNone, "");
  ASSERT_TRUE(until([&] { return ctl->ended(); }));
  EXPECT_EQ(ctl->code, 0);
  EXPECT_EQ(ctl->out, "move web: done\n");
}

TEST_F(CtlTest, TheWorkSurvivesACallerThatIsKilled) {
  start_bus();
  auto ctl = start({"stop", "web"});
  ASSERT_TRUE(until([&] { return cluster_.waiting.size() == 1; }));
  ctl->interrupt();
  ASSERT_TRUE(until([&] { return ctl->ended(); }));
  cluster_.waiting[0](core::Refusal::kNone, "");
  EXPECT_EQ(complete({"explain", "web"})->code, 0);
}

TEST_F(CtlTest, RefusalsExitOneWithTheReason) {
  start_bus();
  cluster_.at_once = {core::Refusal::kNotAble, "host 2 is down"};
  auto ctl = complete({"move", "web", "2"});
  EXPECT_EQ(ctl->code, 1);
  EXPECT_EQ(ctl->err, "clusterctl: refused: host 2 is down\n");
  ctl = complete({"start", "nope"});
  EXPECT_EQ(ctl->code, 1);
  EXPECT_EQ(ctl->err, "clusterctl: refused: no line of the services file names nope\n");
  ctl = complete({"standby", "nohost"});
  EXPECT_EQ(ctl->code, 1);
  EXPECT_EQ(ctl->err, "clusterctl: refused: the hosts file has no host nohost\n");
}

TEST_F(CtlTest, APushWaitsForEveryHost) {
  cluster_.roots = bus::test::sample_roots();
  start_bus();
  auto ctl = start({"push", "config"});
  ASSERT_TRUE(until([&] { return cluster_.pushes.size() == 1; }));
  EXPECT_FALSE(ctl->ended());
  cluster_.pushes[0](core::Refusal::kInvalidConfig, "laptop1: services:3: what is this");
  ASSERT_TRUE(until([&] { return ctl->ended(); }));
  EXPECT_EQ(ctl->code, 1);
  EXPECT_NE(ctl->err.find("\nlaptop1: services:3: what is this\n"), std::string::npos) << ctl->err;

  ctl = start({"push", "file", "/etc/motd"});
  ASSERT_TRUE(until([&] { return cluster_.file_dones.size() == 1; }));
  EXPECT_EQ(cluster_.file_requests[0].target, "/etc/motd");
  EXPECT_FALSE(ctl->ended());
  cluster_.file_dones[0](std::string());
  ASSERT_TRUE(until([&] { return ctl->ended(); }));
  EXPECT_EQ(ctl->code, 0);
  EXPECT_EQ(ctl->out, "push file /etc/motd: done\n");

  EXPECT_EQ(
      complete({"push", "service", "web"})->err,
      "clusterctl: refused: this host is not on the line of web in the services file, so it has "
      "no folder to push\n");
}

TEST_F(CtlTest, FilesAsTableAndAsJson) {
  cluster_.roots = bus::test::sample_roots();
  start_bus();
  auto ctl = complete({"files"});
  EXPECT_EQ(ctl->code, 0) << ctl->err;
  EXPECT_NE(ctl->out.find("2 laptop1"), std::string::npos) << ctl->out;
  EXPECT_NE(ctl->out.find("\n/etc/motd: paused: the folder is not mounted\n"), std::string::npos)
      << ctl->out;
  ctl = complete({"files", "--json"});
  EXPECT_EQ(nlohmann::json::parse(ctl->out).at("roots").at(0).at("name"), "www");
  ctl = complete({"status"});
  EXPECT_NE(
      ctl->out.find("\nfiles: 2 of 2 roots are not in sync: www (behind), /etc/motd (paused)\n"),
      std::string::npos)
      << ctl->out;
}

TEST_F(CtlTest, OrdersAboutFiles) {
  cluster_.roots = bus::test::sample_roots();
  start_bus();
  const auto answered = [&](const std::vector<std::string>& words,
                            const Result<std::string>& with) {
    const size_t before = cluster_.file_requests.size();
    auto ctl = start(words);
    EXPECT_TRUE(until([&] { return cluster_.file_requests.size() > before; }));
    EXPECT_FALSE(ctl->ended());
    cluster_.file_dones.back()(with);
    EXPECT_TRUE(until([&] { return ctl->ended(); }));
    return ctl;
  };
  const std::string log = bus::file_log_json(
      {{"17", WallTime(seconds(2)), WallTime(seconds(1)), "file", 5, "replaced"}});
  auto ctl = answered({"files", "log", "/srv/x/../www//a"}, log);
  EXPECT_EQ(ctl->code, 0);
  EXPECT_EQ(ctl->out,
            "VERSION  KEPT                      EDITED                    SIZE  WHAT\n"
            "17       1970-01-01T00:00:02.000Z  1970-01-01T00:00:01.000Z   5 B  replaced\n");
  EXPECT_EQ(cluster_.file_requests.back().target, "/srv/www/a");
  EXPECT_EQ(answered({"--json", "files", "log", "/etc/motd"}, log)->out, log + "\n");
  EXPECT_EQ(answered({"files", "log", "/etc/motd"}, std::string("[]"))->out,
            "no earlier version of it is kept here\n");

  ctl = answered({"files", "restore", "/etc/motd", "17"}, std::string("put back"));
  EXPECT_EQ(ctl->out, "restore /etc/motd: done\n");
  EXPECT_EQ(cluster_.file_requests.back().version, "17");
  ctl = answered({"files", "confirm", "www"}, Error{"nothing is held back"});
  EXPECT_EQ(ctl->code, 1);
  EXPECT_EQ(ctl->err, "clusterctl: failed: nothing is held back\n");
  EXPECT_EQ(answered({"files", "revert", "www"}, std::string())->out, "revert www: done\n");

  ctl = complete({"files", "log", "relative"});
  EXPECT_EQ(ctl->code, 1);
  EXPECT_EQ(ctl->err, "clusterctl: refused: nothing at this path is kept alike on several hosts\n");
  EXPECT_EQ(complete({"files", "revert", "nope"})->err,
            "clusterctl: refused: no root of this host has this name\n");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"files", "log"}, {"files", "restore", "x"}, {"files", "confirm"}, {"files", "x", "y"}})
    EXPECT_EQ(complete(words)->code, 2) << words.back();
}

TEST_F(CtlTest, StandbyAndOnlineOfThisHostOrAnother) {
  start_bus();
  cluster_.at_once = {core::Refusal::kNone, ""};
  EXPECT_EQ(complete({"standby"})->code, 0);
  EXPECT_EQ(cluster_.commands.back().host, HostId{1});
  EXPECT_EQ(complete({"online", "laptop1"})->code, 0);
  EXPECT_EQ(cluster_.commands.back().host, HostId{2});
  EXPECT_EQ(cluster_.commands.back().verb, core::Verb::kOnline);
}

TEST_F(CtlTest, MaintenanceOfThisHostOrAnother) {
  start_bus();
  cluster_.at_once = {core::Refusal::kNone, ""};
  EXPECT_EQ(complete({"maintenance", "on"})->code, 0);
  EXPECT_EQ(cluster_.commands.back().verb, core::Verb::kMaintenanceOn);
  EXPECT_EQ(cluster_.commands.back().host, HostId{1});
  EXPECT_EQ(complete({"maintenance", "off"})->code, 0);
  EXPECT_EQ(cluster_.commands.back().verb, core::Verb::kMaintenanceOff);
  EXPECT_EQ(cluster_.commands.back().host, HostId{1});
  EXPECT_EQ(complete({"maintenance", "off", "laptop1"})->code, 0);
  EXPECT_EQ(cluster_.commands.back().host, HostId{2});
}

TEST_F(CtlTest, SilenceOfAHostAServiceOrAll) {
  start_bus();
  cluster_.at_once = {core::Refusal::kNone, ""};
  EXPECT_EQ(complete({"silence", "all", "60"})->code, 0);
  EXPECT_EQ(cluster_.commands.back().verb, core::Verb::kSilence);
  EXPECT_EQ(cluster_.commands.back().service, "all");
  EXPECT_EQ(cluster_.commands.back().seconds, 60U);
  EXPECT_EQ(complete({"silence", "web", "0"})->code, 0);
  EXPECT_EQ(cluster_.commands.back().seconds, 0U);
  EXPECT_EQ(complete({"silence", "web", "soon"})->code, 2);
}

TEST_F(CtlTest, AReloadThatIsRefusedShowsEveryFault) {
  start_bus();
  auto ctl = start({"reload"});
  ASSERT_TRUE(until([&] { return cluster_.reloads.size() == 1; }));
  cluster_.reloads[0](Error{"hosts:3: a\nhosts:4: b"});
  ASSERT_TRUE(until([&] { return ctl->ended(); }));
  EXPECT_EQ(ctl->code, 1);
  EXPECT_NE(ctl->err.find("\nhosts:3: a\nhosts:4: b\n"), std::string::npos);
}

TEST_F(CtlTest, ATimeoutEndsTheWaitingNotTheWork) {
  start_bus();
  const auto ctl = complete({"stop", "web", "--timeout", "0.2"});
  EXPECT_EQ(ctl->code, 1);
  EXPECT_NE(ctl->err.find("the work goes on"), std::string::npos) << ctl->err;
}

TEST_F(CtlTest, WithoutADaemonOrABusItExitsThree) {
  auto ctl = complete({"status"});
  EXPECT_EQ(ctl->code, 3);
  EXPECT_EQ(ctl->err,
            "clusterctl: no daemon answers: there is none on this bus; was clusterd given the same "
            "--bus?\n");
  EXPECT_EQ(complete({"watch"})->code, 3);
  private_bus_.stop();
  ctl = complete({"status"});
  EXPECT_EQ(ctl->code, 3);
  EXPECT_THAT(ctl->err, AllOf(HasSubstr("cannot be reached"), HasSubstr("by --bus")));
  EXPECT_EQ(complete({"stop", "web"})->code, 3);
}

TEST_F(CtlTest, WrongUsageExitsTwoAndSaysWhereTheRightOneStands) {
  const auto ctl = complete({"frobnicate"});
  EXPECT_EQ(ctl->code, 2);
  EXPECT_EQ(ctl->out, "");
  EXPECT_EQ(ctl->err, "clusterctl: unknown command \"frobnicate\"\nTry: clusterctl --help\n");
  EXPECT_EQ(complete({"invite"})->err, "clusterctl: invite takes HOST\nTry: clusterctl --help\n");
  EXPECT_EQ(complete({"push", "nonsense"})->code, 2);
  EXPECT_EQ(complete({"maintenance", "maybe"})->code, 2);
  EXPECT_EQ(complete({"--help"})->code, 0);
  EXPECT_EQ(complete({"init"})->code, 2);
  EXPECT_EQ(complete({"status", "--config-dir", "/x"})->code, 2);
}

TEST_F(CtlTest, WatchFollowsAndOutlastsTheDaemonAndTheBus) {
  start_bus();
  auto ctl = start({"watch"});
  ASSERT_TRUE(until([&] { return ctl->said("1 of 2 hosts up"); }));
  bus_->emit(core::HostOnline{HostId{2}, "laptop1"});
  bus_->emit(core::ServiceChanged{"web", core::ServiceState::kRunning, HostId{2}});
  bus_->emit_file_changed("/srv/www/a");
  bus_->emit_file_conflict("/srv/www/b", "/srv/www/b.conflict");
  bus_->emit_file_conflict("/srv/www/c", "");
  bus_->emit(core::Alert{core::Severity::kCritical, "it burns"});
  ASSERT_TRUE(until([&] { return ctl->said("alert (critical): it burns"); }));
  EXPECT_TRUE(ctl->said("  file changed: /srv/www/a\n"));
  EXPECT_TRUE(ctl->said("  file in conflict: /srv/www/b, the other one is /srv/www/b.conflict\n"));
  EXPECT_TRUE(ctl->said("  file in conflict: /srv/www/c\n"));
  EXPECT_TRUE(ctl->said("  host 2 laptop1 is up\n"));
  EXPECT_TRUE(ctl->said("  service web: running on 2 laptop1\n"));

  bus_.reset();
  ASSERT_TRUE(until([&] { return ctl->said("daemon gone"); }));
  start_bus();
  ASSERT_TRUE(until([&] { return ctl->said("daemon back"); }));
  ctl->out.clear();
  ASSERT_TRUE(until([&] {
    bus_->emit(core::HostOffline{HostId{2}, "laptop1"});
    return ctl->said("host 2 laptop1 is DOWN");
  }));

  private_bus_.stop();
  ASSERT_TRUE(until([&] { return ctl->said("bus gone"); }));
  private_bus_.start();
  ctl->out.clear();
  ASSERT_TRUE(until([&] { return ctl->said("1 of 2 hosts up"); }));
  EXPECT_FALSE(ctl->ended());
}

TEST_F(CtlTest, WatchAsJsonIsOneObjectALine) {
  start_bus();
  auto ctl = start({"watch", "--json"});
  ASSERT_TRUE(until([&] { return ctl->said("\n"); }));
  EXPECT_EQ(nlohmann::json::parse(ctl->out).at("event"), "status");
  ctl->out.clear();
  bus_->emit(core::ServiceChanged{"web", core::ServiceState::kStopped, HostId{}});
  ASSERT_TRUE(until([&] { return ctl->said("\n"); }));
  const auto event = nlohmann::json::parse(ctl->out);
  EXPECT_EQ(event.at("event"), "service");
  EXPECT_EQ(event.at("service"), "web");
  EXPECT_TRUE(event.at("host").is_null());

  ctl->out.clear();
  bus_->emit_file_conflict("/srv/www/b", "/srv/www/b.conflict");
  ASSERT_TRUE(until([&] { return ctl->said("\n"); }));
  EXPECT_EQ(nlohmann::json::parse(ctl->out).at("copy"), "/srv/www/b.conflict");
}

}  // namespace
}  // namespace cluster::ctl
