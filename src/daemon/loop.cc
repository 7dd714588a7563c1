#include "daemon/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace cluster::daemon {

namespace {

event_base* new_base() {
  event_config* config = event_config_new();
  ENSURE(config != nullptr);
  // Other threads reach the loop only by the eventfd.
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  ENSURE(base != nullptr, "event_base_new");
  return base;
}

Fd open_eventfd() {
  Fd fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  ENSURE(fd, "eventfd");
  return fd;
}

}  // namespace

Loop::Loop()
    : base_(new_base()),
      thread_(std::this_thread::get_id()),
      wake_fd_(open_eventfd()),
      wake_(base_.get(), wake_fd_.get(), EV_READ | EV_PERSIST, [this] {
        uint64_t count = 0;
        if (read(wake_fd_.get(), &count, sizeof count) < 0) return;
      }) {
  wake_.add();
}

void Loop::post(Item item) {
  bool first = false;
  {
    std::lock_guard guard(mutex_);
    first = queue_.empty();
    queue_.push_back(std::move(item));
  }
  // The loop's own thread looks into the queue before it waits.
  if (!first || std::this_thread::get_id() == thread_) return;
  const uint64_t one = 1;
  // Can fail only when the count would overflow: then it wakes anyway.
  if (write(wake_fd_.get(), &one, sizeof one) < 0) return;
}

bool Loop::next(Item* item, bool* more) {
  std::lock_guard guard(mutex_);
  if (queue_.empty()) return false;
  *item = std::move(queue_.front());
  queue_.pop_front();
  *more = !queue_.empty() && std::holds_alternative<core::Event>(queue_.front());
  return true;
}

bool Loop::run(const std::function<void(const core::Event&, bool)>& perform,
               const std::function<void()>& turn_ended) {
  while (!stopped_) {
    bool waiting = false;
    {
      std::lock_guard guard(mutex_);
      waiting = !queue_.empty();
    }
    // One pass: sockets that are never quiet must not keep the queue waiting.
    const int flags = EVLOOP_ONCE | (waiting ? EVLOOP_NONBLOCK : 0);
    if (event_base_loop(base_.get(), flags) < 0) return false;
    Item item;
    bool more = false;
    size_t count = 0;
    for (; count < kMaxItemsPerTurn && !stopped_ && next(&item, &more); ++count) {
      if (const auto* event = std::get_if<core::Event>(&item)) {
        perform(*event, more && count + 1 < kMaxItemsPerTurn);
      } else {
        std::get<Task>(item)();
      }
    }
    if (count > 0) turn_ended();
  }
  return true;
}

}  // namespace cluster::daemon
