#include "files/packing.h"

#include <zlib.h>

#include <utility>

#include "wire/framing.h"

namespace cluster::files {

namespace {

constexpr size_t kWorthPacking = 200;  // bytes
constexpr int kPackingLevel = 6;
constexpr size_t kLengthBytes = 4;

const Bytef* bytes_of(std::string_view text) { return reinterpret_cast<const Bytef*>(text.data()); }

}  // namespace

std::string deflated(std::string_view bytes, int level) {
  uLongf length = bytes.size();
  std::string out(length, '\0');
  const int result = compress2(reinterpret_cast<Bytef*>(out.data()), &length, bytes_of(bytes),
                               bytes.size(), level);
  out.resize(result == Z_OK && length < bytes.size() ? length : 0);
  return out;
}

std::optional<std::string> inflated(std::string_view bytes, uint64_t size, uint64_t limit) {
  if (size > limit) return std::nullopt;
  std::string out(size, '\0');
  uLongf length = size;
  const int result =
      uncompress(reinterpret_cast<Bytef*>(out.data()), &length, bytes_of(bytes), bytes.size());
  if (result != Z_OK || length != size) return std::nullopt;
  return out;
}

std::string packed(std::string message) {
  if (message.size() < kWorthPacking || message.size() > kMaxUnpackedBytes) return message;
  std::string shorter = deflated(message, kPackingLevel);
  if (shorter.empty()) return message;
  wire::FileMessage out;
  out.mutable_packed()->set_zlib(std::move(shorter));
  out.mutable_packed()->set_size(static_cast<uint32_t>(message.size()));
  return out.SerializeAsString();
}

std::optional<std::string> unpacked(const wire::FilePacked& packed) {
  return inflated(packed.zlib(), packed.size(), kMaxUnpackedBytes);
}

void end_bulk(std::string& frame, const wire::ContentGiven& given) {
  const size_t before = frame.size();
  given.AppendToString(&frame);
  const auto length = static_cast<uint32_t>(frame.size() - before);
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(length >> shift);
}

bool is_bulk(std::string_view frame) { return !frame.empty() && frame[0] == wire::kBulkMark; }

std::optional<Bulk> bulk_from(std::string_view frame, std::string& unpacked) {
  if (!is_bulk(frame) || frame.size() < 1 + kLengthBytes) return std::nullopt;
  frame.remove_prefix(1);
  size_t length = 0;
  for (const char c : frame.substr(frame.size() - kLengthBytes))
    length = length << 8 | static_cast<uint8_t>(c);
  frame.remove_suffix(kLengthBytes);
  if (length > frame.size()) return std::nullopt;
  Bulk out;
  out.bytes = frame.substr(0, frame.size() - length);
  if (!out.given.ParseFromArray(frame.data() + out.bytes.size(), static_cast<int>(length)))
    return std::nullopt;
  if (const uint32_t size = out.given.size(); size != 0) {
    auto all = inflated(out.bytes, size, kMaxUnpackedBytes);
    if (!all) return std::nullopt;
    unpacked = std::move(*all);
    out.bytes = unpacked;
  }
  uint64_t bytes = 0;
  for (const auto& part : out.given.parts()) bytes += part.length();
  if (bytes != out.bytes.size()) return std::nullopt;
  return out;
}

}  // namespace cluster::files
