#include "files/kept_memory.h"

#include <malloc.h>

namespace cluster::files {

namespace {

// More than a message with content has, so that none has pages of its own.
constexpr int kBytesWhileMoving = 1 << 20;
constexpr Duration kRestAfter = seconds(1);

void keep(int free_bytes) {
  mallopt(M_MMAP_THRESHOLD, free_bytes);
  mallopt(M_TRIM_THRESHOLD, free_bytes);
}

}  // namespace

void KeptMemory::moving(MonoTime now) {
  if (until_ == MonoTime::max()) keep(kBytesWhileMoving);
  until_ = now + kRestAfter;
}

void KeptMemory::step(MonoTime now) {
  if (now < until_) return;
  until_ = MonoTime::max();
  keep(free_bytes_);
  malloc_trim(0);
}

}  // namespace cluster::files
