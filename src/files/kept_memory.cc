#include "files/kept_memory.h"

#include <malloc.h>

namespace cluster::files {

namespace {

// More than a message with content has, so that none has pages of its own; and all that are under way at once.
constexpr int kLargestWhileMoving = 1 << 20, kFreeWhileMoving = 8 << 20;
constexpr Duration kRestAfter = seconds(1);

void keep(int largest, int free_bytes) {
  mallopt(M_MMAP_THRESHOLD, largest);
  mallopt(M_TRIM_THRESHOLD, free_bytes);
}

}  // namespace

void KeptMemory::moving(MonoTime now) {
  if (until_ == MonoTime::max()) keep(kLargestWhileMoving, kFreeWhileMoving);
  until_ = now + kRestAfter;
}

void KeptMemory::step(MonoTime now) {
  if (now < until_) return;
  until_ = MonoTime::max();
  keep(free_bytes_, free_bytes_);
  malloc_trim(0);
}

}  // namespace cluster::files
