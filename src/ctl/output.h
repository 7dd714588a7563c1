// Writing for a user, and what the terminal is like.
#pragma once

#include <string>

#include "base/time.h"
#include "ctl/client.h"
#include "ctl/text.h"

namespace cluster::ctl {

// Colour only on a terminal, never with NO_COLOR or TERM=dumb; width of the terminal, else COLUMNS,
// else none.
Style stdout_style();

// Flushes, so that who reads through a pipe sees lines as they come. False: nobody reads any more.
bool print(const std::string& text);

// "clusterctl: TEXT" on stderr; returns the exit code.
Exit complain(const Fault& fault);

WallTime wall_now();

}  // namespace cluster::ctl
