// Of what people are told: nothing that the teller does not see so, and nothing twice by hosts that know of each other.
// That nothing is kept from them is looked at once all is at rest (rest.h).
#pragma once

#include <map>
#include <string>

#include "tests/sim/watcher.h"
#include "tests/sim/world.h"

namespace cluster::sim {

class AlertChecks final : public Watcher {
 public:
  explicit AlertChecks(World& world) : world_(world) { world.watch(*this); }

  void stepped(Machine& machine, const core::Event* event, const core::Actions& out) override;
  void lived(Machine& machine, Life life) override;

  // People were told so often.
  size_t told() const { return count_; }

 private:
  struct Told {
    std::string kind;
    MachineId by = 0;
    Instant at{};
    bool answered = false;  // by an engine that has lived on without a break
  };

  void told(Machine& machine, const core::SendAlert& alert);
  bool knew(const Machine& machine, const Told& last) const;

  World& world_;
  size_t count_ = 0;
  std::map<std::string, Told> last_;                                // of each host
  std::map<std::pair<MachineId, AlertId>, std::string> under_way_;  // whom it is about
};

}  // namespace cluster::sim
