// Ownership of libevent's objects: dropping the owner unregisters. And time as libevent takes it.
#pragma once

#include <event2/event.h>

#include <chrono>
#include <memory>

namespace cluster {

struct EventFree {
  void operator()(event* e) const { event_free(e); }
  void operator()(event_base* b) const { event_base_free(b); }
};
using EventPtr = std::unique_ptr<event, EventFree>;

// Not before it.
inline timeval timeval_of(std::chrono::nanoseconds time) {
  const auto us = std::chrono::ceil<std::chrono::microseconds>(time).count();
  return {static_cast<time_t>(us / 1'000'000), static_cast<suseconds_t>(us % 1'000'000)};
}

inline void start_timer(const EventPtr& timer, std::chrono::nanoseconds delay) {
  const timeval time = timeval_of(delay);
  event_add(timer.get(), &time);
}

}  // namespace cluster
