// A control group (cgroups(7), version 2) for each service: whatever a script of it starts is born in there, however
// it forks and detaches, so all of it can be found and killed.
//
// They live in one folder a daemon, below the group that the daemon itself is in, or where an earlier life of it has
// put them. No controller is enabled, so nothing is accounted or limited by them. Under systemd the daemon's own
// group must be delegated to it (Delegate=).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "posix/fd.h"

namespace cluster::scripts {

class Cgroups {
 public:
  // The folder is kept in the file `cgroup` of the state folder, for the next life and for --fence. An error says
  // why there are none here.
  static Result<Cgroups> make(const std::string& state_dir);

  // Those that an earlier life has left; an error where there are none.
  static Result<Cgroups> find(const std::string& state_dir);

  // A descriptor of the service's group, made where there is none, for Spawn::cgroup. None, with errno.
  Fd open(const std::string& service) const;

  // SIGKILL to everything in it, also to what is being forked meanwhile. False: not all could be reached.
  bool kill(const std::string& service) const;
  bool populated(const std::string& service) const;
  // Nothing happens while it is populated.
  void remove(const std::string& service) const;

  // Kills all there is, but for these services, and waits until it is dead, at most kDyingTime: what is not, by the
  // services' names.
  std::vector<std::string> kill_all(const std::vector<std::string>& but = {}) const;
  std::vector<std::string> services() const;  // that have a group
  void remove_empty() const;                  // all of them, and the folder

  const std::string& folder() const { return folder_; }

 private:
  explicit Cgroups(std::string folder) : folder_(std::move(folder)) {}
  std::string path(const std::string& service) const;

  std::string folder_;
};

}  // namespace cluster::scripts
