// The cluster that a seed stands for: three to seven hosts, one to eight services, how long their
// scripts take, how far apart the machines are.
#pragma once

#include <string>
#include <vector>

#include "base/rng.h"
#include "tests/sim/spec.h"
#include "tests/sim/world.h"

namespace cluster::sim {

std::vector<std::string> random_names(Rng& rng);
// At least one host has an address.
Spec random_spec(Rng& rng, const std::vector<std::string>& names);
ServiceSpec random_service(Rng& rng, const std::string& name, const Spec& spec);
void random_relations(Rng& rng, ServiceSpec& service, const Spec& spec);
// Times, behaviours, latencies, NAT; the machines get the spec and are not powered yet.
void furnish(World& world, const Spec& spec, Rng& rng);
// Scripts that work, within their usual times.
void mend_scripts(World& world, Machine& machine, const Spec& spec, Rng& rng);

}  // namespace cluster::sim
