#include "system/bus_connection.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <utility>

#include "base/ensure.h"

namespace cluster::system {

namespace {

// Messages handled before other events of the loop get their turn.
constexpr int kMessagesPerTurn = 64;

int open_bus(const std::string& where, sd_bus** out) {
  if (where == "system") return sd_bus_open_system(out);
  if (where == "session") return sd_bus_open_user(out);
  // Whoever is on another machine knows nothing of this one.
  if (!where.starts_with("unix:")) return -EPROTONOSUPPORT;
  sd_bus* bus = nullptr;
  int result = sd_bus_new(&bus);
  if (result >= 0) result = sd_bus_set_address(bus, where.c_str());
  if (result >= 0) result = sd_bus_set_bus_client(bus, 1);
  if (result >= 0) result = sd_bus_start(bus);
  if (result < 0) {
    sd_bus_unref(bus);
    return result;
  }
  *out = bus;
  return 0;
}

// From now until a time of CLOCK_MONOTONIC.
Duration until(uint64_t us) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto now_us =
      static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1'000;
  return microseconds(us <= now_us ? 0 : static_cast<int64_t>(us - now_us));
}

}  // namespace

std::string reason_of(int error, const sd_bus_error* said) {
  if (said != nullptr && said->message != nullptr)
    return std::string(said->message) + " (" + (said->name != nullptr ? said->name : "") + ")";
  return strerror(error < 0 ? -error : error);
}

BusConnection::BusConnection(event_base* base, const std::string& where, Watcher watcher)
    : base_(base), watcher_(std::move(watcher)) {
  wake_.reset(event_new(
      base, -1, 0,
      [](evutil_socket_t, short, void* self) { static_cast<BusConnection*>(self)->turn(); }, this));
  end_.reset(event_new(
      base, -1, 0,
      [](evutil_socket_t, short, void* self) {
        auto& connection = *static_cast<BusConnection*>(self);
        const auto lost = connection.watcher_.lost;  // outlives it
        lost(std::string(connection.why_lost_));
      },
      this));
  ENSURE(wake_ && end_);
  const int result = open_bus(where, &bus_);
  if (result < 0) {
    lose(reason_of(result));
  } else {
    kick();
  }
}

// Closed without flushing, which would wait.
BusConnection::~BusConnection() {
  sd_bus_close(bus_);
  sd_bus_unref(bus_);
}

void BusConnection::kick() {
  if (!lost_) event_active(wake_.get(), EV_TIMEOUT, 0);
}

void BusConnection::lose(const std::string& why) {
  if (std::exchange(lost_, true)) return;
  why_lost_ = why;
  io_.reset();
  event_del(wake_.get());
  event_active(end_.get(), EV_TIMEOUT, 0);
}

void BusConnection::turn() {
  if (lost_) return;
  for (int i = 0; i < kMessagesPerTurn; ++i) {
    const int done = sd_bus_process(bus_, nullptr);
    if (done < 0) return lose(reason_of(done));
    if (!ready_ && sd_bus_is_ready(bus_) > 0) {
      ready_ = true;
      watcher_.ready();
    }
    if (done == 0) return arm();
  }
  kick();
}

void BusConnection::arm() {
  const int fd = sd_bus_get_fd(bus_), wanted = sd_bus_get_events(bus_);
  uint64_t timeout = UINT64_MAX;
  if (fd < 0 || wanted < 0 || sd_bus_get_timeout(bus_, &timeout) < 0)
    return lose(reason_of(fd < 0 ? fd : wanted < 0 ? wanted : -ENOTCONN));
  const auto events = static_cast<short>(((wanted & POLLIN) != 0 ? EV_READ : 0) |
                                         ((wanted & POLLOUT) != 0 ? EV_WRITE : 0) | EV_PERSIST);
  if (fd != fd_ || events != events_) {
    io_.reset(event_new(
        base_, fd, events,
        [](evutil_socket_t, short, void* self) { static_cast<BusConnection*>(self)->turn(); },
        this));
    ENSURE(io_ && event_add(io_.get(), nullptr) == 0);
    fd_ = fd;
    events_ = events;
  }
  if (timeout == UINT64_MAX) {
    event_del(wake_.get());
  } else {
    start_timer(wake_, until(timeout));
  }
}

}  // namespace cluster::system
