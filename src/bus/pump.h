// Keeps one sdbus-c++ connection going on a libevent loop: on any wake it lets the library work until
// there is nothing left (bounded), then asks anew what to wait for.
//
// Whoever sends on the connection calls kick() afterwards, since a send may leave something queued or a
// timeout to watch. Handlers of the connection run from here. The connection outlives the Pump.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bus/compat.h"
#include "loop/event.h"

namespace cluster::bus {

class Pump {
 public:
  // `lost` is called once, from the loop, when the connection is gone; the Pump then does nothing more
  // and may not be destroyed from within the call. `before` is called at the start of every wake.
  Pump(event_base* base, sdbus::IConnection& connection, std::function<void()> before,
       std::function<void(const std::string& why)> lost);

  void kick() { event_active(wake_.get(), EV_TIMEOUT, 0); }

  // Something sent has not gone out yet: closing the connection would wait for the bus.
  bool output_pending() const;

 private:
  void run();
  void arm();

  event_base* base_;
  sdbus::IConnection& connection_;
  std::function<void()> before_;
  std::function<void(const std::string&)> lost_;
  bool dead_ = false;
  int fd_ = -1;
  short events_ = 0;
  EventPtr io_;
  EventPtr wake_;  // the library's timeout, and kicks
};

}  // namespace cluster::bus
