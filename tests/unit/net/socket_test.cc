#include "net/socket.h"

#include <gtest/gtest.h>

#include "net/addresses.h"
#include "net/dial.h"
#include "support.h"

namespace cluster::net {
namespace {

using testing::Loop;

TEST(EndpointTest, TextsAndGroups) {
  EXPECT_EQ(Endpoint::parse("192.0.2.1", 7)->text(), "192.0.2.1:7");
  EXPECT_EQ(Endpoint::parse("2001:db8::1", 7)->text(), "[2001:db8::1]:7");
  EXPECT_EQ(Endpoint::parse("::ffff:192.0.2.1", 7)->text(), "192.0.2.1:7");
  EXPECT_EQ(Endpoint::parse("2001:db8:1:2:3::9", 7)->limit_group(),
            Endpoint::parse("2001:db8:1:2:4::8", 9)->limit_group());
  EXPECT_NE(Endpoint::parse("2001:db8:1:2::1", 7)->limit_group(),
            Endpoint::parse("2001:db8:1:3::1", 7)->limit_group());
  EXPECT_EQ(Endpoint::parse("192.0.2.1", 7)->limit_group(), "192.0.2.1");
  EXPECT_TRUE(Endpoint::parse("127.3.2.1", 0)->is_loopback());
  EXPECT_TRUE(Endpoint::parse("::1", 0)->is_loopback());
  EXPECT_TRUE(Endpoint::parse("0.0.0.0", 0)->is_any());
  EXPECT_TRUE(Endpoint::parse("fe80::1", 0)->is_link_local());
  for (const char* none : {"", "localhost", "1.2.3.4.5", "[::1]", "1.2.3.4:5", "::g"})
    EXPECT_FALSE(Endpoint::parse(none, 1)) << none;
}

TEST(ListenerSocketTest, ASecondOneOnTheSamePortIsAnError) {
  const auto first = open_listeners({"127.0.0.1"}, 0);
  ASSERT_TRUE(first.ok());
  const uint16_t port = Endpoint::local_of((*first)[0].get()).port();
  const auto second = open_listeners({"127.0.0.1"}, port);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().find("127.0.0.1:" + std::to_string(port)), std::string::npos);
  EXPECT_TRUE(open_listeners({"127.0.0.2", "127.0.0.3"}, port).ok());
  EXPECT_FALSE(open_listeners({"nonsense"}, port).ok());
  const auto everywhere = open_listeners({}, 0);
  ASSERT_TRUE(everywhere.ok());
  EXPECT_TRUE(Endpoint::local_of((*everywhere)[0].get()).is_any());
}

TEST(DepartureTest, FollowsWhatIsListenedOn) {
  const Endpoint target = *Endpoint::parse("127.0.0.9", 1);
  const Endpoint far = *Endpoint::parse("192.0.2.1", 1);
  const std::vector<Endpoint> specific{*Endpoint::parse("127.0.0.2", 35790)};
  const std::vector<Endpoint> any{Endpoint::any(AF_INET6, 35790)};
  EXPECT_EQ(departure_for(target, specific, false).from->text(), "127.0.0.2:0");
  EXPECT_EQ(departure_for(target, specific, true).from->text(), "127.0.0.2:35790");
  EXPECT_FALSE(departure_for(far, specific, true).from);
  EXPECT_FALSE(departure_for(far, any, false).from);
  EXPECT_EQ(departure_for(far, any, true).from->text(), "0.0.0.0:35790");
  EXPECT_TRUE(departure_for(far, any, true).listening_port);
  EXPECT_FALSE(departure_for(far, {}, true).from);
}

TEST(AddressesTest, ThereIsAlwaysOneAndItIsALiteral) {
  const std::vector<std::string> all = local_addresses();
  ASSERT_FALSE(all.empty());
  for (const std::string& address : all) EXPECT_TRUE(Endpoint::parse(address, 0)) << address;
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
}

TEST(AddressesTest, TheWatchStaysSilentWhileNothingChanges) {
  Loop loop;
  int calls = 0;
  {
    const AddressWatch watch(
        loop.base(), [&](const std::vector<std::string>&) { ++calls; },
        {[](core::LogLevel, const std::string&) {}, [](core::Severity, const std::string&) {}});
    loop.spin(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace cluster::net
