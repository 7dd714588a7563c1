#include "files/path.h"

#include <cstdint>

#include "base/utf8.h"
#include "files/content.h"
#include "sync/messages.h"

namespace cluster::files {

namespace {

constexpr std::string_view kNewMark = ".cluster-new-";
constexpr std::string_view kOldMark = ".cluster-old-";
constexpr size_t kTagDigits = 16;
constexpr size_t kCheckDigits = 8;
constexpr size_t kKeptBytes = 200;
constexpr size_t kTailBytes = kNewMark.size() + kTagDigits + kCheckDigits;
static_assert(kNewMark.size() == kOldMark.size());
static_assert(1 + kKeptBytes + kTailBytes <= kMaxNameBytes);

std::string check_of(std::string_view before) {
  Sha256 sha;
  sha.add("cluster leftover");
  sha.add(before);
  return hex(sha.finish(), kCheckDigits);
}

// Some file systems take UTF-8 alone: the cut goes between two characters.
std::string_view kept_part(std::string_view name) {
  if (name.size() <= kKeptBytes) return name;
  size_t end = kKeptBytes;
  while (end > kKeptBytes - 4 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
  return name.substr(0, end);
}

std::string leftover_name(std::string_view name, std::string_view mark, std::string_view tag) {
  Sha256 sha;
  sha.add(name);
  sha.add(std::string_view("\0", 1));
  sha.add(tag);
  std::string made = "." + std::string(kept_part(name));
  made += mark;
  made += hex(sha.finish(), kTagDigits);
  return made + check_of(made);
}

}  // namespace

std::string hex(std::string_view bytes, size_t digits) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < digits; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i / 2]);
    text += kDigits[i % 2 == 0 ? byte >> 4 : byte & 15];
  }
  return text;
}

bool valid_relative_path(std::string_view path) {
  return path.size() <= kMaxPathBytes && sync::sound_path(path);
}

std::string_view folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string join(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!folder.empty() && !name.empty()) path += '/';
  return path += name;
}

bool within(std::string_view path, std::string_view folder) {
  return folder.empty() ||
         (path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/'));
}

std::string shown(std::string_view path) {
  const bool utf8 = is_utf8(path);
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
      text += "\\x" + hex(std::string_view(&c, 1), 2);
    } else {
      text += c;
    }
  }
  return text;
}

Leftover leftover_kind(std::string_view name) {
  if (name.size() < 2 + kTailBytes || name[0] != '.') return Leftover::kNone;
  const std::string_view mark = name.substr(name.size() - kTailBytes, kNewMark.size());
  const bool is_new = mark == kNewMark;
  if (!is_new && mark != kOldMark) return Leftover::kNone;
  const size_t checked = name.size() - kCheckDigits;
  if (check_of(name.substr(0, checked)) != name.substr(checked)) return Leftover::kNone;
  return is_new ? Leftover::kNew : Leftover::kOld;
}

std::string new_name(std::string_view name, std::string_view content) {
  return leftover_name(name, kNewMark, content);
}

std::string old_name(std::string_view name, std::string_view tag) {
  return leftover_name(name, kOldMark, tag);
}

std::string target_of_leftover(std::string_view name) {
  if (leftover_kind(name) == Leftover::kNone) return {};
  return std::string(name.substr(1, name.size() - 1 - kTailBytes));
}

}  // namespace cluster::files
