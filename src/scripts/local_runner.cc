#include "scripts/local_runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/ensure.h"
#include "scripts/direct_starter.h"
#include "scripts/group.h"
#include "scripts/leftovers.h"

namespace cluster::scripts {

namespace {

constexpr char kThisProgram[] = "/proc/self/exe";

}  // namespace

LocalRunner::LocalRunner(event_base* base, std::string service_dir, std::string state_dir,
                         Callbacks callbacks, std::optional<Cgroups> cgroups,
                         ScopeMaker* scope_maker, Starter* starter)
    : base_(base),
      service_dir_(std::move(service_dir)),
      state_dir_(std::move(state_dir)),
      callbacks_(std::move(callbacks)),
      inherited_(inherited_environment()),
      cgroups_(std::move(cgroups)),
      scopes_(Scopes::find(state_dir_)),
      scope_maker_(scope_maker),
      own_starter_(starter == nullptr ? std::make_unique<DirectStarter>(base) : nullptr),
      starter_(starter == nullptr ? *own_starter_ : *starter),
      dying_look_(event_new(
          base, -1, 0,
          [](evutil_socket_t, short, void* self) {
            static_cast<LocalRunner*>(self)->look_at_dying();
          },
          this)) {
  ENSURE(dying_look_ != nullptr);
  starter_.on_end([this] { reap(); });
}

LocalRunner::~LocalRunner() {
  starter_.on_end(nullptr);
  if (cgroups_) cgroups_->remove_empty();
}

size_t LocalRunner::running() const {
  size_t count = runs_.size();
  for (const auto& [service, killing] : dying_) count += killing.waiting.size();
  return count;
}

Fd LocalRunner::open_output(const core::RunScript& script, Run& run) {
  const auto of_service = [&](const auto& r) { return r->service() == script.service; };
  const auto held =
      static_cast<size_t>(std::count_if(readers_.begin(), readers_.end(), of_service));
  std::string why;
  Pipe pipe;
  if (held >= kMaxOutputsPerService) {
    why = std::to_string(held) + " earlier outputs of this service are still open";
  } else if (readers_.size() >= kMaxOutputs) {
    why = std::to_string(readers_.size()) + " earlier outputs are still open";
  } else if (!pipe.open()) {
    why = std::string("pipe: ") + strerror(errno);
  }
  if (!why.empty()) {
    callbacks_.line(Line{script.service, script.script, true, "output is not logged: " + why});
    return {};
  }
  // Ours alone: the child's end stays blocking, as programs expect of their output.
  fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK);
  auto& budget = budgets_[script.service];
  if (!budget) budget = std::make_shared<OutputBudget>();
  run.reader = readers_.emplace(readers_.end());
  const auto at = run.reader;
  *at = std::make_unique<OutputReader>(base_, std::move(pipe.read_end), script.service,
                                       script.script, budget, callbacks_.line,
                                       [this, at] { close_reader(at->get()); });
  return std::move(pipe.write_end);
}

void LocalRunner::run(const core::RunScript& script) {
  const auto dying = dying_.find(script.service);
  if (dying != dying_.end()) return dying->second.waiting.push_back(script);
  begin(script);
}

bool LocalRunner::in_group(const std::string& service) const {
  return scopes_.populated(service) || (cgroups_ && cgroups_->populated(service));
}

bool LocalRunner::wants_scope(const core::RunScript& script) const {
  return scope_maker_ != nullptr && script.script == core::Script::kStart &&
         !in_group(script.service) && scope_maker_->ready();
}

Fd LocalRunner::open_group(const std::string& service) const {
  Fd scope = scopes_.open(service);
  return scope || !cgroups_ ? std::move(scope) : cgroups_->open(service);
}

int LocalRunner::spawn_in_group(Spawn& what, const std::string& service, pid_t* pid) const {
  Fd group = open_group(service);
  // Outside of its group it could not be killed whole: then rather not at all.
  int error = cgroups_ && !group ? errno : 0;
  what.cgroup = group.get();
  if (error == 0) error = starter_.spawn(what, pid);
  // The scope has ended meanwhile, and its folder with it.
  if (error == ENODEV && cgroups_) {
    group = cgroups_->open(service);
    what.cgroup = group.get();
    error = group ? starter_.spawn(what, pid) : errno;
  }
  what.cgroup = -1;
  return error;
}

int LocalRunner::begin_waiting(Spawn what, Fd output, Run& run, pid_t* pid) {
  const Fd group = cgroups_ ? cgroups_->open(run.service) : Fd();
  int error = cgroups_ && !group ? errno : 0;
  what.cgroup = group.get();
  if (error == 0) error = starter_.hold(what, pid);
  if (error != 0) return error;
  what.cgroup = -1;
  // Somebody else may have to inherit its output.
  run.waits = std::make_unique<Waiting>(Waiting{std::move(what), std::move(output)});
  scope_maker_->make(run.service, *pid, [this, pid = *pid, id = run.id](const std::string& why) {
    scope_made(pid, id, why);
  });
  return 0;
}

void LocalRunner::scope_made(pid_t pid, RunId id, std::string why_not) {
  const auto at = runs_.find(pid);
  // It was killed while it waited: its end is reported as any other.
  if (at == runs_.end() || at->second.id != id || at->second.killed) return;
  Run run = std::move(at->second);
  runs_.erase(at);
  const std::unique_ptr<Waiting> waiting = std::move(run.waits);
  if (why_not.empty()) {
    // Where it is counts, whatever was said.
    const auto folder = group::of_process(pid);
    const Status taken = !folder                        ? Status(Error{folder.error()})
                         : !folder->ends_with(".scope") ? Status(Error{"it is in " + *folder})
                                                        : scopes_.take(run.service, *folder);
    if (!taken) why_not = taken.error();
  }
  int error = 0;
  if (why_not.empty()) {
    error = starter_.release(pid);
  } else {
    scope_maker_->failed(run.service, why_not);
    // Not this one: whoever was asked to move it may do that at any later time.
    starter_.drop(pid);
    error = spawn_in_group(waiting->what, run.service, &pid);
  }
  if (error != 0) return not_begun(run, waiting->what.path, error);
  runs_.emplace(pid, std::move(run));
}

void LocalRunner::not_begun(const Run& run, const std::string& path, int error) {
  if (run.reader != readers_.end()) readers_.erase(run.reader);
  callbacks_.line(Line{run.service, run.script, true,
                       "could not be started: " + path + ": " + strerror(error)});
  callbacks_.ended(core::ScriptEnded{run.id, core::ScriptEnd::kNotStarted, error});
}

void LocalRunner::begin(const core::RunScript& script) {
  std::optional<Reserve::Lent> lent;
  if (script.script != core::Script::kStart) lent.emplace(reserve_);
  Run run{script.run, script.service, script.script, readers_.end(), nullptr, false};
  Spawn what;
  what.folder = service_dir_ + "/" + script.service;
  what.path = what.folder + "/" + to_string(script.script);
  if (agent_check_ && access(what.path.c_str(), F_OK) != 0 && agent_check_(what.folder)) {
    what.path = kThisProgram;
    what.arguments = {"--agent", to_string(script.script)};
  }
  what.environment = inherited_;
  what.environment.insert(what.environment.end(), script.environment.begin(),
                          script.environment.end());
  what.environment.emplace_back("CLUSTER_STATE_DIR", state_dir_);
  Fd output = open_output(script, run);
  what.output = output.get();
  const std::string path = what.path;
  pid_t pid = -1;
  int error = 0;
  if (wants_scope(script)) {
    error = begin_waiting(std::move(what), std::move(output), run, &pid);
  } else {
    error = spawn_in_group(what, script.service, &pid);
  }
  if (error != 0) return not_begun(run, path, error);
  runs_.emplace(pid, std::move(run));
}

void LocalRunner::kill_run(pid_t pid, Run& run) {
  run.killed = true;
  ::kill(-pid, SIGKILL);
  // One that waits may not lead a group of its own yet.
  ::kill(pid, SIGKILL);
}

void LocalRunner::kill(core::KillScript which) {
  // Only before it is reaped: afterwards the number may be another's.
  for (auto& [pid, run] : runs_)
    if (run.id == which.run) kill_run(pid, run);
  for (auto& [service, killing] : dying_) {
    const auto is_it = [&](const core::RunScript& script) { return script.run == which.run; };
    if (std::erase_if(killing.waiting, is_it) > 0)
      callbacks_.ended(core::ScriptEnded{which.run, core::ScriptEnd::kSignal, SIGKILL});
  }
}

void LocalRunner::kill(const core::KillService& which) {
  const Reserve::Lent lent(reserve_);
  Killing& killing = dying_[which.service];
  killing.waited = {};
  const bool in_scope = scopes_.kill(which.service);
  killing.reached = (!cgroups_ || cgroups_->kill(which.service)) && in_scope;
  for (auto& [pid, run] : runs_)
    if (run.service == which.service) kill_run(pid, run);
  start_timer(dying_look_, Duration());
}

bool LocalRunner::anything_left(const std::string& service) const {
  const bool found = in_group(service) || (!cgroups_ && kill_leftovers(service, state_dir_) > 0);
  return found || std::any_of(runs_.begin(), runs_.end(),
                              [&](const auto& entry) { return entry.second.service == service; });
}

void LocalRunner::look_at_dying() {
  std::optional<Reserve::Lent> lent(std::in_place, reserve_);
  std::vector<core::RunScript> next;
  for (auto it = dying_.begin(); it != dying_.end();) {
    auto& [service, killing] = *it;
    const bool left = anything_left(service);
    if (left && killing.waited < kDyingTime) {
      killing.waited += kDyingLook;
      ++it;
      continue;
    }
    callbacks_.killed(core::ServiceKilled{service, cgroups_ && killing.reached && !left});
    if (cgroups_) cgroups_->remove(service);
    next.insert(next.end(), killing.waiting.begin(), killing.waiting.end());
    it = dying_.erase(it);
  }
  lent.reset();
  for (const core::RunScript& script : next) begin(script);
  if (dying_.empty()) return;
  start_timer(dying_look_, kDyingLook);
}

void LocalRunner::close_reader(const OutputReader* reader) {
  const auto at = std::find_if(readers_.begin(), readers_.end(),
                               [&](const auto& r) { return r.get() == reader; });
  ENSURE(at != readers_.end());
  for (auto& [pid, run] : runs_)
    if (run.reader == at) run.reader = readers_.end();
  readers_.erase(at);
  forget_budgets();
}

// A service that is gone from the configuration leaves nothing here.
void LocalRunner::forget_budgets() {
  if (budgets_.size() <= kMaxOutputs) return;
  std::erase_if(budgets_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

void LocalRunner::reap() {
  for (auto it = runs_.begin(); it != runs_.end();) {
    const auto end = starter_.end_of(it->first);
    if (!end) {
      ++it;
      continue;
    }
    const Run run = std::move(it->second);
    it = runs_.erase(it);
    // Its last words come before the news of its end.
    if (run.reader != readers_.end() && !(*run.reader)->drain()) readers_.erase(run.reader);
    const core::ScriptEnd how = end->code == 0            ? core::ScriptEnd::kNotStarted
                                : end->code == CLD_EXITED ? core::ScriptEnd::kExited
                                                          : core::ScriptEnd::kSignal;
    const core::ScriptEnded ended{run.id, how, end->status};
    if (cgroups_ && run.script == core::Script::kStop) cgroups_->remove(run.service);
    callbacks_.ended(ended);
  }
}

}  // namespace cluster::scripts
