// By what this host can tell people, as its configuration has it.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace cluster::alerts {

inline constexpr size_t kMaxExecutables = 32;  // in alerts.d

struct Ways {
  std::vector<std::string> email, text_alerts;  // addresses
  std::string sendmail;                         // takes a letter with -t and -i
  std::string folder;                           // alerts.d, which need not be there
  Duration timeout = seconds(30);               // for each program

  bool operator==(const Ways&) const = default;
};

// The paths of what is run, by name: regular files that this process may execute and others may not write. What is
// passed over is said in `passed_over`, a line each.
std::vector<std::string> executables(const std::string& folder,
                                     std::vector<std::string>* passed_over = nullptr);

// There is more than the bus.
bool any(const Ways& ways);

}  // namespace cluster::alerts
