// Many runs in several processes. Each worker takes every so-manieth seed; one that crashes is replaced,
// and its seed counts as a crash.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tests/sim/run.h"

namespace cluster::sim {

struct BatchOptions {
  uint64_t first = 1;
  uint64_t seeds = 1000;
  unsigned jobs = 2;
  Plant plant = Plant::kNone;
  bool large = false;        // as RunOptions has it
  bool twice = false;        // run each seed twice and compare digests
  bool until_first = false;  // stop at the first that is not clean
};

// Calls `done` in this process, in the order in which runs end. Throws std::system_error where the
// system gives no process or pipe.
void run_batch(const BatchOptions& options, const std::function<void(const Outcome&)>& done);

}  // namespace cluster::sim
