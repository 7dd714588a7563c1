// One action of a service that an agent runs; a process of its own, in the place of a script.
#pragma once

#include <string>

namespace cluster::agents {

// What the working directory's service.conf says, done: `script` is start, stop or status. Says on stdout and stderr what
// a person should know; returns the exit status that a script would have.
int run_agent(const std::string& script);

}  // namespace cluster::agents
