// Services in groups that somebody else makes, as systemd does. Skipped, and said, where no control group can be made.
#include "scripts/scopes.h"

#include <errno.h>
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

#include "scripts/group.h"
#include "scripts/local_runner.h"
#include "tests/unit/temp_folder.h"

namespace cluster::scripts {
namespace {

namespace fs = std::filesystem;

constexpr char kSaysWhere[] = "grep ^0:: /proc/self/cgroup\n";

bool alive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return (stat >> number >> name >> state) && state != "Z";
}

// Moves whom it is asked to move, or says what it is told to say, when it is told.
class Maker final : public ScopeMaker {
 public:
  explicit Maker(std::string folder) : folder_(std::move(folder)) {}

  bool ready() override { return failures_.empty(); }
  void make(const std::string& service, pid_t pid, Done done) override {
    asked_ = {service, pid};
    done_ = std::move(done);
  }
  void failed(const std::string&, const std::string& why) override { failures_.push_back(why); }

  std::string scope() const { return folder_ + "/cluster-" + asked_->first + ".scope"; }
  void move() const {
    fs::create_directories(scope());
    std::ofstream(scope() + "/cgroup.procs") << asked_->second;
  }
  void answer(const std::string& why_not = "") {
    asked_.reset();
    std::exchange(done_, nullptr)(why_not);
  }

  const std::string folder_;
  std::optional<std::pair<std::string, pid_t>> asked_;
  Done done_;
  std::vector<std::string> failures_;
};

class ScopesTest : public testing::Test {
 protected:
  ScopesTest() : base_(event_base_new()) {}
  ~ScopesTest() override {
    for (const std::string& folder : {made_, foreign_})
      if (!folder.empty()) {
        group::kill_all({{"all", folder}});
        group::remove(folder);
      }
    runner_.reset();
    event_base_free(base_);
  }

  // False: skipped, as it says.
  bool make() {
    fs::create_directories(state());
    const auto own = group::of_process(0);
    if (!own) return said("no control groups here: " + own.error());
    made_ = *own + "/scopes-test-" + std::to_string(getpid());
    if (mkdir(made_.c_str(), 0755) != 0) {
      const std::string why = made_ + ": " + strerror(errno);
      made_.clear();
      return said("no control groups here: " + why);
    }
    maker_ = std::make_unique<Maker>(made_);
    auto cgroups = Cgroups::make(state());
    if (!cgroups) return said(cgroups.error());
    cgroups_ = *cgroups;
    start();
    return true;
  }
  bool said(const std::string& why) {
    skipped_ = why;
    return false;
  }
  void start() {
    runner_ = std::make_unique<LocalRunner>(
        base_, (dir_ / "services").string(), state(),
        Callbacks{[this](core::ScriptEnded e) { ended_.push_back(e); },
                  [this](core::ServiceKilled e) { killed_.push_back(e); },
                  [this](Line line) { lines_.push_back(line.text); }},
        cgroups_, maker_.get());
  }
  std::string state() const { return (dir_ / "state").string(); }
  void script(const std::string& name, const std::string& text, bool executable = true) {
    fs::create_directories(dir_ / "services/web");
    std::ofstream(dir_ / "services/web" / name) << "#!/bin/sh\n" << text;
    fs::permissions(dir_ / "services/web" / name,
                    executable ? fs::perms::owner_all : fs::perms::owner_read);
  }
  RunId run(core::Script which = core::Script::kStart) {
    const RunId id(++last_run_);
    runner_->run(core::RunScript{id, "web", which, {{"CLUSTER_SERVICE", "web"}}});
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
  pid_t begin_in_scope() {
    script("start", "sleep 1000 >/dev/null 2>&1 &\necho $!\n");
    run();
    EXPECT_TRUE(maker_->asked_.has_value());
    maker_->move();
    maker_->answer();
    EXPECT_TRUE(until([&] { return lines_.size() == 1 && ended_.size() == 1; }));
    return std::stoi(lines_.at(0));
  }

  const testing_files::TempFolder dir_;
  event_base* const base_;
  std::string made_, foreign_, skipped_;
  std::unique_ptr<Maker> maker_;
  std::optional<Cgroups> cgroups_;
  std::unique_ptr<LocalRunner> runner_;
  std::vector<core::ScriptEnded> ended_;
  std::vector<core::ServiceKilled> killed_;
  std::vector<std::string> lines_;
  uint64_t last_run_ = 0;
};

TEST_F(ScopesTest, NothingRunsBeforeItIsInItsScope) {
  if (!make()) GTEST_SKIP() << skipped_;
  script("start", kSaysWhere);
  run();
  ASSERT_TRUE(maker_->asked_.has_value());
  const pid_t waits = maker_->asked_->second;
  usleep(50000);
  EXPECT_TRUE(lines_.empty() && alive(waits));
  EXPECT_EQ(group::of_process(waits).value(), cgroups_->folder() + "/service-web") << "guarded";
  maker_->move();
  maker_->answer();
  ASSERT_TRUE(until([&] { return ended_.size() == 1 && !lines_.empty(); }));
  EXPECT_EQ(ended_[0].how, core::ScriptEnd::kExited);
  EXPECT_TRUE(lines_[0].ends_with("/cluster-web.scope")) << lines_[0];
  EXPECT_TRUE(maker_->failures_.empty());
}

TEST_F(ScopesTest, WhatFollowsIsBornThereAndAllOfItDies) {
  if (!make()) GTEST_SKIP() << skipped_;
  const pid_t daemon = begin_in_scope();
  script("status", kSaysWhere);
  run(core::Script::kStatus);
  EXPECT_FALSE(maker_->asked_.has_value()) << "asked for start alone";
  ASSERT_TRUE(until([&] { return ended_.size() == 2; }));
  EXPECT_TRUE(lines_.at(1).ends_with("/cluster-web.scope")) << lines_[1];

  runner_->kill(core::KillService{"web"});
  ASSERT_TRUE(until([&] { return killed_.size() == 1; }));
  EXPECT_TRUE(killed_[0].all && !alive(daemon));
  // The scope may go now; what checks the service then is born elsewhere.
  ASSERT_EQ(rmdir((made_ + "/cluster-web.scope").c_str()), 0);
  run(core::Script::kStatus);
  ASSERT_TRUE(until([&] { return ended_.size() == 3; }));
  EXPECT_TRUE(lines_.at(2).ends_with("/service-web")) << lines_[2];
}

TEST_F(ScopesTest, TheNextLifeFindsThem) {
  if (!make()) GTEST_SKIP() << skipped_;
  const pid_t daemon = begin_in_scope();
  runner_.reset();
  EXPECT_TRUE(alive(daemon));
  EXPECT_EQ(Scopes::find(state()).services(), std::vector<std::string>{"web"});
  EXPECT_TRUE(Scopes::find((dir_ / "services").string()).services().empty()) << "another's";
  start();
  runner_->kill(core::KillService{"web"});
  ASSERT_TRUE(until([&] { return killed_.size() == 1; }));
  EXPECT_FALSE(alive(daemon));
}

TEST_F(ScopesTest, FencedWithoutARunner) {
  if (!make()) GTEST_SKIP() << skipped_;
  const pid_t daemon = begin_in_scope();
  const Scopes found = Scopes::find(state());
  EXPECT_TRUE(found.populated("web"));
  EXPECT_TRUE(found.kill_all().empty());
  EXPECT_FALSE(found.populated("web") || alive(daemon));
}

TEST_F(ScopesTest, WhereItFailsTheScriptBeginsInItsGroup) {
  if (!make()) GTEST_SKIP() << skipped_;
  script("start", kSaysWhere);
  run();
  const pid_t waits = maker_->asked_->second;
  maker_->answer("no answer");
  EXPECT_FALSE(alive(waits)) << "whoever is moved there late is not the script";
  ASSERT_TRUE(until([&] { return ended_.size() == 1 && !lines_.empty(); }));
  EXPECT_TRUE(lines_[0].ends_with("/service-web")) << lines_[0];
  EXPECT_EQ(maker_->failures_, std::vector<std::string>{"no answer"});
  run();
  EXPECT_FALSE(maker_->asked_.has_value()) << "not worth while any more";
}

TEST_F(ScopesTest, WhereItWasNotMovedItBeginsInItsGroup) {
  if (!make()) GTEST_SKIP() << skipped_;
  script("start", kSaysWhere);
  run();
  maker_->answer();
  ASSERT_TRUE(until([&] { return ended_.size() == 1 && !lines_.empty(); }));
  EXPECT_TRUE(lines_[0].ends_with("/service-web")) << lines_[0];
  EXPECT_EQ(maker_->failures_.size(), 1u);
}

TEST_F(ScopesTest, AnothersScopeIsLeftAlone) {
  if (!make()) GTEST_SKIP() << skipped_;
  fs::create_directories(dir_ / "other");
  foreign_ = made_ + "/cluster-web.scope";
  fs::create_directories(foreign_);
  ASSERT_TRUE(Scopes::find((dir_ / "other").string()).take("web", foreign_).ok());
  script("start", kSaysWhere);
  run();
  maker_->move();
  maker_->answer();
  ASSERT_TRUE(until([&] { return ended_.size() == 1 && !lines_.empty(); }));
  EXPECT_TRUE(lines_[0].ends_with("/service-web")) << lines_[0];
  EXPECT_TRUE(maker_->failures_.at(0).find("another daemon's") != std::string::npos);
}

TEST_F(ScopesTest, KilledWhileItWaits) {
  if (!make()) GTEST_SKIP() << skipped_;
  script("start", "echo begun\n");
  const RunId first = run();
  runner_->kill(core::KillScript{first});
  maker_->answer("too late");
  ASSERT_TRUE(until([&] { return ended_.size() == 1; }));
  EXPECT_EQ(ended_[0].how, core::ScriptEnd::kSignal);
  EXPECT_EQ(ended_[0].code, SIGKILL);
  run();
  runner_->kill(core::KillService{"web"});
  ASSERT_TRUE(until([&] { return killed_.size() == 1 && ended_.size() == 2; }));
  maker_->answer();
  EXPECT_TRUE(lines_.empty()) << lines_[0];
  EXPECT_EQ(runner_->running(), 0u);
}

TEST_F(ScopesTest, WhatCannotBeExecutedIsSaid) {
  if (!make()) GTEST_SKIP() << skipped_;
  script("start", "", false);
  run();
  maker_->move();
  maker_->answer();
  ASSERT_TRUE(until([&] { return ended_.size() == 1; }));
  EXPECT_EQ(ended_[0].how, core::ScriptEnd::kNotStarted);
  EXPECT_EQ(ended_[0].code, EACCES);
  EXPECT_EQ(runner_->running(), 0u);
}

// As its parent, who alone can let it go, has ended.
TEST(Held, EndsWithItsParent) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  Spawn what;
  what.path = "/bin/echo";
  what.folder = "/";
  what.output = ends[1];
  pid_t pid = -1;
  {
    Held one, other;  // the other does not hold the gate of the one
    ASSERT_EQ(Held::spawn(what, &one), 0);
    ASSERT_EQ(Held::spawn(what, &other), 0);
    pid = one.pid();
    one = Held();
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    EXPECT_TRUE(alive(other.pid()));
    other.drop();
  }
  close(ends[1]);
  char byte = 0;
  EXPECT_EQ(read(ends[0], &byte, 1), 0) << "neither has said anything";
  close(ends[0]);
}

}  // namespace
}  // namespace cluster::scripts
