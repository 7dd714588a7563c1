// The one thread on which everything but the disk happens: libevent, and a queue that is emptied in one
// place after each turn. Callbacks only put something in the queue, so nothing recurses.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <variant>

#include "core/io.h"
#include "loop/watch.h"
#include "posix/fd.h"

namespace cluster::daemon {

// After so many the loop looks at its descriptors and timers again, so that a flood of one kind
// starves nothing.
inline constexpr size_t kMaxItemsPerTurn = 1024;

class Loop {
 public:
  using Task = std::function<void()>;
  using Item = std::variant<core::Event, Task>;

  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  event_base* base() { return base_.get(); }

  // From any thread.
  void post(Item item);

  // Until stop(), handing out each item in the order of post(), an event with whether another one follows at once, and
  // calling `turn_ended` after each turn that had any. False: the kernel refuses to wait for events.
  bool run(const std::function<void(const core::Event&, bool more)>& perform,
           const std::function<void()>& turn_ended);
  void stop() { stopped_ = true; }

 private:
  // `more`: the one after it is an event.
  bool next(Item* item, bool* more);

  const std::unique_ptr<event_base, EventFree> base_;
  const std::thread::id thread_;
  const Fd wake_fd_;
  Watch wake_;
  bool stopped_ = false;
  std::mutex mutex_;
  std::deque<Item> queue_;
};

}  // namespace cluster::daemon
