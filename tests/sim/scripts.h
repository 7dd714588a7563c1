// What the start, stop and status scripts of one machine do, and the truth that they act on: which
// services really have a copy there, as the world sees it, from the moment a start begins until a stop
// has ended or the machine has died.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "core/io.h"
#include "tests/sim/queue.h"

namespace cluster::sim {

// How the scripts of one service behave on one machine.
struct Behaviour {
  Duration start_low = milliseconds(10), start_high = milliseconds(500);
  Duration stop_low = milliseconds(10), stop_high = milliseconds(500);
  Duration status_low = milliseconds(2), status_high = milliseconds(20);
  // Probability for each run.
  double start_fails = 0, start_hangs = 0;
  double stop_fails = 0, stop_hangs = 0;
  double status_fails = 0, status_hangs = 0;
  double missing = 0;  // cannot be executed
};

class Scripts {
 public:
  // Told when the truth changes and when runs begin and end.
  struct Watch {
    std::function<void(const core::RunScript&)> begun;
    std::function<void(const std::string& service, core::Script, const core::ScriptEnded&)> ended;
    std::function<void(const std::string& service)> truth_changed;
  };
  struct Copy {
    bool alive = false;
    bool complete = false;     // its start script has ended well
    bool unstoppable = false;  // the newest stop failed or was killed, and it goes on
    Instant since{};           // of alive
  };

  Scripts(Queue& queue, Rng rng, Watch watch, std::function<void(core::Event)> deliver)
      : queue_(queue), rng_(rng), watch_(std::move(watch)), deliver_(std::move(deliver)) {}

  void run(const core::RunScript& action);
  void kill(RunId run);
  void kill_service(const std::string& service);  // the copy, and what runs of its scripts

  // The engine ended: nobody is told of the runs that were under way. They are over; whether they did
  // their work is chance. Copies go on.
  void engine_died();
  void power_lost();
  // A machine that sleeps runs nothing; runs go on when it wakes.
  void set_asleep(bool asleep);
  // The copy dies with its daemon.
  void copy_is_fenced(const std::string& service);
  // The copy dies by itself.
  void copy_dies(const std::string& service);

  // A bug planted on purpose: the end of a stop is reported at its beginning.
  void set_hasty(bool hasty) { hasty_ = hasty; }
  // Another: kill_service() kills nothing; and many a stop hangs.
  void set_immortal(bool immortal) { immortal_ = immortal; }

  Behaviour& behaviour(const std::string& service) { return behaviours_[service]; }
  const Copy& copy(const std::string& service) const;
  std::vector<std::string> services() const;  // of which there ever was a copy
  // A run of any script of the service is under way.
  bool busy(const std::string& service) const;
  std::optional<core::Script> running_script(const std::string& service) const;

 private:
  struct Run {
    std::string service;
    core::Script script = core::Script::kStart;
    core::ScriptEnded end;
    bool killed = false;
    bool reported = false;
  };

  void finish(RunId run, uint64_t generation);
  void take_effect(const Run& run, bool succeeded, bool killed);
  void set_copy(const std::string& service, bool alive, bool complete, bool unstoppable);

  Queue& queue_;
  Rng rng_;
  Watch watch_;
  std::function<void(core::Event)> deliver_;
  std::map<std::string, Behaviour> behaviours_;
  std::map<std::string, Copy> copies_;
  std::map<RunId, Run> runs_;
  bool hasty_ = false;
  bool immortal_ = false;
  bool asleep_ = false;
  std::vector<RunId> overslept_;  // due while asleep
  uint64_t generation_ = 0;
};

}  // namespace cluster::sim
