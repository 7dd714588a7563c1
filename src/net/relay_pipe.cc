#include "net/relay_pipe.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/ensure.h"

namespace cluster::net {
namespace {

constexpr int kReadsPerTurn = 4;

}  // namespace

RelayPipe::RelayPipe(event_base* base, RelayId relay, Fd socket, size_t room, Owner& owner)
    : relay_(relay), socket_(std::move(socket)), room_(room), owner_(owner) {
  readable_.reset(event_new(
      base, socket_.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<RelayPipe*>(self)->on_readable(); },
      this));
  writable_.reset(event_new(
      base, socket_.get(), EV_WRITE,
      [](evutil_socket_t, short, void* self) { static_cast<RelayPipe*>(self)->deliver(); }, this));
  ENSURE(readable_ && writable_);
  if (room_ > 0) event_add(readable_.get(), nullptr);
}

// ------------------------------------------------------------------------------------------- out

void RelayPipe::on_readable() {
  static thread_local std::array<char, core::kMaxRelayBytes> buffer;
  for (int i = 0; i < kReadsPerTurn && room_ > 0; ++i) {
    const size_t wanted = std::min(room_, buffer.size());
    const ssize_t got = recv(socket_.get(), buffer.data(), wanted, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got <= 0) return end({});
    room_ -= static_cast<size_t>(got);
    owner_.relay_out(relay_, std::string(buffer.data(), static_cast<size_t>(got)));
  }
  if (room_ > 0) return;
  event_del(readable_.get());
  look();
}

void RelayPipe::add_room(size_t bytes) {
  if (stage_ != Stage::kOpen || bytes == 0) return;
  room_ += bytes;
  event_add(readable_.get(), nullptr);
}

// Without room nothing is read, so the end would not be seen.
void RelayPipe::look() {
  if (stage_ != Stage::kOpen || room_ > 0) return;
  char next = 0;
  const ssize_t got = recv(socket_.get(), &next, sizeof next, MSG_PEEK);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) end({});
}

// -------------------------------------------------------------------------------------------- in

void RelayPipe::in(std::string_view bytes) {
  if (stage_ != Stage::kOpen) return;
  waiting_.append(bytes);
  deliver();
  if (waiting_.size() > kMaxRelayWaitingBytes)
    end("the other end sent more than there was room for");
}

void RelayPipe::deliver() {
  size_t at = 0;
  bool full = false;
  while (at < waiting_.size() && !full) {
    const ssize_t wrote =
        send(socket_.get(), waiting_.data() + at, waiting_.size() - at, MSG_NOSIGNAL);
    if (wrote >= 0)
      at += static_cast<size_t>(wrote);
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      full = true;
    else if (errno != EINTR)
      at = waiting_.size();  // it has gone; what it wrote before is still there to be read
  }
  waiting_.erase(0, at);
  if (full)
    event_add(writable_.get(), nullptr);
  else if (stage_ == Stage::kClosed)
    shutdown(socket_.get(), SHUT_WR);
}

// ------------------------------------------------------------------------------------------- end

// The socket stays open until the Connection has gone: it would lose what it has not read yet if its own next
// write failed.
void RelayPipe::close() {
  if (stage_ != Stage::kOpen) return;
  stage_ = Stage::kClosed;
  event_del(readable_.get());
  deliver();
}

void RelayPipe::end(const std::string& reason) {
  stage_ = Stage::kEnded;
  event_del(readable_.get());
  event_del(writable_.get());
  waiting_ = std::string();
  shutdown(socket_.get(), SHUT_WR);
  owner_.relay_ended(relay_, reason);
}

}  // namespace cluster::net
