// What the engine asks of whoever runs the services' scripts: LocalRunner in this very process, or the guardian's
// at the other end of a channel.
//
// Callbacks come on the loop's thread, may come from inside run(), and must only enqueue.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "core/io.h"

namespace cluster::scripts {

// A line of a script's output, without its end, printable UTF-8 (other bytes as \xHH).
struct Line {
  std::string service;
  core::Script script = core::Script::kStart;
  bool notice = false;  // said by the runner about the script (dropped output, could not start)
  std::string text;
};

struct Callbacks {
  std::function<void(core::ScriptEnded)> ended;
  std::function<void(core::ServiceKilled)> killed;
  std::function<void(Line)> line;
};

class Runner {
 public:
  virtual ~Runner() = default;

  // Exactly one ScriptEnded follows, when the script itself has ended, whatever it left running.
  // Where it could not be executed: kNotStarted, with the errno as code.
  virtual void run(const core::RunScript& script) = 0;

  // SIGKILL to the run's process group; nothing happens if it has ended.
  virtual void kill(core::KillScript run) = 0;

  // SIGKILL to all that the service's scripts have started; one ServiceKilled follows, and what is asked to run
  // meanwhile begins after it.
  virtual void kill(const core::KillService& service) = 0;

  // For whoever outlives this engine.
  virtual void guard(const core::Guard& guard) = 0;
  virtual void unguard(const core::Unguard& unguard) = 0;

  // Where the service folders are, from the next run on.
  virtual void set_service_dir(std::string dir) = 0;

  // How many scripts are running.
  virtual size_t running() const = 0;
};

}  // namespace cluster::scripts
