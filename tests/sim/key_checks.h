// What must hold of secrets and keys: the passphrases open nothing to a machine that has a proved secret
// shared with that node on its disk; and at rest every pair has something to authenticate by.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "tests/sim/watcher.h"
#include "tests/sim/world.h"

namespace cluster::sim {

class KeyChecks final : public Watcher {
 public:
  explicit KeyChecks(World& world) : world_(world) { world.watch(*this); }

  void stepped(Machine& machine, const core::Event* event, const core::Actions& out) override;

  // Why two machines could not authenticate now; nullopt: all pairs can.
  std::optional<std::string> locked_out() const;

 private:
  World& world_;
  std::set<HostId> readmitted_;    // by an operator, ever
  std::set<MachineId> forgetful_;  // machines that were told to forget their secrets
};

}  // namespace cluster::sim
