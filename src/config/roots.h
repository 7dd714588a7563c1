// The folders and files that are kept alike, as this host has them: of critical_files, critical_dirs and sync sections, and
// the folder of each service that may run here.
#pragma once

#include <string>
#include <vector>

#include "config/fault.h"
#include "config/files_conf.h"
#include "config/hosts.h"
#include "config/services.h"
#include "sync/local_root.h"

namespace cluster::config {

struct RootSources {
  const FilesConf& conf;
  const std::string& conf_path;
  const Hosts& hosts;
  HostId self;  // none: it is not known, and so no root is here
  const std::vector<ServiceRow>& services;
  const std::string& services_path;
  std::string service_dir;  // absolute, as is what follows
  std::string config_dir;
  std::string state_dir;  // may be empty
};

// Those in which this host takes part, each of a name and a place of its own. Reported: hosts that there are not, roots within
// each other, and around or in the folders of the daemon itself, or where something else is than a folder. A folder that is
// not there yet is a warning.
std::vector<sync::LocalRoot> local_roots(const RootSources& sources, Report& report);

}  // namespace cluster::config
