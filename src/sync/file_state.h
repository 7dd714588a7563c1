// What a path holds, as far as it is kept alike on all hosts; and how a host tells cheaply that it still does.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cluster::sync {

enum class FileType : uint8_t { kFile, kFolder, kLink };

// Bytes: of a digest of content (SHA-256).
inline constexpr size_t kDigestBytes = 32;

struct FileState {
  FileType type = FileType::kFile;
  uint64_t size = 0;    // bytes, of a file
  std::string content;  // of a file its digest, of a link its target
  uint32_t mode = 0;    // permissions with setuid, setgid and sticky; 0 of a link
  std::string owner;    // names; a number where it has none
  std::string group;
  int64_t mtime_ns = 0;  // since the epoch; 0 of a folder, whose time is that of its entries
  std::vector<std::pair<std::string, std::string>> attributes;  // extended, with ACLs; by name

  bool operator==(const FileState&) const = default;

  // Nothing is lost where one takes the place of the other, but for whose it is and when it was made.
  bool same_content(const FileState& other) const {
    return type == other.type && content == other.content;
  }
};

// Of what lstat(2) says: as long as all of it is the same, and its times are older than the look at it by more than
// the clock of the file system ticks, the path holds what it held.
struct Signature {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t size = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  bool racy = false;  // looked at within a tick of its last change: one more might not show

  bool operator==(const Signature&) const = default;
};

struct Found {
  FileState state;
  Signature signature;

  bool operator==(const Found&) const = default;
};

}  // namespace cluster::sync
