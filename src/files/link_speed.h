// How fast content comes from a host while some is waited for, and whether that is so slow that compressing it saves time.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace cluster::files {

class LinkSpeed {
 public:
  // Whoever was waited for before has answered, and now one is again. `rested`: for how long in all this end had nothing to do.
  void begin(MonoTime now, Duration rested) {
    // Of little, the time is that of a round trip.
    if (latest_.bytes >= kLeastBytes) before_ = before_ + latest_;
    latest_ = {};
    since_ = now;
    rested_ = rested;
  }
  // `bytes` over the link, for which the other end worked so long.
  void came(MonoTime now, Duration rested, uint64_t bytes, Duration worked) {
    const Duration time = now - since_;
    latest_ = {time, latest_.worked + worked, time - (rested - rested_), latest_.bytes + bytes};
    const Waited all = before_ + latest_;
    if (all.time < (known() ? kWindow : kFirstWindow)) return;
    const uint64_t measured = all.bytes * 1'000'000 / static_cast<uint64_t>(to_us(all.time));
    if (all.worked + all.worked_here < all.time * 3 / 4) {
      bytes_a_second_ = std::max<uint64_t>(measured, 1);
    } else {
      // It was not the link that the time went into: it may be faster than it seems, and is tried again after a while.
      const uint64_t it_may_be = known() ? bytes_a_second_ + bytes_a_second_ / kGrowth : kFast;
      bytes_a_second_ = std::max(measured, it_may_be);
    }
    before_ = latest_ = {};
    begin(now, rested);
  }
  bool known() const { return bytes_a_second_ != 0; }
  // Of zlib; 0: it is fast, or not known yet.
  uint32_t pack_level() const {
    if (!known() || bytes_a_second_ >= kFast) return 0;
    if (bytes_a_second_ >= kMiddling) return kFastest;
    return bytes_a_second_ >= kSlow ? kSmaller : kSmallest;
  }

 private:
  // While something was waited for: what came in it, and for how long either end worked.
  struct Waited {
    Duration time{}, worked{}, worked_here{};
    uint64_t bytes = 0;
    friend Waited operator+(const Waited& a, const Waited& b) {
      return {a.time + b.time, a.worked + b.worked, a.worked_here + b.worked_here,
              a.bytes + b.bytes};
    }
  };

  static constexpr Duration kWindow = milliseconds(200), kFirstWindow = milliseconds(50);
  static constexpr uint64_t kLeastBytes = 256 << 10;
  static constexpr uint64_t kGrowth = 100;  // a hundredth a window
  // At 1 zlib makes about 100 MB/s of text into 33; at 5, 44 into 12; at 6, 33 into 9.
  static constexpr uint64_t kFast = 25'000'000, kMiddling = 15'000'000, kSlow = 9'000'000;
  static constexpr uint32_t kFastest = 1, kSmaller = 5, kSmallest = 6;

  Waited before_, latest_;
  MonoTime since_{};   // of the latest
  Duration rested_{};  // then
  uint64_t bytes_a_second_ = 0;
};

}  // namespace cluster::files
