// Frames on a stream: a length of four bytes, big endian, then so many bytes, at least 1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cluster::wire {

inline constexpr size_t kHeaderBytes = 4;
inline constexpr size_t kMaxFrameBytes = 1 << 20;
// Begins the payload of a frame that the core has no part in. No protobuf message begins with it.
inline constexpr char kBulkMark = '\0';

std::string frame_header(size_t payload_bytes);

enum class Header : uint8_t { kIncomplete, kReady, kMalformed };

// kReady: *payload_bytes follow the header. kMalformed: zero or beyond kMaxFrameBytes.
Header parse_header(std::string_view bytes, size_t* payload_bytes);

// Takes the first whole frame off the front of `stream`. kReady: *payload is within what was taken;
// else nothing is.
Header cut_frame(std::string_view& stream, std::string_view* payload);

}  // namespace cluster::wire
