// What strangers may try on the port: each is ended for a reason that is counted and said, and the links
// that there are notice nothing.
#include "hostile.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace cluster::net {
namespace {

using core::LinkDown;
using core::LinkUp;
using core::Received;
using testing::closed;
using testing::connect_to;
using testing::HostileTest;
using testing::identity;
using testing::RawPeer;

constexpr char kClientHello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

// ------------------------------------------------------------------------------------------- before TLS

TEST_F(HostileTest, HalfOpenAndSilentIsNoNews) {
  allow(kShort);
  const Fd fd = connect_to(port);
  EXPECT_TRUE(loop.until([&] { return closed(fd); }));
  EXPECT_EQ(refused(Refusal::kTime), 1u);
  EXPECT_TRUE(one.logs.empty());
}

TEST_F(HostileTest, OfTooManyStrangersTheOldestGoes) {
  std::vector<Fd> all;
  for (int i = 0; i < 12; ++i) {
    all.push_back(connect_to(port));
    const uint64_t expected = static_cast<uint64_t>(i) + 1;
    ASSERT_TRUE(loop.until([&] { return one.transport.counters().accepted == expected + 1; }));
  }
  ASSERT_TRUE(loop.until([&] { return closed(all[3]); }));
  int open = 0;
  for (const Fd& fd : all) open += !closed(fd);
  EXPECT_EQ(open, 8);
  EXPECT_FALSE(closed(all[11]));
  EXPECT_EQ(one.transport.counters().refused[Refusal::kRoom], 4u);
  EXPECT_EQ(one.logs.size(), 1u);
  three.dial(1, 1, port);
  ASSERT_TRUE(loop.until([&] { return three.count<LinkUp>() == 1; }));
  all.clear();
}

TEST_F(HostileTest, OtherProtocolsAreRefused) {
  for (const std::string& text :
       {std::string("GET / HTTP/1.0\r\n\r\n"), std::string(3000, '\0'),
        std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string(100'000, '\x16'),
        std::string("\x16\x03\x01\x40\x00\x01", 6) + std::string(16'379, 'x'),
        std::string(kClientHello, 11)}) {
    const Fd fd = connect_to(port);
    send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (text.size() == 11) shutdown(fd.get(), SHUT_WR);  // half a ClientHello, half open
    EXPECT_TRUE(loop.until([&] { return closed(fd); })) << text.substr(0, 20);
  }
  EXPECT_EQ(one.count<LinkUp>(), 1u);
  EXPECT_EQ(refused(Refusal::kNoTls), 4u);
  EXPECT_EQ(refused(Refusal::kSize), 1u);
  EXPECT_EQ(refused(Refusal::kLost), 1u);
  EXPECT_EQ(one.logs.size(), 3u);
}

TEST_F(HostileTest, AByteNowAndThenDoesNotProlongItsTime) {
  allow(kShort);
  const Fd fd = connect_to(port);
  auto next = std::chrono::steady_clock::now();
  size_t sent = 0;
  ASSERT_TRUE(loop.until([&] {
    if (std::chrono::steady_clock::now() >= next && sent < sizeof kClientHello) {
      send(fd.get(), &kClientHello[sent++], 1, MSG_NOSIGNAL);
      next += kShort / 10;
    }
    return closed(fd);
  }));
  EXPECT_GT(sent, 2u);
  expect_refused(Refusal::kTime);
}

TEST_F(HostileTest, ATruncatedClientHelloWaitsInVain) {
  allow(kShort);
  RawPeer raw(three.secrets, connect_to(port), identity(3));
  raw.tls.outgoing().pop_back();
  raw.flush();
  EXPECT_TRUE(loop.until([&] { return closed(raw.fd); }));
  expect_refused(Refusal::kTime);
}

TEST_F(HostileTest, ARepeatedClientHelloIsRefused) {
  RawPeer raw(three.secrets, connect_to(port), identity(3));
  raw.tls.outgoing() += raw.tls.outgoing();
  raw.flush();
  EXPECT_TRUE(loop.until([&] { return closed(raw.fd); }));
  expect_refused(Refusal::kTls);
}

TEST_F(HostileTest, TlsHandshakesOfOneAddressAreMetered) {
  const std::string hello = RawPeer(three.secrets, Fd(), identity(3)).tls.outgoing();
  std::vector<Fd> all;
  ASSERT_TRUE(loop.until([&] {
    all.clear();
    while (all.size() < kMaxStrangersPerAddress) {
      all.push_back(connect_to(port, "127.0.0.8"));
      send(all.back().get(), hello.data(), hello.size(), MSG_NOSIGNAL);
    }
    return refused(Refusal::kRate) > 0;
  }));
  EXPECT_LE(one.transport.counters().strangers, kMaxStrangersPerAddress);
  EXPECT_TRUE(one.logged("from 127.0.0.8:") && one.logged("rate"));
  three.dial(1, 1, port);
  EXPECT_TRUE(loop.until([&] { return three.count<LinkUp>() == 1; }));
}

// ---------------------------------------------------------------------------------------------- TLS

// A TLS client of a given version without our handshake.
struct TlsClient {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = nullptr;

  TlsClient(int fd, int version, const Identity* with) {
    SSL_CTX_set_max_proto_version(context, version);
    if (with) {
      SSL_CTX_use_certificate(context, with->certificate());
      SSL_CTX_use_PrivateKey(context, with->key());
    }
    ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
  }
  ~TlsClient() {
    SSL_free(ssl);
    SSL_CTX_free(context);
    ERR_clear_error();
  }
  // 0: in progress, 1: done, -1: failed.
  int step() {
    ERR_clear_error();
    const int result = SSL_connect(ssl);
    if (result == 1) return 1;
    const int why = SSL_get_error(ssl, result);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
  }
};

TEST_F(HostileTest, TlsBelow13IsRefused) {
  const Fd fd = connect_to(port);
  TlsClient client(fd.get(), TLS1_2_VERSION, &testing::identity(2));
  ASSERT_TRUE(loop.until([&] { return client.step() != 0; }));
  EXPECT_EQ(client.step(), -1);
  ASSERT_TRUE(loop.until([&] { return closed(fd); }));
  expect_refused(Refusal::kTls);
}

TEST_F(HostileTest, TlsWithoutOurHandshakeOrACertificateIsRefused) {
  for (const Identity* with : {static_cast<const Identity*>(nullptr), &testing::identity(2)}) {
    const Fd fd = connect_to(port);
    TlsClient client(fd.get(), TLS1_3_VERSION, with);
    ASSERT_TRUE(loop.until([&] { return client.step() != 0; }));
    if (client.step() == 1) SSL_write(client.ssl, "GET / HTTP/1.0\r\n\r\n", 18);
    ASSERT_TRUE(loop.until([&] { return closed(fd); }));
  }
  EXPECT_EQ(one.count<LinkUp>(), 1u);
}

// --------------------------------------------------------------------------------------- inside of TLS

TEST_F(HostileTest, SilenceInsideOfTlsHasItsTime) {
  allow(kShort);
  RawPeer raw(three.secrets, connect_to(port), identity(3));
  ASSERT_TRUE(loop.until([&] { return raw.open(); }));
  EXPECT_TRUE(loop.until([&] { return closed(raw.fd); }));
  expect_refused(Refusal::kTime);
}

TEST_F(HostileTest, MessagesThatAreTooLongOrNoneAreRefused) {
  uint64_t times = 0;
  for (const std::string& bytes :
       {std::string("\0\0\x10\x01", 4), std::string("\xff\xff\xff\xff"), std::string(4, '\0'),
        std::string("\0\0\0\x05hello", 9), std::string("GET / HTTP/1.1\r\n")}) {
    RawPeer raw(three.secrets, connect_to(port), identity(3));
    ASSERT_TRUE(loop.until([&] { return raw.open(); }));
    raw.say(bytes);
    EXPECT_TRUE(loop.until([&] { return closed(raw.fd); }));
    expect_refused(Refusal::kMalformed, ++times);
  }
}

TEST_F(HostileTest, TooManyBytesAreRefusedWhateverTheySay) {
  RawPeer raw(three.secrets, connect_to(port), identity(3));
  ASSERT_TRUE(loop.until([&] { return raw.open(); }));
  raw.say(std::string("\0\0\x10\0", 4));
  // A byte of the announced 4 KiB in each record: the records are what is too much.
  for (int i = 0; i < 4000; ++i) raw.say("x");
  EXPECT_TRUE(loop.until([&] { return closed(raw.fd); }));
  expect_refused(Refusal::kSize);
}

TEST_F(HostileTest, ATruncatedOpenWaitsInVain) {
  allow(kShort);
  RawPeer raw(three.secrets, connect_to(port), identity(3));
  raw.change = [](std::string& out) {
    if (!out.empty()) out.pop_back();
  };
  loop.until([&] { return raw.step() || !raw.said.empty(); });
  EXPECT_TRUE(loop.until([&] { return closed(raw.fd); }));
  expect_refused(Refusal::kTime);
}

TEST_F(HostileTest, ARepeatedOpenIsRefused) {
  RawPeer raw(three.secrets, connect_to(port), identity(3));
  raw.change = [](std::string& out) { out += out; };
  loop.until([&] { return raw.step() || !raw.said.empty(); });
  EXPECT_TRUE(loop.until([&] { return closed(raw.fd); }));
  expect_refused(Refusal::kMalformed);
}

TEST_F(HostileTest, AHandshakeReplayedInAnotherSessionProvesNothing) {
  std::string recorded;
  {
    RawPeer raw(three.secrets, connect_to(port), identity(3));
    ASSERT_TRUE(loop.until([&] { return raw.step() && one.count<LinkUp>() == 2; }));
    recorded = raw.said;
  }
  ASSERT_TRUE(loop.until([&] { return one.count<LinkDown>() == 1; }));
  RawPeer raw(three.secrets, connect_to(port), identity(3));
  ASSERT_TRUE(loop.until([&] { return raw.open(); }));
  raw.say(recorded);
  EXPECT_TRUE(loop.until([&] { return closed(raw.fd); }));
  EXPECT_EQ(refused(Refusal::kWrongSecret), 1u);
  EXPECT_EQ(one.count<LinkUp>(), 2u);
}

// --------------------------------------------------------------------------------------------- a link

TEST_F(HostileTest, AMalformedFrameClosesThatLinkWithAReason) {
  uint64_t links = 1;
  for (const std::string& header : {std::string("\xff\xff\xff\xff"), std::string(4, '\0')}) {
    RawPeer raw(three.secrets, connect_to(port), identity(3));
    ++links;
    ASSERT_TRUE(loop.until([&] { return raw.step() && one.count<LinkUp>() == links; }));
    raw.say(std::string("\0\0\0\x05"
                        "hello",
                        9) +
            header);
    ASSERT_TRUE(loop.until([&] { return one.count<LinkDown>() == links - 1; }));
    EXPECT_EQ(one.all<Received>().back().bytes, "hello");
    EXPECT_EQ(one.all<LinkDown>().back().link, one.all<LinkUp>().back().link);
    EXPECT_NE(one.all<LinkDown>().back().reason.find("malformed frame"), std::string::npos);
    ASSERT_TRUE(loop.until([&] { return closed(raw.fd); }));
  }
  EXPECT_EQ(one.logs.size(), 1u);
  EXPECT_EQ(refused(Refusal::kFrame), 2u);
}

}  // namespace
}  // namespace cluster::net
