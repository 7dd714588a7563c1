// The whole course of a run: as a digest, by which a replay is known to be exact, and, where asked for,
// as text on stdout.
#pragma once

#include "base/digest.h"
#include "tests/sim/watcher.h"
#include "tests/sim/world.h"

namespace cluster::sim {

class Trace final : public Watcher {
 public:
  // told: print what happens. Beats and ticks that change nothing are left out of the text.
  Trace(World& world, bool told) : world_(world), told_(told) { world.watch(*this); }

  uint64_t digest() const { return digest_.value(); }
  uint64_t steps() const { return steps_; }

  void stepping(Machine& machine, const core::Event* event) override;
  void stepped(Machine& machine, const core::Event* event, const core::Actions& out) override;
  void script_begins(Machine& machine, const core::RunScript& run) override;
  void script_ended(Machine& machine, const std::string& service, core::Script script,
                    const core::ScriptEnded& end) override;
  void copies_changed(Machine& machine, const std::string& service) override;
  void lived(Machine& machine, Life life) override;
  void noted(const std::string& text) override;

 private:
  void tell(const std::string& who, const std::string& what);

  World& world_;
  bool told_;
  Digest digest_;
  uint64_t steps_ = 0;
};

}  // namespace cluster::sim
