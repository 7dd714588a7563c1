// Work that may block (name resolution, scrypt), on threads, with its result back on the loop.
//
// Threads exist only while there is work, and take what the loop leaves of the processors. Destroying it forgets results and does not wait: what still
// runs then must not refer to anything but its own captures.
#pragma once

#include <functional>
#include <memory>

#include "loop/event.h"

namespace cluster::net {

class Background {
 public:
  // Called on the loop.
  using Done = std::function<void()>;
  // Called on a thread; what it returns is called on the loop.
  using Job = std::function<Done()>;

  Background(event_base* base, size_t max_threads);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Jobs beyond max_threads wait, in their order. False: kMaxWaiting wait already.
  static constexpr size_t kMaxWaiting = 4096;
  [[nodiscard]] bool run(Job job);

 private:
  struct Shared;

  void deliver();

  std::shared_ptr<Shared> shared_;
  EventPtr readable_;
};

}  // namespace cluster::net
