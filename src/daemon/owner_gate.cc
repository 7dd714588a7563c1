#include "daemon/owner_gate.h"

#include <errno.h>
#include <signal.h>

#include <utility>

#include "core/hlc.h"
#include "daemon/clock.h"

namespace cluster::daemon {

void OwnerGate::configure(const config::Loaded& config) {
  std::map<std::string, Owner> owners;
  for (const sync::LocalRoot& root : config.roots)
    if (!root.service.empty()) owners[root.service].roots.push_back(root.config.name);
  for (auto& [service, owner] : owners) {
    if (const auto known = owners_.find(service); known != owners_.end()) {
      const bool same = known->second.roots == owner.roots;
      owner.epoch = known->second.epoch;
      owner.standing = same ? known->second.standing : Standing::kUnknown;
    }
    if (const core::ServiceEntry* entry = config.core.service(service); entry != nullptr) {
      owner.max_lag = entry->max_lag;
      owner.alone = entry->ownership == core::Ownership::kMajority;
    }
  }
  owners_ = std::move(owners);
}

void OwnerGate::look(const std::function<core::Node::Here(const std::string&)>& here_of) {
  for (auto& [service, owner] : owners_) {
    const core::Node::Here here = here_of(service);
    if (here.idle && owner.standing != Standing::kNotHere) end(owner);
    if (!here.running || owner.standing == Standing::kOwns || owner.standing == Standing::kWaits)
      continue;
    owner.standing = Standing::kOwns;
    for (const std::string& root : owner.roots)
      keeper_.own({root, here.epoch, owner.alone, false, here.run_since_us, {}}, {});
  }
}

void OwnerGate::end(Owner& owner) {
  owner.standing = Standing::kNotHere;
  for (const std::string& root : owner.roots) keeper_.end_owning(root);
}

void OwnerGate::guard(const core::Guard& guard) {
  if (const auto owner = owners_.find(guard.service); owner != owners_.end())
    owner->second.epoch = guard.epoch;
  runner_.guard(guard);
}

void OwnerGate::run(const core::RunScript& script) {
  const auto owner = owners_.find(script.service);
  if (script.script != core::Script::kStart || owner == owners_.end()) return runner_.run(script);
  owner->second.standing = Standing::kWaits;
  const std::vector<std::string>& roots = owner->second.roots;
  waiting_[script.run] = {script, roots.size(), ""};
  const uint64_t now_us = core::wall_us(read_clocks().wall);
  for (const std::string& root : roots)
    keeper_.own(
        {root, owner->second.epoch, owner->second.alone, true, now_us, owner->second.max_lag},
        [this, run = script.run, root](const Status& status) {
          world_.post([this, run, root, status] { answered(run, root, status); });
        });
}

void OwnerGate::answered(RunId run, const std::string& root, const Status& status) {
  const auto at = waiting_.find(run);
  if (at == waiting_.end()) return;
  Waiting& waiting = at->second;
  if (!status) waiting.refused = "files of " + root + ": " + status.error();
  if (--waiting.roots != 0) return;
  if (!waiting.refused.empty()) {
    world_.alert("service " + waiting.script.service + " is not started here: " + waiting.refused);
    return give_up(run, core::ScriptEnd::kNotStarted, EAGAIN);
  }
  const core::RunScript script = std::move(waiting.script);
  waiting_.erase(at);
  if (const auto owner = owners_.find(script.service); owner != owners_.end())
    owner->second.standing = Standing::kOwns;
  runner_.run(script);
}

void OwnerGate::give_up(RunId run, core::ScriptEnd how, int code) {
  const auto waiting = waiting_.extract(run);
  const auto owner = owners_.find(waiting.mapped().script.service);
  if (owner != owners_.end()) end(owner->second);
  world_.ended({run, how, code});
}

void OwnerGate::kill(core::KillScript run) {
  if (waiting_.contains(run.run)) return give_up(run.run, core::ScriptEnd::kSignal, SIGKILL);
  runner_.kill(run);
}

void OwnerGate::kill(const core::KillService& service) {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const auto& [run, waiting] = *at++;
    if (waiting.script.service == service.service) give_up(run, core::ScriptEnd::kSignal, SIGKILL);
  }
  runner_.kill(service);
}

}  // namespace cluster::daemon
