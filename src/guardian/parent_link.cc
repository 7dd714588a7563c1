#include "guardian/parent_link.h"

#include <unistd.h>

#include <utility>

#include "base/ensure.h"
#include "daemon/logging.h"

namespace cluster::guardian {

class ParentLink::RemoteRunner final : public scripts::Runner {
 public:
  explicit RemoteRunner(ParentLink& parent) : parent_(parent) {}

  void run(const core::RunScript& script) override {
    ++parent_.running_;
    parent_.say(script);
  }
  void kill(core::KillScript run) override { parent_.say(run); }
  void kill(const core::KillService& service) override { parent_.say(service); }
  void guard(const core::Guard& guard) override { parent_.say(guard); }
  void unguard(const core::Unguard& unguard) override { parent_.say(unguard); }
  void set_service_dir(std::string dir) override {
    parent_.settings_.service_dir = std::move(dir);
    parent_.say_settings();
  }
  size_t running() const override { return parent_.running_; }

 private:
  ParentLink& parent_;
};

Result<std::unique_ptr<ParentLink>> ParentLink::open(const Inheritance& inherited) {
  const auto frame = read_frame(inherited.channel, kBeginPatience);
  auto message = frame ? decode_to_engine(*frame) : std::nullopt;
  auto* begin = message ? std::get_if<Begin>(&*message) : nullptr;
  if (begin == nullptr) return Error{"the guardian does not say what there is"};
  return std::unique_ptr<ParentLink>(new ParentLink(inherited, std::move(*begin)));
}

ParentLink::ParentLink(const Inheritance& inherited, Begin begin)
    : fd_(inherited.channel),
      lock_(store::LockFile::adopt(inherited.lock)),
      begin_(std::move(begin)) {
  settings_.verbosity = daemon::verbosity();
  for (int fd : inherited.listening) listening_.emplace_back(fd);
}

ParentLink::~ParentLink() = default;

std::unique_ptr<scripts::Runner> ParentLink::attach(event_base* base,
                                                    scripts::Callbacks callbacks) {
  ENSURE(fd_, "attached twice");
  callbacks_ = std::move(callbacks);
  channel_ = std::make_unique<Channel>(
      base, std::move(fd_), [this](std::string_view frame) { received(frame); },
      [](const std::string& why) {
        daemon::log(core::LogLevel::kError, "the guardian is gone: " + why);
        _exit(daemon::kExitFailed);
      });
  alive_ = std::make_unique<Watch>(base, -1, EV_PERSIST, [this] { say(Alive{}); });
  alive_->add(kAliveEvery);
  return std::make_unique<RemoteRunner>(*this);
}

void ParentLink::set_verbosity(int verbosity) {
  settings_.verbosity = verbosity;
  say_settings();
}

void ParentLink::say(const ToGuardian& message) {
  ENSURE(channel_ != nullptr);
  channel_->send(encode(message));
}

void ParentLink::say_settings() {
  if (!settings_.service_dir.empty()) say(settings_);
}

void ParentLink::received(std::string_view frame) {
  const auto message = decode_to_engine(frame);
  ENSURE(message && !std::holds_alternative<Begin>(*message), "the guardian makes no sense");
  if (const auto* ended = std::get_if<core::ScriptEnded>(&*message)) {
    if (running_ > 0) --running_;
    callbacks_.ended(*ended);
  } else {
    callbacks_.killed(std::get<core::ServiceKilled>(*message));
  }
}

}  // namespace cluster::guardian
