// Who is at the other end? SPAKE2 inside TLS, as a state machine without a socket.
//
//   dialer                                                    listener
//   Open {version, IDs, name, generations, pA}  ------------>
//                                               <------------ Answer {pB, its confirmation, verdict}
//   Proof {its confirmation, verdict}           ------------>
//
// Where the listener lacks the generation that pA was made by, it answers with the newest one that
// both know instead, and one more Open follows. Identities hold role, ID, name and key hash; the
// additional data is the TLS session's exporter (RFC 9266): what was said in one session, one
// direction or to one key proves nothing in another. The verdict (may this key come in?) is sealed
// under the session's key: nobody learns it who does not know the secret.
//
// A stranger is told no more than that it is refused; failure() is for our own log.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "core/io.h"

namespace cluster::net {

inline constexpr uint32_t kHandshakeProtocol = 1;
inline constexpr size_t kMaxHandshakeMessageBytes = 4096;
inline constexpr size_t kMaxGenerations = 8;
inline constexpr size_t kMaxHostNameBytes = 255;
inline constexpr size_t kChannelBindingBytes = 32;

using core::Generation;

struct Credential {
  Generation generation;
  std::string secret;  // at least 40 bytes
};

// What the handshake needs to know of the hosts file and the state.
class Peers {
 public:
  virtual ~Peers() = default;
  virtual HostId self() const = 0;
  // As both hosts files must have it; nullopt: no such host.
  virtual std::optional<std::string> name(HostId host) const = 0;
  // What authenticates that host if it comes with this key, first what both have proved; empty: nothing yet.
  virtual std::vector<Credential> credentials(HostId host, const NodeId& node) const = 0;
  // More will authenticate it in a moment: a listener waits for that.
  virtual bool deriving(HostId) const { return false; }
  // nullopt, or why this key is not let in, though it proved the secret.
  virtual std::optional<std::string> admit(HostId host, const NodeId& node) const = 0;
};

// The TLS session around it.
struct Channel {
  std::string binding;   // kChannelBindingBytes of exported keying material
  std::string own_key;   // DER SubjectPublicKeyInfo
  std::string peer_key;  // likewise, of which TLS has shown that the peer holds it
};

class Handshake {
 public:
  enum class Role : uint8_t { kDialer, kListener };
  enum class State : uint8_t { kWorking, kDone, kFailed };
  enum class Failure : uint8_t {
    kNone,
    kMalformed,       // not this protocol, or beyond a limit
    kVersion,         // no common version
    kUnknownHost,     // no such ID in our hosts file
    kWrongName,       // another name than ours for that ID
    kNotMe,           // it wants another host than this one
    kSelf,            // it has our own ID or key
    kNoSecret,        // no generation in common
    kTooManyGuesses,  // its answer has to wait
    kWrongSecret,  // the confirmation is wrong: passphrase or hosts file differ, or a man in the middle
    kNotAdmitted,  // right secret, but this key is not let in here
    kRefused,      // the other end says no
    kKeyRefused,   // it proved the secret and does not let our key in
  };

  struct Peer {
    HostId host;
    std::string name;
    NodeId node;
    std::string spki;
    Generation generation;  // that authenticated this session
    std::string
        next_secret_key;  // 32 bytes from that secret and this session, known to both ends alone
  };

  // `peers` outlives it. `target`: the host that the dialer means; none for a listener.
  Handshake(Role role, const Peers& peers, Channel channel, HostId target = {});
  ~Handshake();
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

  // A listener asks it before an answer, which lets the other end try one secret of the host that it
  // claims to be. Empty: go on; else why not, for our log.
  using MayAnswer = std::function<std::string(HostId claimed)>;
  void ask_before_answer(MayAnswer may_answer);

  // Takes whole messages from the front of `in` and appends to `out` what is to be sent. What `in`
  // holds once the state is kDone belongs to what comes after. Call it first with nothing: the
  // dialer speaks first; and again once Peers has derived something.
  State advance(std::string& in, std::string& out);

  State state() const;
  const Peer& peer() const;           // once kDone
  Failure failure() const;            // once kFailed
  const std::string& reason() const;  // a sentence for our log
  HostId claimed() const;             // the host that the peer claims to be, or 0
  // A confirmation of ours is out and the peer has not proved anything yet: it may be guessing.
  bool guess_open() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cluster::net
