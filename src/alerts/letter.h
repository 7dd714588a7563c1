// What people are told, in the forms that the ways take. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "core/io.h"

namespace cluster::alerts {

inline constexpr size_t kShortCharacters = 160;  // of one message to a phone

// Who tells.
struct Teller {
  HostId host;
  std::string name;
};

// One line of ASCII, at most kShortCharacters.
std::string short_line(const core::SendAlert& alert);

// With its headers, as sendmail -t takes it.
std::string letter(const core::SendAlert& alert, const Teller& teller,
                   const std::vector<std::string>& to, WallTime now);
// The short line alone, for a gateway that turns mail into messages.
std::string short_letter(const core::SendAlert& alert, const std::vector<std::string>& to);

// What executables in alerts.d are given: CLUSTER_ALERT_KIND and so on.
std::vector<std::pair<std::string, std::string>> environment(const core::SendAlert& alert,
                                                             const Teller& teller, WallTime now);

// "2024-05-17T09:30:00Z"
std::string utc(WallTime time);

}  // namespace cluster::alerts
