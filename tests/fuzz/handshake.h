// One end of a handshake under attack. The other end is a genuine Handshake, with the right secret or a wrong
// one, whose messages the input passes on, damages, repeats, reorders, reflects or replaces; so the attacker
// gets as deep as its secret lets it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/crypto.h"
#include "net/handshake.h"
#include "net/identity.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/random.h"
#include "wire/framing.h"
#include "wire/handshake.pb.h"

namespace cluster::fuzz {

using net::Handshake;
using Role = Handshake::Role;
using State = Handshake::State;

inline constexpr size_t kMaxManoeuvres = 48;

struct KnownPeers final : net::Peers {
  HostId me;
  std::map<HostId, std::string> names{{HostId(1), "one"}, {HostId(2), "two"}, {HostId(3), "three"}};
  std::vector<net::Credential> known;
  std::optional<std::string> objection;

  HostId self() const override { return me; }
  std::optional<std::string> name(HostId host) const override {
    const auto at = names.find(host);
    return at == names.end() ? std::nullopt : std::optional(at->second);
  }
  std::vector<net::Credential> credentials(HostId, const NodeId&) const override { return known; }
  std::optional<std::string> admit(HostId, const NodeId&) const override { return objection; }
};

// How the two ends differ, if at all.
struct Case {
  bool wrong_secret, other_session, other_key, objection, peer_objection, wrong_id, wrong_name;
  uint8_t generations;

  explicit Case(Input& input) {
    const uint8_t bits = input.byte();
    wrong_secret = bits & 1, other_session = bits & 2, other_key = bits & 4;
    objection = bits & 8, peer_objection = bits & 16, wrong_id = bits & 32, wrong_name = bits & 64;
    generations = input.byte() % 5;
  }
  bool share_a_generation() const { return generations != 4; }
  // Such a peer is not the host that it says, or that a dialer means; a listener takes any host.
  bool hostile(Role role) const {
    return wrong_secret || other_session || other_key || (wrong_id && role == Role::kDialer) ||
           wrong_name || !share_a_generation();
  }
  bool sound(Role role) const { return !hostile(role) && !objection && !peer_objection; }
};

inline std::vector<net::Credential> credentials(uint64_t from, uint64_t to, char fill) {
  std::vector<net::Credential> out;
  for (uint64_t count = from; count + 1 > to; --count) {
    out.push_back({{count, count * 11}, std::string(48, static_cast<char>(fill + count))});
    if (count == 0) break;
  }
  return out;
}

class Attack {
 public:
  Attack(Role role, Input& input) : role_(role), input_(input), case_(input) {
    const bool dials = role == Role::kDialer;
    own_.me = HostId(dials ? 1 : 2);
    other_.me = HostId(dials ? 2 : 1);
    if (case_.wrong_id) other_.me = HostId(3);
    if (case_.wrong_name) other_.names[other_.me] = "mallory";
    if (case_.objection) own_.objection = "the key has changed; see readmit";
    if (case_.peer_objection) other_.objection = "no\nsuch \x1b[31mkey";
    give_credentials();
    subject_ = make(role, own_, channel(kOwnKey, kOtherKey, 'b'));
    const std::string seen = case_.other_key ? "key of a man in the middle" : kOwnKey;
    peer_ = make(other(role), other_, channel(kOtherKey, seen, case_.other_session ? 'c' : 'b'));
    record_an_older_session();
  }

  void run() {
    advance("");
    for (size_t i = 0; i < kMaxManoeuvres && !input_.empty(); ++i) manoeuvre();
    if (!tampered_) finish_honestly();
    check_that_it_stays_ended();
  }

 private:
  static constexpr char kOwnKey[] = "key of the subject";
  static constexpr char kOtherKey[] = "key of its peer";

  static Role other(Role role) { return role == Role::kDialer ? Role::kListener : Role::kDialer; }
  static net::Channel channel(std::string own, std::string peer, char binding) {
    return {std::string(net::kChannelBindingBytes, binding), std::move(own), std::move(peer)};
  }

  std::unique_ptr<Handshake> make(Role role, const KnownPeers& peers, net::Channel channel) {
    const HostId target =
        role == Role::kListener ? HostId() : HostId(peers.me == HostId(1) ? 2 : 1);
    return std::make_unique<Handshake>(role, peers, std::move(channel),
                                       peers.me == HostId(3) ? HostId(2) : target);
  }

  void give_credentials() {
    static constexpr struct {
      uint64_t own_newest, own_oldest, other_newest, other_oldest;
    } kKnown[] = {{0, 0, 0, 0}, {2, 1, 1, 0}, {1, 0, 2, 1}, {20, 5, 20, 5}, {2, 1, 0, 0}};
    const auto& known = kKnown[case_.generations];
    own_.known = credentials(known.own_newest, known.own_oldest, 's');
    other_.known =
        credentials(known.other_newest, known.other_oldest, case_.wrong_secret ? 'X' : 's');
  }

  // Between the same hosts with the right secret, but of another TLS session.
  void record_an_older_session() {
    KnownPeers own = own_, other = other_;
    own.objection = other.objection = std::nullopt;
    other.known = own.known = {{{}, std::string(48, 's')}};
    auto us = make(role_, own, channel(kOwnKey, kOtherKey, 'a'));
    auto them = make(Attack::other(role_), other, channel(kOtherKey, kOwnKey, 'a'));
    std::string in, out;
    for (int i = 0; i < 3; ++i) {
      us->advance(in, out);
      in.clear();
      them->advance(out, in);
      for (std::string& message : split(in)) older_.push_back(std::move(message));
    }
  }

  static std::vector<std::string> split(std::string_view stream) {
    std::vector<std::string> out;
    for (std::string_view frame; wire::cut_frame(stream, &frame) == wire::Header::kReady;)
      out.emplace_back(frame);
    return out;
  }
  static std::string framed(const std::string& message) {
    return message.empty() ? "" : wire::frame_header(message.size()) + message;
  }

  // ------------------------------------------------------------------------------ what it does

  // The genuine peer's next message; it has heard all that the subject said.
  std::string next() {
    std::string said;
    peer_->advance(to_peer_, said);
    for (std::string& message : split(said)) waiting_.push_back(std::move(message));
    if (waiting_.empty()) return "";
    last_ = std::move(waiting_.front());
    waiting_.pop_front();
    return last_;
  }

  void manoeuvre() {
    const uint8_t kind = input_.byte() % 12;
    if (kind > 1) tampered_ = true;
    switch (kind) {
      case 0: advance(framed(next())); break;
      case 1: in_pieces(framed(next())); break;
      case 2: advance(flipped(framed(next()))); break;
      case 3: {
        const std::string message = framed(next());
        advance(message.substr(0, input_.below(message.size() + 1)));
        break;
      }
      case 4: advance(framed(last_)); break;
      case 5: advance(framed(own_last_)); break;
      case 6: advance(input_.text()); break;
      case 7: advance(framed(input_.text().substr(0, wire::kMaxFrameBytes))); break;
      case 8:
        if (!older_.empty()) advance(framed(older_[input_.below(older_.size())]));
        break;
      case 9: {
        const std::string first = next(), second = next();
        advance(framed(second) + framed(first));
        break;
      }
      case 10: static_cast<void>(next()); break;  // lost
      default: advance(framed(altered(next())));
    }
  }

  std::string flipped(std::string bytes) {
    if (bytes.empty()) return bytes;
    bytes[input_.below(bytes.size())] ^= static_cast<char>(input_.byte() | 1);
    return bytes;
  }

  void in_pieces(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t size = std::min<size_t>(bytes.size(), 1 + input_.byte());
      advance(bytes.substr(0, size));
      bytes.remove_prefix(size);
    }
  }

  std::string odd_bytes() {
    switch (input_.byte() % 5) {
      case 0: return own_share_;
      case 1: return std::string(1, '\0');              // the point at infinity
      case 2: return "\x04" + std::string(64, '\x01');  // not on the curve
      case 3: return std::string(input_.below(4096), 'z');
      default: return input_.text();
    }
  }
  uint32_t odd_number() {
    static constexpr uint32_t kNumbers[] = {0, 1, 2, 3, 9, UINT32_MAX};
    return input_.pick(kNumbers);
  }

  // Sound in form, with one field replaced.
  std::string altered(const std::string& message) {
    wire::Handshake out;
    if (!out.ParseFromString(message)) return message;
    const uint8_t field = input_.byte() % 8;
    if (out.has_open()) {
      auto& open = *out.mutable_open();
      switch (field) {
        case 0: open.set_protocol(odd_number()); break;
        case 1: open.set_from(odd_number()); break;
        case 2: open.set_to(odd_number()); break;
        case 3: open.set_name(odd_bytes()); break;
        case 4:
          for (size_t n = input_.below(200); n > 0; --n) open.add_generations()->set_count(n % 25);
          break;
        case 5: open.mutable_used()->set_count(odd_number()); break;
        case 6: open.clear_generations(); break;
        default: open.set_share(odd_bytes());
      }
    } else if (out.has_answer() && out.answer().has_share()) {
      auto& share = *out.mutable_answer()->mutable_share();
      switch (field) {
        case 0:
        case 1: share.set_share(odd_bytes()); break;
        case 2:
        case 3: share.set_confirmation(odd_bytes()); break;
        case 4: out.mutable_answer()->mutable_instead()->set_count(odd_number()); break;
        default: share.set_verdict(odd_bytes());
      }
    } else if (out.has_proof()) {
      if (field % 2 == 0) {
        out.mutable_proof()->set_confirmation(odd_bytes());
      } else {
        out.mutable_proof()->set_verdict(odd_bytes());
      }
    } else {
      out.mutable_refusal()->set_code(
          static_cast<wire::Handshake::Refusal::Code>(odd_number() % 5));
      out.mutable_refusal()->set_protocol(odd_number());
    }
    return out.SerializeAsString();
  }

  // -------------------------------------------------------------------------------- what must hold

  void advance(std::string_view bytes) {
    in_.append(bytes);
    const State before = subject_->state();
    const std::string waiting = in_;
    std::string out;
    const State state = subject_->advance(in_, out);
    ENSURE(before == State::kWorking || (state == before && out.empty() && in_ == waiting));
    ENSURE(state == subject_->state() && waiting.ends_with(in_));
    if (state == State::kWorking)
      ENSURE(in_.size() < wire::kHeaderBytes + net::kMaxHandshakeMessageBytes);
    listen_to_it(out);
    ENSURE((state == State::kFailed) == (subject_->failure() != Handshake::Failure::kNone));
    ENSURE((state == State::kFailed) == !subject_->reason().empty());
    ENSURE(one_line(subject_->reason()) && subject_->reason().size() < 1024);
    if (state == State::kDone) check_done();
  }

  void listen_to_it(const std::string& out) {
    to_peer_ += out;
    for (std::string& message : split(out)) {
      ENSURE(++said_ <= 3 && message.size() <= net::kMaxHandshakeMessageBytes);
      wire::Handshake parsed;
      ENSURE(parsed.ParseFromString(message));
      if (parsed.has_open()) own_share_ = parsed.open().share();
      if (parsed.answer().has_share()) {
        own_share_ = parsed.answer().share().share();
        ENSURE(++guesses_ == 1);  // one guess a session
      }
      own_last_ = std::move(message);
    }
    // Whoever proves something to the listener knows the secret.
    ENSURE(guesses_ == 0 || role_ == Role::kDialer || subject_->guess_open() ||
           !case_.hostile(role_));
  }

  void check_done() const {
    ENSURE(case_.sound(role_));
    const Handshake::Peer& peer = subject_->peer();
    ENSURE(peer.host == other_.me && peer.name == other_.names.at(other_.me));
    ENSURE(peer.spki == kOtherKey && peer.node == net::node_id_of(kOtherKey));
    ENSURE(peer.next_secret_key.size() == 32 &&
           peer.next_secret_key == peer_->peer().next_secret_key);
    ENSURE(role_ == Role::kDialer || peer_->state() == State::kDone);
  }

  // Nobody interfered, so both ends come to the end that their files and secrets ask for.
  void finish_honestly() {
    for (int i = 0; i < 4; ++i) advance(framed(next()));
    const State expected = case_.sound(role_) ? State::kDone : State::kFailed;
    ENSURE(subject_->state() == expected);
  }

  void check_that_it_stays_ended() {
    if (subject_->state() == State::kWorking) return;
    advance(framed("more"));
    advance("\xff\xff\xff\xff");
  }

  Role role_;
  Input& input_;
  Case case_;
  KnownPeers own_, other_;
  std::unique_ptr<Handshake> subject_, peer_;
  std::vector<std::string> older_;  // the peer's messages of an older session
  std::deque<std::string> waiting_;
  std::string in_, to_peer_, last_, own_last_, own_share_;
  size_t said_ = 0, guesses_ = 0;
  bool tampered_ = false;
};

inline int attack(Role role, const uint8_t* bytes, size_t size) {
  seed_openssl();
  Input input(bytes, size);
  Attack(role, input).run();
  return 0;
}

}  // namespace cluster::fuzz
