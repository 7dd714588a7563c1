#include "net/handshake.h"

#include <gtest/gtest.h>

#include <map>

#include "net/crypto.h"
#include "net/identity.h"

namespace cluster::net {
namespace {

using Role = Handshake::Role;
using State = Handshake::State;
using Failure = Handshake::Failure;

struct FakePeers : Peers {
  HostId me;
  std::map<HostId, std::string> names{{HostId(1), "one"}, {HostId(2), "two"}, {HostId(3), "three"}};
  std::vector<Credential> known{{Generation{}, std::string(48, 's')}};
  bool more_soon = false;
  std::optional<std::string> objection;
  mutable NodeId asked;

  explicit FakePeers(uint32_t id) : me(id) {}
  HostId self() const override { return me; }
  std::optional<std::string> name(HostId host) const override {
    const auto at = names.find(host);
    return at == names.end() ? std::nullopt : std::optional(at->second);
  }
  std::vector<Credential> credentials(HostId, const NodeId&) const override { return known; }
  bool deriving(HostId) const override { return more_soon; }
  std::optional<std::string> admit(HostId, const NodeId& node) const override {
    asked = node;
    return objection;
  }
};

const std::string kDialerKey = "key of the dialer";
const std::string kListenerKey = "key of the listener";

struct Pair {
  FakePeers at_dialer{1};
  FakePeers at_listener{2};
  HostId target{2};
  Channel dialer_channel{std::string(kChannelBindingBytes, 'b'), kDialerKey, kListenerKey};
  Channel listener_channel{std::string(kChannelBindingBytes, 'b'), kListenerKey, kDialerKey};
  std::unique_ptr<Handshake> dialer;
  std::unique_ptr<Handshake> listener;
  std::string to_listener;
  std::string to_dialer;

  void make() {
    dialer = std::make_unique<Handshake>(Role::kDialer, at_dialer, dialer_channel, target);
    listener = std::make_unique<Handshake>(Role::kListener, at_listener, listener_channel);
  }
  void run() {
    make();
    dialer->advance(to_dialer, to_listener);
    for (int message = 0; message < 4; ++message) {
      listener->advance(to_listener, to_dialer);
      dialer->advance(to_dialer, to_listener);
    }
  }
};

TEST(HandshakeTest, AListenerWaitsForWhatIsBeingDerived) {
  Pair pair;
  pair.at_listener.known.clear();
  pair.at_listener.more_soon = true;
  pair.run();
  EXPECT_EQ(pair.listener->state(), State::kWorking);
  EXPECT_EQ(pair.to_dialer, "");
  pair.at_listener.known = pair.at_dialer.known;
  pair.at_listener.more_soon = false;
  for (int message = 0; message < 2; ++message) {
    pair.listener->advance(pair.to_listener, pair.to_dialer);
    pair.dialer->advance(pair.to_dialer, pair.to_listener);
  }
  EXPECT_EQ(pair.dialer->state(), State::kDone);
  EXPECT_EQ(pair.listener->advance(pair.to_listener, pair.to_dialer), State::kDone);

  // Nothing comes of it: the refusal comes then.
  Pair without;
  without.at_listener.known.clear();
  without.at_listener.more_soon = true;
  without.run();
  without.at_listener.more_soon = false;
  EXPECT_EQ(without.listener->advance(without.to_listener, without.to_dialer), State::kFailed);
  EXPECT_EQ(without.listener->failure(), Failure::kNoSecret);
}

TEST(HandshakeTest, BothEndsLearnWhoIsThere) {
  Pair pair;
  pair.run();
  ASSERT_EQ(pair.dialer->state(), State::kDone);
  ASSERT_EQ(pair.listener->state(), State::kDone);
  EXPECT_EQ(pair.dialer->peer().host, HostId(2));
  EXPECT_EQ(pair.dialer->peer().name, "two");
  EXPECT_EQ(pair.dialer->peer().node, node_id_of(kListenerKey));
  EXPECT_EQ(pair.listener->peer().host, HostId(1));
  EXPECT_EQ(pair.listener->peer().node, node_id_of(kDialerKey));
  EXPECT_EQ(pair.listener->peer().next_secret_key, pair.dialer->peer().next_secret_key);
  EXPECT_EQ(pair.listener->peer().next_secret_key.size(), 32u);
  EXPECT_EQ(pair.at_listener.asked, node_id_of(kDialerKey));
  EXPECT_FALSE(pair.listener->guess_open());
}

TEST(HandshakeTest, WhatFollowsTheLastMessageIsLeftAlone) {
  Pair pair;
  pair.make();
  pair.dialer->advance(pair.to_dialer, pair.to_listener);
  pair.listener->advance(pair.to_listener, pair.to_dialer);
  EXPECT_TRUE(pair.listener->guess_open());
  pair.to_dialer += "first frame";
  ASSERT_EQ(pair.dialer->advance(pair.to_dialer, pair.to_listener), State::kDone);
  EXPECT_EQ(pair.to_dialer, "first frame");
  pair.to_listener += "another";
  ASSERT_EQ(pair.listener->advance(pair.to_listener, pair.to_dialer), State::kDone);
  EXPECT_EQ(pair.to_listener, "another");
}

TEST(HandshakeTest, ByteByByteItIsTheSame) {
  Pair pair;
  pair.make();
  std::string out;
  pair.dialer->advance(pair.to_dialer, out);
  for (int round = 0; round < 3; ++round) {
    for (const bool to_listener : {true, false}) {
      std::string in;
      std::string next;
      for (const char c : std::exchange(out, {})) {
        in.push_back(c);
        (to_listener ? pair.listener : pair.dialer)->advance(in, next);
      }
      out = next;
    }
  }
  EXPECT_EQ(pair.dialer->state(), State::kDone);
  EXPECT_EQ(pair.listener->state(), State::kDone);
}

TEST(HandshakeTest, AWrongSecretIsFoundByTheDialerAndToldToTheListener) {
  Pair pair;
  pair.at_dialer.known[0].secret = std::string(48, 't');
  pair.run();
  EXPECT_EQ(pair.dialer->failure(), Failure::kWrongSecret);
  EXPECT_EQ(pair.listener->failure(), Failure::kWrongSecret);
  EXPECT_NE(pair.listener->reason().find("host 1 (one)"), std::string::npos)
      << pair.listener->reason();
}

TEST(HandshakeTest, ADialerThatGoesOnWithAWrongSecretIsRefused) {
  // It cannot know the confirmation, so it sends one of its own making: a Proof of 32 zero bytes.
  Pair pair;
  pair.make();
  pair.dialer->advance(pair.to_dialer, pair.to_listener);
  pair.listener->advance(pair.to_listener, pair.to_dialer);
  std::string proof("\x1a\x22\x0a\x20", 4);
  proof += std::string(32, '\0');
  std::string in = std::string("\0\0\0\x24", 4) + proof;
  EXPECT_EQ(pair.listener->advance(in, pair.to_dialer), State::kFailed);
  EXPECT_EQ(pair.listener->failure(), Failure::kWrongSecret);
  EXPECT_TRUE(pair.listener->guess_open());
}

TEST(HandshakeTest, AManInTheMiddleWithAnotherSessionIsFound) {
  Pair pair;
  pair.dialer_channel.binding = std::string(kChannelBindingBytes, 'c');
  pair.run();
  EXPECT_EQ(pair.dialer->failure(), Failure::kWrongSecret);
  EXPECT_NE(pair.listener->state(), State::kDone);
}

TEST(HandshakeTest, AnotherKeyThanTheOneInTheSessionIsFound) {
  Pair pair;
  pair.dialer_channel.peer_key = "key of a man in the middle";
  pair.run();
  EXPECT_EQ(pair.dialer->failure(), Failure::kWrongSecret);
}

TEST(HandshakeTest, ReflectionProvesNothing) {
  Pair pair;
  pair.make();
  std::string out;
  pair.dialer->advance(pair.to_dialer, out);
  EXPECT_EQ(pair.dialer->advance(out, pair.to_listener), State::kFailed);
  EXPECT_EQ(pair.dialer->failure(), Failure::kMalformed);

  // The dialer's messages brought back to its own listener.
  Pair own;
  own.make();
  Handshake self(Role::kListener, own.at_dialer, {std::string(32, 'b'), kDialerKey, kDialerKey});
  own.dialer->advance(own.to_dialer, own.to_listener);
  EXPECT_EQ(self.advance(own.to_listener, own.to_dialer), State::kFailed);
  EXPECT_EQ(self.failure(), Failure::kSelf);
}

TEST(HandshakeTest, NamesAndIdsMustBeThoseOfTheHostsFile) {
  {
    Pair pair;
    pair.at_listener.names.erase(HostId(1));
    pair.run();
    EXPECT_EQ(pair.listener->failure(), Failure::kUnknownHost);
    EXPECT_EQ(pair.dialer->failure(), Failure::kRefused);
  }
  {
    Pair pair;
    pair.at_listener.names[HostId(1)] = "uno";
    pair.run();
    EXPECT_EQ(pair.listener->failure(), Failure::kWrongName);
    EXPECT_EQ(pair.dialer->failure(), Failure::kRefused);
    EXPECT_EQ(pair.dialer->reason().find("uno"), std::string::npos);
  }
  {
    Pair pair;
    pair.at_dialer.names[HostId(2)] = "due";
    pair.run();
    EXPECT_EQ(pair.dialer->failure(), Failure::kWrongSecret);
    EXPECT_EQ(pair.listener->failure(), Failure::kWrongSecret);
  }
  {
    Pair pair;
    pair.target = HostId(3);
    pair.run();
    EXPECT_EQ(pair.listener->failure(), Failure::kNotMe);
  }
  {
    Pair pair;
    pair.at_dialer.me = HostId(2);
    pair.target = HostId(1);
    pair.run();
    EXPECT_EQ(pair.listener->failure(), Failure::kSelf);
  }
  {
    Pair pair;
    pair.target = HostId(1);
    pair.run();
    EXPECT_EQ(pair.dialer->failure(), Failure::kSelf);
    EXPECT_TRUE(pair.to_listener.empty());
  }
  {
    Pair pair;
    pair.target = HostId(9);
    pair.run();
    EXPECT_EQ(pair.dialer->failure(), Failure::kUnknownHost);
  }
}

TEST(HandshakeTest, ItsOwnNodeKeyElsewhereIsRefused) {
  Pair pair;
  pair.dialer_channel.peer_key = kDialerKey;
  pair.listener_channel = {std::string(kChannelBindingBytes, 'b'), kDialerKey, kDialerKey};
  pair.run();
  EXPECT_EQ(pair.listener->failure(), Failure::kSelf);
}

TEST(HandshakeTest, AKeyThatIsNotAdmittedIsToldSoOnceItHasProvedTheSecret) {
  for (const bool dialer_objects : {false, true}) {
    Pair pair;
    (dialer_objects ? pair.at_dialer : pair.at_listener).objection =
        "the key has changed; see readmit";
    pair.run();
    Handshake& objecting = dialer_objects ? *pair.dialer : *pair.listener;
    Handshake& refused = dialer_objects ? *pair.listener : *pair.dialer;
    EXPECT_EQ(objecting.failure(), Failure::kNotAdmitted);
    EXPECT_EQ(objecting.reason(), "the key has changed; see readmit");
    EXPECT_EQ(refused.failure(), Failure::kKeyRefused);
    EXPECT_NE(refused.reason().find("the key has changed; see readmit"), std::string::npos);
  }
}

TEST(HandshakeTest, TheAnswerIsOfOneSizeWhateverTheVerdict) {
  std::vector<size_t> sizes;
  for (const size_t length : {0, 1, 50, 400, 2000}) {
    Pair pair;
    if (length > 0) pair.at_listener.objection = std::string(length, 'x');
    pair.make();
    pair.dialer->advance(pair.to_dialer, pair.to_listener);
    pair.listener->advance(pair.to_listener, pair.to_dialer);
    sizes.push_back(pair.to_dialer.size());
  }
  for (const size_t size : sizes) EXPECT_EQ(size, sizes[0]);
}

TEST(HandshakeTest, TheNewestSharedGenerationIsFoundWithOneMoreOpen) {
  const Credential passphrase{Generation{}, std::string(48, 's')};
  const Credential first{{1, 11}, std::string(48, '1')};
  const Credential second{{2, 22}, std::string(48, '2')};
  {
    Pair pair;
    pair.at_dialer.known = {second, first};
    pair.at_listener.known = {first};
    pair.run();
    EXPECT_EQ(pair.dialer->state(), State::kDone) << pair.dialer->reason();
    ASSERT_EQ(pair.listener->state(), State::kDone) << pair.listener->reason();
    EXPECT_EQ(pair.listener->peer().generation, (Generation{1, 11}));
    EXPECT_EQ(pair.dialer->peer().generation, (Generation{1, 11}));
  }
  {
    // Never below what is kept: the passphrase is dead here.
    Pair pair;
    pair.at_dialer.known = {passphrase};
    pair.at_listener.known = {second, first};
    pair.run();
    EXPECT_EQ(pair.listener->failure(), Failure::kNoSecret);
    EXPECT_EQ(pair.dialer->failure(), Failure::kRefused);
  }
  {
    Pair pair;
    pair.at_dialer.known.clear();
    pair.run();
    EXPECT_EQ(pair.dialer->failure(), Failure::kNoSecret);
  }
}

TEST(HandshakeTest, AnotherVersionIsNamed) {
  Pair pair;
  pair.make();
  pair.dialer->advance(pair.to_dialer, pair.to_listener);
  // Open's first field is the version: 08 01.
  const size_t at = pair.to_listener.find("\x08\x01");
  ASSERT_NE(at, std::string::npos);
  pair.to_listener[at + 1] = 9;
  EXPECT_EQ(pair.listener->advance(pair.to_listener, pair.to_dialer), State::kFailed);
  EXPECT_EQ(pair.listener->failure(), Failure::kVersion);
  EXPECT_EQ(pair.dialer->advance(pair.to_dialer, pair.to_listener), State::kFailed);
  EXPECT_EQ(pair.dialer->failure(), Failure::kVersion);
}

// Every message cut short, longer, or with any one byte changed: never done on both ends, no crash.
TEST(HandshakeTest, DamageAtAnyByteNeverAuthenticates) {
  for (int message = 0; message < 3; ++message) {
    size_t length = 1;
    for (size_t i = 0; i < length; i += (i < 40 ? 1 : 7)) {
      for (const int kind : {0, 1, 2}) {
        Pair pair;
        pair.make();
        const auto damage = [&](std::string& bytes) {
          length = bytes.size();
          if (kind == 0) bytes.resize(i);
          if (kind == 1) bytes[i] = static_cast<char>(bytes[i] ^ 0x11);
          if (kind == 2) bytes.insert(i, 1, '\x7f');
        };
        pair.dialer->advance(pair.to_dialer, pair.to_listener);
        if (message == 0) damage(pair.to_listener);
        pair.listener->advance(pair.to_listener, pair.to_dialer);
        if (message == 1 && !pair.to_dialer.empty()) damage(pair.to_dialer);
        pair.dialer->advance(pair.to_dialer, pair.to_listener);
        if (message == 2) damage(pair.to_listener);
        pair.listener->advance(pair.to_listener, pair.to_dialer);
        // Bytes behind the last message are not this protocol's any more.
        EXPECT_FALSE(pair.dialer->state() == State::kDone && pair.listener->state() == State::kDone)
            << "message " << message << " byte " << i << " kind " << kind;
      }
    }
  }
}

TEST(HandshakeTest, GarbageAndOversizedMessagesFail) {
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.0\r\n\r\n"), std::string(64, '\0'), std::string(64, '\xff'),
        std::string("\0\0\x10\x01", 4), std::string("\0\0\0\x05hello", 9)}) {
    for (const Role role : {Role::kListener, Role::kDialer}) {
      Pair pair;
      pair.make();
      std::string in = bytes;
      std::string out;
      Handshake& one = role == Role::kListener ? *pair.listener : *pair.dialer;
      EXPECT_EQ(one.advance(in, out), State::kFailed);
      EXPECT_EQ(one.failure(), Failure::kMalformed);
      EXPECT_EQ(one.advance(in, out), State::kFailed);
    }
  }
}

TEST(HandshakeTest, ARepeatedOpenIsRefused) {
  Pair pair;
  pair.make();
  pair.dialer->advance(pair.to_dialer, pair.to_listener);
  std::string twice = pair.to_listener + pair.to_listener;
  EXPECT_EQ(pair.listener->advance(twice, pair.to_dialer), State::kFailed);
  EXPECT_EQ(pair.listener->failure(), Failure::kMalformed);
}

}  // namespace
}  // namespace cluster::net
