// A linked pair of hosts, a third one, and a peer that does things wrong.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/handshake.h"
#include "net/tls.h"
#include "net/transport.h"
#include "support.h"

namespace cluster::net::testing {

// A peer that does by hand what a transport does, so that it can do it wrong.
struct RawPeer {
  const Peers& peers;
  Fd fd;
  TlsContext context;
  TlsSession tls;
  std::unique_ptr<Handshake> handshake;
  std::string plain;
  std::string said;  // of the handshake inside
  std::function<void(std::string&)> change = [](std::string&) {};

  RawPeer(const Peers& as, Fd connected, const Identity& with,
          TlsSession::Role role = TlsSession::Role::kClient)
      : peers(as), fd(std::move(connected)), context(with), tls(context, role) {
    if (role == TlsSession::Role::kClient) tls.feed({}, plain);
  }
  // True once TLS is open, and nothing has been said inside.
  bool open() {
    char buffer[4096];
    ssize_t got = 0;
    while ((got = recv(fd.get(), buffer, sizeof buffer, 0)) > 0)
      tls.feed({buffer, static_cast<size_t>(got)}, plain);
    flush();
    return tls.state() == TlsSession::State::kOpen;
  }
  // True once it is authenticated.
  bool step() {
    if (!open()) return false;
    if (!handshake)
      handshake = std::make_unique<Handshake>(
          Handshake::Role::kDialer, peers,
          Channel{tls.channel_binding(), context.own_key(), tls.peer_key()}, HostId(1));
    std::string out;
    handshake->advance(plain, out);
    change(out);
    said += out;
    tls.write(out);
    flush();
    return handshake->state() == Handshake::State::kDone;
  }
  void flush() {
    send(fd.get(), tls.outgoing().data(), tls.outgoing().size(), MSG_NOSIGNAL);
    tls.outgoing().clear();
  }
  void say(const std::string& bytes) {
    tls.write(bytes);
    flush();
  }
};

// Hosts 1 and 2 are linked; what follows comes from somebody who is, or says he is, host 3.
class HostileTest : public ::testing::Test {
 protected:
  static constexpr std::chrono::milliseconds kShort{400};

  Loop loop;
  Host one{loop, 1};
  Host two{loop, 2};
  Host three{loop, 3};
  uint16_t port = 0;

  void SetUp() override {
    port = one.listen();
    two.dial(7, 1, port);
    ASSERT_TRUE(loop.until([&] {
      return one.count<core::LinkUp>() == 1 && two.count<core::LinkUp>() == 1 &&
             three.secrets.ready();
    }));
    authenticated_ = one.transport.counters().authenticated;
  }
  void TearDown() override {
    EXPECT_TRUE(loop.until([&] { return one.transport.counters().strangers == 0; }));
    const size_t heard = two.count<core::Received>();
    one.send(one.all<core::LinkUp>()[0].link, "the link lives");
    EXPECT_TRUE(loop.until([&] { return two.count<core::Received>() == heard + 1; }));
    EXPECT_EQ(two.count<core::LinkDown>(), 0u);
  }
  void allow(std::chrono::milliseconds time) {
    one.transport.set_options({.handshake_time = time});
  }

  uint64_t refused(Refusal kind) const { return one.transport.counters().refused[kind]; }
  // One more was refused for that, and it was said once, with the address.
  void expect_refused(Refusal kind, uint64_t times = 1) {
    EXPECT_TRUE(loop.until([&] { return refused(kind) == times; })) << to_string(kind);
    EXPECT_EQ(one.transport.counters().refused.sum(), times);
    EXPECT_EQ(one.transport.counters().authenticated, authenticated_);
    ASSERT_EQ(one.logs.size(), 1u);
    EXPECT_TRUE(one.logged("from 127.0.0.1:") && one.logged(to_string(kind))) << one.logs[0];
  }

 private:
  uint64_t authenticated_ = 0;
};

}  // namespace cluster::net::testing
