#include "daemon/requests.h"

#include <utility>

namespace cluster::daemon {

std::optional<core::Command> Requests::add(core::Command command, bus::CommandDone done) {
  const auto number = add(std::move(done));
  if (!number) return std::nullopt;
  command.request = *number;
  return command;
}

std::optional<RequestId> Requests::add(bus::CommandDone done) {
  if (waiting_.size() >= kMaxPendingRequests) {
    done(core::Refusal::kBusy, std::to_string(waiting_.size()) + " orders wait for their end");
    return std::nullopt;
  }
  const RequestId number(++last_);
  waiting_.emplace(number, std::move(done));
  return number;
}

void Requests::answer(const core::Reply& reply) {
  const auto it = waiting_.find(reply.request);
  if (it == waiting_.end()) return;
  const bus::CommandDone done = std::move(it->second);
  waiting_.erase(it);
  done(reply.refusal, reply.text);
}

void Requests::refuse_all(core::Refusal refusal, const std::string& why) {
  for (const auto& [id, done] : std::exchange(waiting_, {})) done(refusal, why);
}

}  // namespace cluster::daemon
