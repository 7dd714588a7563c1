#include "net/connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/ensure.h"
#include "net/identity.h"
#include "wire/framing.h"

namespace cluster::net {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kStrangerReadBytes = 16 << 10;
constexpr int kReadsPerTurn = 4;
// Encrypted ahead of the socket: little, so that control waits for little.
constexpr size_t kFeedBytes = 32 << 10;
constexpr int kUnsentInKernelBytes = 128 << 10;
constexpr size_t kKeptBufferBytes = 64 << 10;

constexpr size_t kTlsHeaderBytes = 5;
constexpr char kTlsHandshakeRecord = 22;
constexpr char kTlsMajorVersion = 3;
constexpr char kTlsClientHello = 1;

// Of a record whose header is there.
size_t record_bytes(std::string_view header) {
  return kTlsHeaderBytes + (static_cast<uint8_t>(header[3]) << 8 | static_cast<uint8_t>(header[4]));
}

std::string text_of(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                  : std::to_string(time.count()) + " ms";
}

void shrink(std::string& buffer) {
  if (buffer.empty() && buffer.capacity() > kKeptBufferBytes) std::string().swap(buffer);
}

}  // namespace

Connection::Connection(event_base* base, Fd fd, const TlsContext& tls, const Peers& peers,
                       Owner& owner, const Origin& origin)
    : fd_(std::move(fd)),
      tls_context_(tls),
      peers_(peers),
      owner_(owner),
      origin_(origin),
      role_(origin_.target ? Handshake::Role::kDialer : Handshake::Role::kListener) {
  const int one = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentInKernelBytes,
             sizeof kUnsentInKernelBytes);
  if (role_ == Handshake::Role::kDialer) {
    tls_ = std::make_unique<TlsSession>(tls, TlsSession::Role::kClient);
    roles_settled_ = !origin_.from_listening_port;
  }
  readable_.reset(event_new(
      base, fd_.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<Connection*>(self)->on_readable(); },
      this));
  writable_.reset(event_new(
      base, fd_.get(), EV_WRITE,
      [](evutil_socket_t, short, void* self) { static_cast<Connection*>(self)->flush(); }, this));
  flush_soon_.reset(event_new(
      base, -1, 0,
      [](evutil_socket_t, short, void* self) { static_cast<Connection*>(self)->flush(); }, this));
  timer_.reset(evtimer_new(
      base, [](evutil_socket_t, short, void* self) { static_cast<Connection*>(self)->on_timer(); },
      this));
  ENSURE(readable_ && writable_ && flush_soon_ && timer_);
}

Connection::~Connection() = default;

void Connection::start() {
  authenticated_by_ = std::chrono::steady_clock::now() + origin_.handshake_time;
  event_add(readable_.get(), nullptr);
  start_timer(timer_, origin_.handshake_time);
  if (role_ == Handshake::Role::kDialer) {
    tls_->feed({}, plain_);
    flush();
  } else {
    // What has come already counts before the next connection is accepted, which may need the room.
    on_readable();
  }
}

void Connection::derived() {
  if (stage_ != Stage::kHandshake) return;
  continue_handshake();
  if (stage_ == Stage::kLinked) cut_frames();
  if (stage_ != Stage::kClosing) flush();
}

// ---------------------------------------------------------------------------------------- reading

void Connection::on_readable() {
  static thread_local std::array<char, kReadBytes> buffer;
  for (int i = 0; i < kReadsPerTurn && stage_ != Stage::kGone; ++i) {
    const size_t room = linked() || closing() ? buffer.size() : kStrangerReadBytes;
    const ssize_t got = recv(fd_.get(), buffer.data(), room, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got <= 0)
      return end_by_network(got == 0 ? "the other end closed the connection"
                                     : std::strerror(errno));
    if (!closing()) take({buffer.data(), static_cast<size_t>(got)});
    if (static_cast<size_t>(got) < room) return;
  }
}

void Connection::take(std::string_view bytes) {
  received_bytes_ += bytes.size();
  std::string first;
  if (!roles_settled_) {
    held_.append(bytes);
    first = std::move(held_);
    held_.clear();
    bytes = first;
    if (!begun_as_expected(bytes)) {
      held_.assign(bytes);
      return;
    }
  }
  const TlsSession::State before = tls_->state();
  const TlsSession::State now = tls_->feed(bytes, plain_);
  const bool opened = before == TlsSession::State::kShaking && now != before &&
                      (now == TlsSession::State::kOpen || now == TlsSession::State::kClosed);
  if (opened && stage_ == Stage::kTls) begin_handshake();
  if (stage_ == Stage::kHandshake) continue_handshake();
  if (stage_ == Stage::kLinked) cut_frames();
  if (stage_ == Stage::kClosing || stage_ == Stage::kGone) return;
  if (now == TlsSession::State::kFailed)
    return end({.kind = Refusal::kTls, .refused = true, .reason = tls_->error()}, false);
  if (now == TlsSession::State::kClosed) return end_by_network("the other end closed the link");
  if (!linked() && received_bytes_ > kMaxHandshakeBytes)
    return end({.kind = Refusal::kSize,
                .refused = true,
                .reason = "more than 64 KiB came before it authenticated"},
               false);
  flush();
}

// False: not yet, or the connection has ended.
bool Connection::begun_as_expected(std::string_view& bytes) {
  if (origin_.target) return simultaneous_open(bytes);
  if (!client_hello(bytes)) return false;
  if (!owner_.may_shake(*this)) {
    end({.kind = Refusal::kRate,
         .refused = true,
         .reason = "too many TLS handshakes a second from its address"},
        false);
    return false;
  }
  tls_ = std::make_unique<TlsSession>(tls_context_, TlsSession::Role::kServer);
  return roles_settled_ = true;
}

// A stranger costs no TLS state before its first record is there whole and looks like a ClientHello.
bool Connection::client_hello(std::string_view bytes) {
  const auto refuse = [this](Refusal kind, const char* why) {
    end({.kind = kind, .refused = true, .reason = why}, false);
    return false;
  };
  if (bytes[0] != kTlsHandshakeRecord || (bytes.size() > 1 && bytes[1] != kTlsMajorVersion) ||
      (bytes.size() > kTlsHeaderBytes && bytes[kTlsHeaderBytes] != kTlsClientHello))
    return refuse(Refusal::kNoTls, "what it sends does not begin as TLS does");
  if (bytes.size() < kTlsHeaderBytes) return false;
  const size_t record = record_bytes(bytes);
  if (record > kMaxClientHelloBytes)
    return refuse(Refusal::kSize, "its ClientHello is longer than 4 KiB");
  return bytes.size() >= record;
}

// Both ends dialled each other from and to their listening ports at the same time, so TCP made one
// connection of it (RFC 9293, 3.5) and both began as TLS clients. The lower ID stays client and skips
// the other's ClientHello. False: more bytes are needed to tell.
bool Connection::simultaneous_open(std::string_view& bytes) {
  if (bytes.size() <= kTlsHeaderBytes)
    return bytes[0] != kTlsHandshakeRecord && (roles_settled_ = true);
  if (bytes[0] != kTlsHandshakeRecord || bytes[kTlsHeaderBytes] != kTlsClientHello)
    return roles_settled_ = true;
  if (peers_.self() < origin_.target) {
    const size_t record = record_bytes(bytes);
    if (bytes.size() < record) return false;
    bytes.remove_prefix(record);
  } else {
    // What is queued of our own ClientHello must go out whole: the other end skips it.
    std::string unsent = tls_->outgoing().substr(sent_);
    role_ = Handshake::Role::kListener;
    tls_ = std::make_unique<TlsSession>(tls_context_, TlsSession::Role::kServer);
    tls_->outgoing() = std::move(unsent);
    sent_ = 0;
  }
  return roles_settled_ = true;
}

void Connection::begin_handshake() {
  if (const NodeId node = node_id_of(tls_->peer_key()); origin_.node && node != *origin_.node)
    return end({.kind = Refusal::kNotMe,
                .refused = true,
                .reason = "node " + node.brief() + " is there instead of " + origin_.node->brief()},
               true);
  stage_ = Stage::kHandshake;
  handshake_ = std::make_unique<Handshake>(
      role_, peers_, Channel{tls_->channel_binding(), tls_context_.own_key(), tls_->peer_key()},
      origin_.target);
  if (role_ == Handshake::Role::kListener)
    handshake_->ask_before_answer([this](HostId host) {
      return owner_.may_answer(*this, host, node_id_of(tls_->peer_key()));
    });
}

void Connection::continue_handshake() {
  std::string out;
  const Handshake::State state = handshake_->advance(plain_, out);
  tls_->write(out);
  if (state == Handshake::State::kFailed)
    return end({.kind = refusal_of(handshake_->failure()),
                .refused = true,
                .reason = handshake_->reason()},
               true);
  if (state != Handshake::State::kDone) return;
  if (origin_.target && peer().host != origin_.target)
    return end({.kind = Refusal::kNotMe,
                .refused = true,
                .reason = "host " + std::to_string(peer().host.value) + " answered instead"},
               true);
  stage_ = Stage::kLinked;
  event_del(timer_.get());
  flush();
  if (stage_ == Stage::kLinked) owner_.authenticated(*this);
}

void Connection::cut_frames() {
  size_t at = 0;
  while (stage_ == Stage::kLinked) {
    std::string_view rest = std::string_view(plain_).substr(at);
    std::string_view frame;
    const wire::Header header = wire::cut_frame(rest, &frame);
    if (header == wire::Header::kMalformed)
      return end({.kind = Refusal::kFrame,
                  .refused = true,
                  .reason = "a malformed frame: its length is 0 or beyond the limit"},
                 true);
    if (header == wire::Header::kIncomplete) {
      // Room for all of it at once, or it would be copied as it grows.
      if (size_t size = 0; wire::parse_header(rest, &size) == wire::Header::kReady)
        plain_.reserve(at + wire::kHeaderBytes + size + kReadBytes);
      break;
    }
    at = plain_.size() - rest.size();
    owner_.received(*this, std::string(frame));
  }
  plain_.erase(0, at);
  shrink(plain_);
}

// ---------------------------------------------------------------------------------------- sending

bool Connection::send(std::string payload, core::Priority priority) {
  if (!linked()) return false;
  const SendQueue::Pushed pushed = queue_.push(std::move(payload), priority);
  if (pushed == SendQueue::Pushed::kFull)
    end({.reason = "the send queue is full: the other end takes too little"}, false);
  if (pushed != SendQueue::Pushed::kQueued) return false;
  // Once a turn: what one step of the core sends goes out in one system call.
  event_active(flush_soon_.get(), EV_WRITE, 0);
  return true;
}

void Connection::flush() {
  if (stage_ == Stage::kGone || !tls_ || event_pending(writable_.get(), EV_WRITE, nullptr)) return;
  std::string& out = tls_->outgoing();
  std::string plain;
  while (true) {
    if (sent_ == out.size()) {
      out.clear();
      sent_ = 0;
      plain.clear();
      queue_.take(kFeedBytes, plain);
      tls_->write(plain);
      if (out.empty() && closing() && !said_close_) {
        said_close_ = true;
        tls_->close();
      }
      if (out.empty()) break;
    }
    const ssize_t wrote = ::send(fd_.get(), out.data() + sent_, out.size() - sent_, MSG_NOSIGNAL);
    if (wrote >= 0) {
      sent_ += static_cast<size_t>(wrote);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      event_add(writable_.get(), nullptr);
      return;
    } else if (errno != EINTR) {
      return end_by_network(std::strerror(errno));
    }
  }
  shrink(out);
  // A host that dials from its listening port waits for the other end to close first, so that no
  // TIME_WAIT keeps its next dial from that port.
  if (closing() && !origin_.from_listening_port) shutdown(fd_.get(), SHUT_WR);
}

// ----------------------------------------------------------------------------------------- ending

void Connection::on_timer() {
  if (closing()) return go();
  end({.kind = Refusal::kTime,
       .silent = received_bytes_ == 0,
       .reason = "not authenticated within " + text_of(origin_.handshake_time)},
      false);
}

void Connection::end_by_network(const std::string& reason) {
  if (stage_ == Stage::kGone) return;
  const bool report = !closing();
  stage_ = Stage::kGone;
  if (report) owner_.ended(*this, {.silent = received_bytes_ == 0, .reason = reason});
  go();
}

void Connection::end(const End& end, bool say_goodbye) {
  if (closing() || stage_ == Stage::kGone) return;
  owner_.ended(*this, end);
  if (say_goodbye || (tls_ && tls_->state() == TlsSession::State::kFailed)) {
    // So that the refusal or TLS's alert arrives.
    queue_ = {};
    close();
  } else {
    go();
  }
}

void Connection::close() {
  if (closing() || stage_ == Stage::kGone) return;
  std::chrono::steady_clock::duration time = kClosingTime;
  if (!linked()) {
    const auto left = authenticated_by_ - std::chrono::steady_clock::now();
    time = std::clamp(left, decltype(left)::zero(), time);
  }
  stage_ = Stage::kClosing;
  start_timer(timer_, time);
  flush();
}

void Connection::abort() { go(); }

void Connection::reset() {
  const linger at_once{1, 0};
  if (fd_) setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  go();
}

void Connection::go() {
  stage_ = Stage::kGone;
  if (!readable_) return;
  readable_.reset();
  writable_.reset();
  flush_soon_.reset();
  timer_.reset();
  fd_.reset();
  owner_.gone(*this);
}

}  // namespace cluster::net
