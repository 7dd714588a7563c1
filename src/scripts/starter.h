// Whoever makes the processes of scripts, as LocalRunner sees it: this process itself (direct_starter.h), or one that
// the limits of the daemon's unit do not hold for (launched_starter.h).
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <utility>

#include "scripts/spawn.h"

namespace cluster::scripts {

// As waitid(2) says it: si_code and si_status. A code of 0: it cannot be told, and `status` is the errno.
struct ChildEnd {
  int code = 0;
  int status = 0;
};

class Starter {
 public:
  virtual ~Starter() = default;

  // As spawn() does; 0 and the child's pid, or an errno.
  virtual int spawn(const Spawn& what, pid_t* pid) = 0;
  // As Held does: it executes nothing before it is let go.
  virtual int hold(const Spawn& what, pid_t* pid) = 0;
  virtual int release(pid_t held) = 0;
  virtual void drop(pid_t held) = 0;

  // Told once; nullopt: it has not ended. Until this has told it, the number is nobody else's.
  virtual std::optional<ChildEnd> end_of(pid_t pid) = 0;

  // From the loop: some child may have ended.
  void on_end(std::function<void()> callback) { ended_ = std::move(callback); }

 protected:
  void tell_end() const {
    if (ended_) ended_();
  }

 private:
  std::function<void()> ended_;
};

}  // namespace cluster::scripts
