// Which line of hosts is this host.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "config/fault.h"
#include "config/hosts.h"

namespace cluster::config {

struct LocalIdentity {
  std::string short_name;  // "server1"
  std::string full_name;   // "server1.example.com", or as short_name where there is none
  std::vector<std::string> addresses;  // of all interfaces, without port and zone
};

// Asks the system. Where the host name has no domain, it asks the resolver for one, which may block
// for as long as the resolver waits: call it at start, or off the loop, and keep the result for
// reloads.
LocalIdentity local_identity();

// Asked only where no ID is given.
using IdentitySource = std::function<LocalIdentity()>;

struct GivenId {
  uint64_t id = 0;
  std::string file;  // where it is given; empty: the command line
  int line = 1;
};

// nullopt: reported. An address of 127.0.0.0/8 is this host's in any case.
std::optional<HostId> find_self(const Hosts& hosts, const std::optional<GivenId>& given,
                                const IdentitySource& local, Report& report);

}  // namespace cluster::config
