// The simulation's own time and what is to happen in it. Tasks of the same instant run in the order in
// which they were put in, so that a run depends on nothing but its seed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/ensure.h"
#include "base/time.h"

namespace cluster::sim {

// Time since the simulation began; no machine sees it (see clock.h for what they see).
using Instant = Duration;

class Queue {
 public:
  using Task = std::function<void()>;

  Instant now() const { return now_; }

  void at(Instant when, Task task) {
    heap_.push_back({std::max(when, now_), ++sequence_, std::move(task)});
    std::push_heap(heap_.begin(), heap_.end(), Later());
  }
  void after(Duration delay, Task task) { at(now_ + delay, std::move(task)); }

  // Runs the next task due at or before `limit`; false when there is none, and it is `limit` then.
  bool run_next(Instant limit) {
    if (heap_.empty() || heap_.front().when > limit) {
      now_ = std::max(now_, limit);
      return false;
    }
    std::pop_heap(heap_.begin(), heap_.end(), Later());
    Entry entry = std::move(heap_.back());
    heap_.pop_back();
    ENSURE(entry.when >= now_);
    now_ = entry.when;
    entry.task();
    return true;
  }

 private:
  struct Entry {
    Instant when;
    uint64_t sequence;
    Task task;
  };
  struct Later {
    bool operator()(const Entry& a, const Entry& b) const {
      return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
    }
  };

  std::vector<Entry> heap_;
  Instant now_{};
  uint64_t sequence_ = 0;
};

}  // namespace cluster::sim
