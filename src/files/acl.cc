#include <array>
#include <charconv>
#include <cstdint>

#include "files/attributes.h"
#include "files/path.h"

namespace cluster::files {

namespace {

// linux/posix_acl.h and posix_acl_xattr.h, whose header some distributions lack.
constexpr uint32_t kVersion = 2;
constexpr size_t kHeaderBytes = 4;
constexpr size_t kEntryBytes = 8;
constexpr uint32_t kNoId = 0xffffffff;

struct Kind {
  uint16_t tag;
  std::string_view word;
  bool named;
};
constexpr std::array<Kind, 6> kKinds{{{0x01, "user", false},
                                      {0x02, "user", true},
                                      {0x04, "group", false},
                                      {0x08, "group", true},
                                      {0x10, "mask", false},
                                      {0x20, "other", false}}};

uint32_t little(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

void put(std::string& out, uint32_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

std::string name_of_id(const Kind& kind, uint32_t id, Names& names) {
  std::string name = kind.word == "user" ? names.user(id) : names.group(id);
  return name.find_first_of(":,") == std::string::npos ? name : std::to_string(id);
}

// Up to the next `end`, which is taken off too.
std::string_view take(std::string_view& text, char end) {
  const size_t at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

std::string rights(uint32_t bits) {
  return {(bits & 4) != 0 ? 'r' : '-', (bits & 2) != 0 ? 'w' : '-', (bits & 1) != 0 ? 'x' : '-'};
}

}  // namespace

Result<std::string> acl_to_text(std::string_view value, Names& names) {
  if (value.size() < kHeaderBytes || (value.size() - kHeaderBytes) % kEntryBytes != 0 ||
      little(value.substr(0, kHeaderBytes)) != kVersion)
    return Error{"an ACL of an unknown form"};
  std::string text;
  for (value.remove_prefix(kHeaderBytes); !value.empty(); value.remove_prefix(kEntryBytes)) {
    const uint32_t tag = little(value.substr(0, 2));
    const Kind* kind = nullptr;
    for (const Kind& each : kKinds)
      if (each.tag == tag) kind = &each;
    if (kind == nullptr) return Error{"an ACL with an unknown kind of entry"};
    if (!text.empty()) text += ',';
    text += std::string(kind->word) + ":";
    if (kind->named) text += name_of_id(*kind, little(value.substr(4, 4)), names);
    text += ":" + rights(little(value.substr(2, 2)));
  }
  return text;
}

Result<std::string> acl_from_text(std::string_view text, Names& names) {
  std::string value;
  put(value, kVersion, kHeaderBytes);
  while (!text.empty()) {
    std::string_view entry = take(text, ',');
    const std::string_view word = take(entry, ':');
    const std::string name(take(entry, ':'));
    const Kind* kind = nullptr;
    for (const Kind& each : kKinds)
      if (each.word == word && each.named == !name.empty()) kind = &each;
    uint32_t bits = 0;
    for (uint32_t bit = 0; bit < 8; ++bit)
      if (rights(bit) == entry) bits = bit + 8;
    if (kind == nullptr || bits == 0)
      return Error{"an ACL entry that is none: " + shown(std::string(word) + ":" + name)};
    uint32_t id = kNoId;
    if (kind->named) {
      const auto known = kind->word == "user" ? names.uid(name) : names.gid(name);
      if (!known) return Error{"an ACL for " + shown(name) + ", which is not known on this host"};
      id = *known;
    }
    put(value, kind->tag, 2);
    put(value, bits - 8, 2);
    put(value, id, 4);
  }
  return value;
}

}  // namespace cluster::files
