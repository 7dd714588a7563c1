// Of what people are told: nothing that the teller does not see so, nothing twice by hosts that know of each other, and
// nothing later than the line of those that tell allows. That nothing is kept from them in the end is looked at once all
// is at rest (rest.h), and that they are not left with bad news that no host knows of.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "tests/sim/watcher.h"
#include "tests/sim/world.h"

namespace cluster::sim {

class AlertChecks final : public Watcher {
 public:
  explicit AlertChecks(World& world);

  void stepped(Machine& machine, const core::Event* event, const core::Actions& out) override;
  void lived(Machine& machine, Life life) override;

  // People were told so often.
  size_t told() const { return count_; }
  // Once all is at rest, and all is up.
  std::optional<std::string> misled() const;

 private:
  struct Told {
    std::string kind, text;
    MachineId by = 0;
    Instant at{};
    bool answered = false;  // by an engine that has lived on without a break
  };

  void told(Machine& machine, const core::SendAlert& alert);
  void check_host(Machine& machine, const core::SendAlert& alert);
  bool knew(const Machine& machine, const Told& last) const;
  void look();

  World& world_;
  size_t count_ = 0;
  bool failed_ = false;               // once, to tell people
  std::map<std::string, Told> last_;  // by the setting that tells of it
  std::map<std::pair<MachineId, AlertId>, std::string> under_way_;  // likewise
  std::map<MachineId, Instant> lived_;                              // what was out of the ordinary
};

}  // namespace cluster::sim
