// What people and programs read, as JSON: pure functions of values.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "bus/bus.h"
#include "core/view.h"
#include "sync/view.h"

namespace cluster::bus {

// UTC with milliseconds: 2024-05-06T07:08:09.123Z.
std::string iso8601(WallTime time);

// The roots, and when they were so.
struct FilesNow {
  std::vector<sync::RootView> roots;
  WallTime now;
};

// Hosts that are not linked get their names, and when they were last seen; those that are up all the same, in a mesh where
// not all are linked with all, are left out.
FilesNow files_now(std::vector<sync::RootView> roots, WallTime now, const core::View& view);

// The document of GetStatus() and `clusterctl --json status`, on one line.
std::string status_json(const core::View& view, const std::string& version,
                        const Strangers& strangers = {}, const RelayCounts& relayed = {},
                        const FilesNow& files = {});

// Its member `files`: the answer of Files().
std::string files_json(const FilesNow& files);

// One retained version of a path.
struct FileVersion {
  std::string version;  // by which FileRestore() takes it
  WallTime kept;        // when it was replaced or deleted here
  WallTime edited;
  std::string type;  // "file", "folder" or "link"
  uint64_t size = 0;
  std::string label;  // whose it was and why it went, for people
};

// The answer of FileLog(); in the order given.
std::string file_log_json(const std::vector<FileVersion>& versions);

// An array of {"time", "severity", "text"}, oldest first.
std::string events_json(const std::vector<Happening>& events);

}  // namespace cluster::bus
