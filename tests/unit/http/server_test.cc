// The HTTP server with real connections over loopback.
#include "http/server.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

namespace cluster::http {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ServerTest : public testing::Test {
 protected:
  ServerTest() : base_(event_base_new()) {
    auto server = Server::listen(base_, {{"127.0.0.1", 0}},
                                 {[] { return "{\"a\":1}"; }, [] { return "[]"; },
                                  [this] { return std::string(metrics_bytes_, 'x'); }});
    EXPECT_TRUE(server) << server.error();
    server_ = std::move(*server);
  }
  ~ServerTest() override {
    server_.reset();
    event_base_loop(base_, EVLOOP_NONBLOCK);
    event_base_free(base_);
  }

  int connected() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server_->addresses().at(0).port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return fd;
  }

  // All until the server closes, or a generous while has passed.
  std::string answer(int fd) {
    std::string out;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < end) {
      event_base_loop(base_, EVLOOP_NONBLOCK);
      pollfd ready{fd, POLLIN, 0};
      if (::poll(&ready, 1, 5) == 0) continue;
      char buffer[4096];
      const ssize_t got = ::read(fd, buffer, sizeof buffer);
      if (got <= 0) break;
      out.append(buffer, static_cast<size_t>(got));
    }
    ::close(fd);
    return out;
  }

  std::string asked(const std::string& request) {
    const int fd = connected();
    EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    return answer(fd);
  }
  std::string get(const std::string& path) {
    return asked("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }

  size_t metrics_bytes_ = 10;
  event_base* const base_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, GivesWhatThereIs) {
  EXPECT_THAT(get("/status.json"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get("/status.json"), HasSubstr("\r\n\r\n{\"a\":1}"));
  EXPECT_THAT(get("/events.json"), HasSubstr("\r\n\r\n[]"));
  EXPECT_THAT(get("/metrics"), HasSubstr("application/openmetrics-text; version=1.0.0"));
  EXPECT_THAT(get("/"), HasSubstr("<!doctype html>"));
  EXPECT_THAT(get("/"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(get("/etc/passwd"), StartsWith("HTTP/1.1 404"));
}

TEST_F(ServerTest, ChangesNothing) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"})
    EXPECT_THAT(asked(std::string(method) + " / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                testing::Not(StartsWith("HTTP/1.1 200")));
}

// A page of somewhere else whose name was made to lead here.
TEST_F(ServerTest, IsNotReadByANameThatOnlyLeadsToThisMachine) {
  EXPECT_THAT(asked("GET /status.json HTTP/1.1\r\nHost: evil.example:80\r\n\r\n"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(asked("GET /status.json HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, SendsWhatIsLargerThanTheSocketTakes) {
  metrics_bytes_ = 3 << 20;
  EXPECT_GT(get("/metrics").size(), metrics_bytes_);
}

TEST_F(ServerTest, HoldsSoManyConnectionsAndServesTheNextOnceOneIsGone) {
  std::vector<int> idle;
  for (size_t i = 0; i < kMaxConnections; ++i) idle.push_back(connected());
  for (int turn = 0; turn < 50; ++turn) event_base_loop(base_, EVLOOP_NONBLOCK);
  const int waiting = connected();
  const std::string request = "GET /events.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
  ASSERT_GT(::send(waiting, request.data(), request.size(), MSG_NOSIGNAL), 0);
  for (int turn = 0; turn < 50; ++turn) event_base_loop(base_, EVLOOP_NONBLOCK);
  pollfd ready{waiting, POLLIN, 0};
  EXPECT_EQ(::poll(&ready, 1, 50), 0);
  for (int fd : idle) ::close(fd);
  EXPECT_THAT(answer(waiting), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, EndsARequestThatIsTooLong) {
  const std::string response =
      asked("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(2 * kMaxRequestBytes, 'x') +
            "\r\n\r\n");
  EXPECT_THAT(response, testing::Not(StartsWith("HTTP/1.1 200")));
}

TEST_F(ServerTest, SaysWhichAddressItCannotHave) {
  const auto again = Server::listen(base_, server_->addresses(), {});
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error(), HasSubstr("127.0.0.1:"));
}

}  // namespace
}  // namespace cluster::http
