// What must hold once nothing happens any more: everybody sees everybody, all agree, every service that
// can run runs exactly once and where it belongs, no order is unanswered, and nothing but beats is sent.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "tests/sim/spec.h"
#include "tests/sim/watcher.h"
#include "tests/sim/world.h"

namespace cluster::sim {

class RestChecks final : public Watcher {
 public:
  // From `quiet_from` on nothing is to be said but what belongs to rest.
  explicit RestChecks(World& world, Instant quiet_from = Instant::max())
      : world_(world), quiet_from_(quiet_from) {
    world.watch(*this);
  }

  // Why the cluster has not come to rest under `spec` (the same on all machines); nullopt: it has.
  // All machines are to be powered and connected.
  std::optional<std::string> unrest(const Spec& spec);
  // As unrest(), and: preferred hosts have what is theirs, and it has been quiet.
  std::optional<std::string> unrest_at_end(const Spec& spec);
  // There is something to tell people, or not all hosts may know yet that they were told.
  bool telling() const;

  void stepped(Machine& machine, const core::Event* event, const core::Actions& out) override;
  void lived(Machine& machine, Life life) override;

 private:
  using Reason = std::optional<std::string>;

  void hear(const Machine& machine, const std::string& bytes);
  bool belongs_to_rest(const std::string& bytes) const;
  Reason hosts_differ(Machine& machine, const core::View& view);
  Reason voters_differ(const Spec& spec);
  Reason cores_differ();
  Reason service_wrong(const core::ServiceView& first, const ServiceSpec& spec,
                       const core::View& view);
  Reason not_preferred(const core::ServiceView& service, const ServiceSpec& spec,
                       const core::View& view);
  Reason strays(const Spec& spec);
  Reason untold() const;

  World& world_;
  const Instant quiet_from_;
  Instant told_{};                                // when people were told of something last
  std::string talk_;                              // at rest, and by whom
  std::map<MachineId, std::set<HostId>> online_;  // by what each engine has signalled
  std::map<std::pair<MachineId, std::string>, std::pair<core::ServiceState, HostId>> signalled_;
};

}  // namespace cluster::sim
