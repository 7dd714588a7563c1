// Ownership of libevent's events: dropping the owner unregisters.
#pragma once

#include <event2/event.h>

#include <memory>

namespace cluster::scripts {

struct EventFree {
  void operator()(event* e) const { event_free(e); }
};
using EventPtr = std::unique_ptr<event, EventFree>;

}  // namespace cluster::scripts
