#include "net/handshake.h"

#include <algorithm>

#include "base/ensure.h"
#include "net/crypto.h"
#include "net/identity.h"
#include "net/spake2.h"
#include "wire/framing.h"
#include "wire/handshake.pb.h"

namespace cluster::net {
namespace {

constexpr size_t kMaxReasonBytes = 400;
// Every verdict is padded to about this. The padding is always between 128 and 16,383 bytes, so that
// its own length takes two bytes and the whole is of one size.
constexpr size_t kVerdictBytes = 600;

std::string identity_string(std::string_view role, HostId host, std::string_view name,
                            std::string_view key) {
  return joined("cluster handshake 1", role, std::to_string(host.value), name, sha256(key));
}

Generation generation_of(const wire::Handshake::Generation& wire) {
  return {wire.count(), wire.hash()};
}

void set(wire::Handshake::Generation& wire, const Generation& generation) {
  wire.set_count(generation.count);
  wire.set_hash(generation.hash);
}

// Peers' texts go into our log: one line of printable bytes.
std::string printable(std::string_view text) {
  std::string clean(text.substr(0, kMaxReasonBytes));
  std::replace_if(
      clean.begin(), clean.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return clean;
}

}  // namespace

struct Handshake::Impl {
  Role role;
  const Peers& peers;
  Channel channel;
  HostId target;
  MayAnswer may_answer;

  State state = State::kWorking;
  Failure failure = Failure::kNone;
  std::string reason;
  HostId claimed;
  Peer peer;

  bool opened = false;  // dialer: an Open is out; listener: one was answered with `instead`
  bool retried = false;
  bool answered = false;                         // listener: our confirmation is out
  std::optional<wire::Handshake::Open> waiting;  // likewise: for what it is answered with
  std::optional<Spake2> spake;
  std::string peer_confirmation;  // what the dialer must send
  std::string verdict_key;
  std::string secret;                    // that is being used
  std::optional<std::string> objection;  // why the peer's key is not let in

  Impl(Role r, const Peers& p, Channel c, HostId t)
      : role(r), peers(p), channel(std::move(c)), target(t) {
    ENSURE(channel.binding.size() == kChannelBindingBytes);
  }

  void fail(Failure kind, std::string text) {
    state = State::kFailed;
    failure = kind;
    reason = std::move(text);
  }

  void write(const wire::Handshake& message, std::string& out) {
    const std::string bytes = message.SerializeAsString();
    ENSURE(bytes.size() <= kMaxHandshakeMessageBytes);
    out += wire::frame_header(bytes.size()) + bytes;
  }

  void refuse(std::string& out, Failure kind, std::string text,
              wire::Handshake::Refusal::Code code = wire::Handshake::Refusal::REFUSED) {
    wire::Handshake message;
    message.mutable_refusal()->set_code(code);
    if (code == wire::Handshake::Refusal::VERSION)
      message.mutable_refusal()->set_protocol(kHandshakeProtocol);
    write(message, out);
    fail(kind, std::move(text));
  }

  std::string host_text(HostId host) const {
    const std::optional<std::string> name = peers.name(host);
    return "host " + std::to_string(host.value) + (name ? " (" + *name + ")" : "");
  }

  void open(std::string& out, const Credential& credential, const std::vector<Credential>& known) {
    spake.emplace(Spake2::Side::kA, credential.secret);
    secret = credential.secret;
    peer.generation = credential.generation;
    wire::Handshake message;
    auto& open = *message.mutable_open();
    open.set_protocol(kHandshakeProtocol);
    open.set_from(peers.self().value);
    open.set_to(target.value);
    open.set_name(peers.name(peers.self()).value_or(""));
    for (size_t i = 0; i < known.size() && i < kMaxGenerations; ++i)
      set(*open.add_generations(), known[i].generation);
    set(*open.mutable_used(), credential.generation);
    open.set_share(spake->share());
    write(message, out);
    opened = true;
  }

  void start(std::string& out) {
    claimed = target;
    if (target == peers.self()) return fail(Failure::kSelf, "that is this host itself");
    const std::optional<std::string> name = peers.name(target);
    if (!name)
      return fail(Failure::kUnknownHost,
                  "there is no host " + std::to_string(target.value) + " in the hosts file");
    const std::vector<Credential> known = peers.credentials(target, node_id_of(channel.peer_key));
    if (known.empty())
      return fail(Failure::kNoSecret, "no secret is ready for " + host_text(target));
    peer.host = target;
    peer.name = *name;
    open(out, known.front(), known);
  }

  // Both identities and the exporter go into the transcript and the confirmations.
  std::optional<Spake2::Keys> finish(std::string_view share) {
    const bool dialer = role == Role::kDialer;
    const std::string own_name = peers.name(peers.self()).value_or("");
    const std::string own =
        identity_string(dialer ? "dialer" : "listener", peers.self(), own_name, channel.own_key);
    const std::string other =
        identity_string(dialer ? "listener" : "dialer", peer.host, peer.name, channel.peer_key);
    std::optional<Spake2::Keys> keys =
        spake->finish(share, dialer ? own : other, dialer ? other : own, channel.binding);
    if (!keys) return std::nullopt;
    peer.spki = channel.peer_key;
    peer.node = node_id_of(channel.peer_key);
    peer.next_secret_key =
        hkdf_sha256(joined(secret, keys->shared), channel.binding, "cluster next secret", 32);
    wipe(secret);
    verdict_key = hkdf_sha256(keys->shared, channel.binding, "cluster verdict", 32);
    objection = peers.admit(peer.host, peer.node);
    return keys;
  }

  std::string own_verdict() {
    wire::Handshake::Verdict verdict;
    verdict.set_refused(objection.has_value());
    if (objection) verdict.set_reason(printable(*objection));
    verdict.set_padding(std::string(kVerdictBytes - verdict.ByteSizeLong(), '\0'));
    return seal(verdict_key, verdict.SerializeAsString(),
                role == Role::kDialer ? "dialer" : "listener");
  }

  // False: the session is over, one of the two says no.
  bool agreed(const std::string& sealed) {
    const std::optional<std::string> plain =
        unseal(verdict_key, sealed, role == Role::kDialer ? "listener" : "dialer");
    wire::Handshake::Verdict verdict;
    if (!plain || !verdict.ParseFromString(*plain)) {
      fail(Failure::kMalformed, "its verdict cannot be read");
      return false;
    }
    if (objection) {
      fail(Failure::kNotAdmitted, *objection);
      return false;
    }
    if (verdict.refused()) {
      fail(Failure::kKeyRefused, "it refuses this host's key: " + printable(verdict.reason()));
      return false;
    }
    return true;
  }

  // ------------------------------------------------------------------------------- listener

  void hear_open(const wire::Handshake::Open& open, std::string& out) {
    claimed = HostId(open.from());
    const std::string who = "it says it is host " + std::to_string(open.from()) + " (" +
                            printable(open.name().substr(0, kMaxHostNameBytes)) + ")";
    if (open.protocol() < 1)
      return refuse(out, Failure::kMalformed, "it names no version of the handshake");
    if (open.protocol() != kHandshakeProtocol)
      return refuse(out, Failure::kVersion,
                    "it speaks version " + std::to_string(open.protocol()) +
                        " of the handshake, this host version " +
                        std::to_string(kHandshakeProtocol),
                    wire::Handshake::Refusal::VERSION);
    if (claimed == peers.self() || channel.peer_key == channel.own_key)
      return refuse(out, Failure::kSelf,
                    who + ", with this host's own " +
                        (claimed == peers.self() ? "ID" : "node key (a cloned state?)"));
    if (HostId(open.to()) != peers.self())
      return refuse(out, Failure::kNotMe,
                    who + " and wants host " + std::to_string(open.to()) + ", not this one (" +
                        std::to_string(peers.self().value) + ")");
    const std::optional<std::string> name = peers.name(claimed);
    if (!name) return refuse(out, Failure::kUnknownHost, who + ", which is not in the hosts file");
    if (open.name() != *name)
      return refuse(out, Failure::kWrongName,
                    who + ", but the hosts file calls that host " + *name);

    const std::vector<Credential> known = peers.credentials(claimed, node_id_of(channel.peer_key));
    const auto knows = [&](const Generation& g) {
      return std::find_if(known.begin(), known.end(),
                          [&](const Credential& c) { return c.generation == g; });
    };
    const Generation wanted = generation_of(open.used());
    const auto used = knows(wanted);
    if (used == known.end() && wanted == Generation{} && peers.deriving(claimed)) {
      waiting = open;
      return;
    }
    if (used == known.end()) return ask_for_another(open, known, out);
    if (std::string why = may_answer ? may_answer(claimed) : ""; !why.empty())
      return refuse(out, Failure::kTooManyGuesses, who + "; " + why);
    peer.host = claimed;
    peer.name = *name;
    peer.generation = used->generation;
    spake.emplace(Spake2::Side::kB, used->secret);
    secret = used->secret;
    const std::optional<Spake2::Keys> keys = finish(open.share());
    if (!keys)
      return refuse(out, Failure::kMalformed, who + ", and its share is no point of the curve");

    wire::Handshake message;
    auto& share = *message.mutable_answer()->mutable_share();
    share.set_share(spake->share());
    share.set_confirmation(keys->own_confirmation);
    share.set_verdict(own_verdict());
    peer_confirmation = keys->peer_confirmation;
    write(message, out);
    answered = true;
  }

  // The newest generation that both know: `known` has the newest first.
  void ask_for_another(const wire::Handshake::Open& open, const std::vector<Credential>& known,
                       std::string& out) {
    for (const Credential& credential : known) {
      for (int i = 0; i < open.generations_size() && i < static_cast<int>(kMaxGenerations); ++i) {
        if (retried || !(generation_of(open.generations(i)) == credential.generation)) continue;
        retried = true;
        wire::Handshake message;
        set(*message.mutable_answer()->mutable_instead(), credential.generation);
        return write(message, out);
      }
    }
    refuse(out, Failure::kNoSecret, "this host and " + host_text(claimed) + " share no secret");
  }

  void hear_proof(const wire::Handshake::Proof& proof) {
    if (!equal_secrets(proof.confirmation(), peer_confirmation))
      return fail(Failure::kWrongSecret, wrong_secret());
    answered = false;
    if (agreed(proof.verdict())) state = State::kDone;
  }

  std::string wrong_secret() const {
    return host_text(claimed) +
           " did not prove the passphrase: it, the names or the lines differ between the two hosts "
           "files, "
           "or somebody else is in between";
  }

  // --------------------------------------------------------------------------------- dialer

  void hear_answer(const wire::Handshake::Answer& answer, std::string& out) {
    if (answer.has_instead()) {
      const std::vector<Credential> known = peers.credentials(target, node_id_of(channel.peer_key));
      for (const Credential& credential : known) {
        if (retried || !(credential.generation == generation_of(answer.instead()))) continue;
        retried = true;
        return open(out, credential, known);
      }
      return refuse(out, Failure::kNoSecret,
                    host_text(target) + " asks for a secret not kept here");
    }
    const std::optional<Spake2::Keys> keys = finish(answer.share().share());
    if (!keys) return refuse(out, Failure::kMalformed, "its share is no point of the curve");
    if (!equal_secrets(answer.share().confirmation(), keys->peer_confirmation))
      return refuse(out, Failure::kWrongSecret, wrong_secret(),
                    wire::Handshake::Refusal::NOT_PROVED);
    if (channel.peer_key == channel.own_key)
      return refuse(out, Failure::kSelf,
                    host_text(target) + " has this host's own node key (a cloned state?)");
    wire::Handshake message;
    message.mutable_proof()->set_confirmation(keys->own_confirmation);
    message.mutable_proof()->set_verdict(own_verdict());
    write(message, out);
    if (agreed(answer.share().verdict())) state = State::kDone;
  }

  // ----------------------------------------------------------------------------------- both

  void hear_refusal(const wire::Handshake::Refusal& refusal) {
    using Code = wire::Handshake::Refusal;
    if (refusal.code() == Code::NOT_PROVED && answered)
      return fail(Failure::kWrongSecret, wrong_secret());
    if (refusal.code() == Code::VERSION)
      return fail(Failure::kVersion, "it speaks version " + std::to_string(refusal.protocol()) +
                                         " of the handshake, this host version " +
                                         std::to_string(kHandshakeProtocol));
    fail(Failure::kRefused, "it refuses this host (its log says why)");
  }

  void hear(std::string_view bytes, std::string& out) {
    wire::Handshake message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      return refuse(out, Failure::kMalformed, "its message cannot be read");
    const bool dialer = role == Role::kDialer;
    switch (message.body_case()) {
      case wire::Handshake::kRefusal: return hear_refusal(message.refusal());
      case wire::Handshake::kOpen:
        if (!dialer && !answered) return hear_open(message.open(), out);
        break;
      case wire::Handshake::kAnswer:
        if (dialer && message.answer().what_case() != wire::Handshake::Answer::WHAT_NOT_SET)
          return hear_answer(message.answer(), out);
        break;
      case wire::Handshake::kProof:
        if (!dialer && answered) return hear_proof(message.proof());
        break;
      case wire::Handshake::BODY_NOT_SET: break;
    }
    refuse(out, Failure::kMalformed, "its message does not belong here");
  }
};

Handshake::Handshake(Role role, const Peers& peers, Channel channel, HostId target)
    : impl_(std::make_unique<Impl>(role, peers, std::move(channel), target)) {}
Handshake::~Handshake() {
  wipe(impl_->verdict_key);
  wipe(impl_->peer.next_secret_key);
  wipe(impl_->secret);
}

void Handshake::ask_before_answer(MayAnswer may_answer) {
  impl_->may_answer = std::move(may_answer);
}

Handshake::State Handshake::advance(std::string& in, std::string& out) {
  Impl& impl = *impl_;
  if (impl.role == Role::kDialer && !impl.opened && impl.state == State::kWorking) impl.start(out);
  if (impl.waiting && !impl.peers.deriving(impl.claimed))
    impl.hear_open(*std::exchange(impl.waiting, std::nullopt), out);
  while (impl.state == State::kWorking && !impl.waiting) {
    size_t size = 0;
    const wire::Header header = wire::parse_header(in, &size);
    if (header == wire::Header::kIncomplete) break;
    if (header == wire::Header::kMalformed || size > kMaxHandshakeMessageBytes) {
      impl.fail(Failure::kMalformed, "what it sends is no handshake message");
      break;
    }
    if (in.size() - wire::kHeaderBytes < size) break;
    const std::string bytes = in.substr(wire::kHeaderBytes, size);
    in.erase(0, wire::kHeaderBytes + size);
    impl.hear(bytes, out);
  }
  return impl.state;
}

Handshake::State Handshake::state() const { return impl_->state; }
const Handshake::Peer& Handshake::peer() const { return impl_->peer; }
Handshake::Failure Handshake::failure() const { return impl_->failure; }
const std::string& Handshake::reason() const { return impl_->reason; }
HostId Handshake::claimed() const { return impl_->claimed; }
bool Handshake::guess_open() const { return impl_->answered; }

}  // namespace cluster::net
