// While content comes and goes, the memory of one message serves the next one, instead of being given back and cleared by the
// kernel each time, which costs more than to encrypt it. At rest this process keeps as little as it did before.
#pragma once

#include "base/time.h"

namespace cluster::files {

class KeptMemory {
 public:
  // `free_bytes`: what the process keeps at rest, as it told malloc.
  explicit KeptMemory(int free_bytes) : free_bytes_(free_bytes) {}

  void moving(MonoTime now);
  void step(MonoTime now);
  MonoTime next() const { return until_; }

 private:
  const int free_bytes_;
  MonoTime until_ = MonoTime::max();  // at rest, if nothing moves before
};

}  // namespace cluster::files
