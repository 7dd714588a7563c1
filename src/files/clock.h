// The system's clocks, as src/sync is told of them.
#pragma once

#include "base/time.h"

namespace cluster::files {

Now read_clocks();

}  // namespace cluster::files
