// Frames that wait to be sent on one link: control overtakes the others, except that a frame once begun is
// finished first; bulk and what is relayed for others take turns, frame by frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "core/io.h"

namespace cluster::net {

inline constexpr size_t kMaxControlQueueBytes = 8 << 20;
inline constexpr size_t kMaxBulkQueueBytes = 32 << 20;
inline constexpr size_t kMaxRelayedQueueBytes = 4 << 20;

class SendQueue {
 public:
  enum class Pushed : uint8_t {
    kQueued,
    kDropped,  // relayed: too much of it waits. Its session notices, and nobody else
    kFull,     // control, bulk: likewise; such a link cannot go on
  };
  [[nodiscard]] Pushed push(std::string payload, core::Priority priority);

  // Appends the next bytes of the stream, with frame headers, at most `limit` of them.
  void take(size_t limit, std::string& out);

  bool empty() const;

 private:
  struct Lane {
    size_t limit;
    std::deque<std::string> frames{};
    size_t bytes = 0;  // of whole frames that have not begun
  };
  Lane& lane(core::Priority priority);
  Lane& next();

  Lane control_{kMaxControlQueueBytes};
  Lane bulk_{kMaxBulkQueueBytes};
  Lane relayed_{kMaxRelayedQueueBytes};
  bool relayed_next_ = false;  // where bulk waits too
  std::string header_;         // of the frame that has begun, until it is taken
  std::string rest_;           // of that frame, from rest_at_ on
  size_t rest_at_ = 0;
};

}  // namespace cluster::net
