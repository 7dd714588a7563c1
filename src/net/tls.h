// TLS 1.3 without a socket: bytes of the network in and out, plaintext out and in.
//
// Both ends show the self-signed certificate of their node key; any P-256 key is accepted, because
// the handshake inside binds it. No tickets, no resumption, nothing below 1.3.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "net/identity.h"

namespace cluster::net {

// The settings of all sessions of this host. Shares the identity's key.
class TlsContext {
 public:
  explicit TlsContext(const Identity& identity);

  SSL_CTX* get() const { return context_.get(); }
  const std::string& own_key() const { return own_key_; }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
  std::string own_key_;
};

class TlsSession {
 public:
  enum class Role : uint8_t { kClient, kServer };
  enum class State : uint8_t {
    kShaking,
    kOpen,    // keys agreed; says nothing yet of who is there
    kClosed,  // the peer said close_notify
    kFailed,  // error() says why; what is in outgoing() may be an alert for the peer
  };

  TlsSession(const TlsContext& context, Role role);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Takes all of `received` (the first call of a client may pass nothing) and appends what it
  // decrypts to to `plain`.
  State feed(std::string_view received, std::string& plain);

  // Encrypts; only while kOpen. The result is in outgoing().
  void write(std::string_view plain);

  // Says close_notify.
  void close();

  // For the network, in this order; the caller erases what it has sent.
  std::string& outgoing() { return outgoing_; }

  State state() const { return state_; }
  const std::string& error() const { return error_; }

  // RFC 9266; while kOpen.
  std::string channel_binding() const;
  // The peer's key as SubjectPublicKeyInfo; while kOpen.
  std::string peer_key() const;

 private:
  friend struct TlsBio;

  void fail(const char* doing);

  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL, Free> ssl_;
  State state_ = State::kShaking;
  std::string error_;
  std::string_view incoming_;  // within feed() only
  std::string outgoing_;
};

}  // namespace cluster::net
