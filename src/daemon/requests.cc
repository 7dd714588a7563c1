#include "daemon/requests.h"

#include <utility>

namespace cluster::daemon {

std::optional<core::Command> Requests::add(core::Command command, bus::CommandDone done) {
  if (waiting_.size() >= kMaxPendingRequests) {
    done(core::Refusal::kBusy, std::to_string(waiting_.size()) + " orders wait for their end");
    return std::nullopt;
  }
  command.request = RequestId(++last_);
  waiting_.emplace(command.request, std::move(done));
  return command;
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
