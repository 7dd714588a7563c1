// Replaces several files of one folder at once: all of them or none, through a crash at any moment.
//
// The new ones are written beside the old (.NAME.cluster-new) and synced; then a journal that names them (.cluster-replace)
// appears, and from there on they are renamed into place, now or by finish_replacing() after a crash.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace cluster::files {

inline constexpr size_t kMaxReplacedKept = 16;  // times that replaced files are kept of

struct NewFile {
  std::string name;  // of a file directly in the folder
  std::string bytes;
};

// Those that already are so stay untouched. A file keeps its mode and owner; one that is new gets 0600. What is replaced is
// copied to KEEP/LABEL/NAME before, where `keep` is made with mode 0700 and the oldest of more than kMaxReplacedKept go.
// An error: nothing is changed. Blocks for as long as the disk takes.
Status replace_all(const std::string& folder, const std::vector<NewFile>& files,
                   const std::string& keep, const std::string& label);

// Before anything reads the folder. An error says what is left to do.
Status finish_replacing(const std::string& folder);

}  // namespace cluster::files
