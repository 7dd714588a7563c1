// Owner, mode, attributes and time of what is placed.
#pragma once

#include <string>
#include <vector>

#include "files/names.h"
#include "sync/file_state.h"

namespace cluster::files {

// To a file or folder opened for reading. At no moment has anybody more rights than before or after. What cannot be done is told, one
// sentence each: an owner or group that this host does not have leaves the one it has, and no setuid or setgid with it; where an
// ACL cannot be set, the group gets what the ACL gave to it, not what its mask allows to all named in it.
std::vector<std::string> apply_state(int fd, const sync::FileState& state, bool allow_setuid,
                                     Names& names);
// To the symlink `name` in an opened folder.
std::vector<std::string> apply_to_link(int folder, const std::string& name,
                                       const sync::FileState& state, Names& names);

}  // namespace cluster::files
