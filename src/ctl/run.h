// clusterctl without its main(), so that tests can run it.
#pragma once

namespace cluster::ctl {

// Writes to stdout and stderr; returns the exit code.
int run(int argc, const char* const* argv);

}  // namespace cluster::ctl
