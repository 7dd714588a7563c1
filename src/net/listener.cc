#include "net/listener.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/ensure.h"

namespace cluster::net {

Listener::Listener(event_base* base, std::vector<Fd> sockets, std::function<bool()> may_accept,
                   std::function<void(Fd, Endpoint)> accepted, const Report& report)
    : may_accept_(std::move(may_accept)), accepted_(std::move(accepted)), report_(report) {
  sockets_.reserve(sockets.size());  // events keep pointers to the elements
  for (Fd& fd : sockets) {
    evutil_make_socket_nonblocking(fd.get());
    addresses_.push_back(Endpoint::local_of(fd.get()));
    Socket& socket = sockets_.emplace_back(Socket{this, std::move(fd), nullptr});
    socket.event.reset(event_new(
        base, socket.fd.get(), EV_READ | EV_PERSIST,
        [](evutil_socket_t, short, void* self) {
          const auto* readable = static_cast<const Socket*>(self);
          readable->owner->accept_from(*readable);
        },
        &socket));
    ENSURE(socket.event);
  }
  pause_over_.reset(evtimer_new(
      base, [](evutil_socket_t, short, void* self) { static_cast<Listener*>(self)->resume(); },
      this));
  ENSURE(pause_over_);
  resume();
}

void Listener::resume() { set_waiting(false); }

void Listener::set_waiting(bool waiting) {
  waiting_ = waiting;
  for (const Socket& socket : sockets_) {
    if (waiting)
      event_del(socket.event.get());
    else
      event_add(socket.event.get(), nullptr);
  }
}

void Listener::accept_from(const Socket& socket) {
  for (int i = 0; i < kAcceptsPerTurn && !waiting_; ++i) {
    if (!may_accept_()) return set_waiting(true);
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    Fd fd(accept4(socket.fd.get(), reinterpret_cast<sockaddr*>(&storage), &length,
                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      accepted_(std::move(fd), Endpoint(reinterpret_cast<sockaddr*>(&storage), length));
      continue;
    }
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) return;
    if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM) continue;
    uint64_t suppressed = 0;
    if (throttle_.allow("accept", "", &suppressed))
      report_.alert(core::Severity::kCritical,
                    std::string("cannot accept connections: ") + std::strerror(error));
    start_timer(pause_over_, kPause);
    set_waiting(true);
  }
}

}  // namespace cluster::net
