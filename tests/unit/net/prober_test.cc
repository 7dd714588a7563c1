#include "net/prober.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "support.h"

namespace cluster::net {
namespace {

class ProberTest : public ::testing::Test {
 protected:
  bool answers(const core::ProbeTarget& target, std::chrono::seconds within) {
    answered = 0;
    prober.perform(core::Probe{{target}});
    return loop.until([this] { return answered > 0; }, within);
  }

  testing::Loop loop;
  int answered = 0;
  std::vector<std::string> said;
  Prober prober{loop.base(), [this] { ++answered; },
                Report{[this](core::LogLevel, const std::string& text) { said.push_back(text); },
                       [](core::Severity, const std::string&) {}}};
};

TEST_F(ProberTest, APortThatListensAnswersAndOneThatRefuses) {
  auto listening = open_listeners({"127.0.0.1"}, 0);
  ASSERT_TRUE(listening.ok());
  const uint16_t port = Endpoint::local_of((*listening)[0].get()).port();
  EXPECT_TRUE(answers({"127.0.0.1", port}, std::chrono::seconds(10)));
  listening->clear();
  EXPECT_TRUE(answers({"127.0.0.1", port}, std::chrono::seconds(10)));
}

TEST_F(ProberTest, AnEchoRequestIsAnswered) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root for raw sockets";
  EXPECT_TRUE(answers({"127.0.0.1", 0}, std::chrono::seconds(10))) << (said.empty() ? "" : said[0]);
  EXPECT_TRUE(answers({"::1", 0}, std::chrono::seconds(10))) << (said.empty() ? "" : said[0]);
}

TEST_F(ProberTest, WhereThereIsNoWayNothingAnswersAndItIsSaidOnce) {
  // 240.0.0.0/4 is routed nowhere.
  EXPECT_FALSE(answers({"240.0.0.1", 0}, std::chrono::seconds(1)));
  EXPECT_FALSE(answers({"240.0.0.1", 0}, std::chrono::seconds(1)));
  EXPECT_LE(said.size(), 1u);
}

TEST_F(ProberTest, ManyAtOnceAreBounded) {
  const std::vector<core::ProbeTarget> many(8, {"127.0.0.1", 0});
  for (size_t i = 0; i < kMaxProbes; ++i) prober.perform(core::Probe{many});
  loop.spin(std::chrono::milliseconds(100));
  EXPECT_LE(answered, static_cast<int>(kMaxProbes));
}

}  // namespace
}  // namespace cluster::net
