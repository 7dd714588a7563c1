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

std::optional<NodeId> NodeId::from_hex(std::string_view hex) {
  if (hex.size() != 2 * kBytes) return std::nullopt;
  NodeId id;
  for (size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return std::nullopt;
    id.bytes[i / 2] = static_cast<uint8_t>(id.bytes[i / 2] << 4 | digit);
  }
  return id;
}

}  // namespace cluster
