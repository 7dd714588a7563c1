// What people and programs read, as JSON: pure functions of values.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "bus/bus.h"
#include "core/view.h"

namespace cluster::bus {

// UTC with milliseconds: 2024-05-06T07:08:09.123Z.
std::string iso8601(WallTime time);

// The document of GetStatus() and `clusterctl --json status`, on one line.
std::string status_json(const core::View& view, const std::string& version,
                        const Strangers& strangers = {}, const RelayCounts& relayed = {});

// An array of {"time", "severity", "text"}, oldest first.
std::string events_json(const std::vector<Happening>& events);

}  // namespace cluster::bus
