// One random run: ten simulated minutes of a cluster that a seed stands for, first under faults, then
// left alone, when it has to come to rest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/plant.h"
#include "tests/sim/queue.h"
#include "tests/sim/world.h"

namespace cluster::sim {

inline constexpr Duration kRunTime = minutes(10);

struct RunOptions {
  uint64_t seed = 1;
  Plant plant = Plant::kNone;
  bool told = false;   // print what happens
  bool large = false;  // tens of services, which else one seed in many has
};

struct Outcome {
  uint64_t seed = 0;
  Verdict verdict = Verdict::kClean;
  std::string violation;         // empty where clean
  Instant at{};                  // of the violation, or the end
  uint64_t digest = 0;           // of the whole course
  uint64_t steps = 0;            // of all cores
  std::vector<uint32_t> faults;  // by kind
};

Outcome run(const RunOptions& options);

}  // namespace cluster::sim
