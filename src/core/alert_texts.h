// What people read of a host or a service that has gone, come back or flaps.
#pragma once

#include <string>

#include "core/node_knowledge.h"

namespace cluster::core {

// "10 min"
std::string in_minutes(Duration time);

// Of another host, which the hosts file names.
SendAlert host_alert(const Knowledge& known, const std::string& name, const Watch& watch,
                     Watch::News what);
SendAlert service_alert(const Knowledge& known, const std::string& name, const Watch& watch,
                        Watch::News what);

}  // namespace cluster::core
