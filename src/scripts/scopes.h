// Control groups outside of the daemon's own, one a service, which systemd has made as transient scopes
// (cluster-SERVICE.scope): what is in there neither ends nor is limited with the daemon's unit.
//
// Whose a scope is says an extended attribute of its folder, so that the next life of this daemon, and --fence, find
// theirs by a look at the hierarchy alone: with no bus, no systemd that answers and no disk that can be written.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "posix/fd.h"

namespace cluster::scripts {

class Scopes {
 public:
  // Those that are there already for services of this state folder.
  static Scopes find(const std::string& state_dir);

  // This folder is that service's from now on. An error: it is another's, or cannot be marked.
  Status take(const std::string& service, const std::string& folder);

  // A descriptor of the folder, for Spawn::cgroup; -1 where nothing of the service is in a scope: an empty one ends.
  Fd open(const std::string& service) const;
  bool populated(const std::string& service) const;
  // SIGKILL to everything in it; false: not all could be reached.
  bool kill(const std::string& service) const;

  // As Cgroups has them.
  std::vector<std::string> services() const;
  std::vector<std::string> kill_all(const std::vector<std::string>& but = {}) const;

 private:
  explicit Scopes(std::string owner) : owner_(std::move(owner)) {}

  std::string owner_;
  std::map<std::string, std::string> folders_;  // by service
};

}  // namespace cluster::scripts
