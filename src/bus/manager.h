// The interfaces of the object /com/bammeson/cluster: the original's com.bammeson.cluster, and
// com.bammeson.cluster.Manager1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bus/bus.h"
#include "bus/compat.h"
#include "bus/handler.h"
#include "bus/objects.h"
#include "bus/pending.h"

namespace cluster::bus {

inline constexpr const char* kOriginalInterface = "com.bammeson.cluster";
inline constexpr const char* kManagerInterface = "com.bammeson.cluster.Manager1";

// What the methods work on. All outlive the object that is made of them.
struct Desk {
  Cluster& cluster;
  const ViewSource& view;
  const std::string& version;
  Clusterhandler& handler;
  Pending& pending;
};

std::vector<Interface> manager_interfaces(const Desk& desk);

// Names of Manager1's signalled properties that differ.
std::vector<std::string> changed_properties(const core::View& before, const core::View& after);

// "3, 1": IDs of hosts; the error says what is expected.
Result<std::vector<HostId>> parse_ids(std::string_view text);

}  // namespace cluster::bus
