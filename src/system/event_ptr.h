// Ownership of libevent's events: dropping the owner unregisters.
#pragma once

#include <event2/event.h>

#include <memory>

#include "base/time.h"

namespace cluster::system {

struct EventFree {
  void operator()(event* e) const { event_free(e); }
};
using EventPtr = std::unique_ptr<event, EventFree>;

inline void start(const EventPtr& timer, Duration delay) {
  const timeval time{static_cast<time_t>(to_us(delay) / 1'000'000),
                     static_cast<suseconds_t>(to_us(delay) % 1'000'000)};
  event_add(timer.get(), &time);
}

}  // namespace cluster::system
