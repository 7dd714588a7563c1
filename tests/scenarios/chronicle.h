// Writes down what happens in a world in lines that a person reads: hosts seen up and down, scripts,
// alerts. Times are left out, so that a story changes only when its course does.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/watcher.h"
#include "tests/sim/world.h"

namespace cluster::scenarios {

class Chronicle final : public sim::Watcher {
 public:
  explicit Chronicle(sim::World& world) : world_(world) { world.watch(*this); }

  // The lines since the last call.
  std::vector<std::string> take();
  void add(std::string line) { lines_.push_back(std::move(line)); }

  // Ever since the story began: copies of one service at one time on machines that are not dead.
  int most_copies(const std::string& service) const;
  // The longest time without a copy that has ended, or is going on, since watch_gap().
  Duration gap(const std::string& service) const;
  void watch_gap(const std::string& service);
  // From now on hosts that see others up or down are counted, and told of at the end of a block.
  void tally() { tallies_ = true; }
  // From now on what people are told is told.
  void tell_alerts() { tells_alerts_ = true; }

  void stepped(sim::Machine& machine, const core::Event* event, const core::Actions& out) override;
  void script_begins(sim::Machine& machine, const core::RunScript& run) override;
  void script_ended(sim::Machine& machine, const std::string& service, core::Script script,
                    const core::ScriptEnded& end) override;
  void copies_changed(sim::Machine& machine, const std::string& service) override;
  void lived(sim::Machine& machine, sim::Life life) override;

 private:
  struct Gap {
    std::optional<sim::Instant> open_since;
    Duration longest{};
  };

  void saw(const sim::Machine& machine, const std::string& what);

  sim::World& world_;
  std::vector<std::string> lines_;
  bool tallies_ = false, tells_alerts_ = false;
  std::map<std::string, int> seen_;  // what, and by how many
  std::map<std::string, int> most_;
  std::map<std::string, Gap> gaps_;
};

}  // namespace cluster::scenarios
