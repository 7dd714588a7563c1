// An agent that is a script of the test's, which writes down what it is asked.
#include "agents/ocf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "tests/unit/temp_folder.h"

namespace cluster::agents {
namespace {

using testing::ElementsAre;

class OcfTest : public testing::Test {
 protected:
  // `actions`: "ACTION) …;;" lines of a case statement.
  void agent(const std::string& actions) {
    agent_.provider = "test";
    agent_.type = "Thing";
    agent_.path = folder_ / "Thing";
    std::ofstream(agent_.path)
        << "#!/bin/bash\n"
           "echo \"$1\" >> '"
        << (folder_ / "asked").string()
        << "'\n"
           "case $1 in\n"
           "meta-data) echo '<resource-agent><parameters><parameter name=\"ip\" required=\"1\">"
           "</parameter><parameter unique=\"0\" name=\"nic\"/></parameters></resource-agent>' ;;\n"
        << actions << "\nesac\n";
    ASSERT_EQ(::chmod(agent_.path.c_str(), 0755), 0);
  }
  std::string asked() const {
    std::ifstream in(folder_ / "asked");
    std::ostringstream out;
    for (std::string line; std::getline(in, line);) out << line << " ";
    return out.str();
  }

  testing_files::TempFolder folder_;
  config::Agent agent_;
};

TEST_F(OcfTest, StartsWhatDoesNotRun) {
  agent("monitor) exit 7;;");
  EXPECT_EQ(Ocf(agent_, "vip").start(), 0);
  EXPECT_EQ(asked(), "meta-data validate-all monitor start ");
}

TEST_F(OcfTest, LeavesAloneWhatRunsAlready) {
  agent("monitor) exit 0;; start) exit 1;;");
  EXPECT_EQ(Ocf(agent_, "vip").start(), 0);
  EXPECT_EQ(asked(), "meta-data validate-all monitor ");
}

TEST_F(OcfTest, StopsWhatHasFailedBeforeItStartsIt) {
  agent("monitor) exit 1;;");
  EXPECT_EQ(Ocf(agent_, "vip").start(), 0);
  EXPECT_EQ(asked(), "meta-data validate-all monitor stop start ");
}

TEST_F(OcfTest, DoesNotStartWhatItCannotStop) {
  agent("monitor) exit 1;; stop) exit 1;;");
  EXPECT_EQ(Ocf(agent_, "vip").start(), 1);
  EXPECT_EQ(asked(), "meta-data validate-all monitor stop ");
}

TEST_F(OcfTest, DoesNotStartWithParametersThatTheAgentDoesNotTake) {
  agent("validate-all) exit 6;;");
  EXPECT_EQ(Ocf(agent_, "vip").start(), 6);
  EXPECT_EQ(asked(), "meta-data validate-all ");
}

TEST_F(OcfTest, DoesNotStartWithParametersThatTheAgentDoesNotHave) {
  agent("");
  agent_.parameters = {{"ip", "192.0.2.1"}, {"nick", "eth0"}};
  EXPECT_EQ(Ocf(agent_, "vip").start(), 1);
  EXPECT_EQ(asked(), "meta-data ");
}

TEST_F(OcfTest, TellsTheAgentWhatItIsAndWhatItIsToKnow) {
  agent(
      "validate-all) [ \"$OCF_RESKEY_ip $OCF_RESOURCE_INSTANCE $OCF_RESOURCE_TYPE $OCF_ROOT\" = "
      "'192.0.2.1 vip Thing /usr/lib/ocf' ] || exit 2;; monitor) exit 7;;");
  agent_.parameters = {{"ip", "192.0.2.1"}};
  EXPECT_EQ(Ocf(agent_, "vip").start(), 0);
}

TEST_F(OcfTest, MakesAStatusOfAMonitor) {
  for (const auto& [code, status] : {std::pair(0, 0), {7, 7}, {8, 0}, {1, 1}, {5, 5}, {9, 9}}) {
    agent("monitor) exit " + std::to_string(code) + ";;");
    EXPECT_EQ(Ocf(agent_, "vip").status(), status);
  }
  agent("monitor) kill -9 $$;;");
  EXPECT_EQ(Ocf(agent_, "vip").status(), 1);
}

TEST_F(OcfTest, StopsByTheAgentsWord) {
  agent("stop) exit 1;;");
  EXPECT_EQ(Ocf(agent_, "vip").stop(), 1);
  agent("");
  EXPECT_EQ(Ocf(agent_, "vip").stop(), 0);
}

TEST_F(OcfTest, IsAnErrorWhereThereIsNoAgent) {
  agent("");
  agent_.path = folder_ / "none";
  EXPECT_EQ(Ocf(agent_, "vip").start(), 1);
  EXPECT_EQ(Ocf(agent_, "vip").status(), 1);
}

TEST(OcfMetaData, NamesItsParameters) {
  EXPECT_THAT(
      parameters_in("<parameter name=\"a\"><longdesc>name=\"x\"</longdesc></parameter>\n<parameter "
                    "unique=\"1\"\n name=\"b\" />"
                    "<parameter >"),
      ElementsAre("a", "b"));
  EXPECT_THAT(parameters_in("not XML"), ElementsAre());
}

TEST(OcfCodes, AreSaidInWords) {
  EXPECT_EQ(meaning_of(5), "not installed (5)");
  EXPECT_EQ(meaning_of(77), "no code of the standard (77)");
}

}  // namespace
}  // namespace cluster::agents
