#include "base/ids.h"

#include <algorithm>

namespace cluster {

std::string NodeId::hex() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * kBytes);
  for (uint8_t b : bytes) {
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

std::string NodeId::brief() const { return hex().substr(0, 8); }

std::string NodeId::raw() const { return {bytes.begin(), bytes.end()}; }

std::optional<NodeId> NodeId::from_raw(std::string_view raw) {
  if (raw.size() != kBytes) return std::nullopt;
  NodeId id;
  std::copy(raw.begin(), raw.end(), id.bytes.begin());
  return id;
}

}  // namespace cluster
