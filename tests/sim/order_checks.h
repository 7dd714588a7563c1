// An order to restart a service is carried out once: not again by an engine that could know from its disk that an
// earlier one has done so.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "tests/sim/watcher.h"
#include "tests/sim/world.h"

namespace cluster::sim {

class OrderChecks final : public Watcher {
 public:
  explicit OrderChecks(World& world) : world_(world) { world.watch(*this); }

  void stepped(Machine& machine, const core::Event* event, const core::Actions& out) override;
  void script_begins(Machine& machine, const core::RunScript& run) override;
  void lived(Machine& machine, Life life) override;

 private:
  using Place = std::pair<MachineId, std::string>;

  World& world_;
  std::map<Place, std::string> known_;    // to the engine when it began: the order carried out last
  std::map<Place, std::string> written_;  // by that engine
  std::map<Place, uint64_t> epochs_;      // of the newest start
};

}  // namespace cluster::sim
