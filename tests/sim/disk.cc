#include "tests/sim/disk.h"

#include <algorithm>
#include <utility>

namespace cluster::sim {

void Disk::write(core::Persist persist) {
  pending_.push_back(std::move(persist));
  last_ = std::max(last_, queue_.now() + rng_.between(low_, high_));
  uint64_t generation = generation_;
  queue_.at(last_, [this, generation] { finish(generation); });
}

void Disk::finish(uint64_t generation) {
  if (generation != generation_) return;
  core::Persist persist = std::move(pending_.front());
  pending_.pop_front();
  if (rng_.chance(failing_)) {
    failed_ = queue_.now();
    if (rng_.chance(0.3)) apply(persist);
    deliver_(core::PersistFailed{persist.ticket, "no space left on device"});
    return;
  }
  if (!lying_) apply(persist);
  deliver_(core::Persisted{persist.ticket});
}

void Disk::apply(const core::Persist& persist) {
  for (const core::Write& write : persist.writes) {
    if (write.value) {
      stored_[write.key] = *write.value;
    } else {
      stored_.erase(write.key);
    }
  }
}

void Disk::crash() {
  size_t survive = rng_.below(pending_.size() + 1);
  for (size_t i = 0; i < survive && !lying_; ++i) apply(pending_[i]);
  pending_.clear();
  ++generation_;
}

}  // namespace cluster::sim
