#include "tests/sim/scripts.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace cluster::sim {

using core::Script;
using core::ScriptEnd;

namespace {

// From SIGKILL to the end of the last process of the group.
constexpr Duration kDyingLow = milliseconds(1), kDyingHigh = milliseconds(20);
constexpr int kSigkill = 9;
constexpr int kStatusStopped = 3;
constexpr int kFailure = 1;
// A start or stop that was cut short had done its work this often.
constexpr double kDoneWhenKilled = 0.5;
// So that the bug that is planted comes to be seen soon.
constexpr double kHangsWhenImmortal = 0.5;

}  // namespace

const Scripts::Copy& Scripts::copy(const std::string& service) const {
  static const Copy none;
  auto it = copies_.find(service);
  return it == copies_.end() ? none : it->second;
}

std::vector<std::string> Scripts::services() const {
  std::vector<std::string> out;
  for (const auto& [service, copy] : copies_) out.push_back(service);
  return out;
}

bool Scripts::busy(const std::string& service) const { return running_script(service).has_value(); }

std::optional<Script> Scripts::running_script(const std::string& service) const {
  for (const auto& [id, run] : runs_)
    if (run.service == service) return run.script;
  return std::nullopt;
}

void Scripts::run(const core::RunScript& action) {
  watch_.begun(action);
  const Behaviour& b = behaviours_[action.service];
  Run run{action.service, action.script, {action.run, ScriptEnd::kExited, 0}};
  Duration takes{};
  bool hangs = false;
  const Copy now = copy(action.service);
  switch (action.script) {
    case Script::kStart:
      takes = rng_.between(b.start_low, b.start_high);
      hangs = rng_.chance(b.start_hangs);
      if (rng_.chance(b.start_fails)) run.end.code = kFailure;
      break;
    case Script::kStop:
      takes = rng_.between(b.stop_low, b.stop_high);
      hangs = rng_.chance(immortal_ ? std::max(b.stop_hangs, kHangsWhenImmortal) : b.stop_hangs);
      if (rng_.chance(b.stop_fails)) run.end.code = kFailure;
      break;
    case Script::kStatus:
      takes = rng_.between(b.status_low, b.status_high);
      hangs = rng_.chance(b.status_hangs);
      if (rng_.chance(b.status_fails)) run.end.code = kFailure;
      break;
  }
  bool missing = rng_.chance(b.missing);
  if (missing) {
    run.end.how = ScriptEnd::kNotStarted;
    takes = milliseconds(1);
    hangs = false;
  } else if (action.script == Script::kStart) {
    set_copy(action.service, true, now.complete, false);
  }
  RunId id = action.run;
  if (hasty_ && action.script == Script::kStop) {
    run.reported = true;
    queue_.after(milliseconds(1), [this, id] {
      deliver_(core::ScriptEnded{id, ScriptEnd::kExited, 0});
    });
  }
  runs_.emplace(id, std::move(run));
  uint64_t generation = generation_;
  if (!hangs) queue_.after(takes, [this, id, generation] { finish(id, generation); });
}

void Scripts::kill(RunId id) {
  auto it = runs_.find(id);
  if (it == runs_.end() || it->second.killed) return;
  it->second.killed = true;
  it->second.end.how = ScriptEnd::kSignal;
  it->second.end.code = kSigkill;
  uint64_t generation = generation_;
  queue_.after(rng_.between(kDyingLow, kDyingHigh),
               [this, id, generation] { finish(id, generation); });
}

void Scripts::kill_service(const std::string& service) {
  for (const auto& [id, run] : runs_)
    if (run.service == service) kill(id);
  queue_.after(kDyingHigh + milliseconds(1), [this, service, generation = generation_] {
    if (generation != generation_) return;
    if (copy(service).alive && !immortal_) set_copy(service, false, false, false);
    deliver_(core::ServiceKilled{service, true});
  });
}

void Scripts::finish(RunId id, uint64_t generation) {
  auto it = runs_.find(id);
  if (generation != generation_ || it == runs_.end()) return;
  if (asleep_) {
    overslept_.push_back(id);
    return;
  }
  Run run = std::move(it->second);
  runs_.erase(it);
  if (run.script == Script::kStatus && run.end.how == ScriptEnd::kExited && run.end.code == 0)
    run.end.code = copy(run.service).alive ? 0 : kStatusStopped;
  take_effect(run, run.end.how == ScriptEnd::kExited && run.end.code == 0, run.killed);
  watch_.ended(run.service, run.script, run.end);
  if (!run.reported) deliver_(run.end);
}

void Scripts::take_effect(const Run& run, bool succeeded, bool killed) {
  Copy now = copy(run.service);
  if (run.end.how == ScriptEnd::kNotStarted) {
    if (run.script == Script::kStop && now.alive) set_copy(run.service, true, now.complete, true);
    return;
  }
  bool done = succeeded || (killed && rng_.chance(kDoneWhenKilled));
  if (run.script == Script::kStart) {
    // A start on top of a copy that ran leaves that one alone when it fails.
    bool alive = done || now.complete;
    set_copy(run.service, alive, alive, false);
  } else if (run.script == Script::kStop && now.alive) {
    set_copy(run.service, !done, !done && now.complete, !done);
  }
}

void Scripts::set_copy(const std::string& service, bool alive, bool complete, bool unstoppable) {
  Copy& copy = copies_[service];
  bool changed = copy.alive != alive || copy.unstoppable != unstoppable;
  if (alive && !copy.alive) copy.since = queue_.now();
  copy.alive = alive;
  copy.complete = complete;
  copy.unstoppable = unstoppable;
  if (changed) watch_.truth_changed(service);
}

void Scripts::engine_died() {
  ++generation_;
  overslept_.clear();
  std::map<RunId, Run> runs = std::move(runs_);
  runs_.clear();
  for (auto& [id, run] : runs) take_effect(run, false, true);
}

void Scripts::power_lost() {
  ++generation_;
  overslept_.clear();
  runs_.clear();
  for (auto& [service, copy] : copies_)
    if (copy.alive) set_copy(service, false, false, false);
}

void Scripts::set_asleep(bool asleep) {
  asleep_ = asleep;
  if (asleep) return;
  std::vector<RunId> due = std::move(overslept_);
  overslept_.clear();
  for (RunId id : due) finish(id, generation_);
}

void Scripts::copy_is_fenced(const std::string& service) {
  if (copy(service).alive) set_copy(service, false, false, false);
}

void Scripts::copy_dies(const std::string& service) {
  if (copy(service).complete && !busy(service)) set_copy(service, false, false, false);
}

}  // namespace cluster::sim
