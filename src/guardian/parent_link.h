// The guardian, as its engine sees it: who runs the scripts, and who gave what this engine started with.
//
// Without the guardian there is nothing to be done: when the channel closes, the process ends there and then.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/parent.h"
#include "guardian/channel.h"
#include "guardian/engine.h"
#include "guardian/messages.h"
#include "posix/fd.h"

namespace cluster::guardian {

// How often an engine that has nothing to say says so.
inline constexpr Duration kAliveEvery = seconds(10);
inline constexpr Duration kBeginPatience = seconds(10);

class ParentLink final : public daemon::Parent {
 public:
  // Waits for what the guardian says first; an error is a bug of this build.
  static Result<std::unique_ptr<ParentLink>> open(const Inheritance& inherited);
  ~ParentLink() override;

  store::LockFile take_lock() override { return std::move(lock_); }
  std::vector<Fd> take_listening() override { return std::move(listening_); }
  std::vector<core::LeftService> take_left() override { return std::move(begin_.left); }
  uint64_t first_run() const override { return begin_.first_run; }
  std::unique_ptr<scripts::Runner> attach(event_base* base, scripts::Callbacks callbacks) override;
  void began() override { say(Began{}); }
  void ready() override { say(Ready{}); }
  void ending() override { say(Ending{}); }
  void set_verbosity(int verbosity) override;

 private:
  class RemoteRunner;

  ParentLink(const Inheritance& inherited, Begin begin);
  void say(const ToGuardian& message);
  void say_settings();
  void received(std::string_view frame);

  Fd fd_;
  store::LockFile lock_;
  std::vector<Fd> listening_;
  Begin begin_;
  Settings settings_;
  scripts::Callbacks callbacks_;
  std::unique_ptr<Channel> channel_;
  std::unique_ptr<Watch> alive_;
  size_t running_ = 0;  // scripts begun by this engine, and not ended
};

}  // namespace cluster::guardian
