// Files that are kept alike, for people: of the status document, and of FileLog().
#pragma once

#include <string>

#include "ctl/fields.h"
#include "ctl/text.h"

namespace cluster::ctl {

// "files: 1 of 3 roots is not in sync: www (behind)"; empty where all are.
std::string files_line(const Json& status);

// A row for each root and host, and below what an operator should know of them.
std::string files_table(const Json& status, const Style& style);

std::string file_log_table(const Json& log, const Style& style);

}  // namespace cluster::ctl
