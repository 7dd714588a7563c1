#include "net/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/report.h"
#include "support.h"

namespace cluster::net {
namespace {

using testing::identity;
using testing::Loop;

struct End : Connection::Owner {
  Secrets secrets;
  TlsContext tls;
  std::unique_ptr<Connection> connection;
  int ups = 0;
  int goes = 0;
  std::vector<std::string> frames;
  std::vector<Connection::End> ends;

  End(Loop& loop, uint32_t id)
      : secrets(loop.base(), identity(id), testing::cache(id)), tls(identity(id)) {
    testing::let_all_in(secrets, testing::lines());
    secrets.set_lines(HostId(id), testing::lines());
  }
  void begin(Loop& loop, int fd, Connection::Origin origin) {
    evutil_make_socket_nonblocking(fd);
    connection = std::make_unique<Connection>(loop.base(), Fd(fd), tls, secrets, *this, origin);
  }
  void authenticated(Connection&) override { ++ups; }
  void received(Connection&, std::string frame) override { frames.push_back(std::move(frame)); }
  void ended(Connection&, const Connection::End& end) override { ends.push_back(end); }
  void gone(Connection&) override { ++goes; }
};

class ConnectionTest : public ::testing::Test {
 protected:
  Loop loop;
  End one{loop, 1};
  End two{loop, 2};

  void connect(Connection::Origin at_one, Connection::Origin at_two) {
    ASSERT_TRUE(loop.until([&] { return one.secrets.ready() && two.secrets.ready(); }));
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    one.begin(loop, pair[0], at_one);
    two.begin(loop, pair[1], at_two);
  }
  void exchange() {
    one.connection->send("from one", core::Priority::kControl);
    two.connection->send("from two", core::Priority::kControl);
    ASSERT_TRUE(loop.until([&] { return one.frames.size() == 1 && two.frames.size() == 1; }));
    EXPECT_EQ(two.frames[0], "from one");
  }
};

// What TCP makes of two hosts that dial each other at the same time from and to their listening ports.
TEST_F(ConnectionTest, TwoDialsThatMeetHalfWayAreOneLink) {
  for (const bool one_first : {true, false}) {
    one.ups = two.ups = 0;
    one.frames.clear();
    two.frames.clear();
    connect({HostId(2), DialId(5), {}, true}, {HostId(1), DialId(6), {}, true});
    (one_first ? one : two).connection->start();
    (one_first ? two : one).connection->start();
    ASSERT_TRUE(loop.until([&] { return one.ups == 1 && two.ups == 1; }));
    EXPECT_EQ(one.connection->peer().host, HostId(2));
    EXPECT_EQ(two.connection->peer().host, HostId(1));
    exchange();
  }
}

TEST_F(ConnectionTest, WhoDialsFromTheListeningPortToAListenerStaysClient) {
  connect({HostId(2), DialId(5), {}, true}, {});
  one.connection->start();
  two.connection->start();
  ASSERT_TRUE(loop.until([&] { return one.ups == 1 && two.ups == 1; }));
  exchange();
}

TEST_F(ConnectionTest, AnotherHostThatAnswersHalfWayIsNotTheOneDialled) {
  connect({HostId(3), DialId(5), {}, true}, {HostId(1), DialId(6), {}, true});
  one.connection->start();
  two.connection->start();
  ASSERT_TRUE(loop.until([&] { return !one.ends.empty() && !two.ends.empty(); }));
  EXPECT_EQ(one.ups + two.ups, 0);
  EXPECT_TRUE(one.ends[0].refused);
}

TEST_F(ConnectionTest, AnEndIsToldOnceAndThenItIsGone) {
  connect({HostId(2), DialId(5), {}, false}, {});
  one.connection->start();
  two.connection->start();
  ASSERT_TRUE(loop.until([&] { return one.ups == 1 && two.ups == 1; }));
  one.connection->send(std::string(1 << 20, 'x'), core::Priority::kBulk);
  one.connection->close();
  one.connection->close();
  ASSERT_TRUE(loop.until([&] { return one.goes == 1 && two.goes == 1; }));
  EXPECT_EQ(two.frames.size(), 1u);
  EXPECT_EQ(one.ends.size(), 0u);
  ASSERT_EQ(two.ends.size(), 1u);
  EXPECT_FALSE(two.ends[0].refused);
  one.connection->abort();
  one.connection->send("too late", core::Priority::kControl);
  EXPECT_EQ(one.goes, 1);
}

TEST_F(ConnectionTest, APeerThatNeverClosesIsGoneAfterTheClosingTime) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const Fd silent(pair[1]);
  one.begin(loop, pair[0], {HostId(2), DialId(7), {}, true});
  one.connection->start();
  one.connection->close();
  ASSERT_TRUE(loop.until([&] { return one.goes == 1; }));
  EXPECT_TRUE(one.ends.empty());
}

TEST(ThrottleTest, OnceAMinuteForEachKindAndAddress) {
  Throttle throttle;
  uint64_t suppressed = 9;
  const auto start = Throttle::Clock::now();
  EXPECT_TRUE(throttle.allow("a", "1", &suppressed, start));
  EXPECT_EQ(suppressed, 0u);
  EXPECT_FALSE(throttle.allow("a", "1", &suppressed, start + std::chrono::seconds(59)));
  EXPECT_TRUE(throttle.allow("a", "2", &suppressed, start));
  EXPECT_TRUE(throttle.allow("b", "1", &suppressed, start));
  EXPECT_TRUE(throttle.allow("a", "1", &suppressed, start + std::chrono::seconds(60)));
  EXPECT_EQ(suppressed, 1u);
  size_t said = 0;
  for (int i = 0; i < 5000; ++i) said += throttle.allow("c", std::to_string(i), &suppressed, start);
  EXPECT_LE(said, Throttle::kMaxRemembered + 1);
}

}  // namespace
}  // namespace cluster::net
