// What relations among services promise, held against the truth of Scripts: a service does not begin to start
// while one that it comes after is still starting where its host sees it, a host that leaves stops nothing on
// which something there still depends, and nothing runs without its leader for longer than a hand-over.
//
// Services that come after themselves are left out: which relation is ignored is the core's to say.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/watcher.h"
#include "tests/sim/world.h"

namespace cluster::sim {

class NeedsChecks final : public Watcher {
 public:
  explicit NeedsChecks(World& world);

  void script_begins(Machine& machine, const core::RunScript& run) override;
  void lived(Machine& machine, Life life) override;

 private:
  using Place = std::pair<MachineId, std::string>;

  void check_start(Machine& machine, const std::string& service);
  void check_shutdown(Machine& machine, const std::string& service);
  void look();
  // Nothing is known of a reason why the follower that runs there should be without its leader.
  bool alone(const Machine& machine, const ServiceSpec& follower) const;
  Duration bound(const Machine& machine) const;
  // As any machine has it in its files.
  bool comes_after_itself(const std::string& service) const;
  bool together(MachineId a, MachineId b) const;

  World& world_;
  std::map<Place, uint64_t> epochs_;  // of the newest start
  std::map<Place, Instant> starting_;
  std::map<Place, Instant> alone_;
};

}  // namespace cluster::sim
