// Where objects go that may still be in a call of their own: freed once the turn of the loop is over.
#pragma once

#include <memory>
#include <vector>

#include "base/ensure.h"
#include "loop/event.h"

namespace cluster::net {

class Graveyard {
 public:
  explicit Graveyard(event_base* base) {
    bury_.reset(event_new(
        base, -1, 0,
        [](evutil_socket_t, short, void* self) { static_cast<Graveyard*>(self)->dead_.clear(); },
        this));
    ENSURE(bury_);
  }
  Graveyard(const Graveyard&) = delete;
  Graveyard& operator=(const Graveyard&) = delete;

  void take(std::shared_ptr<void> dead) {
    dead_.push_back(std::move(dead));
    event_active(bury_.get(), EV_TIMEOUT, 0);
  }

 private:
  std::vector<std::shared_ptr<void>> dead_;
  EventPtr bury_;
};

}  // namespace cluster::net
