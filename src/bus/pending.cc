#include "bus/pending.h"

#include <utility>

#include "bus/errors.h"

namespace cluster::bus {
namespace {

// Each holds a message in memory; far more than operators and their scripts start at once.
constexpr size_t kMaxPendingCalls = 256;

}  // namespace

CommandDone Pending::await_command(sdbus::MethodCall call, Returns returns) {
  return [weak = weak_from_this(), id = add(std::move(call)), returns](core::Refusal refusal,
                                                                       const std::string& text) {
    const auto self = weak.lock();
    if (!self) return;
    self->answer(id, refusal == core::Refusal::kNone ? "" : error_name(refusal), text, returns);
  };
}

ReloadDone Pending::await_reload(sdbus::MethodCall call) {
  return [weak = weak_from_this(), id = add(std::move(call))](const Status& status) {
    const auto self = weak.lock();
    if (!self) return;
    self->answer(id, status ? "" : kInvalidConfig, status.error());
  };
}

FileDone Pending::await_files(sdbus::MethodCall call, Returns returns) {
  return [weak = weak_from_this(), id = add(std::move(call)),
          returns](const Result<std::string>& answer) {
    const auto self = weak.lock();
    if (!self) return;
    if (answer) {
      self->answer(id, "", *answer, returns);
    } else {
      self->answer(id, error_name(core::Refusal::kFailed), answer.error());
    }
  };
}

uint64_t Pending::add(sdbus::MethodCall call) {
  if (calls_.size() >= kMaxPendingCalls) {
    throw make_error("org.freedesktop.DBus.Error.LimitsExceeded",
                     std::to_string(kMaxPendingCalls) + " calls wait for their answers already");
  }
  const uint64_t id = next_++;
  calls_.emplace(id, std::move(call));
  return id;
}

void Pending::answer(uint64_t id, const std::string& error_name, const std::string& text,
                     Returns returns) {
  auto node = calls_.extract(id);
  if (!node) return;
  const sdbus::MethodCall& call = node.mapped();
  // dbus-send without --print-reply and its like want none.
  if (call.doesntExpectReply()) return;
  try {
    if (error_name.empty()) {
      auto reply = call.createReply();
      if (returns == Returns::kText) reply << text;
      reply.send();
    } else {
      call.createErrorReply(make_error(error_name, text)).send();
    }
  } catch (const sdbus::Error&) {
    return;  // the connection is going; its Pump finds that out by itself
  }
  sent_();
}

}  // namespace cluster::bus
