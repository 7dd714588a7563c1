// A retained version's meta: what is written beside its data.
#pragma once

#include <string>
#include <string_view>

#include "files/retained.h"

namespace cluster::files {

std::string meta_bytes(const RetainedVersion& version);
// All but `id`. An error: cut short, or damaged on the disk.
Result<RetainedVersion> parse_meta(std::string_view bytes);

}  // namespace cluster::files
