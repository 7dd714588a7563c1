// Starts an executable in a session of its own (so a process group of its own), with nothing of ours but
// what is given: stdin is /dev/null, every descriptor above 2 closed, signals and mask as at login.
//
// posix_spawn(3) does not copy the page tables, so the time it takes does not grow with our memory.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace cluster::scripts {

using Environment = std::vector<std::pair<std::string, std::string>>;

// What a script inherits of our environment: a few names that say where things are and which language
// to speak. PATH is there in any case.
Environment inherited_environment();

struct Spawn {
  std::string path;
  std::string folder;  // working directory
  Environment environment;
  int output = -1;  // stdout and stderr; -1 is /dev/null
};

// 0 and the child's pid (which is its group's ID too), or an errno.
int spawn(const Spawn& what, pid_t* pid);

}  // namespace cluster::scripts
