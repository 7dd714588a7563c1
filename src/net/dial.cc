#include "net/dial.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/ensure.h"

namespace cluster::net {

Departure departure_for(const Endpoint& target, const std::vector<Endpoint>& listening,
                        bool from_listening_port) {
  for (const Endpoint& at : listening) {
    if (at.is_any()) {
      // IPv6's any-address serves IPv4 as well.
      if (!from_listening_port || (at.family() != target.family() && at.family() != AF_INET6))
        continue;
      return {Endpoint::any(target.family(), at.port()), true};
    }
    if (at.family() != target.family() || (at.is_loopback() && !target.is_loopback())) continue;
    Endpoint from = at;
    if (!from_listening_port) from.set_port(0);
    return {from, from_listening_port};
  }
  return {};
}

ConnectAttempt::ConnectAttempt(event_base* base, const Endpoint& target, Departure departure,
                               Duration limit, const std::function<bool()>& busy,
                               std::function<void(Outcome)> done)
    : done_(std::move(done)) {
  failed_ = connect(target, departure);
  const auto taken = [this] { return failed_ == EADDRNOTAVAIL || failed_ == EADDRINUSE; };
  if (departure.listening_port && taken() && busy()) failed_ = connect(target, departure);
  if (departure.listening_port && taken()) {
    departure.listening_port = false;
    departure.from->set_port(0);
    failed_ = connect(target, departure);
  }
  from_listening_port_ = departure.listening_port;

  event_.reset(event_new(
      base, failed_ ? -1 : fd_.get(), failed_ ? 0 : EV_WRITE,
      [](evutil_socket_t, short what, void* self) {
        auto* attempt = static_cast<ConnectAttempt*>(self);
        int error = attempt->failed_;
        socklen_t length = sizeof error;
        if (!error && (what & EV_TIMEOUT)) error = ETIMEDOUT;
        if (!error) getsockopt(attempt->fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
        attempt->finish(error);
      },
      this));
  ENSURE(event_);
  const timeval time = timeval_of(limit);
  if (failed_)
    event_active(event_.get(), EV_WRITE, 0);
  else
    event_add(event_.get(), &time);
}

int ConnectAttempt::connect(const Endpoint& target, const Departure& departure) {
  fd_ = Fd(socket(target.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) return errno;
  const int one = 1;
  if (departure.listening_port) {
    // A closed connection of ours ends with a reset and leaves no TIME_WAIT, in which this pair of
    // ports could not be used again; also where the kernel closes it because we died.
    const linger reset{1, 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  } else if (departure.from) {
    setsockopt(fd_.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  }
  if (departure.from && bind(fd_.get(), departure.from->get(), departure.from->length()) != 0)
    return errno;
  if (::connect(fd_.get(), target.get(), target.length()) != 0 && errno != EINPROGRESS)
    return errno;
  return 0;
}

void ConnectAttempt::finish(int error) {
  Outcome outcome{error ? Fd() : std::move(fd_), error, from_listening_port_};
  const auto done = std::move(done_);
  event_.reset();
  done(std::move(outcome));
}

}  // namespace cluster::net
