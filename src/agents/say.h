// A line for the log: what an agent's process prints is logged as a script's output is.
#pragma once

#include <cstdio>
#include <string>

namespace cluster::agents {

inline void say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

}  // namespace cluster::agents
