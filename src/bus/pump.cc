#include "bus/pump.h"

#include <poll.h>

#include "base/ensure.h"

namespace cluster::bus {
namespace {

// Messages handled before other events of the loop get their turn.
constexpr int kMessagesPerWake = 64;

}  // namespace

Pump::Pump(event_base* base, sdbus::IConnection& connection, std::function<void()> before,
           std::function<void(const std::string&)> lost)
    : base_(base), connection_(connection), before_(std::move(before)), lost_(std::move(lost)) {
  const auto wake = [](evutil_socket_t, short, void* self) { static_cast<Pump*>(self)->run(); };
  wake_.reset(event_new(base_, -1, 0, wake, this));
  ENSURE(wake_ != nullptr);
  kick();
}

void Pump::run() {
  if (dead_) return;
  before_();
  try {
    for (int i = 0; process_one(connection_); ++i) {
      if (i < kMessagesPerWake) continue;
      kick();
      return;
    }
    arm();
  } catch (const sdbus::Error& error) {
    dead_ = true;
    io_.reset();
    event_del(wake_.get());
    lost_(error.getMessage());
  }
}

void Pump::arm() {
  const PollState state = poll_state(connection_);
  if (state.fd != fd_ || state.events != events_) {
    const auto ready = [](evutil_socket_t, short, void* self) { static_cast<Pump*>(self)->run(); };
    const short interest =
        static_cast<short>(((state.events & POLLIN) ? EV_READ : 0) |
                           ((state.events & POLLOUT) ? EV_WRITE : 0) | EV_PERSIST);
    io_.reset(event_new(base_, state.fd, interest, ready, this));
    ENSURE(io_ != nullptr && event_add(io_.get(), nullptr) == 0);
    fd_ = state.fd;
    events_ = state.events;
  }
  if (state.timeout) {
    start_timer(wake_, *state.timeout);
  } else {
    event_del(wake_.get());
  }
}

bool Pump::output_pending() const {
  if (dead_) return false;
  try {
    return (poll_state(connection_).events & POLLOUT) != 0;
  } catch (const sdbus::Error&) {
    return false;
  }
}

}  // namespace cluster::bus
