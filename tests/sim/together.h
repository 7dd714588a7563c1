// Which machines can reach each other now, over connections that are up at both ends and carry data, and
// for how long each pair has been able to without a break.
#pragma once

#include <optional>
#include <vector>

#include "tests/sim/network.h"

namespace cluster::sim {

class Together {
 public:
  explicit Together(size_t machines);

  // To be called after each change of the network's topology.
  void update(Instant now, const Network& network, const Machines& machines);

  // Since when the two are in one component; nullopt: they are not.
  std::optional<Instant> since(MachineId a, MachineId b) const { return since_[a][b]; }
  size_t component(MachineId machine) const { return component_[machine]; }

 private:
  std::vector<size_t> component_;
  std::vector<std::vector<std::optional<Instant>>> since_;
};

}  // namespace cluster::sim
