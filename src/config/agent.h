// `ocf`, `parameters` and `systemd` of service.conf: a service that an agent runs in the place of scripts.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/conf_file.h"
#include "config/fault.h"

namespace cluster::config {

inline constexpr char kOcfRoot[] = "/usr/lib/ocf";

struct Agent {
  std::string unit;            // of systemd; empty: an OCF agent,
  std::string provider, type;  // heartbeat, IPaddr2
  std::string path;            // of the program
  std::vector<std::pair<std::string, std::string>> parameters;

  std::string name() const { return "ocf:" + provider + ":" + type; }
};

// nullopt: it names none, or what it names is no agent of this host, which is reported.
std::optional<Agent> read_agent(const ConfValues& conf, Report& report);
// Likewise of the service.conf in a folder.
std::optional<Agent> load_agent(const std::string& folder, Report& report);

// Be it one that is here or not.
bool names_agent(const ConfValues& conf);
bool names_agent(const std::string& folder);

}  // namespace cluster::config
