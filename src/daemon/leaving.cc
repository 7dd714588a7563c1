#include "daemon/leaving.h"

#include <utility>

namespace cluster::daemon {

Leaving::Leaving(event_base* base, const Notify& notify, Duration bound,
                 std::function<void()> given_up)
    : notify_(notify),
      extend_(base, -1, EV_PERSIST, [this] { notify_.extend_timeout(kExtendBy); }),
      deadline_(base, -1, 0, std::move(given_up)) {
  notify_.extend_timeout(kExtendBy);
  if (notify_.wanted()) extend_.add(kExtendEvery);
  deadline_.add(bound);
}

void Leaving::left(std::function<bool()> empty, std::function<void()> gone) {
  deadline_.remove();
  look_ = std::make_unique<Watch>(extend_.base(), -1, 0,
                                  [this, empty = std::move(empty), gone = std::move(gone)] {
                                    looked_ += kFarewellLook;
                                    if (empty() || looked_ >= kFarewell) return gone();
                                    look_->add(kFarewellLook);
                                  });
  look_->add(Duration{});
}

}  // namespace cluster::daemon
