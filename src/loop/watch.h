// A callback by libevent: of a timer, a descriptor or a signal.
#pragma once

#include <functional>
#include <utility>

#include "base/ensure.h"
#include "base/time.h"
#include "loop/event.h"

namespace cluster {

// Not movable, as libevent knows its address.
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
    const timeval time = timeval_of(after);
    ENSURE(event_add(event_.get(), &time) == 0);
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

}  // namespace cluster
