// Whoever can have systemd make a scope for a service, as LocalRunner sees it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace cluster::scripts {

class ScopeMaker {
 public:
  virtual ~ScopeMaker() = default;

  // Whether it is worth while to ask now.
  virtual bool ready() = 0;

  // That process, which executes nothing yet, is to be moved into a scope of this service's own. `done` comes once, from
  // the loop and within a bound: "" where systemd says that it is in there, else why not.
  using Done = std::function<void(const std::string& why_not)>;
  virtual void make(const std::string& service, pid_t pid, Done done) = 0;

  // What follows from what was made: nothing of it is worth while for some time, and that is said.
  virtual void failed(const std::string& service, const std::string& why) = 0;
};

}  // namespace cluster::scripts
