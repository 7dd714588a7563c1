// The first configuration, in folders of its own.
#include "setup/setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "config/load.h"
#include "tests/unit/temp_folder.h"

namespace cluster::setup {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

config::LocalIdentity alpha() { return {"alpha", "alpha.example.com", {"192.0.2.1"}}; }

std::string content(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

class SetupTest : public testing::Test {
 protected:
  std::string dir() const { return (folder_ / "etc/cluster").string(); }
  std::string file(const char* name) const { return dir() + "/" + name; }

  testing_files::TempFolder folder_;
};

TEST_F(SetupTest, WritesAConfigurationThatTheDaemonTakes) {
  const auto begun = init(dir(), {"alpha.example.com", "192.0.2.2:4000", "laptop,"}, alpha);
  ASSERT_TRUE(begun) << begun.error();
  EXPECT_EQ(begun->self, HostId(1));
  EXPECT_THAT(begun->written, ElementsAre(file("services"), file("cluster.conf"), file("hosts")));
  EXPECT_EQ(mode_of(file("hosts")), 0600u);
  EXPECT_EQ(mode_of(file("cluster.conf")), 0644u);
  config::Options options;
  options.config_dir = dir();
  options.local = alpha;
  const config::Outcome outcome = config::load(options);
  ASSERT_TRUE(outcome.loaded) << config::check_config_report(outcome);
  EXPECT_THAT(outcome.warnings, testing::IsEmpty());
  ASSERT_EQ(outcome.loaded->core.hosts.size(), 3u);
  EXPECT_EQ(outcome.loaded->core.hosts[1].port, 4000);
  EXPECT_TRUE(outcome.loaded->core.hosts[2].dynamic);
}

TEST_F(SetupTest, GivesEachHostAPassphraseOfItsOwn) {
  std::set<std::string> passphrases;
  for (const char* name : {"one", "two"}) {
    const auto begun = init(dir() + name, {"a", "b", "c,"}, alpha);
    ASSERT_TRUE(begun) << begun.error();
    for (const auto& [host, passphrase] : begun->hosts.passphrases) {
      EXPECT_THAT(passphrase, MatchesRegex("([a-z2-9]{5}-){4}[a-z2-9]{5}"));
      passphrases.insert(passphrase);
    }
  }
  EXPECT_EQ(passphrases.size(), 6u);
}

TEST_F(SetupTest, ReplacesNothing) {
  ASSERT_TRUE(init(dir(), {"alpha", "beta"}, alpha));
  const std::string before = content(file("hosts"));
  const auto again = init(dir(), {"alpha", "gamma"}, alpha);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error(), HasSubstr(file("hosts") + " is there already"));
  EXPECT_EQ(content(file("hosts")), before);

  std::filesystem::remove(file("hosts"));
  std::ofstream(file("cluster.conf")) << "port = 4000\n";
  const auto begun = init(dir(), {"alpha", "gamma"}, alpha);
  ASSERT_TRUE(begun) << begun.error();
  EXPECT_THAT(begun->kept, ElementsAre(file("services"), file("cluster.conf")));
  EXPECT_EQ(content(file("cluster.conf")), "port = 4000\n");
}

TEST_F(SetupTest, SaysWhatNamesNoHostAndWritesNothing) {
  EXPECT_THAT(init(dir(), {"a b"}, alpha).error(), HasSubstr("'a b' names no host"));
  EXPECT_THAT(init(dir(), {"a,b"}, alpha).error(), HasSubstr("'a,b' names no host"));
  EXPECT_THAT(init(dir(), {""}, alpha).error(), HasSubstr("names no host"));
  EXPECT_THAT(init(dir(), {"#a"}, alpha).error(), HasSubstr("names no host"));
  EXPECT_THAT(init(dir(), {"a", "[::1"}, alpha).error(), HasSubstr("hosts:2: "));
  EXPECT_THAT(init(dir(), {"a", "A"}, alpha).error(), HasSubstr("stands here again"));
  EXPECT_FALSE(std::filesystem::exists(dir()));
}

TEST_F(SetupTest, LeavesNoHalfAFileWhereItCannotWrite) {
  std::filesystem::create_directories(folder_ / "etc");
  std::ofstream(dir()) << "a file";
  EXPECT_THAT(init(dir(), {"a"}, alpha).error(), HasSubstr(dir()));
  EXPECT_EQ(content(dir()), "a file");
}

TEST_F(SetupTest, SaysWhereThisHostIsNotAmongThem) {
  const auto begun = init(dir(), {"beta", "gamma"}, alpha);
  ASSERT_TRUE(begun) << begun.error();
  EXPECT_FALSE(begun->self);
  EXPECT_THAT(begun->why_not_self, HasSubstr("no line names this host"));
}

TEST_F(SetupTest, InvitesByTheNextLine) {
  ASSERT_TRUE(init(dir(), {"beta", "alpha", "laptop,"}, alpha));
  std::ofstream(file("hosts"), std::ios::app) << "# gone";
  const auto invitation = invite(dir(), "gamma.example.com", alpha);
  ASSERT_TRUE(invitation) << invitation.error();
  EXPECT_EQ(invitation->id, HostId(5));
  EXPECT_THAT(invitation->line, testing::StartsWith("gamma.example.com "));
  EXPECT_THAT(invitation->add, HasSubstr("'$a " + invitation->line + "' " + file("hosts")));
  EXPECT_THAT(invitation->join, HasSubstr("scp -p root@alpha:" + file("hosts") + " "));
  EXPECT_THAT(content(file("hosts")), testing::Not(HasSubstr("gamma")));
}

TEST_F(SetupTest, InvitesNobodyTwiceAndIntoNoBrokenFile) {
  EXPECT_THAT(invite(dir(), "gamma", alpha).error(), HasSubstr("does not exist"));
  ASSERT_TRUE(init(dir(), {"alpha", "beta"}, alpha));
  EXPECT_THAT(invite(dir(), "beta", alpha).error(), HasSubstr("stands here again"));
  EXPECT_THAT(invite(dir(), "a b", alpha).error(), HasSubstr("names no host"));
  std::ofstream(file("hosts"), std::ios::app) << "short x\n";
  EXPECT_THAT(invite(dir(), "gamma", alpha).error(), HasSubstr("hosts:3: "));
}

}  // namespace
}  // namespace cluster::setup
