// Handshakes with a released version: as it was recorded, and with an end that is made of the recorded
// scalars and of that version's formulas and schema, written down here once more. That end is shown to say
// what was recorded, and then meets a handshake of this version, whose own scalar is random.
#include <gtest/gtest.h>

#include "net/crypto.h"
#include "net/handshake.h"
#include "net/identity.h"
#include "net/spake2.h"
#include "recorded/v1/handshake.pb.h"
#include "tests/recorded/recording.h"
#include "tests/unit/net/support.h"

namespace cluster::net {
namespace {

using Role = Handshake::Role;
using State = Handshake::State;
using Failure = Handshake::Failure;
using Message = cluster::recorded::v1::Handshake;

class RecordedHandshake : public ::testing::Test, public Peers {
 protected:
  // Peers: this version is host `me_`.
  HostId self() const override { return me_; }
  std::optional<std::string> name(HostId host) const override {
    return host == HostId(1) ? "one" : host == HostId(2) ? "two" : std::optional<std::string>();
  }
  std::vector<Credential> credentials(HostId, const NodeId&) const override { return known_; }
  std::optional<std::string> admit(HostId, const NodeId&) const override { return std::nullopt; }

  std::string of(const std::string& part, const std::string& name) const {
    for (const auto& entry : parts_.at(part))
      if (entry.name == name) return entry.bytes;
    throw std::out_of_range(part + ": " + name);
  }
  std::string secret(const std::string& name) const { return of("secrets", name); }
  Credential passphrases() const { return {{}, secret("passphrases")}; }
  Credential first() const { return {{1, 11}, secret("first")}; }
  Credential second() const { return {{2, 22}, secret("second")}; }

  std::unique_ptr<Handshake> dialer() {
    me_ = HostId(1);
    return std::make_unique<Handshake>(
        Role::kDialer, *this, Channel{secret("binding"), secret("key-one"), secret("key-two")},
        HostId(2));
  }
  std::unique_ptr<Handshake> listener() {
    me_ = HostId(2);
    return std::make_unique<Handshake>(
        Role::kListener, *this, Channel{secret("binding"), secret("key-two"), secret("key-one")});
  }
  // What it says to these bytes.
  static std::string say(Handshake& end, std::string in = "") {
    std::string out;
    end.advance(in, out);
    return out;
  }

  // A frame of version 1: four bytes of length, big endian, and the message.
  static Message parsed(const std::string& frame) {
    Message message;
    EXPECT_GE(frame.size(), 4u);
    EXPECT_TRUE(message.ParseFromString(frame.substr(4)));
    EXPECT_EQ(message.SerializeAsString(), frame.substr(4)) << "more than version 1 knows";
    return message;
  }
  static std::string framed(const Message& message) {
    const std::string bytes = message.SerializeAsString();
    return std::string{'\0', '\0', static_cast<char>(bytes.size() >> 8),
                       static_cast<char>(bytes.size())} +
           bytes;
  }

  // ------------------------------------------------- an end of version 1, with a recorded scalar

  struct End {
    std::string share;
    Spake2::Keys keys;
    std::string verdict_key;
    std::string next_secret_key;
  };
  End end_of_v1(Spake2::Side side, const std::string& of, const std::string& peer_share) const {
    const bool dials = side == Spake2::Side::kA;
    const Spake2 spake = Spake2::with_scalar(side, secret("w-" + of), secret(dials ? "x" : "y"));
    const std::string dialer =
        joined("cluster handshake 1", "dialer", "1", "one", sha256(secret("key-one")));
    const std::string listener =
        joined("cluster handshake 1", "listener", "2", "two", sha256(secret("key-two")));
    const auto keys = spake.finish(peer_share, dialer, listener, secret("binding"));
    if (!keys) throw std::runtime_error("the share is none");
    return {spake.share(), *keys,
            hkdf_sha256(keys->shared, secret("binding"), "cluster verdict", 32),
            hkdf_sha256(joined(secret(of), keys->shared), secret("binding"), "cluster next secret",
                        32)};
  }
  static Message::Verdict opened(const End& end, const std::string& sealed, const char* whose) {
    Message::Verdict verdict;
    const auto plain = unseal(end.verdict_key, sealed, whose);
    EXPECT_TRUE(plain && verdict.ParseFromString(*plain)) << whose;
    return verdict;
  }
  static std::string sealed(const End& end, const char* whose) {
    Message::Verdict verdict;
    verdict.set_padding(std::string(600, '\0'));
    return seal(end.verdict_key, verdict.SerializeAsString(), whose);
  }

  const std::map<std::string, cluster::recorded::Part> parts_ =
      cluster::recorded::read(std::string(cluster::recorded::kFolder) + "v1/handshake.txt");
  HostId me_;
  std::vector<Credential> known_ = {passphrases()};
};

TEST_F(RecordedHandshake, TheEndOfThatVersionSaysWhatWasRecorded) {
  const Message open = parsed(of("conversation", "open"));
  const Message answer = parsed(of("conversation", "answer"));
  const Message proof = parsed(of("conversation", "proof"));
  const End dialer = end_of_v1(Spake2::Side::kA, "passphrases", answer.answer().share().share());
  const End listener = end_of_v1(Spake2::Side::kB, "passphrases", open.open().share());
  EXPECT_EQ(dialer.share, open.open().share());
  EXPECT_EQ(listener.share, answer.answer().share().share());
  EXPECT_EQ(listener.keys.own_confirmation, answer.answer().share().confirmation());
  EXPECT_EQ(dialer.keys.own_confirmation, proof.proof().confirmation());
  EXPECT_FALSE(opened(dialer, answer.answer().share().verdict(), "listener").refused());
  EXPECT_FALSE(opened(listener, proof.proof().verdict(), "dialer").refused());
  EXPECT_EQ(dialer.next_secret_key, of("outcome", "next-secret-key"));
  const Message refusing = parsed(of("key refused", "answer"));
  const auto verdict = opened(dialer, refusing.answer().share().verdict(), "listener");
  EXPECT_TRUE(verdict.refused());
  EXPECT_EQ(verdict.reason(), "another key is known");
}

TEST_F(RecordedHandshake, ADialerOfThatVersionIsLetIn) {
  const auto end = listener();
  const Message answer = parsed(say(*end, of("conversation", "open")));
  ASSERT_TRUE(answer.answer().has_share());
  const auto& share = answer.answer().share();
  const End dialer = end_of_v1(Spake2::Side::kA, "passphrases", share.share());
  EXPECT_EQ(share.confirmation(), dialer.keys.peer_confirmation);
  EXPECT_FALSE(opened(dialer, share.verdict(), "listener").refused());
  Message proof;
  proof.mutable_proof()->set_confirmation(dialer.keys.own_confirmation);
  proof.mutable_proof()->set_verdict(sealed(dialer, "dialer"));
  say(*end, framed(proof));
  ASSERT_EQ(end->state(), State::kDone) << end->reason();
  EXPECT_EQ(end->peer().host, HostId(1));
  EXPECT_EQ(end->peer().next_secret_key, dialer.next_secret_key);
}

TEST_F(RecordedHandshake, AListenerOfThatVersionIsReached) {
  const auto end = dialer();
  const Message open = parsed(say(*end));
  EXPECT_EQ(open.open().protocol(), 1u);
  EXPECT_EQ(open.open().from(), 1u);
  EXPECT_EQ(open.open().to(), 2u);
  EXPECT_EQ(open.open().name(), "one");
  EXPECT_EQ(open.open().generations_size(), 1);
  const End listener = end_of_v1(Spake2::Side::kB, "passphrases", open.open().share());
  Message answer;
  answer.mutable_answer()->mutable_share()->set_share(listener.share);
  answer.mutable_answer()->mutable_share()->set_confirmation(listener.keys.own_confirmation);
  answer.mutable_answer()->mutable_share()->set_verdict(sealed(listener, "listener"));
  const Message proof = parsed(say(*end, framed(answer)));
  EXPECT_EQ(proof.proof().confirmation(), listener.keys.peer_confirmation);
  EXPECT_FALSE(opened(listener, proof.proof().verdict(), "dialer").refused());
  ASSERT_EQ(end->state(), State::kDone) << end->reason();
  EXPECT_EQ(end->peer().next_secret_key, listener.next_secret_key);
}

TEST_F(RecordedHandshake, AnOlderGenerationIsAgreedOn) {
  known_ = {first()};
  const auto accepting = listener();
  EXPECT_EQ(say(*accepting, of("an older generation", "open")),
            of("an older generation", "instead"));
  const Message answer = parsed(say(*accepting, of("an older generation", "open-again")));
  const End dialing = end_of_v1(Spake2::Side::kA, "first", answer.answer().share().share());
  EXPECT_EQ(answer.answer().share().confirmation(), dialing.keys.peer_confirmation);

  known_ = {second(), first()};
  const auto end = dialer();
  const Message open = parsed(say(*end));
  EXPECT_EQ(open.open().used().count(), 2u);
  EXPECT_EQ(open.open().used().hash(), 22u);
  ASSERT_EQ(open.open().generations_size(), 2);
  const Message again = parsed(say(*end, of("an older generation", "instead")));
  EXPECT_EQ(again.open().used().count(), 1u);
  EXPECT_EQ(again.open().used().hash(), 11u);
}

TEST_F(RecordedHandshake, ItsRefusalsAreUnderstood) {
  const std::pair<const char*, Failure> cases[] = {{"refused", Failure::kRefused},
                                                   {"version", Failure::kVersion}};
  for (const auto& [name, failure] : cases) {
    const auto end = dialer();
    say(*end);
    say(*end, of("refusals", name));
    EXPECT_EQ(end->failure(), failure) << name;
  }
  const auto end = listener();
  say(*end, of("conversation", "open"));
  say(*end, of("refusals", "not-proved"));
  EXPECT_EQ(end->failure(), Failure::kWrongSecret);
}

// What both ends make of the passphrases, and of a session, is as much of the wire as what they say.
TEST_F(RecordedHandshake, TheSecretsThatFollowAreTheSame) {
  testing::Loop loop;
  Secrets secrets(loop.base(), testing::identity(1), {});
  testing::let_all_in(secrets, testing::lines());
  secrets.set_lines(HostId(1), testing::lines());
  ASSERT_TRUE(loop.until([&] { return secrets.ready(); }));
  const auto known = secrets.credentials(HostId(2), NodeId{});
  ASSERT_EQ(known.size(), 1u);
  EXPECT_EQ(known[0].secret, secret("passphrases"));
  Handshake::Peer peer;
  peer.host = HostId(2);
  peer.next_secret_key = of("outcome", "next-secret-key");
  uint64_t hash = 0;
  for (const unsigned char byte : of("outcome", "next-hash")) hash = hash << 8 | byte;
  EXPECT_EQ(secrets.derive_next(peer, 1).generation, (Generation{1, hash}));
}

}  // namespace
}  // namespace cluster::net
