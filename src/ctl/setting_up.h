// The commands that set up a host: they work on files, and no daemon has to run.
#pragma once

#include "ctl/arguments.h"

namespace cluster::ctl {

Exit init(const Arguments& arguments);
Exit invite(const Arguments& arguments);

}  // namespace cluster::ctl
