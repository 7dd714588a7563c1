// Scripts as children of this very process.
//
// The end of a child is seen by SIGCHLD through the loop, which needs no descriptor a run: a shortage of descriptors never
// loses an end. One a process, as SIGCHLD is one a process.
#pragma once

#include <map>

#include "loop/watch.h"
#include "scripts/starter.h"

namespace cluster::scripts {

class DirectStarter final : public Starter {
 public:
  explicit DirectStarter(event_base* base);

  int spawn(const Spawn& what, pid_t* pid) override;
  int hold(const Spawn& what, pid_t* pid) override;
  int release(pid_t held) override;
  void drop(pid_t held) override;
  std::optional<ChildEnd> end_of(pid_t pid) override;

 private:
  Held take(pid_t held);

  std::map<pid_t, Held> held_;
  Watch child_ended_;
};

}  // namespace cluster::scripts
