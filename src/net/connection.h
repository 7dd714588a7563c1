// One connected socket: TLS, then the handshake, then frames; and its orderly end.
//
// The owner gets authenticated(), then received() for each frame; ended() at most once, for any end
// that it did not ask for by close(); and gone() last, after which it deletes the connection, but not
// from within that call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "core/io.h"
#include "loop/event.h"
#include "net/handshake.h"
#include "net/refusal.h"
#include "net/send_queue.h"
#include "net/socket.h"
#include "net/strangers.h"
#include "net/tls.h"

namespace cluster::net {

inline constexpr std::chrono::seconds kClosingTime{1};

class Connection {
 public:
  struct End {
    Refusal kind = Refusal::kLost;
    bool refused = false;  // a reason that will not pass by itself: TLS or the handshake failed
    bool silent = false;   // it never sent a byte
    std::string reason;
  };

  class Owner {
   public:
    virtual ~Owner() = default;
    // A stranger has sent what looks like a ClientHello: may it cost processor time?
    virtual bool may_shake(Connection&) { return true; }
    // As Handshake::MayAnswer; `node` is the key that it has shown.
    virtual std::string may_answer(Connection&, HostId, const NodeId& /*node*/) { return {}; }
    virtual void authenticated(Connection& connection) = 0;
    virtual void received(Connection& connection, std::string frame) = 0;
    virtual void ended(Connection& connection, const End& end) = 0;
    virtual void gone(Connection& connection) = 0;
  };

  struct Origin {
    HostId target;  // whom this end dials; 0: the other end does
    DialId dial;
    std::string remote;  // "IP:PORT" or "[IP]:PORT" of the other end, or "relayed"
    bool from_listening_port = false;
    std::string label{};           // for people: "connection from IP:PORT"
    std::string limit_group{};     // what the limits on strangers count as one
    RelayId relay{};               // of the session that it is the connection of, or 0
    std::optional<NodeId> node{};  // who alone may be there
    std::chrono::milliseconds handshake_time = kHandshakeTime;
  };

  // All references outlive it.
  Connection(event_base* base, Fd fd, const TlsContext& tls, const Peers& peers, Owner& owner,
             const Origin& origin);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Starts to talk; may call the owner.
  void start();
  // Peers has derived something, which its handshake may have waited for; may call the owner.
  void derived();

  // False: it will not go out. Where the queue of control or bulk is full the connection ends.
  bool send(std::string payload, core::Priority priority);

  // Sends what is queued and close_notify, waits for the other end to close, kClosingTime in all (but no
  // longer than it had to authenticate); then gone().
  void close();
  // gone() at once, nothing is sent.
  void abort();
  // Likewise, and the kernel keeps nothing of it either: the other end sees a reset.
  void reset();

  const Origin& origin() const { return origin_; }
  bool linked() const { return stage_ == Stage::kLinked; }
  bool closing() const { return stage_ == Stage::kClosing; }
  const Handshake::Peer& peer() const { return handshake_->peer(); }
  HostId claimed() const { return handshake_ ? handshake_->claimed() : HostId(); }
  bool guess_open() const { return handshake_ && handshake_->guess_open(); }

  LinkId link;        // the owner's number for it, once authenticated
  uint64_t slot = 0;  // likewise, while it is a stranger

 private:
  enum class Stage : uint8_t { kTls, kHandshake, kLinked, kClosing, kGone };

  void on_readable();
  void on_timer();
  void take(std::string_view bytes);
  bool begun_as_expected(std::string_view& bytes);
  bool client_hello(std::string_view bytes);
  bool simultaneous_open(std::string_view& bytes);
  void begin_handshake();
  void continue_handshake();
  void cut_frames();
  void flush();
  void end(const End& end, bool say_goodbye);
  void end_by_network(const std::string& reason);
  void go();

  Fd fd_;
  const TlsContext& tls_context_;
  const Peers& peers_;
  Owner& owner_;
  Origin origin_;
  Stage stage_ = Stage::kTls;
  Handshake::Role role_;
  std::unique_ptr<TlsSession> tls_;  // none before a stranger's ClientHello
  std::unique_ptr<Handshake> handshake_;
  std::string plain_;  // decrypted, not cut into messages yet
  std::string held_;   // the first bytes, until it is clear who is the TLS client, if anybody
  bool roles_settled_ = false;
  uint64_t received_bytes_ = 0;
  std::chrono::steady_clock::time_point authenticated_by_;
  SendQueue queue_;
  size_t sent_ = 0;  // of tls_->outgoing()
  bool said_close_ = false;
  EventPtr readable_;
  EventPtr writable_;
  EventPtr flush_soon_;
  EventPtr timer_;
};

}  // namespace cluster::net
