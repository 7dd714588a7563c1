// clusterd's command line.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/ids.h"

namespace cluster::daemon {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// By LoadCredential= and its like (systemd.exec(5)).
inline constexpr char kHostsCredential[] = "cluster.hosts";

struct Options {
  std::string config_dir = CLUSTER_SYSCONFDIR "/cluster";
  std::string hosts_file;  // a credential, in place of the one in config_dir; empty: there is none
  std::string state_dir = CLUSTER_LOCALSTATEDIR "/lib/cluster";
  std::string bus = "system";
  std::optional<HostId> id;
  bool detach = false;
  bool check_config = false;
  bool accept_renumbering = false;
  bool fence = false;
  std::string engine;     // of src/guardian alone: what an engine inherits; empty: this is none
  std::string agent;      // likewise: the script in whose place this is run
  bool launcher = false;  // likewise: stdin is a guardian's socket
  int verbose = 0;        // how often --verbose was given
};

struct Exit {
  int code = kExitOk;
  std::string out;    // for stdout
  std::string error;  // for stderr
};

// Folders come out as absolute paths; credentials are looked for in $CREDENTIALS_DIRECTORY. An Exit
// ends the program: help, version or wrong usage.
std::variant<Options, Exit> parse_options(int argc, const char* const* argv);

}  // namespace cluster::daemon
