// Ownership of libevent's events: dropping the owner unregisters.
#pragma once

#include <event2/event.h>

#include <chrono>
#include <memory>

namespace cluster::net {

struct EventFree {
  void operator()(event* e) const { event_free(e); }
};
using EventPtr = std::unique_ptr<event, EventFree>;

inline timeval timeval_of(std::chrono::microseconds time) {
  return {static_cast<time_t>(time.count() / 1'000'000),
          static_cast<suseconds_t>(time.count() % 1'000'000)};
}

}  // namespace cluster::net
