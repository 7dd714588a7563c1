// Files that another host has pushed, with what is this host's own in its cluster.conf left as it is here.
#pragma once

#include <string>

#include "base/result.h"
#include "config/load.h"
#include "core/push_io.h"

namespace cluster::config {

// cluster.conf, hosts and services that these options name, byte for byte. The error names file and line.
Result<core::PushFiles> read_push_files(const Options& options);

// `pushed` with the host-local settings (Scope::kHost in keys.h) of `own` in place of those that it holds. Its lines keep their
// numbers; what it lacks of ours comes after them. The path of a sync section is this host's own where it has the section.
// Where `pushed` cannot be read at all it is given back as it is, for the parser to refuse. An error: our own cannot be read.
Result<std::string> with_own_settings(const std::string& pushed, const std::string& own,
                                      const std::string& own_path);

}  // namespace cluster::config
