// What cluster.conf says of files that are kept alike, as it is written: for whichever hosts, and wherever they are.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/conf_file.h"
#include "config/fault.h"
#include "sync/filter.h"
#include "sync/io.h"
#include "sync/resolve.h"

namespace cluster::config {

inline constexpr size_t kMaxListedPaths = 1024;   // of critical_files, and of critical_dirs
inline constexpr size_t kMaxSyncSections = 1024;  // with these and the services, 4096 roots
inline constexpr size_t kMaxPatterns = 256;       // of one include or exclude

struct PathList {
  int line = 1;
  std::vector<std::string> paths;  // each once, as clean_path() has them
};

struct SyncSection {
  std::string name;
  int line = 1;
  std::optional<std::string> path;  // nullopt: missing or refused, which is reported
  int path_line = 1;
  sync::Mode mode = sync::Mode::kNewer;
  sync::Filter filter;
  std::optional<std::vector<std::string>> hosts;  // IDs and names; nullopt: all
  int hosts_line = 1;
  bool allow_setuid = false;
  std::string service;  // exactly in mode owner, unless that is reported
  int service_line = 1;
};

struct FilesConf {
  PathList critical_files, critical_dirs;
  std::vector<SyncSection> sections;
  Duration retain = hours(24 * 7);
  Duration tombstone_keep = sync::kTombstoneKeep;
};

// An absolute path without empty components, and none at its end. Error: both halves, to follow the path's name.
Result<std::string> clean_path(std::string_view path);

FilesConf read_files(const ConfValues& conf, Report& report);

}  // namespace cluster::config
