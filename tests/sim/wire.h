// What kind of message a frame holds, without parsing it: the tag of the one field of wire::Message.
#pragma once

#include <cstdint>
#include <string_view>

namespace cluster::sim {

enum class MessageKind : uint8_t {
  kOther = 0,
  kBeat = 1,
  kHello = 2,
  kFlood = 3,
  kRouted = 4,
  kSettings = 5,
  kRotation = 6,
};

inline MessageKind kind_of(std::string_view bytes) {
  constexpr uint8_t kLengthDelimited = 2;
  if (bytes.empty()) return MessageKind::kOther;
  uint8_t tag = static_cast<uint8_t>(bytes.front());
  uint8_t field = tag >> 3;
  if ((tag & 7) != kLengthDelimited || field == 0 || field > 6) return MessageKind::kOther;
  return static_cast<MessageKind>(field);
}

}  // namespace cluster::sim
