#include "guardian/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <optional>
#include <utility>

#include "wire/framing.h"

namespace cluster::guardian {

namespace {

constexpr size_t kReadBytes = 16 << 10;

}  // namespace

Channel::Channel(event_base* base, Fd fd, std::function<void(std::string_view)> received,
                 std::function<void(const std::string&)> closed)
    : fd_(std::move(fd)),
      received_(std::move(received)),
      closed_(std::move(closed)),
      readable_(base, fd_.get(), EV_READ | EV_PERSIST, [this] { drain(); }),
      writable_(base, fd_.get(), EV_WRITE, [this] { on_writable(); }),
      failure_(base, -1, 0, [this] {
        const auto callback = closed_;  // outlives this
        callback(why_);
      }) {
  readable_.add();
}

void Channel::fail(std::string why) {
  if (std::exchange(failed_, true)) return;
  why_ = std::move(why);
  readable_.remove();
  writable_.remove();
  failure_.add(Duration{});
}

void Channel::send(const std::string& payload) {
  if (failed_) return;
  if (out_.size() + payload.size() > kMaxQueuedBytes) return fail("it does not read");
  const bool waiting = !out_.empty();
  out_ += wire::frame_header(payload.size());
  out_ += payload;
  if (!waiting) write_some();
}

void Channel::on_writable() {
  if (!failed_) write_some();
}

void Channel::write_some() {
  while (!out_.empty()) {
    const ssize_t put = ::send(fd_.get(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) return writable_.add();
    if (put < 0) return fail(strerror(errno));
    out_.erase(0, static_cast<size_t>(put));
  }
}

void Channel::drain() {
  char buffer[kReadBytes];
  while (!failed_) {
    const ssize_t got = recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) return fail(strerror(errno));
    if (got == 0) return fail("it has ended");
    in_.append(buffer, static_cast<size_t>(got));
    std::string_view rest = in_, payload;
    wire::Header header = wire::Header::kIncomplete;
    while (!failed_ && (header = wire::cut_frame(rest, &payload)) == wire::Header::kReady)
      received_(payload);
    if (header == wire::Header::kMalformed) fail("a malformed frame");
    in_.erase(0, in_.size() - rest.size());
  }
}

std::optional<std::string> read_frame(int fd, Duration patience) {
  std::string in;
  size_t wanted = wire::kHeaderBytes;
  bool header = true;
  while (true) {
    while (in.size() < wanted) {
      pollfd ready{fd, POLLIN, 0};
      if (poll(&ready, 1, static_cast<int>(to_ms(patience))) != 1) return std::nullopt;
      char buffer[kReadBytes];
      // Not a byte of the next frame.
      const ssize_t got = recv(fd, buffer, std::min(sizeof buffer, wanted - in.size()), 0);
      if (got <= 0) return std::nullopt;
      in.append(buffer, static_cast<size_t>(got));
    }
    if (!header) return in;
    header = false;
    if (wire::parse_header(in, &wanted) != wire::Header::kReady) return std::nullopt;
    in.clear();
  }
}

}  // namespace cluster::guardian
