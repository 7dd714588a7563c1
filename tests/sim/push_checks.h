// What must hold of pushed configurations: one that a host refuses, or of which the operator was told
// that it has come to nothing, is put in force nowhere, ever.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "tests/sim/watcher.h"
#include "tests/sim/world.h"

namespace cluster::sim {

class PushChecks final : public Watcher {
 public:
  explicit PushChecks(World& world) : world_(world) { world.watch(*this); }

  void stepped(Machine& machine, const core::Event* event, const core::Actions& out) override;

  // nullopt, or who is not where all who reach each other must come to.
  std::optional<std::string> unrest() const;

 private:
  void ended(const std::string& push, std::string how);

  World& world_;
  std::map<std::string, std::set<MachineId>> refused_by_;  // as far as each has said last
  std::map<std::string, std::string> ended_;               // by what stands in the files: how
  std::set<std::string> applied_;
  std::map<RequestId, std::string> asked_;
};

}  // namespace cluster::sim
