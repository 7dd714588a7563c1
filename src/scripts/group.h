// One control group (cgroups(7), version 2), by its folder: who is in it, and how all of it dies. Whose it is say
// cgroups.h, for those below the daemon's own group, and scopes.h, for those that systemd makes.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace cluster::scripts {

// Where SIGKILL takes longer, something hangs in the kernel.
inline constexpr Duration kDyingTime = seconds(5);
inline constexpr Duration kDyingLook = milliseconds(5);
// Rounds of killing what is listed, where the kernel has no cgroup.kill (before 5.14).
inline constexpr int kMaxKillRounds = 100;

namespace group {

// Where the unified hierarchy is seen, and which of its groups that is ("": all of it).
std::optional<std::pair<std::string, std::string>> mount_of_cgroup2();

// The folder of the group that this process is in; 0: that of the caller.
Result<std::string> of_process(pid_t pid);

// Several daemons of one machine, perhaps with paths of their own each, do not collide. "": there is no such folder.
std::string name_of(const std::string& state_dir);

// SIGKILL to everything in it, also to what is being forked meanwhile. False: not all could be reached.
bool kill(const std::string& folder);
bool populated(const std::string& folder);
// Nothing happens while it is populated.
void remove(const std::string& folder);

// Kills what is in these, which are by name, and waits until it is dead, at most kDyingTime: the names of what is not.
std::vector<std::string> kill_all(std::map<std::string, std::string> folders);

}  // namespace group
}  // namespace cluster::scripts
