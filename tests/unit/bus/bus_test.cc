#include "bus/bus.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/unit/bus/fixture.h"

namespace cluster::bus::test {
namespace {

const std::string kError = "com.bammeson.cluster.Error.";
constexpr const char* kManager = "com.bammeson.cluster.Manager1";
constexpr const char* kOriginal = "com.bammeson.cluster";
constexpr const char* kHost = "com.bammeson.cluster.Host1";
constexpr const char* kHostPath = "/com/bammeson/cluster/host/2";

TEST_F(BusTest, TakesItsNameAndSaysSoOnce) {
  start_bus();
  EXPECT_EQ(cluster_.tried, std::vector<bool>{true});
}

TEST_F(BusTest, AnswersWithTheStatusOfThisMoment) {
  start_bus();
  EXPECT_EQ(nlohmann::json::parse(call("GetStatus").text).at("services").at(0).at("epoch"), 3);
  cluster_.shown.services[0].epoch = 4;
  EXPECT_EQ(nlohmann::json::parse(call("GetStatus").text).at("services").at(0).at("epoch"), 4);
}

TEST_F(BusTest, ACallThatChangesSomethingWaitsUntilItIsDone) {
  start_bus();
  const auto answer = send(kManager, "MoveService", "su", "web", 2);
  ASSERT_TRUE(until([&] { return cluster_.waiting.size() == 1; }));
  // Others are served meanwhile.
  EXPECT_EQ(call("Explain", "s", "web").text, "why web");
  EXPECT_FALSE(answer->has_value());
  EXPECT_EQ(cluster_.commands[0].verb, core::Verb::kMove);
  EXPECT_EQ(cluster_.commands[0].service, "web");
  EXPECT_EQ(cluster_.commands[0].host, HostId{2});
  cluster_.waiting[0](core::Refusal::kNone, "moved");
  EXPECT_EQ(wait(answer).error, "");
  // The answer is given once, whatever the daemon does.
  cluster_.waiting[0](core::Refusal::kFailed, "again");
  EXPECT_EQ(call("Explain", "s", "web").text, "why web");
}

TEST_F(BusTest, RefusalsAreNamedErrorsWithTheReason) {
  start_bus();
  using core::Refusal;
  const std::pair<Refusal, std::string> kinds[] = {
      {Refusal::kNotAble, "NotAble"}, {Refusal::kFailed, "Failed"}, {Refusal::kLeaving, "Leaving"}};
  for (const auto& [refusal, name] : kinds) {
    cluster_.at_once = {refusal, "because of " + name};
    const Outcome outcome = call("StartService", "s", "web");
    EXPECT_EQ(outcome.error, kError + name);
    EXPECT_EQ(outcome.text, "because of " + name);
  }
}

TEST_F(BusTest, EveryOrderReachesTheCoreAsItsVerb) {
  start_bus();
  cluster_.at_once = {core::Refusal::kNone, ""};
  const std::pair<const char*, core::Verb> orders[] = {
      {"StartService", core::Verb::kStart},     {"StopService", core::Verb::kStop},
      {"RestartService", core::Verb::kRestart}, {"EnableService", core::Verb::kEnable},
      {"DisableService", core::Verb::kDisable}, {"ClearService", core::Verb::kClear}};
  for (const auto& [method, verb] : orders) {
    EXPECT_EQ(call(method, "s", "mail-1").error, "") << method;
    EXPECT_EQ(cluster_.commands.back().verb, verb) << method;
    EXPECT_EQ(cluster_.commands.back().service, "mail-1") << method;
  }
  EXPECT_EQ(call("SetStandby", "ub", 2, 1).error, "");
  EXPECT_EQ(cluster_.commands.back().verb, core::Verb::kStandby);
  EXPECT_EQ(cluster_.commands.back().host, HostId{2});
  EXPECT_EQ(call("SetStandby", "ub", 2, 0).error, "");
  EXPECT_EQ(cluster_.commands.back().verb, core::Verb::kOnline);
  EXPECT_EQ(call("NotifyStatus", "s", "standby").error, "");
  EXPECT_EQ(cluster_.commands.back().verb, core::Verb::kStandby);
  EXPECT_EQ(cluster_.commands.back().host, HostId{1});
  EXPECT_EQ(call("NotifyStatus", "s", "online").error, "");
  EXPECT_EQ(cluster_.commands.back().verb, core::Verb::kOnline);
  EXPECT_EQ(call("NotifyStatus", "s", "maintenance").error, "");
  EXPECT_EQ(cluster_.commands.back().verb, core::Verb::kMaintenanceOn);
  EXPECT_EQ(cluster_.commands.back().host, HostId{1});
  EXPECT_EQ(call("SetMaintenance", "ub", 2, 1).error, "");
  EXPECT_EQ(cluster_.commands.back().verb, core::Verb::kMaintenanceOn);
  EXPECT_EQ(cluster_.commands.back().host, HostId{2});
  EXPECT_EQ(call("SetMaintenance", "ub", 2, 0).error, "");
  EXPECT_EQ(cluster_.commands.back().verb, core::Verb::kMaintenanceOff);
}

TEST_F(BusTest, SilenceNamesWhatAndForHowLong) {
  start_bus();
  cluster_.at_once = {core::Refusal::kNone, ""};
  EXPECT_EQ(call("Silence", "su", "web", 600).error, "");
  EXPECT_EQ(cluster_.commands.back().verb, core::Verb::kSilence);
  EXPECT_EQ(cluster_.commands.back().service, "web");
  EXPECT_EQ(cluster_.commands.back().seconds, 600U);
}

TEST_F(BusTest, BadInputIsRefusedBeforeTheCoreIsAsked) {
  start_bus();
  EXPECT_EQ(call("StartService", "s", "nope").error, kError + "UnknownService");
  EXPECT_EQ(call("Explain", "s", "nope").error, kError + "UnknownService");
  EXPECT_EQ(call("StartService", "s", "").error, kError + "InvalidArgs");
  EXPECT_EQ(call("StartService", "s", "../../etc").error, kError + "InvalidArgs");
  EXPECT_EQ(call("StartService", "s", "we\nb").error, kError + "InvalidArgs");
  EXPECT_EQ(call("StartService", "s", std::string(65, 'a').c_str()).error, kError + "InvalidArgs");
  EXPECT_EQ(call("MoveService", "su", "web", 0).error, kError + "UnknownHost");
  EXPECT_EQ(call("MoveService", "su", "web", 99).error, kError + "UnknownHost");
  EXPECT_EQ(call("SetStandby", "ub", 99, 1).error, kError + "UnknownHost");
  EXPECT_EQ(call("SetMaintenance", "ub", 99, 1).error, kError + "UnknownHost");
  EXPECT_EQ(call("Readmit", "u", 99).error, kError + "UnknownHost");
  EXPECT_EQ(call("NotifyStatus", "s", "asleep").error, kError + "InvalidArgs");
  EXPECT_EQ(call("Simulate", "s", "1,x").error, kError + "InvalidArgs");
  EXPECT_EQ(call("Simulate", "s", "1,9").error, kError + "UnknownHost");
  EXPECT_EQ(call("StartService", "u", 1).error, "org.freedesktop.DBus.Error.InvalidArgs");
  EXPECT_TRUE(cluster_.commands.empty());
  EXPECT_EQ(call("Simulate", "s", "1, 2").text, "without 2");
}

TEST_F(BusTest, FilesAreThoseOfTheStatusDocument) {
  cluster_.roots = sample_roots();
  start_bus();
  const auto files = nlohmann::json::parse(call("Files").text);
  EXPECT_EQ(files.at("roots").at(0).at("hosts").at(0).at("behind_bytes"), 1'234'567);
  EXPECT_EQ(nlohmann::json::parse(call("GetStatus").text).at("files").at("roots").at(1),
            files.at("roots").at(1));
}

TEST_F(BusTest, OrdersAboutFilesWaitUntilTheyAreDone) {
  using Verb = FileRequest::Verb;
  cluster_.roots = sample_roots();
  start_bus();
  const auto asked = [&](const std::shared_ptr<std::optional<Outcome>>& answer,
                         const Result<std::string>& with) {
    const size_t before = cluster_.file_requests.size();
    EXPECT_TRUE(until([&] { return cluster_.file_requests.size() > before; }));
    EXPECT_FALSE(answer->has_value());
    cluster_.file_dones.back()(with);
    return wait(answer);
  };
  const auto last = [&]() -> const FileRequest& { return cluster_.file_requests.back(); };

  Outcome outcome = asked(send(kManager, "FileLog", "s", "/srv/www/a b"), std::string("[1]"));
  EXPECT_EQ(outcome.error + outcome.text, "[1]");
  EXPECT_EQ(last().verb, Verb::kLog);
  EXPECT_EQ(last().target, "/srv/www/a b");
  outcome = asked(send(kManager, "FileRestore", "ss", "/etc/motd", "17"), std::string("done"));
  EXPECT_EQ(outcome.error + outcome.text, "");
  EXPECT_EQ(last().verb, Verb::kRestore);
  EXPECT_EQ(last().target + " " + last().version, "/etc/motd 17");
  outcome = asked(send(kManager, "FilesConfirm", "s", "www"), Error{"nothing is held back"});
  EXPECT_EQ(outcome.error, kError + "Failed");
  EXPECT_EQ(outcome.text, "nothing is held back");
  EXPECT_EQ(last().verb, Verb::kConfirm);
  EXPECT_EQ(asked(send(kManager, "FilesRevert", "s", "/etc/motd"), std::string()).error, "");
  EXPECT_EQ(last().verb, Verb::kRevert);
  EXPECT_EQ(last().target, "/etc/motd");
}

TEST_F(BusTest, PushesReachTheDaemonAndAreAnsweredWhenTheyAreDone) {
  cluster_.roots = sample_roots();
  cluster_.roots.emplace_back().name = "services.d/web";
  cluster_.roots.back().path = "/etc/cluster/services.d/web";
  start_bus();
  auto answer = send(kManager, "PushConfig");
  ASSERT_TRUE(until([&] { return cluster_.pushes.size() == 1; }));
  cluster_.pushes[0](core::Refusal::kNone, "two: applied");
  EXPECT_EQ(wait(answer).text, "two: applied");
  answer = send(kManager, "PushConfig");
  ASSERT_TRUE(until([&] { return cluster_.pushes.size() == 2; }));
  cluster_.pushes[1](core::Refusal::kInvalidConfig, "two: hosts:1: no");
  const Outcome refused = wait(answer);
  EXPECT_EQ(refused.error, kError + "InvalidConfig");
  EXPECT_EQ(refused.text, "two: hosts:1: no");
  answer = send(kManager, "PushService", "s", "web");
  ASSERT_TRUE(until([&] { return cluster_.file_requests.size() == 1; }));
  cluster_.file_dones[0](std::string("done"));
  EXPECT_EQ(wait(answer).error, "");
  EXPECT_EQ(cluster_.file_requests[0].target, "services.d/web");
  EXPECT_EQ(call("PushService", "s", "mail-1").error, kError + "NotAble");
  EXPECT_EQ(call("PushFile", "s", "/etc/passwd").error, kError + "UnknownFile");
}

TEST_F(BusTest, WhatIsNotKeptAlikeIsRefusedBeforeTheDaemonIsAsked) {
  cluster_.roots = sample_roots();
  start_bus();
  for (const char* path :
       {"", "x", "/", "/srv/www/", "/srv/www/../x", "/srv//www/x", "/srv/www/."}) {
    EXPECT_EQ(call("FileLog", "s", path).error, kError + "InvalidArgs") << path;
    EXPECT_EQ(call("FileRestore", "ss", path, "1").error, kError + "InvalidArgs") << path;
  }
  for (const char* path : {"/srv/www", "/srv/wwwx/a", "/etc/passwd", "/etc/motd/x", "/x"})
    EXPECT_EQ(call("FileLog", "s", path).error, kError + "UnknownFile") << path;
  for (const char* name : {"", "WWW", "/srv/www"}) {
    EXPECT_EQ(call("FilesConfirm", "s", name).error, kError + "UnknownRoot") << name;
    EXPECT_EQ(call("FilesRevert", "s", name).error, kError + "UnknownRoot") << name;
  }
  EXPECT_TRUE(cluster_.file_requests.empty());
  EXPECT_EQ(call("FileLog", "s", "/x").text, "nothing at this path is kept alike on several hosts");
  EXPECT_EQ(call("FilesRevert", "s", "x").text, "no root of this host has this name");
}

TEST_F(BusTest, ReloadAnswersWithEveryFault) {
  start_bus();
  auto answer = send(kManager, "Reload");
  ASSERT_TRUE(until([&] { return cluster_.reloads.size() == 1; }));
  cluster_.reloads[0](Status{});
  EXPECT_EQ(wait(answer).error, "");
  answer = send(kManager, "Reload");
  ASSERT_TRUE(until([&] { return cluster_.reloads.size() == 2; }));
  cluster_.reloads[1](Error{"hosts:3: no passphrase\nhosts:4: no passphrase"});
  EXPECT_EQ(wait(answer).error, kError + "InvalidConfig");
  EXPECT_EQ((*answer)->text, "hosts:3: no passphrase\nhosts:4: no passphrase");
}

TEST_F(BusTest, ACallerThatVanishesDoesNoHarm) {
  start_bus();
  send(kManager, "StopService", "s", "web");
  ASSERT_TRUE(until([&] { return cluster_.waiting.size() == 1; }));
  connect_client();
  cluster_.waiting[0](core::Refusal::kNone, "");
  EXPECT_EQ(call("Explain", "s", "web").text, "why web");
}

TEST_F(BusTest, TooManyWaitingCallsAreRefused) {
  start_bus();
  for (int i = 0; i < 256; ++i) send(kManager, "StopService", "s", "web");
  const Outcome outcome = call("StopService", "s", "web");
  EXPECT_EQ(outcome.error, "org.freedesktop.DBus.Error.LimitsExceeded");
  EXPECT_EQ(outcome.text, "256 calls wait for their answers already");
  for (const CommandDone& done : std::vector<CommandDone>(cluster_.waiting)) {
    done(core::Refusal::kNone, "");
  }
  cluster_.at_once = {core::Refusal::kNone, ""};
  EXPECT_EQ(call("StopService", "s", "web").error, "");
}

TEST_F(BusTest, SignalsOfHostsServicesAndAlerts) {
  start_bus();
  watch_signals();
  EXPECT_EQ(call("Explain", "s", "web").error, "");
  bus_->emit(core::HostOnline{HostId{2}, "laptop1"});
  bus_->emit(core::HostOffline{HostId{2}, "laptop1"});
  bus_->emit(core::ServiceChanged{"web", core::ServiceState::kStopFailed, HostId{}});
  bus_->emit(core::Alert{core::Severity::kCritical, "it burns"});
  ASSERT_TRUE(until([&] { return seen("Alert").size() == 1; }));
  EXPECT_EQ(seen("HostOnline")[0].text, "2 laptop1");
  EXPECT_EQ(seen("HostOffline")[0].text, "2 laptop1");
  EXPECT_EQ(seen("ServiceChanged")[0].text, "web stop-failed 0");
  EXPECT_EQ(seen("Alert")[0].text, "critical it burns");
}

TEST_F(BusTest, SignalsOfFilesWhateverTheyAreCalled) {
  start_bus();
  watch_signals();
  EXPECT_EQ(call("Explain", "s", "web").error, "");
  bus_->emit_file_changed("/srv/www/grün");
  bus_->emit_file_changed("/srv/www/gr\xfcn");
  bus_->emit_file_conflict("/srv/www/a", "/srv/www/a.conflict-laptop1-1");
  bus_->emit_file_conflict("/srv/www/b", "");
  ASSERT_TRUE(until([&] { return seen("FileConflict").size() == 2; }));
  ASSERT_EQ(seen("FileChanged").size(), 2u);
  EXPECT_EQ(seen("FileChanged")[0].text, "/srv/www/grün");
  EXPECT_EQ(seen("FileChanged")[1].text, "/srv/www/gr?n");
  EXPECT_EQ(seen("FileConflict")[0].text, "/srv/www/a /srv/www/a.conflict-laptop1-1");
  EXPECT_EQ(seen("FileConflict")[1].text, "/srv/www/b ");
}

TEST_F(BusTest, PropertiesTellOfRealChangesOnly) {
  start_bus();
  watch_signals();
  EXPECT_EQ(property(kHostPath, kHost, "State"), "down");
  EXPECT_EQ(property("/com/bammeson/cluster", kManager, "HostsUp"), "1");
  EXPECT_EQ(property("/com/bammeson/cluster", kManager, "Version"), "1.2.3");
  seen_.clear();

  cluster_.shown.hosts[1].rtt = milliseconds(5);
  cluster_.shown.hosts[1].last_seen = WallTime(seconds(9));
  const int views = cluster_.views;
  bus_->changed();
  ASSERT_TRUE(until([&] { return cluster_.views > views; }));
  EXPECT_EQ(property(kHostPath, kHost, "LastSeen"), "1970-01-01T00:00:09.000Z");
  EXPECT_TRUE(seen_.empty());

  cluster_.shown.hosts[1].up = true;
  bus_->emit(core::HostOnline{HostId{2}, "laptop1"});
  ASSERT_TRUE(until([&] { return seen("PropertiesChanged").size() == 2; }));
  const auto changes = seen("PropertiesChanged");
  EXPECT_EQ(changes[0].path, kHostPath);
  EXPECT_EQ(changes[0].text, "com.bammeson.cluster.Host1 State");
  EXPECT_EQ(changes[1].text, "com.bammeson.cluster.Manager1 HostsUp");
}

TEST_F(BusTest, AQuietClusterSendsNothing) {
  start_bus();
  watch_signals();
  EXPECT_EQ(call("Explain", "s", "web").error, "");
  for (int i = 0; i < 20; ++i) {
    bus_->changed();
    run_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(seen_.empty());
}

TEST_F(BusTest, ReloadedHostsAndServicesComeAndGo) {
  start_bus();
  watch_signals();
  EXPECT_EQ(call("Explain", "s", "web").error, "");
  cluster_.shown.services.pop_back();
  cluster_.shown.hosts[1].name = "laptop2";
  core::HostView third;
  third.id = HostId{5};
  third.name = "vps";
  cluster_.shown.hosts.push_back(third);
  bus_->changed();
  ASSERT_TRUE(until([&] {
    return seen("InterfacesAdded").size() == 2 && seen("InterfacesRemoved").size() == 2;
  }));
  EXPECT_EQ(seen("InterfacesRemoved")[0].text, "/com/bammeson/cluster/host/2");
  EXPECT_EQ(seen("InterfacesRemoved")[1].text, "/com/bammeson/cluster/service/mail_2d1");
  EXPECT_EQ(property(kHostPath, kHost, "Name"), "laptop2");
  EXPECT_EQ(property("/com/bammeson/cluster/host/5", kHost, "Name"), "vps");
  EXPECT_EQ(
      property("/com/bammeson/cluster/service/mail_2d1", "com.bammeson.cluster.Service1", "State"),
      "org.freedesktop.DBus.Error.UnknownObject");
}

TEST_F(BusTest, ComesBackWhenTheBusRestarts) {
  start_bus();
  send(kManager, "StopService", "s", "web");
  ASSERT_TRUE(until([&] { return cluster_.waiting.size() == 1; }));
  private_bus_.stop();
  ASSERT_TRUE(until([&] { return !bus_->on_bus(); }));
  // What happens meanwhile has nowhere to go and does no harm.
  bus_->emit(core::HostOnline{HostId{2}, "laptop1"});
  bus_->changed();
  cluster_.waiting[0](core::Refusal::kNone, "");
  private_bus_.start();
  ASSERT_TRUE(until([&] { return bus_->on_bus(); }));
  connect_client();
  EXPECT_EQ(call("Explain", "s", "web").text, "why web");
  EXPECT_EQ(property(kHostPath, kHost, "Name"), "laptop1");
  EXPECT_EQ(cluster_.tried, std::vector<bool>{true});
}

TEST_F(BusTest, WorksWithoutABusAndTakesItWhenThereIsOne) {
  private_bus_.stop();
  bus_ = std::make_unique<Bus>(base_.get(), private_bus_.address(), "1.2.3", cluster_);
  ASSERT_TRUE(until([&] { return cluster_.tried.size() == 1; }));
  EXPECT_EQ(cluster_.tried, std::vector<bool>{false});
  bus_->emit(core::ServiceChanged{"web", core::ServiceState::kRunning, HostId{1}});
  private_bus_.start();
  EXPECT_TRUE(until([&] { return bus_->on_bus(); }));
}

TEST_F(BusTest, NoneIsNoBus) {
  bus_ = std::make_unique<Bus>(base_.get(), "none", "1.2.3", cluster_);
  EXPECT_TRUE(cluster_.tried.empty());
  ASSERT_TRUE(until([&] { return !cluster_.tried.empty(); }));
  EXPECT_EQ(cluster_.tried, std::vector<bool>{false});
  bus_->emit(core::Alert{core::Severity::kInfo, "x"});
  bus_->changed();
  EXPECT_FALSE(bus_->on_bus());
}

TEST_F(BusTest, AHungBusHangsNothing) {
  private_bus_.freeze();
  bus_ = std::make_unique<Bus>(base_.get(), private_bus_.address(), "1.2.3", cluster_);
  run_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(bus_->on_bus());
  private_bus_.thaw();
  EXPECT_TRUE(until([&] { return bus_->on_bus(); }));

  // Frozen with a connection open, and more to say than the socket takes.
  private_bus_.freeze();
  for (int i = 0; i < 20'000; ++i)
    bus_->emit(core::Alert{core::Severity::kInfo, std::string(64, 'x')});
  EXPECT_EQ(std::count(cluster_.logged.begin(), cluster_.logged.end(),
                       "the bus takes nothing; signals are dropped until it does"),
            1);
  run_for(std::chrono::milliseconds(50));
  bus_.reset();
  private_bus_.thaw();
}

TEST_F(BusTest, ATakenNameIsAlertedAndTakenOverWhenFree) {
  connect_client();
  ASSERT_GE(sd_bus_request_name(client_, kOriginal, 0), 0);
  bus_ = std::make_unique<Bus>(base_.get(), private_bus_.address(), "1.2.3", cluster_);
  ASSERT_TRUE(until([&] { return cluster_.alerts.size() == 1; }));
  EXPECT_FALSE(bus_->on_bus());
  EXPECT_EQ(cluster_.tried, std::vector<bool>{false});
  ASSERT_GE(sd_bus_release_name(client_, kOriginal), 0);
  EXPECT_TRUE(until([&] { return bus_->on_bus(); }));
}

class HandlerTest : public BusTest {
 protected:
  void be_handler(const char* name) {
    if (name) sd_bus_request_name(client_, name, 0);
    const auto told = [](sd_bus_message* message, void* data, sd_bus_error*) {
      const char* host = "";
      sd_bus_message_read(message, "s", &host);
      static_cast<HandlerTest*>(data)->told_.push_back(
          std::string(sd_bus_message_get_member(message)) + " " + host);
      return sd_bus_reply_method_return(message, "");
    };
    static const sd_bus_vtable table[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("hostOnline", "s", "", +told, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("hostOffline", "s", "", +told, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
    };
    ASSERT_GE(sd_bus_add_object_vtable(client_, nullptr, "/com/bammeson/clusterhandler",
                                       "com.bammeson.clusterhandler", table, this),
              0);
  }

  std::vector<std::string> told_;
};

TEST_F(HandlerTest, IsToldOfHostsInOrderOnceItHasGivenItsPid) {
  start_bus();
  be_handler("com.bammeson.clusterhandler");
  bus_->emit(core::HostOnline{HostId{2}, "too early"});
  EXPECT_TRUE(wait(send(kOriginal, "updateHandlerPID", "i", getpid())).flag);
  bus_->emit(core::HostOnline{HostId{2}, "laptop1"});
  bus_->emit(core::HostOffline{HostId{2}, "laptop1"});
  ASSERT_TRUE(until([&] { return told_.size() == 2; }));
  EXPECT_EQ(told_, (std::vector<std::string>{"hostOnline laptop1", "hostOffline laptop1"}));
}

TEST_F(HandlerTest, WithoutTheNameTheCallerItselfIsTold) {
  start_bus();
  be_handler(nullptr);
  EXPECT_TRUE(wait(send(kOriginal, "updateHandlerPID", "i", getpid())).flag);
  bus_->emit(core::HostOnline{HostId{2}, "laptop1"});
  ASSERT_TRUE(until([&] { return told_.size() == 1; }));
}

TEST_F(HandlerTest, SurvivesARestartOfTheBus) {
  start_bus();
  be_handler("com.bammeson.clusterhandler");
  EXPECT_TRUE(wait(send(kOriginal, "updateHandlerPID", "i", getpid())).flag);
  private_bus_.stop();
  ASSERT_TRUE(until([&] { return !bus_->on_bus(); }));
  private_bus_.start();
  ASSERT_TRUE(until([&] { return bus_->on_bus(); }));
  connect_client();
  be_handler("com.bammeson.clusterhandler");
  bus_->emit(core::HostOffline{HostId{2}, "laptop1"});
  ASSERT_TRUE(until([&] { return told_.size() == 1; }));
}

TEST_F(HandlerTest, IsForgottenWhenThatProcessEnds) {
  start_bus();
  be_handler("com.bammeson.clusterhandler");
  pid_t child = 0;
  const char* argv[] = {"sleep", "1000", nullptr};
  ASSERT_EQ(posix_spawnp(&child, argv[0], nullptr, nullptr, const_cast<char**>(argv), environ), 0);
  EXPECT_TRUE(wait(send(kOriginal, "updateHandlerPID", "i", child)).flag);
  bus_->emit(core::HostOnline{HostId{2}, "laptop1"});
  ASSERT_TRUE(until([&] { return told_.size() == 1; }));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  run_for(std::chrono::milliseconds(20));
  bus_->emit(core::HostOffline{HostId{2}, "laptop1"});
  EXPECT_EQ(call("Explain", "s", "web").error, "");
  run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(told_.size(), 1u);
  EXPECT_FALSE(wait(send(kOriginal, "updateHandlerPID", "i", child)).flag);
  EXPECT_FALSE(wait(send(kOriginal, "updateHandlerPID", "i", -1)).flag);
  EXPECT_FALSE(wait(send(kOriginal, "updateHandlerPID", "i", 0)).flag);
}

}  // namespace
}  // namespace cluster::bus::test
