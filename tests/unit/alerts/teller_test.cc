#include "alerts/teller.h"

#include <event2/event.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/unit/temp_folder.h"

namespace cluster::alerts {
namespace {

using std::chrono::steady_clock;

struct BaseFree {
  void operator()(event_base* base) const { event_base_free(base); }
};

class TellerTest : public ::testing::Test {
 protected:
  std::string script(const std::string& name, const std::string& body, mode_t mode = 0755) {
    const std::string path = folder / name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    chmod(path.c_str(), mode);
    return path;
  }

  std::string read(const std::string& name) {
    std::ifstream in(folder / name);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }

  Ways ways() {
    Ways out;
    out.sendmail = "/nonexistent/sendmail";
    out.folder = folder / "alerts.d";
    out.timeout = seconds(20);
    return out;
  }

  core::SendAlert alert(uint64_t id, const std::string& text = "host two is down") {
    return {AlertId(id), "host-down", "two", core::Severity::kCritical, text, HostId{}, false};
  }

  bool wait(size_t answers, std::chrono::seconds limit = std::chrono::seconds(60)) {
    const auto until = steady_clock::now() + limit;
    while (answered.size() < answers && steady_clock::now() < until) {
      const timeval step{0, 20'000};
      event_base_loopexit(base.get(), &step);
      event_base_loop(base.get(), 0);
    }
    return answered.size() >= answers;
  }

  testing_files::TempFolder folder;
  std::unique_ptr<event_base, BaseFree> base{event_base_new()};
  std::map<AlertId, std::string> answered;
  AlertTeller teller{base.get(), [this](AlertId id, const std::string& failed) {
                       EXPECT_TRUE(answered.emplace(id, failed).second);
                     }};
};

TEST_F(TellerTest, MailsTheWholeAndTheShortAndRunsWhatIsInTheFolder) {
  Ways all = ways();
  all.email = {"admin@example.com", "root"};
  all.text_alerts = {"5551234@sms.example.com"};
  all.sendmail = script("sendmail", "echo \"$@\" > " + std::string(folder / "arguments") +
                                        "; cat > \"" + std::string(folder / "mail") + ".$$\"");
  script("alerts.d/50-note", "env > " + std::string(folder / "environment"));
  teller.set_ways({HostId(1), "one"}, all);
  teller.tell(alert(7), WallTime(seconds(1'700'000'000)));
  ASSERT_TRUE(wait(1));
  EXPECT_EQ(answered[AlertId(7)], "");
  EXPECT_EQ(read("arguments"), "-i -t\n");
  std::vector<std::string> mails;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    if (entry.path().filename().string().starts_with("mail."))
      mails.push_back(read(entry.path().filename()));
  ASSERT_EQ(mails.size(), 2U);
  std::sort(mails.begin(), mails.end());
  EXPECT_EQ(mails[0],
            "To: 5551234@sms.example.com\nAuto-Submitted: auto-generated\n\nhost two is down\n");
  EXPECT_TRUE(
      mails[1].starts_with("To: admin@example.com,\n root\n"
                           "Subject: [cluster] critical: host two is down\n"))
      << mails[1];
  const std::string environment = read("environment");
  for (const char* line :
       {"CLUSTER_ALERT_KIND=host-down\n", "CLUSTER_ALERT_SUBJECT=two\n",
        "CLUSTER_ALERT_SEVERITY=critical\n", "CLUSTER_ALERT_TEXT=host two is down\n",
        "CLUSTER_ALERT_TIME=2023-11-14T22:13:20Z\n", "CLUSTER_HOST_ID=1\n",
        "CLUSTER_ALERT_FROM=\n"})
    EXPECT_NE(environment.find(line), std::string::npos) << line << environment;
}

TEST_F(TellerTest, WhatHangsIsKilledWithItsGroupAndTheAlertHasFailed) {
  Ways all = ways();
  all.timeout = seconds(1);
  script("alerts.d/hangs", "sleep 600 & echo $! > " + std::string(folder / "child") + "; wait");
  script("alerts.d/works", "exit 0");
  teller.set_ways({HostId(1), "one"}, all);
  const auto began = steady_clock::now();
  teller.tell(alert(1), WallTime{});
  ASSERT_TRUE(wait(1));
  EXPECT_GE(steady_clock::now() - began, std::chrono::seconds(1));
  EXPECT_EQ(answered[AlertId(1)], "hangs: took longer than 1 s, and was killed");
  const pid_t child = std::stoi(read("child"));
  for (int i = 0; i < 500 && kill(child, 0) == 0; ++i) {
    // Whoever inherits it takes it in at some time.
    std::ifstream state("/proc/" + std::to_string(child) + "/stat");
    std::string pid, name, letter;
    state >> pid >> name >> letter;
    if (letter == "Z") return;
    usleep(10'000);
  }
  EXPECT_NE(kill(child, 0), 0);
}

TEST_F(TellerTest, WhyItFailedIsToldWithWhatItSaid) {
  Ways all = ways();
  all.email = {"root"};
  all.sendmail = script("sendmail", "cat > /dev/null; echo no route >&2; echo to host; exit 75");
  script("alerts.d/fine", "exit 0");
  teller.set_ways({HostId(1), "one"}, all);
  teller.tell(alert(1), WallTime{});
  ASSERT_TRUE(wait(1));
  EXPECT_EQ(answered[AlertId(1)], "mail: exit status 75 (no route to host)");
  all.sendmail = "/nonexistent/sendmail";
  teller.set_ways({HostId(1), "one"}, all);
  teller.tell(alert(2), WallTime{});
  ASSERT_TRUE(wait(2));
  EXPECT_EQ(answered[AlertId(2)], "mail: /nonexistent/sendmail: No such file or directory");
}

TEST_F(TellerTest, WithoutAnyWayItIsToldAtOnce) {
  teller.set_ways({HostId(1), "one"}, ways());
  teller.tell(alert(1), WallTime{});
  EXPECT_TRUE(answered.empty());
  ASSERT_TRUE(wait(1));
  EXPECT_EQ(answered[AlertId(1)], "");
}

TEST_F(TellerTest, WhatComesWhileOthersHangWaitsNoLongerThanTheyMayTakeAndNeverWithoutEnd) {
  Ways all = ways();
  all.timeout = seconds(1);
  script("alerts.d/hangs", "sleep 600");
  teller.set_ways({HostId(1), "one"}, all);
  const size_t many = kMaxAtOnce + kMaxWaiting + 10;
  const auto began = steady_clock::now();
  for (size_t i = 1; i <= many; ++i) teller.tell(alert(i), WallTime{});
  ASSERT_TRUE(wait(many));
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(20));
  std::map<std::string, size_t> why;
  for (const auto& [id, failed] : answered) ++why[failed];
  EXPECT_EQ(why["too many alerts are waiting"], 10U);
  EXPECT_GE(why["hangs: took longer than 1 s, and was killed"], kMaxAtOnce);
}

TEST_F(TellerTest, AnExecutableMayWriteMoreThanAPipeHolds) {
  Ways all = ways();
  script("alerts.d/talks", "head -c 1000000 /dev/zero; exit 1");
  teller.set_ways({HostId(1), "one"}, all);
  teller.tell(alert(1), WallTime{});
  ASSERT_TRUE(wait(1));
  EXPECT_TRUE(answered[AlertId(1)].starts_with("talks: exit status 1")) << answered[AlertId(1)];
}

TEST_F(TellerTest, RunsOnlyWhatIsMeantToRun) {
  script("alerts.d/good", "exit 0");
  script("alerts.d/old.dpkg-old", "exit 0");
  script("alerts.d/.hidden", "exit 0");
  script("alerts.d/backup~", "exit 0");
  script("alerts.d/plain", "exit 0", 0644);
  script("alerts.d/anybodys", "exit 0", 0757);
  std::filesystem::create_directory(folder / "alerts.d/folder");
  std::vector<std::string> passed_over;
  EXPECT_EQ(executables(folder / "alerts.d", &passed_over),
            std::vector<std::string>{folder / "alerts.d/good"});
  EXPECT_EQ(passed_over.size(), 4U);
  EXPECT_TRUE(executables(folder / "none").empty());
}

}  // namespace
}  // namespace cluster::alerts
