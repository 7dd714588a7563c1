// Extended attributes that are kept alike: user.* and the two POSIX ACLs, whose users and groups go by name.
//
// security.capability is not: it gives a file power over a host that nobody there granted, as setuid does. trusted.*,
// security.* and other system.* belong to one host (SELinux's labels follow from its own policy).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "files/names.h"

namespace cluster::files {

// Of one path: names and values together.
inline constexpr size_t kMaxAttributeBytes = 256 << 10;

using Attributes = std::vector<std::pair<std::string, std::string>>;  // by name

bool kept_attribute(std::string_view name);

// Of `name` in the opened folder `fd` (of a symlink itself), or of `fd` where that is empty. None where the file system has none.
Result<Attributes> read_attributes(int fd, const std::string& name, Names& names);

// Makes those that are kept alike the same as `wanted`. What cannot be set is told, one sentence each, and left out.
// Other names than kept ones in `wanted` are among them.
std::vector<std::string> write_attributes(int fd, const Attributes& wanted, Names& names);

// An ACL as in system.posix_acl_access (linux/posix_acl_xattr.h, version 2), and as text: "user::rwx,user:alice:r--,
// group::r-x,mask::r-x,other::---".
Result<std::string> acl_to_text(std::string_view value, Names& names);
Result<std::string> acl_from_text(std::string_view text, Names& names);

}  // namespace cluster::files
