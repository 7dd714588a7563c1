// How fast content comes from a host while some is waited for, and whether that is so slow that compressing it saves time.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace cluster::files {

class LinkSpeed {
 public:
  // Whoever was waited for before has answered, and now one is again.
  void begin(MonoTime now) {
    since_ = now;
    bytes_ = 0;
  }
  void came(MonoTime now, uint64_t bytes) {
    bytes_ += bytes;
    const Duration time = now - since_;
    if (time < kWindow) return;
    const auto ms = static_cast<uint64_t>(std::chrono::duration_cast<milliseconds>(time).count());
    bytes_a_second_ = bytes_ * 1000 / ms;
    begin(now);
  }
  // Of zlib; 0: it is fast, or not known yet. What comes is counted as it comes, compressed or not, so a processor that is
  // slower than the link ends it too.
  uint32_t pack_level() const {
    if (bytes_a_second_ == 0 || bytes_a_second_ >= kFast) return 0;
    return bytes_a_second_ < kSlow ? kSmallest : kFastest;
  }

 private:
  static constexpr Duration kWindow = milliseconds(200);
  // At its fastest zlib makes about 100 MB/s of text into 30; at 6, 40 into 10.
  static constexpr uint64_t kFast = 25'000'000, kSlow = 10'000'000;  // bytes a second
  static constexpr uint32_t kFastest = 1, kSmallest = 6;

  MonoTime since_{};
  uint64_t bytes_ = 0;
  uint64_t bytes_a_second_ = 0;
};

}  // namespace cluster::files
