// How what is said among hosts about files goes over a link: messages packed (zlib) where that makes them shorter, and content
// beside the message that tells of it, so that nobody copies it from one message into another.
//
// A frame with content: wire::kBulkMark, the bytes of all parts, compressed or not, a ContentGiven, and the length of that
// (4 bytes, big endian).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/files.pb.h"

namespace cluster::files {

// What a message may be once it is unpacked.
inline constexpr size_t kMaxUnpackedBytes = 1 << 20;

// A serialized FileMessage, as one that is packed where that pays.
std::string packed(std::string message);
// The message that was packed; nullopt: it is not sound.
std::optional<std::string> unpacked(const wire::FilePacked& packed);

// zlib at its fastest; empty: that is not shorter.
std::string deflated(std::string_view bytes, int level = 1);
// nullopt: not what was said, or `size` is beyond `limit`.
std::optional<std::string> inflated(std::string_view bytes, uint64_t size, uint64_t limit);

// `frame` begins with the mark and holds the bytes of all parts of `given`, compressed where that has a size.
void end_bulk(std::string& frame, const wire::ContentGiven& given);

struct Bulk {
  wire::ContentGiven given;
  // Of its parts, one after the other; within the frame, or within `unpacked`.
  std::string_view bytes;
};
bool is_bulk(std::string_view frame);
// nullopt: it is not sound.
std::optional<Bulk> bulk_from(std::string_view frame, std::string& unpacked);

}  // namespace cluster::files
