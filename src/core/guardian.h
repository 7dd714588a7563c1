// What the small process that outlives the engine decides. The engine's scripts pass through it, so it knows what
// runs; it hears for how long each service may go on without another word (Guard); and while no engine lives it
// keeps to that: `stop` at stop_at, for lost ownership, and death at kill_at. The next engine is told what is left.
//
// Pure, as Node is: the guardian process (src/guardian) and the simulator perform what it says. It never acts beside
// an engine. One that lets a deadline pass stands still, and has to be killed first (overdue()); but where the
// guardian itself comes late all of the machine has slept, and an engine that wakes gets a moment to see for itself.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/node.h"

namespace cluster::core {

class Guardian {
 public:
  // An engine begins. It numbers its runs from first_run() on.
  void engine_began();
  // It is dead: what it checked is of no use to anybody.
  void engine_ended(Actions& out);
  bool engine_lives() const { return engine_lives_; }
  uint64_t first_run() const { return next_run_; }
  std::vector<LeftService> left() const;  // for the engine that begins next

  // What the engine asks for, besides having it done.
  void pass(const RunScript& run);
  void pass(const Guard& guard);
  void pass(const Unguard& unguard);
  void pass(const KillService& kill);

  // True: an engine waits for that end. Without one, tick() is due.
  bool ended(const ScriptEnded& end);
  // For the `stop` that follows a kill.
  static constexpr Duration kLastStop = seconds(60);
  static constexpr Duration kLate = milliseconds(500), kMoment = milliseconds(500);

  // All of it is dead. True: an engine waits to be told. Without one, tick() is due.
  bool killed(const ServiceKilled& killed);

  // The engine lives and has let a deadline pass.
  bool overdue(MonoTime now);
  // When all of a service has to be dead whose lease runs out first, whoever sees to it. kNever: none here has one.
  MonoTime leases_end() const;

  // Without an engine: what the deadlines ask for.
  void tick(MonoTime now, Actions& out);
  MonoTime next_deadline() const;

 private:
  struct Kept {
    Guard guard;
    std::optional<RunScript> newest;  // of start and stop
    std::optional<ScriptEnded> end;   // of that; nullopt: it runs
    bool by_us = false;               // the newest stop was begun here
    bool cut_short = false;           // the newest was killed for its time

    MonoTime cut_at = kNever;          // the newest, where it follows a kill
    bool dying = false, dead = false;  // all of it, and not started since

    bool runs() const { return newest && !end; }
    bool killed() const { return dying || dead; }
    bool stopped() const;
    bool stopping() const { return newest && newest->script == Script::kStop && (runs() || by_us); }
    bool left() const { return newest || guard.runs; }
  };

  // When this service next asks for something, or did.
  MonoTime due(const Kept& kept) const;
  void stop(MonoTime now, Kept& kept, Actions& out);

  bool engine_lives_ = false;
  MonoTime patient_until_ = MonoTime::min();
  uint64_t next_run_ = 1;
  std::map<std::string, Kept> services_;
  struct Check {
    std::string service;
    bool orphaned = false;  // killed, as the engine that asked for it has ended
  };
  bool checked(const std::string& service) const;

  std::map<RunId, Check> checks_;  // `status` under way
};

}  // namespace cluster::core
