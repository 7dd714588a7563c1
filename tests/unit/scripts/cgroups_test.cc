// Skipped, and said, where this machine lets the test make no control group.
#include "scripts/cgroups.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "scripts/leftovers.h"
#include "scripts/local_runner.h"
#include "tests/unit/temp_folder.h"

namespace cluster::scripts {
namespace {

namespace fs = std::filesystem;

// Leaves one behind in the session, and one that has left session, parent and environment.
constexpr char kLeaves[] =
    "#!/bin/sh\nsleep 1000 >/dev/null 2>&1 &\necho $!\n"
    "setsid sh -c 'env -i sleep 1000 >/dev/null 2>&1 & echo $!' 2>/dev/null\n";

bool alive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return (stat >> number >> name >> state) && state != "Z";
}

class KillServiceTest : public testing::Test {
 protected:
  KillServiceTest() : base_(event_base_new()) {}
  ~KillServiceTest() override {
    for (pid_t pid : left_)
      if (alive(pid)) kill(pid, SIGKILL);
    runner_.reset();
    event_base_free(base_);
  }

  void start(std::optional<Cgroups> cgroups) {
    cgroups_ = cgroups;
    runner_ = std::make_unique<LocalRunner>(
        base_, (dir_ / "services").string(), state(),
        Callbacks{[this](core::ScriptEnded e) { ended_.push_back(e); },
                  [this](core::ServiceKilled e) { killed_.push_back(e); },
                  [this](Line line) { left_.push_back(std::stoi(line.text)); }},
        std::move(cgroups));
  }
  bool make() {
    fs::create_directories(state());
    auto made = Cgroups::make(state());
    if (!made) skipped_ = made.error();
    if (made) start(*made);
    return made.ok();
  }
  std::string state() const { return (dir_ / "state").string(); }

  void script(const std::string& service, const std::string& name, const std::string& text) {
    fs::create_directories(dir_ / "services" / service);
    std::ofstream(dir_ / "services" / service / name) << text;
    fs::permissions(dir_ / "services" / service / name, fs::perms::owner_all);
  }
  RunId run(const std::string& service, core::Script which = core::Script::kStart) {
    const RunId id(++last_run_);
    runner_->run(core::RunScript{id, service, which, {{"CLUSTER_SERVICE", service}}});
    return id;
  }
  template <class Done>
  bool until(Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      const timeval slice{0, 20000};
      event_base_loopexit(base_, &slice);
      event_base_loop(base_, EVLOOP_ONCE);
    }
    return true;
  }

  const testing_files::TempFolder dir_;
  event_base* const base_;
  std::optional<Cgroups> cgroups_;
  std::unique_ptr<LocalRunner> runner_;
  std::vector<core::ScriptEnded> ended_;
  std::vector<core::ServiceKilled> killed_;
  std::vector<pid_t> left_;
  std::string skipped_;
  uint64_t last_run_ = 0;
};

TEST_F(KillServiceTest, LeavesNothingOfIt) {
  if (!make()) GTEST_SKIP() << "no control groups here: " << skipped_;
  script("web", "start", kLeaves);
  script("other", "start", kLeaves);
  run("web");
  ASSERT_TRUE(until([&] { return left_.size() == 2 && ended_.size() == 1; }));
  run("other");
  ASSERT_TRUE(until([&] { return left_.size() == 4 && ended_.size() == 2; }));
  EXPECT_TRUE(cgroups_->populated("web"));
  EXPECT_EQ(cgroups_->services(), (std::vector<std::string>{"other", "web"}));

  runner_->kill(core::KillService{"web"});
  EXPECT_TRUE(killed_.empty());
  ASSERT_TRUE(until([&] { return !killed_.empty(); }));
  EXPECT_EQ(killed_[0].service, "web");
  EXPECT_TRUE(killed_[0].all);
  EXPECT_FALSE(alive(left_[0]) || alive(left_[1]));
  EXPECT_TRUE(alive(left_[2]) && alive(left_[3])) << "another service's live on";
  EXPECT_EQ(cgroups_->services(), (std::vector<std::string>{"other"}));

  EXPECT_TRUE(cgroups_->kill_all().empty());
  EXPECT_FALSE(alive(left_[2]) || alive(left_[3]));
  runner_.reset();
  EXPECT_FALSE(fs::exists(cgroups_->folder()));
}

TEST_F(KillServiceTest, ARunningScriptEndsAndTheNextWaits) {
  if (!make()) GTEST_SKIP() << "no control groups here: " << skipped_;
  script("web", "start", "#!/bin/sh\nsleep 1000\n");
  script("web", "stop", "#!/bin/sh\nexit 3\n");
  const RunId started = run("web");
  runner_->kill(core::KillService{"web"});
  const RunId stopped = run("web", core::Script::kStop);
  const RunId taken_back = run("web", core::Script::kStatus);
  runner_->kill(core::KillScript{taken_back});
  EXPECT_EQ(runner_->running(), 2u);
  ASSERT_TRUE(until([&] { return ended_.size() == 3; }));
  ASSERT_EQ(killed_.size(), 1u);
  EXPECT_TRUE(killed_[0].all);
  EXPECT_EQ(ended_[0].run, taken_back);
  EXPECT_EQ(ended_[0].how, core::ScriptEnd::kSignal);
  EXPECT_EQ(ended_[1].run, started);
  EXPECT_EQ(ended_[1].how, core::ScriptEnd::kSignal);
  EXPECT_EQ(ended_[2].run, stopped);
  EXPECT_EQ(ended_[2].code, 3);
  EXPECT_TRUE(until([&] { return cgroups_->services().empty(); })) << "an empty group goes";
}

TEST_F(KillServiceTest, TheNextLifeFindsTheGroups) {
  if (!make()) GTEST_SKIP() << "no control groups here: " << skipped_;
  script("web", "start", kLeaves);
  run("web");
  ASSERT_TRUE(until([&] { return left_.size() == 2 && ended_.size() == 1; }));
  const auto found = Cgroups::find(state());
  ASSERT_TRUE(found.ok()) << found.error();
  EXPECT_EQ(found->folder(), cgroups_->folder());
  runner_.reset();
  ASSERT_TRUE(make());
  runner_->kill(core::KillService{"web"});
  ASSERT_TRUE(until([&] { return !killed_.empty(); }));
  EXPECT_TRUE(killed_[0].all);
  EXPECT_FALSE(alive(left_[0]) || alive(left_[1]));
}

TEST_F(KillServiceTest, ANameIsNoFileOfTheKernels) {
  if (!make()) GTEST_SKIP() << "no control groups here: " << skipped_;
  script("cgroup.procs", "start", "#!/bin/sh\nexit 5\n");
  run("cgroup.procs");
  ASSERT_TRUE(until([&] { return ended_.size() == 1; }));
  EXPECT_EQ(ended_[0].code, 5);
}

TEST_F(KillServiceTest, WithoutGroupsItNeverSaysThatItWasAll) {
  start(std::nullopt);
  script("web", "start", kLeaves);
  script("other", "start", kLeaves);
  run("web");
  ASSERT_TRUE(until([&] { return left_.size() == 2 && ended_.size() == 1; }));
  run("other");
  ASSERT_TRUE(until([&] { return left_.size() == 4 && ended_.size() == 2; }));
  runner_->kill(core::KillService{"web"});
  ASSERT_TRUE(until([&] { return !killed_.empty(); }));
  EXPECT_FALSE(killed_[0].all);
  EXPECT_FALSE(alive(left_[0])) << "known by its environment";
  EXPECT_TRUE(alive(left_[1])) << "has none: the reason why it never says so";
  EXPECT_TRUE(alive(left_[2])) << "another service's";
  EXPECT_EQ(kill_leftovers("other", state()), 1u);
}

TEST(CgroupsTest, WithoutAStateThereAreNone) {
  const testing_files::TempFolder dir;
  EXPECT_FALSE(Cgroups::find(dir.path().string()).ok());
  std::ofstream(dir / "cgroup") << "/sys/fs/cgroup/of/nobody\n";
  EXPECT_FALSE(Cgroups::find(dir.path().string()).ok());
}

}  // namespace
}  // namespace cluster::scripts
