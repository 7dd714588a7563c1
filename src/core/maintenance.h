// Maintenance of a host, as the operators' settings have it: what runs there is neither started, stopped nor checked
// until it ends, whether the daemon there lives or not, and nobody else starts it.
//
//   maintenance/HOST   "on"                  asked for: the host waits until nothing there is under way
//                      "kept TOKEN COUNT"    so many services are kept there; begun once enough others know
//                      "ending TOKEN COUNT"  to end: kept until the host has fresh leases for them
//                      "refused WHY"         it could not begin
//                      ""                    none
//   kept/SERVICE       "TOKEN HOST"          counts while the maintenance of that host has this token
//
// docs/ownership.md has what it means for leases.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/node.h"
#include "core/settings.h"

namespace cluster::core {

struct Maintenance {
  enum class Phase : uint8_t { kNone, kWanted, kKept, kEnding };
  Phase phase = Phase::kNone;
  uint64_t token = 0;  // of kKept and kEnding
  size_t services = 0;
  std::string refused;  // why it could not begin

  bool keeps() const { return phase == Phase::kKept || phase == Phase::kEnding; }
  bool operator==(const Maintenance&) const = default;
};

// What makes no sense, as a newer version may have it, is none.
Maintenance parse_maintenance(const std::string& value);
std::string to_value(const Maintenance& maintenance);

std::string maintenance_key(const std::string& host);
std::string kept_key(const std::string& service);
std::string kept_value(uint64_t token, const std::string& host);
// One of those two.
bool about_maintenance(std::string_view setting_key);

// All of it that is in force, by the names of the hosts.
class Upkeeps {
 public:
  void read(const Settings& settings);

  const Maintenance& of(const std::string& host) const;
  // The services that are kept there.
  std::vector<std::string> kept_by(const std::string& host) const;
  // Every service that is kept is known here: not so while some of the settings are still on their way.
  bool complete(const std::string& host) const;
  // Who keeps it; empty: nobody.
  const std::string& keeper(const std::string& service) const;
  // Each kept service with the node that keeps it.
  const std::map<std::string, NodeId>& nodes() const { return nodes_; }
  const std::map<std::string, Maintenance>& all() const { return hosts_; }

 private:
  std::map<std::string, Maintenance> hosts_;
  std::map<std::string, std::string> keepers_;  // of services
  std::map<std::string, NodeId> nodes_;
};

// That this host's maintenance has begun, as it is stored.
struct BegunMaintenance {
  uint64_t token = 0;        // 0: none
  std::string machine_boot;  // at that time: Boot
};
BegunMaintenance begun_maintenance(const Stored& stored);
Write to_write(const BegunMaintenance& begun);

// What this host leaves alone: for whoever cleans up after a daemon that is dead.
std::vector<std::string> services_left_alone(const Stored& stored);

}  // namespace cluster::core
