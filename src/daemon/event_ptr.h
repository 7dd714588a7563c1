// Ownership of libevent's objects: dropping the owner unregisters.
#pragma once

#include <event2/event.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "base/ensure.h"
#include "base/time.h"

namespace cluster::daemon {

struct EventFree {
  void operator()(event* e) const { event_free(e); }
  void operator()(event_base* b) const { event_base_free(b); }
};
using EventPtr = std::unique_ptr<event, EventFree>;

// A callback by libevent: of a timer, a descriptor or a signal. Not movable, as libevent knows its address.
class Watch {
 public:
  // `what` as for event_new(3).
  Watch(event_base* base, evutil_socket_t fd, short what, std::function<void()> callback)
      : callback_(std::move(callback)),
        event_(event_new(
            base, fd, what,
            [](evutil_socket_t, short, void* self) { static_cast<Watch*>(self)->callback_(); },
            this)) {
    ENSURE(event_ != nullptr);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void add() { ENSURE(event_add(event_.get(), nullptr) == 0); }
  void add(Duration after) {
    const int64_t us = to_us(after);
    const timeval t{static_cast<time_t>(us / 1000000), static_cast<suseconds_t>(us % 1000000)};
    ENSURE(event_add(event_.get(), &t) == 0);
  }
  void remove() { event_del(event_.get()); }
  bool pending() const {
    return event_pending(event_.get(), EV_TIMEOUT | EV_READ | EV_WRITE | EV_SIGNAL, nullptr) != 0;
  }
  event_base* base() const { return event_get_base(event_.get()); }

 private:
  std::function<void()> callback_;
  EventPtr event_;
};

}  // namespace cluster::daemon
