// --daemon: the caller's process waits until the daemon is ready or has failed, and ends with its code.
#pragma once

#include <string>

#include "base/result.h"
#include "posix/fd.h"

namespace cluster::daemon {

class Detach {
 public:
  Detach() = default;  // stays in the foreground: ready() does nothing

  // Forks; before any thread, loop or connection exists. In the daemon it returns; in the caller's
  // process it does not: that one exits 0 once ready() is called, 1 when the daemon ended before.
  static Result<Detach> fork_now();

  // Lets the caller go, and leaves its terminal and folder.
  void ready();

  // The latter, for a process of which no caller knows.
  static void leave_terminal();

 private:
  Fd caller_;
};

}  // namespace cluster::daemon
