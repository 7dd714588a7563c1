// The way out: from the order to end until nothing is left to send. Keeps the supervisor informed as long as
// services stop, and puts a bound to it all.
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"
#include "daemon/notify.h"
#include "loop/watch.h"

namespace cluster::daemon {

inline constexpr Duration kExtendEvery = seconds(5);
inline constexpr Duration kExtendBy = seconds(20);
// Beyond what the stop scripts may take together: for hand-over and messages.
inline constexpr Duration kLeaveMargin = seconds(30);
inline constexpr Duration kFarewell = seconds(1);  // for the last bytes to go out
inline constexpr Duration kFarewellLook = milliseconds(2);

class Leaving {
 public:
  // `given_up` is called once `bound` has passed before left().
  Leaving(event_base* base, const Notify& notify, Duration bound, std::function<void()> given_up);

  // The core has left: `gone` is called as soon as `empty` is true, or after kFarewell.
  void left(std::function<bool()> empty, std::function<void()> gone);

 private:
  const Notify& notify_;
  Watch extend_, deadline_;
  std::unique_ptr<Watch> look_;
  Duration looked_{};
};

}  // namespace cluster::daemon
