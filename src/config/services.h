// The services file: NAME HOST [HOST…], hosts by ID in order of preference.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/fault.h"
#include "config/hosts.h"
#include "config/text.h"
#include "core/config.h"

namespace cluster::config {

inline constexpr size_t kMaxServices = 1024;
inline constexpr size_t kMaxServiceNameBytes = 64;

// [A-Za-z0-9][A-Za-z0-9._-]{0,63}: whatever passes is safe as the name of a folder.
bool is_service_name(std::string_view name);

struct ServiceRow {
  core::ServiceEntry entry;  // name and preference; the rest as it is by default
  int line = 1;
};

// `hosts` may be null where that file could not be read: then IDs are not looked up. Rows with a
// fault are left out.
std::vector<ServiceRow> parse_services(const TextFile& text, const Hosts* hosts, Report& report);

}  // namespace cluster::config
