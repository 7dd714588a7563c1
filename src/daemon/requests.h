// Operators' orders on their way through the core: each is answered exactly once.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "bus/bus.h"
#include "core/io.h"

namespace cluster::daemon {

inline constexpr size_t kMaxPendingRequests = 1024;

class Requests {
 public:
  // Numbers the order and keeps its answer; nullopt: too many wait, and it has been refused.
  std::optional<core::Command> add(core::Command command, bus::CommandDone done);
  // The same of what is no Command; the number is to be in it.
  std::optional<RequestId> add(bus::CommandDone done);
  void answer(const core::Reply& reply);
  void refuse_all(core::Refusal refusal, const std::string& why);

 private:
  uint64_t last_ = 0;
  std::map<RequestId, bus::CommandDone> waiting_;
};

}  // namespace cluster::daemon
