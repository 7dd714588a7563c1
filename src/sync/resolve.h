// Which of two versions of a path stays, and what becomes of the other. A pure function that is alike on every host: of
// any number of versions, in whatever order they meet, the same one stays, the greatest in one order of all.
#pragma once

#include <string>

#include "sync/entry.h"

namespace cluster::sync {

// Which of two concurrent edits stays: the later one, that of the host which created the path, or what both make of it where
// they touch different lines of a text, else the later one. kOwner: whatever was made in the later run of the root's service.
enum class Mode : uint8_t { kNewer, kOlder, kMerge, kOwner };
const char* to_string(Mode mode);  // as in cluster.conf

enum class Stays : uint8_t {
  kBoth,         // they are one and the same version
  kOurs,         // the other came before
  kTheirs,       // ours did
  kOursOfTwo,    // made without knowledge of each other
  kTheirsOfTwo,  // likewise
};

struct Resolution {
  Stays stays = Stays::kBoth;
  bool keep_other = false;  // as a file of its own, beside; of the last two only
  bool lost = false;        // in mode owner: what does not stay the other run knew nothing of
};

Resolution resolve(Mode mode, const Entry& ours, const Entry& theirs);

// Of two concurrent ones the one that stays, with all that both know.
Entry merged(const Entry& stays, const Entry& other);

// What is kept beside of one that does not stay: the same on every host that makes it.
Entry copy_of(const Entry& other);

// PATH.conflict-HOST-TIME, its last component cut to 255 bytes.
// `exact`: the name tells its content as well.
std::string copy_path(const std::string& path, const Entry& other, bool exact = false);

}  // namespace cluster::sync
