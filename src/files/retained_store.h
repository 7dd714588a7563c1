// The folders and names of the retained versions, for retained*.cc.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "files/retained.h"

namespace cluster::files {

struct Retained::Shared {
  std::string path;
  Fd folder;
  std::set<std::string> active;  // ROOT/HASH/ID of what is being copied
};

inline constexpr std::string_view kMetaEnd = ".meta";
inline constexpr std::string_view kDataEnd = ".data";
inline constexpr std::string_view kCopyEnd = ".copy";
inline constexpr std::string_view kTempEnd = ".tmp";

std::string root_folder(std::string_view root);  // ROOT: bytes that could do harm become %XX
std::string path_folder(std::string_view root, std::string_view path);  // ROOT/HASH
std::string id_prefix(WallTime kept);                                   // ids sort by it
std::vector<std::string> names_in(int folder,
                                  const std::string& path);  // none where it cannot be read
Result<RetainedVersion> read_meta(int folder, const std::string& name);

}  // namespace cluster::files
