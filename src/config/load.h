// The whole configuration of this host, validated, or everything that is wrong with it.
//
// Reads CONFIG_DIR/{cluster.conf,hosts,services} (or another hosts file, where it is told so) and, of
// the services that may run here, service_dir/NAME/; looks whether the folders of files that are kept
// alike are there. Writes nothing, resolves no name (but see IdentitySource) and keeps nothing between
// calls, so a reload that is refused has changed nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/address.h"
#include "config/fault.h"
#include "config/hosts.h"
#include "config/identity.h"
#include "core/config.h"
#include "core/push_io.h"
#include "sync/local_root.h"

namespace cluster::config {

enum class Mode : uint8_t {
  kCheck,  // --check-config and reload: a fault in a service's folder is a fault like any other
  kStart,  // it makes only that service unable here (runnable, unrunnable_why) and is listed as a
           // warning
};

struct Options {
  std::string config_dir;
  std::string hosts_file;      // read in place of CONFIG_DIR/hosts; empty: that
  std::string state_dir;       // absolute: nothing there is kept alike; empty: there is none
  std::optional<uint64_t> id;  // --id, over the one in cluster.conf
  IdentitySource local = &local_identity;  // asked only where no ID is given
  Mode mode = Mode::kCheck;
  // Looked at in place of what stands in the three files.
  std::optional<core::PushFiles> texts;
};

struct Loaded {
  core::Config core;
  Passphrases passphrases;                 // initial ones, of every host
  std::vector<PortAddress> status_listen;  // where the status page is; empty: nowhere
  std::vector<std::string> listen;  // IP addresses without brackets; empty: all of this machine
  uint16_t port = 0;        // to listen on: of cluster.conf, else of this host's line, else 35790
  int verbosity = 0;        // 0 to 5
  std::string service_dir;  // absolute
  std::vector<sync::LocalRoot> roots;  // in which this host takes part; named alike on all of them
  Duration retain = hours(24 * 7);     // for how long replaced and deleted versions are kept
  Duration tombstone_keep = sync::kTombstoneKeep;  // and deletes remembered for hosts that are away
  std::vector<std::string> email, text_alerts;     // to whom alerts are mailed, whole and short
  std::string sendmail;                            // absolute
  Duration alert_timeout = seconds(30);            // for each program that tells people
  std::string alerts_dir;                          // absolute; with executables that tell people

  bool operator==(const Loaded&) const = default;
};

struct Outcome {
  std::optional<Loaded> loaded;  // exactly where there is no fault
  std::vector<Fault> faults;
  std::vector<Fault> warnings;
};

// Of the hosts file that is read.
std::string hosts_path(const Options& options);

Outcome load(const Options& options);

// The keys whose change a reload cannot apply: "id", "port", "listen", "service_dir"; the running
// values stay in force for them.
std::vector<std::string> restart_needed(const Loaded& running, const Loaded& next);

// What --check-config prints, one a line: every fault, then every warning as "FILE:LINE: warning:
// …"; where there is no fault, a last line that says what was found. The caller exits 1 where there
// is a fault.
std::string check_config_report(const Outcome& outcome);

}  // namespace cluster::config
