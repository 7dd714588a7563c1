// The services file: NAME HOST [HOST…], hosts by ID in order of preference.
#pragma once

#include <string>
#include <vector>

#include "config/fault.h"
#include "config/hosts.h"
#include "config/text.h"
#include "core/config.h"
#include "core/sound.h"

namespace cluster::config {

inline constexpr size_t kMaxServices = 1024;

using core::is_service_name;

struct ServiceRow {
  core::ServiceEntry entry;  // name and preference; the rest as it is by default
  int line = 1;
};

// `hosts` may be null where that file could not be read: then IDs are not looked up. Rows with a
// fault are left out.
std::vector<ServiceRow> parse_services(const TextFile& text, const Hosts* hosts, Report& report);

}  // namespace cluster::config
