#include "base/utf8.h"

#include <cstddef>
#include <cstdint>

namespace cluster {

bool is_utf8(std::string_view bytes) {
  size_t i = 0;
  while (i < bytes.size()) {
    const auto first = static_cast<unsigned char>(bytes[i++]);
    if (first < 0x80) continue;
    int more = 0;
    uint32_t code = 0;
    uint32_t least = 0;
    if ((first & 0xe0) == 0xc0) {
      more = 1, code = first & 0x1f, least = 0x80;
    } else if ((first & 0xf0) == 0xe0) {
      more = 2, code = first & 0x0f, least = 0x800;
    } else if ((first & 0xf8) == 0xf0) {
      more = 3, code = first & 0x07, least = 0x10000;
    } else {
      return false;
    }
    for (; more > 0; --more) {
      if (i == bytes.size()) return false;
      const auto next = static_cast<unsigned char>(bytes[i++]);
      if ((next & 0xc0) != 0x80) return false;
      code = (code << 6) | (next & 0x3f);
    }
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
  }
  return true;
}

}  // namespace cluster
