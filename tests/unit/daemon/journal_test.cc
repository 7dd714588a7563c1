// What the journal is given, as a stand-in at its socket reads it.
#include "daemon/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "core/io.h"
#include "tests/unit/temp_folder.h"

namespace cluster::daemon {
namespace {

using testing::HasSubstr;

const std::filesystem::path kRoot = std::filesystem::current_path();  // before any test has left it

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = folder_ / "socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    journal_ = Journal::open(path_);
    ASSERT_NE(journal_, nullptr);
  }
  void TearDown() override { ::close(fd_); }

  std::string heard() {
    std::string entry(65536, '\0');
    const ssize_t size = ::recv(fd_, entry.data(), entry.size(), MSG_DONTWAIT);
    return size < 0 ? "nothing" : entry.substr(0, static_cast<size_t>(size));
  }

  testing_files::TempFolder folder_;
  std::string path_;
  int fd_ = -1;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, GetsFieldsAndTheLine) {
  EXPECT_TRUE(journal_->send(LOG_CRIT, "host beta is down",
                             {{"CLUSTER_SUBJECT", "beta"}, {"CLUSTER_STATE", ""}}));
  EXPECT_EQ(
      heard(),
      "PRIORITY=2\nSYSLOG_IDENTIFIER=clusterd\nMESSAGE=host beta is down\nCLUSTER_SUBJECT=beta\n");
}

TEST_F(JournalTest, GetsALineOfSeveralLinesWhole) {
  EXPECT_TRUE(journal_->send(LOG_INFO, "a\nPRIORITY=0", {}));
  const std::string length("\x0c\0\0\0\0\0\0\0", 8);
  EXPECT_THAT(heard(), testing::EndsWith("MESSAGE\n" + length + "a\nPRIORITY=0\n"));
}

TEST_F(JournalTest, IsNotWaitedForAndHearsLaterWhatItHasMissed) {
  unsigned lost = 0;
  for (int i = 0; i < 100000 && lost < 3; ++i) lost += !journal_->send(LOG_INFO, "line", {});
  ASSERT_EQ(lost, 3u);
  while (heard() != "nothing") {
  }
  EXPECT_TRUE(journal_->send(LOG_INFO, "again", {}));
  EXPECT_THAT(heard(), HasSubstr("MESSAGE=(3 lines lost"));
  EXPECT_THAT(heard(), HasSubstr("MESSAGE=again"));
}

TEST(Journal, IsNullWhereNobodyListens) {
  testing_files::TempFolder folder;
  EXPECT_EQ(Journal::open(folder / "none"), nullptr);
  EXPECT_EQ(Journal::open(std::string(200, 'x')), nullptr);
}

TEST(MessageIds, AreOfEveryKindAndExplainedInTheCatalog) {
  std::set<std::string> ids{std::string(message_id("service-state"))};
  for (int kind = 0; kind <= static_cast<int>(core::AlertKind::kDaemon); ++kind) {
    const char* name = to_string(static_cast<core::AlertKind>(kind));
    EXPECT_EQ(message_id(name).size(), 32u) << name;
    ids.emplace(message_id(name));
  }
  EXPECT_EQ(ids.size(), static_cast<size_t>(core::AlertKind::kDaemon) + 2) << "each its own";
  std::set<std::string> explained;
  std::ifstream catalog(kRoot / "dist/cluster.catalog");
  for (std::string line; std::getline(catalog, line);)
    if (line.starts_with("-- ")) explained.insert(line.substr(3));
  EXPECT_EQ(explained, ids);
}

}  // namespace
}  // namespace cluster::daemon
