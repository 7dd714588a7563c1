// Of a chunk that has changed a little only that travels: the host that gives it is told sums of what is there so far.
#include <unistd.h>

#include <algorithm>

#include "files/delta.h"
#include "files/placing.h"

namespace cluster::files {

// Where the chunk is to be, and some more, as something may have been taken out of it.
std::string Placing::former_bytes(uint64_t offset, uint64_t size) const {
  const uint64_t end = former_ ? local_[*former_].size : 0;
  if (offset >= end) return {};
  const uint64_t wanted = std::min<uint64_t>(size + kMinChunkBytes, kMaxChunkBytes);
  std::string out(std::min(wanted, end - offset), '\0');
  const ssize_t got =
      pread(local_fds_[*former_].get(), out.data(), out.size(), static_cast<off_t>(offset));
  out.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  return out;
}

void Placing::tell_basis(wire::ContentAsk::Part& part, uint64_t offset, uint64_t size) {
  if (deltas_left_ == 0 || size < kMinDeltaBytes) return;
  const std::string bytes = former_bytes(offset, size);
  if (bytes.size() < kMinDeltaBytes) return;
  *part.mutable_basis() = basis_of(bytes);
  --deltas_left_;
}

// One that does not fit, as the sums were of other blocks or what is here has changed, is asked for as a whole.
void Placing::take_delta(const std::string& digest, std::string_view delta) {
  uint64_t offset = 0, size = 0;
  if (const auto chunk = chunks_wanted_.find(digest); chunk != chunks_wanted_.end()) {
    offset = chunk->second.offsets[0];
    size = chunk->second.size;
  } else if (const auto node = nodes_wanted_.find(digest);
             node != nodes_wanted_.end() && node->second.may_be_chunk()) {
    size = node->second.size;
  }
  const auto bytes = applied(delta, former_bytes(offset, size), size);
  if (!bytes || !take_part(digest, *bytes)) {
    deltas_left_ = 0;
  } else if (deltas_left_ != 0) {
    ++deltas_left_;
  }
}

}  // namespace cluster::files
