// Who watches a world: the checkers, the story that a scenario prints, the trace.
#pragma once

#include <string>

#include "core/io.h"

namespace cluster::sim {

class Machine;

enum class Life : uint8_t {
  kEngineStarted,
  kEngineDied,
  kPowerLost,
  kFrozen,
  kThawed,
  kAsleep,
  kAwake,
  kLeft,
  kReloaded,
};

class Watcher {
 public:
  virtual ~Watcher() = default;
  // Before the core is told; `event` is nullptr for Node::start().
  virtual void stepping(Machine&, const core::Event* event) { (void)event; }
  // After the core answered and before any of it is performed.
  virtual void stepped(Machine&, const core::Event* event, const core::Actions&) { (void)event; }
  virtual void script_begins(Machine&, const core::RunScript&) {}
  virtual void script_ended(Machine&, const std::string& service, core::Script,
                            const core::ScriptEnded&) {
    (void)service;
  }
  virtual void copies_changed(Machine&, const std::string& service) { (void)service; }
  virtual void lived(Machine&, Life) {}
  // A fault or an order of the harness, as a sentence.
  virtual void noted(const std::string& text) { (void)text; }
};

}  // namespace cluster::sim
