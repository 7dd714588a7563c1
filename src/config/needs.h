// The relations of services, `after` and `with` of each service.conf: read one by one, then held against each other.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/conf_file.h"
#include "config/fault.h"
#include "core/config.h"

namespace cluster::config {

inline constexpr size_t kMaxRelations = 4096;  // of all services of this host: a record holds them

// Where a service's relations stand.
struct NeedsLines {
  std::string file;
  int after = 1, with = 1;
};

// Into the entry; what is no name of another service, and what stands twice, is reported.
void read_needs(const ConfValues& conf, core::ServiceEntry& entry, NeedsLines& lines,
                Report& report);

// Unknown services, and circles, over however many. A service of which a relation is refused cannot run here; with
// `at_start` that is all, and its faults are listed as warnings. `lines` are those of the services, one for one.
void check_needs(std::vector<core::ServiceEntry>& services, const std::vector<NeedsLines>& lines,
                 bool at_start, Report& report);

}  // namespace cluster::config
