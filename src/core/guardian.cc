#include "core/guardian.h"

#include <algorithm>
#include <utility>

namespace cluster::core {

void Guardian::engine_began() { engine_lives_ = true; }

void Guardian::engine_ended(Actions& out) {
  engine_lives_ = false;
  for (auto& [run, check] : checks_)
    if (!std::exchange(check.orphaned, true)) out.push_back(KillScript{run});
}

std::vector<LeftService> Guardian::left() const {
  std::vector<LeftService> out;
  for (const auto& [name, kept] : services_) {
    if (!kept.left()) continue;
    LeftService& left = out.emplace_back();
    left.service = name;
    left.dying = kept.dying;
    left.killed = kept.dead;
    left.epoch = kept.guard.epoch;
    left.stop_at = kept.guard.stop_at;
    left.kill_at = kept.guard.kill_at;
    left.how = ScriptEnd::kExited;
    if (!kept.newest) continue;
    left.newest = kept.newest->script;
    left.run = kept.newest->run;
    if (kept.end) left.code = kept.end->code;
    left.how = kept.end ? std::optional(kept.end->how) : std::nullopt;
  }
  return out;
}

void Guardian::pass(const RunScript& run) {
  next_run_ = std::max(next_run_, run.run.value + 1);
  if (run.script == Script::kStatus) {
    checks_[run.run] = Check{run.service};
    return;
  }
  Kept& kept = services_[run.service];
  kept.newest = run;
  kept.end.reset();
  kept.by_us = kept.cut_short = false;
  kept.cut_at = kNever;
  if (run.script == Script::kStart) kept.dead = false;
}

void Guardian::pass(const Guard& guard) {
  Kept& kept = services_[guard.service];
  kept.guard = guard;
  if (guard.runs) kept.dead = false;
}

void Guardian::pass(const Unguard& unguard) { services_.erase(unguard.service); }

void Guardian::pass(const KillService& kill) {
  auto kept = services_.find(kill.service);
  if (kept == services_.end()) return;
  kept->second.dying = true;
}

bool Guardian::killed(const ServiceKilled& killed) {
  auto kept = services_.find(killed.service);
  if (kept != services_.end()) {
    kept->second.dying = false;
    kept->second.dead = true;
  }
  return engine_lives_;
}

bool Guardian::ended(const ScriptEnded& end) {
  if (auto check = checks_.find(end.run); check != checks_.end()) {
    const bool wanted = engine_lives_ && !check->second.orphaned;
    checks_.erase(check);
    return wanted;
  }
  for (auto& [name, kept] : services_) {
    if (!kept.runs() || kept.newest->run != end.run) continue;
    kept.end = end;
    return engine_lives_;
  }
  return false;
}

bool Guardian::Kept::stopped() const {
  return newest && newest->script == Script::kStop && end && end->how == ScriptEnd::kExited &&
         end->code == 0;
}

MonoTime Guardian::due(const Kept& kept) const {
  if (!kept.left() || kept.stopped()) return kNever;
  // An engine whose `stop` has failed has nothing left to do but to kill in time; one that has killed, nothing at all.
  const bool tried =
      engine_lives_ && (kept.dead || (kept.newest && kept.newest->script == Script::kStop));
  const bool waits = tried || kept.stopping() || kept.cut_short || kept.dying ||
                     (!engine_lives_ && checked(kept.guard.service));
  const MonoTime cut_at = !engine_lives_ && kept.runs() && !kept.cut_short ? kept.cut_at : kNever;
  return std::min(
      {cut_at, waits ? kNever : kept.guard.stop_at, kept.killed() ? kNever : kept.guard.kill_at});
}

MonoTime Guardian::leases_end() const {
  MonoTime end = kNever;
  for (const auto& [name, kept] : services_)
    if (kept.guard.lease && kept.left() && !kept.dead && !kept.stopped())
      end = std::min(end, kept.guard.kill_at);
  return end;
}

bool Guardian::overdue(MonoTime now) {
  if (!engine_lives_) return false;
  bool any = false, lease = false;
  for (const auto& [name, kept] : services_) {
    if (now < due(kept)) continue;
    if (patient_until_ < due(kept) && now - due(kept) >= kLate) patient_until_ = now + kMoment;
    any = true;
    lease = lease || kept.guard.lease;
  }
  return lease || (any && now >= patient_until_);
}

void Guardian::stop(MonoTime now, Kept& kept, Actions& out) {
  kept.newest =
      RunScript{RunId(next_run_++), kept.guard.service, Script::kStop, kept.guard.environment};
  kept.end.reset();
  kept.by_us = true;
  kept.cut_short = false;
  kept.cut_at = kept.dead ? now + kLastStop : kNever;
  out.push_back(*kept.newest);
}

bool Guardian::checked(const std::string& service) const {
  return std::any_of(checks_.begin(), checks_.end(),
                     [&](const auto& entry) { return entry.second.service == service; });
}

void Guardian::tick(MonoTime now, Actions& out) {
  if (engine_lives_) return;
  for (auto& [name, kept] : services_) {
    if (!kept.left() || kept.stopped()) continue;
    if (now >= kept.guard.kill_at && !kept.killed()) {
      kept.dying = true;
      out.push_back(KillService{name});
      kept.by_us = false;  // `stop` also follows a kill, once nothing runs beside it
    } else if (now >= kept.cut_at && kept.runs() && !kept.cut_short) {
      kept.cut_short = true;
      out.push_back(KillScript{kept.newest->run});
    } else if (now < kept.guard.stop_at || kept.stopping() || kept.dying || checked(name)) {
      continue;
    } else if (!kept.runs()) {
      stop(now, kept, out);
    } else if (!std::exchange(kept.cut_short, true)) {
      out.push_back(KillScript{kept.newest->run});
    }
  }
}

MonoTime Guardian::next_deadline() const {
  MonoTime next = kNever;
  for (const auto& [name, kept] : services_) next = std::min(next, due(kept));
  return next == kNever || !engine_lives_ ? next : std::max(next, patient_until_);
}

}  // namespace cluster::core
