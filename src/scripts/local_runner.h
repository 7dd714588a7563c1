// Runs scripts as children of this very process, on a libevent loop.
//
// The end of a child is seen by SIGCHLD through the loop, which needs no descriptor a run: a shortage of
// descriptors never loses an end. One LocalRunner a process, as SIGCHLD is one a process. Destroying it
// leaves what runs alone and closes the pipes.
#pragma once

#include <sys/types.h>

#include <list>
#include <map>
#include <memory>
#include <string>

#include "scripts/output_reader.h"
#include "scripts/runner.h"
#include "scripts/spawn.h"

namespace cluster::scripts {

// Pipes that are still held by what ended scripts left running. Beyond these, further output of that
// service goes to /dev/null: a pipe in use is never closed.
inline constexpr size_t kMaxOutputsPerService = 16;
inline constexpr size_t kMaxOutputs = 256;

class LocalRunner final : public Runner {
 public:
  // `state_dir` is told to scripts as CLUSTER_STATE_DIR.
  LocalRunner(event_base* base, std::string service_dir, std::string state_dir,
              Callbacks callbacks);
  ~LocalRunner() override;

  void run(const core::RunScript& script) override;
  void kill(core::KillScript run) override;
  void kill(const core::KillService& service) override;
  void guard(const core::Guard&) override {}
  void unguard(const core::Unguard&) override {}
  void set_service_dir(std::string dir) override { service_dir_ = std::move(dir); }
  size_t running() const override { return runs_.size(); }

 private:
  using Readers = std::list<std::unique_ptr<OutputReader>>;
  struct Run {
    RunId id;
    std::string service;
    Readers::iterator reader;  // readers_.end(): none, or ended
  };

  // The writing end for the child, -1 for /dev/null; the reader is put into `run`.
  int open_output(const core::RunScript& script, Run& run);
  void close_reader(const OutputReader* reader);
  void forget_budgets();
  void reap();

  event_base* const base_;
  std::string service_dir_;
  const std::string state_dir_;
  const Callbacks callbacks_;
  const Environment inherited_;
  std::map<pid_t, Run> runs_;
  std::map<std::string, std::shared_ptr<OutputBudget>> budgets_;
  Readers readers_;
  EventPtr child_ended_;
};

}  // namespace cluster::scripts
