// Runs scripts on this machine, on a libevent loop, as children of this very process or of whom a Starter (starter.h) has
// make them. Destroying it leaves what runs alone and closes the pipes.
//
// With Cgroups, every script is born in its service's group. Without, what the scripts left running is looked for by
// its environment, and ServiceKilled never says that it was all.
//
// With a ScopeMaker a service begins in a scope: its `start` is born in its group here, waits until systemd has moved it
// there, and only then begins. Where that fails it begins here. Only `start` asks for a scope: what else runs of the
// service is born beside what is left of it, so that to check, stop and kill it nobody is asked.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "posix/fd.h"
#include "scripts/cgroups.h"
#include "scripts/output_reader.h"
#include "scripts/reserve.h"
#include "scripts/runner.h"
#include "scripts/scope_maker.h"
#include "scripts/scopes.h"
#include "scripts/starter.h"

namespace cluster::scripts {

// Pipes that are still held by what ended scripts left running. Beyond these, further output of that
// service goes to /dev/null: a pipe in use is never closed.
inline constexpr size_t kMaxOutputsPerService = 16;
inline constexpr size_t kMaxOutputs = 256;

class LocalRunner final : public Runner {
 public:
  // `state_dir` is told to scripts as CLUSTER_STATE_DIR. `scope_maker` and `starter` outlive it; without a starter there
  // is a DirectStarter.
  LocalRunner(event_base* base, std::string service_dir, std::string state_dir, Callbacks callbacks,
              std::optional<Cgroups> cgroups = std::nullopt, ScopeMaker* scope_maker = nullptr,
              Starter* starter = nullptr);
  ~LocalRunner() override;

  void run(const core::RunScript& script) override;
  void kill(core::KillScript run) override;
  void kill(const core::KillService& service) override;
  void guard(const core::Guard&) override {}
  void unguard(const core::Unguard&) override {}
  void set_service_dir(std::string dir) override { service_dir_ = std::move(dir); }
  size_t running() const override;

  // Where a script is missing and this says of the service's folder that an agent runs it: this very program in the
  // script's place, with --agent and the script's name.
  void set_agent_check(std::function<bool(const std::string& folder)> check) {
    agent_check_ = std::move(check);
  }

 private:
  using Readers = std::list<std::unique_ptr<OutputReader>>;
  struct Waiting {
    Spawn what;
    Fd output;
  };
  struct Run {
    RunId id;
    std::string service;
    core::Script script = core::Script::kStart;
    Readers::iterator reader;        // readers_.end(): none, or ended
    std::unique_ptr<Waiting> waits;  // for its scope
    bool killed = false;
  };
  // A service that is being killed.
  struct Killing {
    Duration waited{};
    bool reached = true;                  // all of it was sent the signal
    std::deque<core::RunScript> waiting;  // until it is dead
  };

  // The writing end for the child, none for /dev/null; the reader is put into `run`.
  Fd open_output(const core::RunScript& script, Run& run);
  void close_reader(const OutputReader* reader);
  void forget_budgets();
  void reap();
  void begin(const core::RunScript& script);
  static void kill_run(pid_t pid, Run& run);
  bool in_group(const std::string& service) const;
  bool wants_scope(const core::RunScript& script) const;
  // A descriptor of where the service is; none, with errno.
  Fd open_group(const std::string& service) const;
  int spawn_in_group(Spawn& what, const std::string& service, pid_t* pid) const;
  int begin_waiting(Spawn what, Fd output, Run& run, pid_t* pid);
  void scope_made(pid_t pid, RunId id, std::string why_not);
  void not_begun(const Run& run, const std::string& path, int error);
  bool anything_left(const std::string& service) const;
  void look_at_dying();

  event_base* const base_;
  std::function<bool(const std::string&)> agent_check_;
  std::string service_dir_;
  const std::string state_dir_;
  const Callbacks callbacks_;
  const Environment inherited_;
  const std::optional<Cgroups> cgroups_;
  Scopes scopes_;
  ScopeMaker* const scope_maker_;
  std::unique_ptr<Starter> own_starter_;
  Starter& starter_;
  Reserve reserve_;
  std::map<pid_t, Run> runs_;
  std::map<std::string, Killing> dying_;
  std::map<std::string, std::shared_ptr<OutputBudget>> budgets_;
  Readers readers_;
  EventPtr dying_look_;
};

}  // namespace cluster::scripts
