#include "tests/sim/together.h"

namespace cluster::sim {

Together::Together(size_t machines)
    : component_(machines), since_(machines, std::vector<std::optional<Instant>>(machines)) {}

void Together::update(Instant now, const Network& network, const Machines& machines) {
  size_t count = component_.size();
  for (size_t i = 0; i < count; ++i) component_[i] = i;
  for (size_t a = 0; a < count; ++a) {
    for (size_t b = a + 1; b < count; ++b) {
      if (component_[a] == component_[b] || !network.linked(a, b)) continue;
      size_t from = component_[b], to = component_[a];
      for (size_t& c : component_)
        if (c == from) c = to;
    }
  }
  for (size_t a = 0; a < count; ++a) {
    for (size_t b = 0; b < count; ++b) {
      bool alive = machines.listening(a) && machines.listening(b);
      if (!alive || component_[a] != component_[b]) {
        since_[a][b].reset();
      } else if (!since_[a][b]) {
        since_[a][b] = now;
      }
    }
  }
}

}  // namespace cluster::sim
