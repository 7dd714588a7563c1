// What the process that outlives the engine is to it (src/guardian): the source of what it starts with, the one who
// runs its scripts, and who wants to hear how it fares.
#pragma once

#include <event2/event.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/node.h"
#include "net/socket.h"
#include "posix/fd.h"
#include "scripts/runner.h"
#include "store/lock_file.h"

namespace cluster::daemon {

class Parent {
 public:
  virtual ~Parent() = default;

  // Once each.
  virtual store::LockFile take_lock() = 0;       // on the state folder
  virtual std::vector<Fd> take_listening() = 0;  // bound, and perhaps with connections waiting
  virtual std::vector<core::LeftService> take_left() = 0;
  virtual uint64_t first_run() const = 0;

  // Once, before anything that follows. The runner is destroyed before the parent.
  virtual std::unique_ptr<scripts::Runner> attach(event_base* base,
                                                  scripts::Callbacks callbacks) = 0;

  virtual void began() = 0;   // the start has succeeded, and signals are heeded
  virtual void ready() = 0;   // as the supervisor is told
  virtual void ending() = 0;  // the end that follows is meant, whatever its code
  virtual void set_verbosity(int verbosity) = 0;
};

}  // namespace cluster::daemon
