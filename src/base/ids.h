// Strong identifiers: two of different kinds never compare or convert.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace cluster {

template <class Tag, class Rep>
struct Id {
  Rep value{};

  constexpr Id() = default;
  constexpr explicit Id(Rep v) : value(v) {}
  constexpr auto operator<=>(const Id&) const = default;
  constexpr explicit operator bool() const { return value != Rep{}; }
};

template <class Tag, class Rep>
std::ostream& operator<<(std::ostream& out, Id<Tag, Rep> id) {
  return out << id.value;
}

// The physical line number in the hosts file, from 1; 0 is no host.
using HostId = Id<struct HostTag, uint32_t>;
// Numbers given by one engine during one run, never reused; 0 is none.
using LinkId = Id<struct LinkTag, uint64_t>;
using DialId = Id<struct DialTag, uint64_t>;
using RelayId = Id<struct RelayTag, uint64_t>;
using RunId = Id<struct RunTag, uint64_t>;
using StoreTicket = Id<struct StoreTag, uint64_t>;
using RequestId = Id<struct RequestTag, uint64_t>;
using AlertId = Id<struct AlertTag, uint64_t>;

// The first 128 bits of the SHA-256 of a node's public key (DER, SubjectPublicKeyInfo).
struct NodeId {
  static constexpr size_t kBytes = 16;
  std::array<uint8_t, kBytes> bytes{};

  // In the order of the bytes; by halves, for nothing is compared as often.
  std::strong_ordering operator<=>(const NodeId& other) const {
    const auto first = half(0) <=> other.half(0);
    return first != 0 ? first : half(1) <=> other.half(1);
  }
  bool operator==(const NodeId& other) const = default;
  explicit operator bool() const { return *this != NodeId{}; }

  std::string hex() const;                                      // 32 digits
  std::string brief() const;                                    // the first 8 digits, for logs
  std::string raw() const;                                      // 16 bytes
  static std::optional<NodeId> from_raw(std::string_view raw);  // nullopt unless 16 bytes
  static std::optional<NodeId> from_hex(std::string_view hex);  // nullopt unless 32 such digits

 private:
  uint64_t half(size_t which) const {
    uint64_t word;
    std::memcpy(&word, bytes.data() + which * sizeof word, sizeof word);
    return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
  }
};

inline std::ostream& operator<<(std::ostream& out, const NodeId& id) { return out << id.brief(); }

}  // namespace cluster

template <class Tag, class Rep>
struct std::hash<cluster::Id<Tag, Rep>> {
  size_t operator()(cluster::Id<Tag, Rep> id) const noexcept { return std::hash<Rep>{}(id.value); }
};
