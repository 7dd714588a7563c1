// Starts an executable in a session of its own (so a process group of its own), with nothing of ours but
// what is given: stdin is /dev/null, every descriptor above 2 closed, signals and mask as at login.
//
// posix_spawn(3) does not copy the page tables, so the time it takes does not grow with our memory. Into a control
// group it is clone3(2) with CLONE_INTO_CGROUP, of a guardian that is small: one that is born in its group has no
// moment outside of it, and to move there takes the kernel longer than to be born (where it has to, a child does so
// before it executes anything). Only where systemd has to move it, and so has to be
// told of it first, a process is born that waits (Held): before it is let go it does nothing that could escape.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "posix/fd.h"

namespace cluster::scripts {

using Environment = std::vector<std::pair<std::string, std::string>>;

// What a script inherits of our environment: a few names that say where things are and which language
// to speak. PATH is there in any case.
Environment inherited_environment();

struct Spawn {
  std::string path;
  std::vector<std::string> arguments = {};  // after the path
  std::string folder;                       // working directory
  Environment environment;
  int output = -1;  // stdout and stderr; -1 is /dev/null
  int cgroup = -1;  // the folder of the group to be born in; -1: that of this process
};

// 0 and the child's pid (which is its group's ID too), or an errno.
int spawn(const Spawn& what, pid_t* pid);

// A child that executes nothing before it is let go, and ends where that can happen no more, as its parent has ended.
class Held {
 public:
  // 0 and the child in `out`, or an errno.
  static int spawn(const Spawn& what, Held* out);

  pid_t pid() const { return pid_; }
  // 0, or an errno: it could not be executed, and is gone.
  int release();
  // It is killed, and gone.
  void drop();

 private:
  void close_ends();

  pid_t pid_ = -1;
  Fd gate_;    // a byte lets it go
  Fd answer_;  // an errno, or the end: it has been executed
};

}  // namespace cluster::scripts
