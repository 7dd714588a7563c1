// What a host does not do whose disk keeps nothing. It starts no service and grants no lease, as both have to be stored
// first, and its record says so, for the others would wait for it. What runs goes on, as renewals need no disk; but where
// the host cannot even join, nobody hears of it, and the others start what it runs.

#include <algorithm>
#include <utility>

#include "core/node_state.h"

namespace cluster::core {

namespace {

// No less than a claim takes, with what a store may need beside it.
constexpr size_t kTrialBytes = 32 << 10;
constexpr Duration kLongestTrialPause = seconds(60);

}  // namespace

void Node::State::claim_not_stored(Context& context, const StoredClaim& claim,
                                   const std::string& why) {
  context.alert(AlertKind::kStorage, name_of(config.self), Severity::kCritical,
                "service " + claim.service + " is not started: the claim cannot be stored: " + why);
  drop_claim(context, claim.service);
  disk_refuses(context, why);
}

void Node::State::grant_not_stored(Context& context, const StoredGrant& stored,
                                   const std::string& why) {
  grants.drop(stored.to, stored.answer.service(), stored.answer.epoch());
  if (disk.refuses.empty())
    context.alert(AlertKind::kStorage, name_of(config.self), Severity::kCritical,
                  "this host votes on no claim: what it grants cannot be stored: " + why);
  disk_refuses(context, why);
}

// The pause grows until a claim has been stored: a disk that has room for the trial alone would have services move to
// and fro.
void Node::State::disk_refuses(Context& context, const std::string& why) {
  disk.refuses = why;
  disk.pause = std::clamp<Duration>(2 * disk.pause, config.dead_time,
                                    std::max(config.dead_time, kLongestTrialPause));
  disk.again_at = context.now.mono + disk.pause;
}

void Node::State::trial_stored(Context& context) {
  persist(context, {{kTrialKey, std::nullopt}});
  store_upkeep_again(context);
  if (disk.refuses.empty()) return;
  disk.refuses.clear();
  context.alert(AlertKind::kStorage, name_of(config.self), Severity::kInfo,
                "the state of this host can be stored again");
}

void Node::State::begin_muteness(MonoTime now) {
  disk.mute_from = now + config.dead_time - config.beat_interval;
}

void Node::State::end_muteness(Context& context) {
  disk.mute_from = kNever;
  if (!std::exchange(disk.mute, false)) return;
  begin_settling(context.now.mono);
  context.alert(AlertKind::kStorage, name_of(config.self), Severity::kInfo,
                "this host joins: its state can be stored again");
}

void Node::State::drive_disk(Context& context) {
  const MonoTime now = context.now.mono;
  if (!disk.mute && now >= disk.mute_from) {
    disk.mute = dirty = true;
    context.alert(AlertKind::kStorage, name_of(config.self), Severity::kCritical,
                  "this host has not been heard for the dead time, as its state cannot be stored; "
                  "it stops what another host can run");
  }
  if (now < disk.again_at) return;
  disk.again_at = kNever;
  continuations[persist(context, {{kTrialKey, std::string(kTrialBytes, 'x')}})] = StoredTrial{};
}

// Empty: nothing of this speaks against running it here.
std::string Node::State::why_not_stored(const Order& order) const {
  const Service* local = service(order.service);
  if (disk.mute && order.preference.size() > 1)
    return "cannot join, as nothing can be stored there";
  if (!disk.refuses.empty() && local != nullptr && local->idle())
    return "can store nothing: " + disk.refuses;
  return "";
}

}  // namespace cluster::core
