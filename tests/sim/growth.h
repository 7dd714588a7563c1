// What a cluster costs as it grows: so many machines start, rest, are joined by one, lose one that is killed and one
// that falls silent, and move a service. All times are simulated; what the program itself takes is beside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tests/sim/queue.h"

namespace cluster::sim {

struct GrowthOptions {
  size_t hosts = 100;
  uint64_t seed = 1;
  Duration starts_within = seconds(1);          // all machines, at random
  Duration longest_latency = milliseconds(10);  // one way; the shortest is a tenth
};

// What is said while something happens, by all machines together.
struct Traffic {
  uint64_t frames = 0;
  uint64_t bytes = 0;
  uint64_t others = 0;  // frames that are no beats
  // Of floods, of messages from end to end, and of settings.
  uint64_t flooded = 0, routed = 0, settings = 0;  // bytes
};

struct Growth {
  // From the last machine's start, the new machine's, the loss: until every machine's view is right. None: not within
  // a minute.
  std::optional<Duration> whole, join, kill, silence, move;
  Traffic at_start, at_rest, at_join, at_kill, at_silence, at_move;
  Duration rested{};
  size_t fewest_links = 0, most_links = 0;
  double links = 0;            // on average
  size_t most_hops = 0;        // between any two
  uint64_t largest_frame = 0;  // bytes
  std::string violation;       // of the simulator's bounds; empty: none
};

Growth grow(const GrowthOptions& options);
// As the program prints it.
void print_growth_header();
void print_growth(const GrowthOptions& options, const Growth& growth, double seconds);

}  // namespace cluster::sim
