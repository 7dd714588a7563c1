// The hosts file: one host a line, whose physical line number from 1 is its ID.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "config/fault.h"
#include "config/text.h"
#include "core/config.h"

namespace cluster::config {

inline constexpr size_t kMinPassphraseBytes = 8;
inline constexpr size_t kMaxHosts = 1024;
inline constexpr uint32_t kMaxHostId = 65535;

using Passphrases = std::map<HostId, std::string>;

struct Hosts {
  std::string path;
  std::vector<core::HostEntry>
      entries;              // ascending by ID, those without a fault in address or name
  Passphrases passphrases;  // of those that have a sound one
  std::set<HostId> named;   // every line that is to name a host, sound or not
  size_t lines = 0;

  const core::HostEntry* find(HostId id) const;
  // By ID or name; nullopt: none.
  std::optional<HostId> named_by(const std::string& word) const;
  // "1 server1.example.com, 2 laptop1": for messages; cut where it is long.
  std::string candidates() const;
};

Hosts parse_hosts(const TextFile& text, Report& report);

}  // namespace cluster::config
