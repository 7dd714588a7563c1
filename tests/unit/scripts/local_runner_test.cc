#include "scripts/local_runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "posix/fd.h"
#include "scripts/launched_starter.h"
#include "scripts/launcher.h"
#include "tests/unit/temp_folder.h"

namespace cluster::scripts {
namespace {

namespace fs = std::filesystem;
constexpr auto kPatience = std::chrono::seconds(30);

struct BaseFree {
  void operator()(event_base* b) const { event_base_free(b); }
};

// In the control group of its service, or without; as a child of this process, or of a launcher.
struct Way {
  const char* name;
  bool groups, launcher;
};

class LocalRunnerTest : public testing::TestWithParam<Way> {
 protected:
  LocalRunnerTest() : base_(event_base_new()) {}

  void SetUp() override {
    std::optional<Cgroups> cgroups;
    if (GetParam().groups) {
      fs::create_directories(dir_ / "state");
      auto made = Cgroups::make(dir_ / "state");
      if (!made) GTEST_SKIP() << "no control groups here: " << made.error();
      cgroups = std::move(*made);
    }
    if (GetParam().launcher) {
      starter_ = std::make_unique<LaunchedStarter>(
          base_.get(), [this](const std::string& why) { lost_.push_back(why); });
      ASSERT_TRUE(launch());
    }
    runner_ = std::make_unique<LocalRunner>(
        base_.get(), dir_.path().string(), "/some/state",
        Callbacks{[this](core::ScriptEnded e) { ended_.push_back(e); },
                  [](const core::ServiceKilled&) {},
                  [this](const Line& line) {
                    if (line.notice) {
                      notices_.push_back(line.text);
                    } else {
                      lines_.push_back(line.text);
                    }
                  }},
        std::move(cgroups), nullptr, starter_.get());
  }
  ~LocalRunnerTest() override {
    runner_.reset();
    starter_.reset();
    // Without its guardian it ends.
    for (const pid_t launcher : launchers_) EXPECT_EQ(waitpid(launcher, nullptr, 0), launcher);
    if (const auto groups = Cgroups::find(dir_ / "state")) {
      groups->kill_all();
      groups->remove_empty();
    }
  }

  testing::AssertionResult launch() {
    Fd guardian, launcher;
    if (!launcher_sockets(&guardian, &launcher)) return testing::AssertionFailure() << errno;
    const pid_t child = fork();
    if (child == 0) {
      guardian.reset();
      _exit(run_launcher(launcher.release()));
    }
    launcher.reset();
    launchers_.push_back(child);
    const Status used = starter_->use(std::move(guardian));
    return used ? testing::AssertionSuccess() : testing::AssertionFailure() << used.error();
  }

  void script(const std::string& service, const std::string& name, const std::string& text) {
    fs::create_directories(dir_ / service);
    std::ofstream(dir_ / service / name) << text;
    fs::permissions(dir_ / service / name, fs::perms::owner_all);
  }

  RunId run(const std::string& service, core::Script which = core::Script::kStart,
            Environment environment = {}) {
    const RunId id(++last_run_);
    runner_->run(core::RunScript{id, service, which, std::move(environment)});
    return id;
  }

  template <class Done>
  bool until(Done done) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      const timeval slice{0, 20000};
      event_base_loopexit(base_.get(), &slice);
      event_base_loop(base_.get(), EVLOOP_ONCE);
    }
    return true;
  }
  bool until_ended(size_t count = 1) {
    return until([&] { return ended_.size() >= count; });
  }
  bool said(const std::string& text) const {
    return std::find(lines_.begin(), lines_.end(), text) != lines_.end();
  }

  const testing_files::TempFolder dir_;
  std::unique_ptr<event_base, BaseFree> base_;
  std::unique_ptr<LaunchedStarter> starter_;
  std::vector<pid_t> launchers_;
  std::vector<std::string> lost_;
  std::unique_ptr<LocalRunner> runner_;
  std::vector<core::ScriptEnded> ended_;
  std::vector<std::string> lines_, notices_;
  uint64_t last_run_ = 0;
};

TEST_P(LocalRunnerTest, TellsExitStatusAndOutputInOrder) {
  script("web", "start", "#!/bin/sh\necho out\necho err >&2\nprintf partial\nexit 7\n");
  const RunId id = run("web");
  EXPECT_EQ(runner_->running(), 1u);
  ASSERT_TRUE(until_ended());
  EXPECT_EQ(ended_[0].run, id);
  EXPECT_EQ(ended_[0].how, core::ScriptEnd::kExited);
  EXPECT_EQ(ended_[0].code, 7);
  ASSERT_TRUE(until([&] { return lines_.size() >= 3; }));
  EXPECT_EQ(lines_, (std::vector<std::string>{"out", "err", "partial"}));
  EXPECT_EQ(runner_->running(), 0u);
}

TEST_P(LocalRunnerTest, GivesACleanSurrounding) {
  setenv("NOTIFY_SOCKET", "/nowhere", 1);
  setenv("CLUSTER_STRAY", "1", 1);
  script("web", "status",
         "#!/bin/sh\n"
         "echo cwd=$(pwd)\n"
         "echo service=$CLUSTER_SERVICE state=$CLUSTER_STATE_DIR\n"
         "echo stray=$NOTIFY_SOCKET$CLUSTER_STRAY path=${PATH:+set}\n"
         "echo stdin=$(readlink /proc/self/fd/0)\n"
         "read pid comm state ppid pgrp session rest </proc/$$/stat\n"
         "[ $$ = $pgrp ] && [ $$ = $session ] && echo leader\n"
         "grep -E 'Sig(Blk|Ign)' /proc/self/status\n");
  // A script must see neither the mask nor the ignored signals of the daemon.
  sigset_t usr1, before;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, &before);
  const auto pipe_before = signal(SIGPIPE, SIG_IGN);
  run("web", core::Script::kStatus, {{"CLUSTER_SERVICE", "web"}});
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  signal(SIGPIPE, pipe_before);
  unsetenv("NOTIFY_SOCKET");
  unsetenv("CLUSTER_STRAY");
  ASSERT_TRUE(until_ended());
  ASSERT_TRUE(until([&] { return lines_.size() >= 7; }));
  EXPECT_EQ(lines_[0], "cwd=" + fs::canonical(dir_ / "web").string());
  EXPECT_EQ(lines_[1], "service=web state=/some/state");
  EXPECT_EQ(lines_[2], "stray= path=set");
  EXPECT_EQ(lines_[3], "stdin=/dev/null");
  EXPECT_EQ(lines_[4], "leader");
  EXPECT_EQ(lines_[5], "SigBlk:\t0000000000000000");
  // 32 and 33 are the C library's own; what this test inherited for them stays.
  constexpr uint64_t kLibrarys = 3ull << 31;
  EXPECT_EQ(std::stoull(lines_[6].substr(8), nullptr, 16) & ~kLibrarys, 0u) << lines_[6];
}

TEST_P(LocalRunnerTest, LeaksNoDescriptor) {
  const int leaky = open("/dev/zero", O_RDONLY);  // without O_CLOEXEC
  script("web", "start", "#!/bin/sh\nls -l /proc/$$/fd | grep -c /dev/zero\n");
  run("web");
  ASSERT_TRUE(until_ended());
  close(leaky);
  ASSERT_TRUE(until([&] { return !lines_.empty(); }));
  EXPECT_EQ(lines_[0], "0");
}

TEST_P(LocalRunnerTest, SaysWhatCouldNotBeExecuted) {
  run("none");
  script("web", "start", "no shebang line\n");
  fs::permissions(dir_ / "web" / "start", fs::perms::owner_read);
  run("web");
  ASSERT_TRUE(until_ended(2));
  EXPECT_EQ(ended_[0].how, core::ScriptEnd::kNotStarted);
  EXPECT_EQ(ended_[0].code, ENOENT);
  EXPECT_EQ(ended_[1].how, core::ScriptEnd::kNotStarted);
  EXPECT_EQ(ended_[1].code, EACCES);
  ASSERT_EQ(notices_.size(), 2u);
  EXPECT_NE(notices_[0].find("none/start"), std::string::npos);
  EXPECT_EQ(runner_->running(), 0u);
}

TEST_P(LocalRunnerTest, StopsAndKillsWhereDescriptorsHaveRunOut) {
  script("web", "start", "#!/bin/sh\nsleep 1000\n");
  script("web", "stop", "#!/bin/sh\necho stopped\n");
  run("web");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{128, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<int> taken;
  for (int fd = 0; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken.push_back(fd);
  const RunId stop = run("web", core::Script::kStop);
  EXPECT_TRUE(until_ended(1));
  runner_->kill(core::KillService{"web"});
  EXPECT_TRUE(until_ended(2));
  for (const int fd : taken) close(fd);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);

  ASSERT_EQ(ended_.size(), 2u);
  EXPECT_EQ(ended_[0].run, stop);
  EXPECT_EQ(ended_[0].how, core::ScriptEnd::kExited);
  EXPECT_EQ(ended_[0].code, 0);
  EXPECT_TRUE(until([&] { return said("stopped"); }));
  EXPECT_EQ(ended_[1].how, core::ScriptEnd::kSignal);
}

TEST_P(LocalRunnerTest, KillsTheWholeGroup) {
  script("web", "stop", "#!/bin/sh\ntrap '' TERM\nsleep 1000 &\necho child=$!\nwait\nsleep 1000\n");
  const RunId id = run("web", core::Script::kStop);
  ASSERT_TRUE(until([&] { return !lines_.empty(); }));
  const pid_t child = std::stoi(lines_[0].substr(6));
  runner_->kill(core::KillScript{id});
  ASSERT_TRUE(until_ended());
  EXPECT_EQ(ended_[0].how, core::ScriptEnd::kSignal);
  EXPECT_EQ(ended_[0].code, SIGKILL);
  EXPECT_TRUE(until([&] {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string pid, name, state;
    return !(stat >> pid >> name >> state) || state == "Z";
  }));
  runner_->kill(core::KillScript{id});  // late: nothing happens
}

TEST_P(LocalRunnerTest, EndsWithTheScriptAndGoesOnReadingWhatItLeft) {
  script("web", "start",
         "#!/bin/sh\n(trap '' HUP; while [ ! -e go ]; do sleep 0.02; done; echo one; echo two) &\n"
         "echo started\n");
  run("web");
  ASSERT_TRUE(until_ended());
  EXPECT_EQ(ended_[0].code, 0);
  EXPECT_TRUE(said("started"));
  EXPECT_FALSE(said("two"));
  std::ofstream(dir_ / "web" / "go").put('\n');
  EXPECT_TRUE(until([&] { return said("two"); }));
}

TEST_P(LocalRunnerTest, BoundsHeldPipesWithoutClosingAny) {
  script("web", "start", "#!/bin/sh\nsleep 1000 &\necho $!\n");
  for (size_t i = 0; i < kMaxOutputsPerService + 1; ++i) {
    run("web");
    ASSERT_TRUE(until_ended(i + 1));
  }
  EXPECT_EQ(lines_.size(), kMaxOutputsPerService);
  ASSERT_EQ(notices_.size(), 1u);
  EXPECT_NE(notices_[0].find("output is not logged"), std::string::npos);
  for (const std::string& line : lines_) kill(std::stoi(line), SIGKILL);
  script("web", "start", "#!/bin/sh\necho again\n");
  ASSERT_TRUE(until([&] {
    run("web");
    until_ended(last_run_);
    return said("again");
  }));
  // The one whose output went to /dev/null cannot be named by it.
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::error_code error;
    if (fs::read_symlink(entry.path() / "cwd", error) == fs::canonical(dir_ / "web") && !error)
      kill(std::stoi(entry.path().filename().string()), SIGKILL);
  }
}

TEST_P(LocalRunnerTest, AFloodFillsNothingAndHoldsNobodyUp) {
  script("web", "start", "#!/bin/sh\nhead -c 30000000 /dev/zero | tr '\\0' '\\n'\nexit 3\n");
  script("db", "start", "#!/bin/sh\necho quiet\n");
  run("web");
  run("db");
  ASSERT_TRUE(until_ended(2));
  EXPECT_LE(lines_.size(), kMaxLinesPerWindow + 1 + kMaxLinesPerWindow);
  EXPECT_TRUE(said("quiet"));
  EXPECT_TRUE(until([&] { return !notices_.empty(); }));
  EXPECT_NE(notices_[0].find("dropped"), std::string::npos);
}

TEST_P(LocalRunnerTest, ManyEndsAtOnceAreAllSeen) {
  script("web", "status", "#!/bin/sh\nexit 0\n");
  for (int i = 0; i < 50; ++i) run("web", core::Script::kStatus);
  EXPECT_TRUE(until_ended(50));
  EXPECT_EQ(ended_.size(), 50u);
}

INSTANTIATE_TEST_SUITE_P(Ways, LocalRunnerTest,
                         testing::Values(Way{"Plain", false, false}, Way{"InGroups", true, false},
                                         Way{"Launched", false, true},
                                         Way{"LaunchedInGroups", true, true}),
                         [](const auto& way) { return way.param.name; });

class LauncherTest : public LocalRunnerTest {
 protected:
  // Of a script that leaves a process behind, and says so before it goes on.
  pid_t parent_of_script() {
    script("web", "start", "#!/bin/sh\nsleep 1000 >/dev/null 2>&1 &\necho $PPID $!\nsleep 1000\n");
    run("web");
    EXPECT_TRUE(until([&] { return lines_.size() == 1; }));
    const size_t blank = lines_.at(0).find(' ');
    left_ = std::stoi(lines_[0].substr(blank));
    return std::stoi(lines_[0].substr(0, blank));
  }
  pid_t left_ = 0;
};

TEST_P(LauncherTest, ScriptsAreTheLaunchersChildren) {
  EXPECT_EQ(parent_of_script(), launchers_.at(0));
  runner_->kill(core::KillService{"web"});
  EXPECT_TRUE(until_ended());
  EXPECT_EQ(ended_.at(0).how, core::ScriptEnd::kSignal);
  EXPECT_EQ(ended_.at(0).code, SIGKILL);
}

// What runs by it is killed, as nobody would hear how it ends; then this process starts scripts itself, until there is another.
TEST_P(LauncherTest, OneThatDies) {
  parent_of_script();
  kill(launchers_.at(0), SIGKILL);
  ASSERT_TRUE(until_ended());
  EXPECT_EQ(ended_.at(0).how, core::ScriptEnd::kSignal);
  EXPECT_EQ(ended_.at(0).code, SIGKILL);
  ASSERT_EQ(lost_.size(), 1u);
  lines_.clear();
  EXPECT_EQ(parent_of_script(), getpid());
  ASSERT_TRUE(launch());
  script("web", "status", "#!/bin/sh\necho $PPID\nexit 3\n");
  run("web", core::Script::kStatus);
  ASSERT_TRUE(until_ended(2) && until([&] { return lines_.size() == 2; }));
  EXPECT_EQ(ended_.at(1).code, 3);
  EXPECT_EQ(lines_.at(1), std::to_string(launchers_.at(1)));
  runner_->kill(core::KillService{"web"});
  EXPECT_TRUE(until_ended(3));
}

// It is not to begin later what it was told before.
TEST_P(LauncherTest, OneThatIsFrozen) {
  kill(launchers_.at(0), SIGSTOP);
  script("web", "start", "#!/bin/sh\necho begun\n");
  run("web");
  ASSERT_TRUE(until_ended());
  EXPECT_EQ(ended_.at(0).how, core::ScriptEnd::kNotStarted);
  EXPECT_EQ(ended_.at(0).code, ECONNRESET);
  EXPECT_EQ(lost_, std::vector<std::string>{"Connection timed out"});
  EXPECT_FALSE(said("begun"));
  run("web");
  ASSERT_TRUE(until_ended(2) && until([&] { return said("begun"); }));
  EXPECT_EQ(ended_.at(1).code, 0);
}

TEST_P(LauncherTest, AnEnvironmentThatIsTooLong) {
  script("web", "start", "#!/bin/sh\nexit 0\n");
  run("web", core::Script::kStart, {{"LONG", std::string(200'000, 'x')}});
  ASSERT_TRUE(until_ended());
  EXPECT_EQ(ended_.at(0).how, core::ScriptEnd::kNotStarted);
  EXPECT_EQ(ended_.at(0).code, E2BIG);
  run("web", core::Script::kStart, {{"LONG", std::string(100'000, 'x')}});
  ASSERT_TRUE(until_ended(2));
  EXPECT_EQ(ended_.at(1).how, core::ScriptEnd::kExited);
  EXPECT_TRUE(lost_.empty());
}

INSTANTIATE_TEST_SUITE_P(Ways, LauncherTest, testing::Values(Way{"Launched", false, true}),
                         [](const auto& way) { return way.param.name; });

}  // namespace
}  // namespace cluster::scripts
