#include "net/send_queue.h"

#include <algorithm>

#include "wire/framing.h"

namespace cluster::net {

bool SendQueue::push(std::string payload, core::Priority priority) {
  const bool control = priority == core::Priority::kControl;
  const size_t bytes = payload.size() + wire::kHeaderBytes;
  size_t& queued = control ? control_bytes_ : bulk_bytes_;
  if (queued + bytes > (control ? kMaxControlQueueBytes : kMaxBulkQueueBytes)) return false;
  queued += bytes;
  (control ? control_ : bulk_).push_back(std::move(payload));
  return true;
}

void SendQueue::take(size_t limit, std::string& out) {
  while (limit > 0 && !empty()) {
    if (rest_.empty()) {
      const bool control = !control_.empty();
      std::deque<std::string>& queue = control ? control_ : bulk_;
      rest_ = wire::frame_header(queue.front().size()) + queue.front();
      rest_at_ = 0;
      (control ? control_bytes_ : bulk_bytes_) -= rest_.size();
      queue.pop_front();
    }
    const size_t part = std::min(limit, rest_.size() - rest_at_);
    out.append(rest_, rest_at_, part);
    rest_at_ += part;
    limit -= part;
    if (rest_at_ == rest_.size()) rest_ = std::string();
  }
}

}  // namespace cluster::net
