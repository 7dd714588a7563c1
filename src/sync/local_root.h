// A root as this host's configuration has it: what is agreed on with others, and where it is here.
#pragma once

#include <string>

#include "sync/io.h"

namespace cluster::sync {

struct LocalRoot {
  RootConfig config;
  std::string path;  // of its folder, absolute
  bool allow_setuid = false;
  std::string service{};  // in mode owner: which writes it; empty: not that mode

  bool operator==(const LocalRoot&) const = default;
};

}  // namespace cluster::sync
