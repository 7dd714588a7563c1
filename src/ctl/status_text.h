// The status document (GetStatus) for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "ctl/fields.h"
#include "ctl/text.h"

namespace cluster::ctl {

// The daemon may be of another version: fields that are missing have defaults, unknown ones are ignored,
// and what is no such document at all is an error.
Result<Json> parse_status(const std::string& text);

// "3 of 3 hosts up, 2 of 2 services running", and what else one should know at once.
std::string summary_line(const Json& status);

// `now` is for "5 min ago".
std::string hosts_table(const Json& status, WallTime now, const Style& style);
std::string services_table(const Json& status, const Style& style);
std::string status_text(const Json& status, WallTime now, const Style& style);

// "2 laptop1", "2" where the document does not name it, "" for 0.
std::string host_label(const Json& status, uint32_t id);

// 0: no host of that ID or name, or more than one whose name begins so ("server1" for
// server1.example.com).
uint32_t find_host(const Json& status, const std::string& id_or_name);
// The host that was asked; 0: the document does not tell.
uint32_t own_host(const Json& status);

// nullopt unless it is UTC as the status document has it.
std::optional<WallTime> parse_iso8601(const std::string& text);

}  // namespace cluster::ctl
