// Bugs planted on purpose, between the core and its world, to show that the checkers find them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cluster::sim {

enum class Plant : uint8_t {
  kNone,
  kStartWithoutGrant,  // a claimant is told that everybody granted, and nobody is asked
  kForgetPersist,      // the disk says stored, and loses it when the engine ends
  kLoseFloods,         // half of the records that hosts tell each other never arrive
  kHastyStop,          // a stop is reported as done when it has only begun
  kShortLease,         // voters hear of a lease that is half as long as its owner takes it to be
  kForgetNeeds,        // no host is told what its services come after, or with
  kForgeVote,          // who refuses a push is said to have prepared it
  kNoKill,             // what is killed goes on, and is reported dead
  kForgetOrders,       // no engine hears from its disk which orders were carried out
};

struct PlantName {
  std::string_view name;
  Plant plant;
};
const std::vector<PlantName>& plants();
std::optional<Plant> plant_of(std::string_view name);

}  // namespace cluster::sim
