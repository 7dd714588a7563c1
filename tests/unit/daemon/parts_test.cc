// The daemon's small parts, each alone: loop, clocks, command line, supervisor, orders.
#include <gtest/gtest.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <thread>
#include <vector>

#include "daemon/clock.h"
#include "daemon/leaving.h"
#include "daemon/loop.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/perform.h"
#include "daemon/requests.h"
#include "tests/unit/temp_folder.h"

namespace cluster::daemon {
namespace {

TEST(Loop, HandsOutInOrderAndNeverWithinACallback) {
  Loop loop;
  std::vector<uint64_t> seen;
  std::vector<bool> followed;
  bool inside = false;
  const auto event = [](uint64_t n) { return core::Event(core::Persisted{StoreTicket(n)}); };
  loop.post(event(1));
  loop.post(event(2));
  EXPECT_TRUE(loop.run(
      [&](const core::Event& e, bool more) {
        EXPECT_FALSE(std::exchange(inside, true));
        const uint64_t n = std::get<core::Persisted>(e).ticket.value;
        seen.push_back(n);
        followed.push_back(more);
        if (n == 1) loop.post(event(3));
        // A task is nothing that an event can wait for.
        if (n == 3) loop.post(Loop::Task([&] { loop.stop(); }));
        inside = false;
      },
      [] {}));
  EXPECT_EQ(seen, (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(followed, (std::vector<bool>{true, true, false}));
}

TEST(Loop, IsWokenByOtherThreads) {
  Loop loop;
  uint64_t sum = 0, count = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (uint64_t i = 1; i <= 500; ++i) loop.post(core::Event(core::Persisted{StoreTicket(i)}));
    });
  EXPECT_TRUE(loop.run(
      [&](const core::Event& e, bool) {
        sum += std::get<core::Persisted>(e).ticket.value;
        if (++count == 2000) loop.stop();
      },
      [] {}));
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(sum, 4u * 500 * 501 / 2);
}

TEST(WakeTimer, WakesNotBeforeItsTimeAndForThePast) {
  Loop loop;
  MonoTime asked{};
  int wakes = 0;
  std::unique_ptr<WakeTimer> timer;
  timer = std::make_unique<WakeTimer>(loop.base(), [&] {
    loop.post(Loop::Task([&] {
      EXPECT_GE(read_clocks().mono, asked);
      if (++wakes == 3) return loop.stop();
      asked = wakes == 1 ? MonoTime{} : read_clocks().mono + milliseconds(5);
      timer->set(asked);
    }));
  });
  asked = read_clocks().mono + milliseconds(20);
  timer->set(read_clocks().mono + hours(1));
  timer->set(asked);
  EXPECT_TRUE(loop.run([](const core::Event&, bool) {}, [] {}));
  EXPECT_EQ(wakes, 3);
}

std::variant<Options, Exit> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "clusterd");
  return parse_options(static_cast<int>(words.size()), words.data());
}

TEST(Options, HasTheContractsDefaults) {
  const auto parsed = parse({});
  ASSERT_TRUE(std::holds_alternative<Options>(parsed));
  const auto& options = std::get<Options>(parsed);
  EXPECT_TRUE(options.config_dir.ends_with("/cluster"));
  EXPECT_TRUE(options.state_dir.ends_with("/lib/cluster"));
  EXPECT_EQ(options.bus, "system");
  EXPECT_FALSE(options.detach || options.check_config || options.accept_renumbering || options.id);
}

TEST(Options, TheHostsMayBeACredential) {
  const testing_files::TempFolder folder;
  ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
  EXPECT_EQ(std::get<Options>(parse({})).hosts_file, "");
  std::ofstream(folder / "cluster.hosts") << "one password\n";
  EXPECT_EQ(std::get<Options>(parse({})).hosts_file, folder / "cluster.hosts");
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(std::get<Options>(parse({})).hosts_file, "");
}

TEST(Options, TakesEachOne) {
  const auto parsed = parse({"--config-dir", "/c/", "--state-dir=rel", "--bus", "none", "--id", "3",
                             "--daemon", "--accept-renumbering", "--verbose", "--verbose"});
  ASSERT_TRUE(std::holds_alternative<Options>(parsed));
  const auto& options = std::get<Options>(parsed);
  EXPECT_EQ(options.config_dir, "/c");
  EXPECT_TRUE(options.state_dir.starts_with("/") && options.state_dir.ends_with("/rel"));
  EXPECT_EQ(options.bus, "none");
  EXPECT_EQ(options.id, HostId(3));
  EXPECT_TRUE(options.detach && options.accept_renumbering);
  EXPECT_EQ(options.verbose, 2);
}

TEST(Options, RefusesWrongUsageWithTwo) {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"--nonsense"},
                                             {"stray"},
                                             {"--id", "0"},
                                             {"--id", "x"},
                                             {"--id", "-1"},
                                             {"--id"},
                                             {"--daemon", "--foreground"},
                                             {"--config-dir", ""},
                                             {"--bus", "nonsense"}}) {
    const auto parsed = parse(words);
    ASSERT_TRUE(std::holds_alternative<Exit>(parsed)) << words[0];
    EXPECT_EQ(std::get<Exit>(parsed).code, kExitUsage) << words[0];
    EXPECT_FALSE(std::get<Exit>(parsed).error.empty()) << words[0];
  }
  EXPECT_TRUE(std::get<Options>(parse({"--fence"})).fence);
}

TEST(Options, AnswersHelpAndVersion) {
  for (const char* word : {"--help", "--version"}) {
    const auto parsed = parse({word});
    ASSERT_TRUE(std::holds_alternative<Exit>(parsed));
    EXPECT_EQ(std::get<Exit>(parsed).code, kExitOk);
    EXPECT_FALSE(std::get<Exit>(parsed).out.empty());
  }
}

// A supervisor's end of NOTIFY_SOCKET.
class Supervisor {
 public:
  explicit Supervisor(const std::string& name) : fd_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    memcpy(at.sun_path, name.data(), name.size());
    const bool abstract = name[0] == '@';
    if (abstract) at.sun_path[0] = '\0';
    const auto length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1));
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&at), length), 0);
  }
  ~Supervisor() { close(fd_); }
  std::string heard() {
    char text[1024];
    const ssize_t got = recv(fd_, text, sizeof text, MSG_DONTWAIT);
    return got < 0 ? "" : std::string(text, static_cast<size_t>(got));
  }

 private:
  const int fd_;
};

TEST(Notify, SpeaksTheProtocol) {
  const std::string name = "@cluster-test-" + std::to_string(getpid());
  Supervisor supervisor(name);
  const Notify notify(name, seconds(4), getpid());
  notify.ready("1 of 2\nhosts");
  EXPECT_EQ(supervisor.heard(),
            "READY=1\nSTATUS=1 of 2 hosts\nMAINPID=" + std::to_string(getpid()));
  notify.reloading();
  EXPECT_TRUE(supervisor.heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  notify.feed_watchdog(milliseconds(700));
  EXPECT_EQ(supervisor.heard(), "WATCHDOG=1\nWATCHDOG_USEC=700000");
  notify.stopping("bye");
  EXPECT_EQ(supervisor.heard(), "STOPPING=1\nSTATUS=bye");
  notify.extend_timeout(seconds(20));
  EXPECT_EQ(supervisor.heard(), "EXTEND_TIMEOUT_USEC=20000000");
  EXPECT_EQ(notify.watchdog(), Duration(seconds(4)));
}

TEST(Notify, TakesItsVariablesAwayFromChildren) {
  const testing_files::TempFolder folder;
  const std::string path = folder / "socket";
  {
    Supervisor supervisor(path);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    EXPECT_EQ(Notify::from_environment(getpid(), true).watchdog(), Duration(seconds(3)));
    EXPECT_EQ(getenv("NOTIFY_SOCKET"), path) << "left for a child";
    setenv("WATCHDOG_PID", "1", 1);  // another's
    const Notify notify = Notify::from_environment(getpid());
    EXPECT_EQ(getenv("NOTIFY_SOCKET"), nullptr);
    EXPECT_EQ(getenv("WATCHDOG_USEC"), nullptr);
    EXPECT_FALSE(notify.watchdog());
    notify.status("x");
    EXPECT_EQ(supervisor.heard(), "STATUS=x");
  }
}

TEST(Notify, WithoutASupervisorSaysNothing) {
  const Notify notify("", seconds(4), getpid());
  EXPECT_FALSE(notify.wanted());
  EXPECT_FALSE(notify.watchdog());
  notify.ready("x");
  Notify("/nowhere/at/all", std::nullopt, getpid()).ready("x");
}

TEST(Leaving, KeepsTheSupervisorPatientAndWaitsForTheLastBytes) {
  const std::string name = "@cluster-leaving-" + std::to_string(getpid());
  Supervisor supervisor(name);
  const Notify notify(name, std::nullopt, getpid());
  Loop loop;
  bool given_up = false;
  int looks = 0;
  Leaving leaving(loop.base(), notify, seconds(30), [&] { given_up = true; });
  EXPECT_TRUE(supervisor.heard().starts_with("EXTEND_TIMEOUT_USEC="));
  leaving.left([&] { return ++looks == 3; }, [&] { loop.stop(); });
  EXPECT_TRUE(loop.run([](const core::Event&, bool) {}, [] {}));
  EXPECT_EQ(looks, 3);
  EXPECT_FALSE(given_up);
}

TEST(Leaving, GivesUpAfterItsBound) {
  const Notify notify("", std::nullopt, getpid());
  Loop loop;
  Leaving leaving(loop.base(), notify, milliseconds(10), [&] { loop.stop(); });
  EXPECT_TRUE(loop.run([](const core::Event&, bool) {}, [] {}));
}

TEST(Requests, AnswersEachOnce) {
  Requests requests;
  std::vector<std::string> answers;
  const auto done = [&](core::Refusal, const std::string& text) { answers.push_back(text); };
  const auto first = requests.add(core::Command{}, done);
  const auto second = requests.add(core::Command{}, done);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->request, second->request);
  requests.answer({second->request, core::Refusal::kNone, "second"});
  requests.answer({second->request, core::Refusal::kNone, "again"});
  requests.refuse_all(core::Refusal::kLeaving, "leaving");
  EXPECT_EQ(answers, (std::vector<std::string>{"second", "leaving"}));
}

TEST(Requests, RefusesWhatIsTooMuch) {
  Requests requests;
  for (size_t i = 0; i < kMaxPendingRequests; ++i)
    ASSERT_TRUE(requests.add(core::Command{}, [](core::Refusal, const std::string&) {}));
  core::Refusal refusal = core::Refusal::kNone;
  EXPECT_FALSE(
      requests.add(core::Command{}, [&](core::Refusal r, const std::string&) { refusal = r; }));
  EXPECT_EQ(refusal, core::Refusal::kBusy);
}

TEST(Happenings, KeepsTheLast) {
  Happenings happenings;
  for (size_t i = 0; i < kMaxHappenings + 3; ++i)
    happenings.add(WallTime(seconds(i)), core::Severity::kInfo, std::to_string(i));
  const auto list = happenings.list();
  ASSERT_EQ(list.size(), kMaxHappenings);
  EXPECT_EQ(list.front().text, "3");
  EXPECT_EQ(list.back().text, std::to_string(kMaxHappenings + 2));
}

}  // namespace
}  // namespace cluster::daemon
