// Frames that wait to be sent on one link: control overtakes bulk, except that a frame once begun is
// finished first.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "core/io.h"

namespace cluster::net {

inline constexpr size_t kMaxControlQueueBytes = 8 << 20;
inline constexpr size_t kMaxBulkQueueBytes = 32 << 20;

class SendQueue {
 public:
  // False: that queue would hold more than its limit; nothing is queued.
  [[nodiscard]] bool push(std::string payload, core::Priority priority);

  // Appends the next bytes of the stream, with frame headers, at most `limit` of them.
  void take(size_t limit, std::string& out);

  bool empty() const { return rest_.empty() && control_.empty() && bulk_.empty(); }

 private:
  std::deque<std::string> control_;
  std::deque<std::string> bulk_;
  size_t control_bytes_ = 0;  // of whole frames that have not begun
  size_t bulk_bytes_ = 0;
  std::string rest_;  // of the frame that has begun, from rest_at_ on
  size_t rest_at_ = 0;
};

}  // namespace cluster::net
