// services.d/NAME/files: folders and files outside of the service's own folder that are kept alike with it.
#pragma once

#include <string>
#include <vector>

#include "config/fault.h"
#include "config/text.h"
#include "sync/resolve.h"

namespace cluster::config {

struct ListedPath {
  std::string path;  // as clean_path() has it
  bool folder = false;
  sync::Mode mode = sync::Mode::kNewer;
  int line = 1;
};

// After a line DIRS folders and after a line FILES files, each with the number of its mode (0 newer, 1 older, 2 merge), up to
// a line END. What has no fault is in the result.
std::vector<ListedPath> parse_file_list(const TextFile& text, Report& report);

}  // namespace cluster::config
