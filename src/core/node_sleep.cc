// Before this machine sleeps, what ownership `majority` runs here is handed over: asleep it could neither renew its
// lease nor stop in time, and until that had run out nobody else could start it.

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

namespace {

// From when nothing keeps it awake any more. Whether it has woken since, the clock tells where nobody else does.
constexpr Duration kFallingAsleep = minutes(1);

}  // namespace

void Node::State::on(Context& context, const SleepPlanned& event) {
  if (!event.near) return end_sleep(context, "this machine is awake");
  if (sleep.near) return;
  sleep.near = dirty = true;
  sleep.over_at = kNever;
  context.log(LogLevel::kInfo,
              "this machine is about to sleep: services of ownership majority stop here");
}

void Node::State::end_sleep(Context& context, const std::string& why) {
  if (!sleep.near) return;
  sleep.near = false;
  sleep.over_at = kNever;
  dirty = true;
  context.log(LogLevel::kInfo, why + ": services of ownership majority may run here again");
}

bool Node::State::leaves_before_sleep(const std::string& service) const {
  return sleep.near && by_majority(service);
}

// Something of it is here, or about to be; but not what no word of others can make stop.
bool Node::State::keeps_awake(const std::string& name, const Service& service) const {
  if ((!by_majority(name) && !leases.contains(name)) || left_alone(name)) return false;
  if (service.stop_failed() && (!leases.contains(name) || service.killed_whole())) return false;
  return !service.idle() || claims.contains(name);
}

void Node::State::notice_sleep_over(Context& context) {
  if (sleep.near && context.now.mono >= sleep.over_at)
    end_sleep(context, "this machine has not said whether it slept");
}

// After all that is to be said of a stop has been said.
void Node::State::drive_sleep(Context& context) {
  const bool wanted = std::any_of(services.begin(), services.end(), [this](const auto& entry) {
    return keeps_awake(entry.first, entry.second);
  });
  if (wanted != sleep.delayed) {
    sleep.delayed = wanted;
    context.emit(DelaySleep{wanted});
  }
  if (!sleep.near || wanted) {
    sleep.over_at = kNever;
  } else if (sleep.over_at == kNever) {
    sleep.over_at = context.now.mono + kFallingAsleep;
  }
}

}  // namespace cluster::core
