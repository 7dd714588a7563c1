// The cluster that a seed stands for: its hosts, its services, how long their scripts take, how far apart the machines are.
#pragma once

#include <string>
#include <vector>

#include "base/rng.h"
#include "tests/sim/spec.h"
#include "tests/sim/world.h"

namespace cluster::sim {

struct Scale {
  int64_t most_hosts, fewest_services, most_services;
};
inline constexpr Scale kUsual{7, 1, 8};
inline constexpr Scale kLarge{9, 10, 40};

std::vector<std::string> random_names(Rng& rng, const Scale& scale);
// At least one host has an address.
Spec random_spec(Rng& rng, const std::vector<std::string>& names, const Scale& scale);
ServiceSpec random_service(Rng& rng, const std::string& name, const Spec& spec);
void random_relations(Rng& rng, ServiceSpec& service, const Spec& spec);
// Times, behaviours, latencies, NAT; the machines get the spec and are not powered yet.
void furnish(World& world, const Spec& spec, Rng& rng);
// Scripts that work, within their usual times.
void mend_scripts(World& world, Machine& machine, const Spec& spec, Rng& rng);

}  // namespace cluster::sim
