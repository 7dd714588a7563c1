// What scripts left running, where there are no control groups: found by the environment that it was started with.
//
// Whoever clears its environment escapes, so that nothing is found proves nothing.
#pragma once

#include <cstddef>
#include <string>

namespace cluster::scripts {

// SIGKILL to every process that descends from a script of that service of that daemon. How many there were.
size_t kill_leftovers(const std::string& service, const std::string& state_dir);

}  // namespace cluster::scripts
