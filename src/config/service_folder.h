// services.d/NAME/: the scripts start, stop and status, and service.conf.
#pragma once

#include <cstddef>
#include <string>

#include "config/fault.h"
#include "config/needs.h"
#include "core/config.h"

namespace cluster::config {

inline constexpr size_t kMaxDigestedBytes =
    16 * 1024 * 1024;  // of one script; what follows is not seen

struct ServiceLine {
  std::string
      file;  // the services file and the line that names the service: where faults of its scripts
  int line = 1;  // are shown, since a missing script has no line of its own
};

// Fills what follows `local` in the entry; ownership holds the default when it is called, and `failback` is that of
// all services: without it services return at once, but those of a majority never. `folder` is the service's own.
// Every fault is reported; what has none is filled in all the same. `lines` is where its relations stand.
void load_service_folder(const std::string& folder, const ServiceLine& where,
                         std::optional<core::Failback> failback, core::ServiceEntry& entry,
                         NeedsLines& lines, Report& report);

}  // namespace cluster::config
