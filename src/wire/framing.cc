#include "wire/framing.h"

#include "base/ensure.h"

namespace cluster::wire {

std::string frame_header(size_t payload_bytes) {
  ENSURE(payload_bytes > 0 && payload_bytes <= kMaxFrameBytes);
  std::string header(kHeaderBytes, '\0');
  for (size_t i = 0; i < kHeaderBytes; ++i)
    header[i] = static_cast<char>(payload_bytes >> (8 * (kHeaderBytes - 1 - i)));
  return header;
}

Header parse_header(std::string_view bytes, size_t* payload_bytes) {
  if (bytes.size() < kHeaderBytes) return Header::kIncomplete;
  size_t length = 0;
  for (size_t i = 0; i < kHeaderBytes; ++i) length = length << 8 | static_cast<uint8_t>(bytes[i]);
  if (length == 0 || length > kMaxFrameBytes) return Header::kMalformed;
  *payload_bytes = length;
  return Header::kReady;
}

Header cut_frame(std::string_view& stream, std::string_view* payload) {
  size_t size = 0;
  const Header header = parse_header(stream, &size);
  if (header != Header::kReady) return header;
  if (stream.size() - kHeaderBytes < size) return Header::kIncomplete;
  *payload = stream.substr(kHeaderBytes, size);
  stream.remove_prefix(kHeaderBytes + size);
  return Header::kReady;
}

}  // namespace cluster::wire
