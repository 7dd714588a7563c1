#include "net/send_queue.h"

#include <algorithm>

#include "wire/framing.h"

namespace cluster::net {

SendQueue::Lane& SendQueue::lane(core::Priority priority) {
  switch (priority) {
    case core::Priority::kControl: break;
    case core::Priority::kBulk: return bulk_;
    case core::Priority::kRelayed: return relayed_;
  }
  return control_;
}

SendQueue::Lane& SendQueue::next() {
  if (!control_.frames.empty()) return control_;
  if (bulk_.frames.empty()) return relayed_;
  if (relayed_.frames.empty()) return bulk_;
  relayed_next_ = !relayed_next_;
  return relayed_next_ ? bulk_ : relayed_;
}

bool SendQueue::empty() const {
  return rest_.empty() && control_.frames.empty() && bulk_.frames.empty() &&
         relayed_.frames.empty();
}

SendQueue::Pushed SendQueue::push(std::string payload, core::Priority priority) {
  Lane& to = lane(priority);
  const size_t bytes = payload.size() + wire::kHeaderBytes;
  if (to.bytes + bytes > to.limit)
    return priority == core::Priority::kRelayed ? Pushed::kDropped : Pushed::kFull;
  to.bytes += bytes;
  to.frames.push_back(std::move(payload));
  return Pushed::kQueued;
}

void SendQueue::take(size_t limit, std::string& out) {
  while (limit > 0 && !empty()) {
    if (rest_.empty()) {
      Lane& from = next();
      rest_ = std::move(from.frames.front());
      rest_at_ = 0;
      from.frames.pop_front();
      from.bytes -= rest_.size() + wire::kHeaderBytes;
      header_ = wire::frame_header(rest_.size());
    }
    if (!header_.empty()) {
      const size_t part = std::min(limit, header_.size());
      out.append(header_, 0, part);
      header_.erase(0, part);
      limit -= part;
      continue;
    }
    const size_t part = std::min(limit, rest_.size() - rest_at_);
    out.append(rest_, rest_at_, part);
    rest_at_ += part;
    limit -= part;
    if (rest_at_ == rest_.size()) rest_ = std::string();
  }
}

}  // namespace cluster::net
