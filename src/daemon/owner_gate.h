// Stands before whoever runs the scripts, for the services that write files which others follow (mode owner): one starts once
// the files are as the last host that ran it has left them, and the keeper is told of all that runs here.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/load.h"
#include "core/node.h"
#include "files/keeper.h"
#include "scripts/runner.h"

namespace cluster::daemon {

class OwnerGate final : public scripts::Runner {
 public:
  struct World {
    std::function<void(std::function<void()>)> post;  // to the loop's thread, from any
    std::function<void(core::ScriptEnded)> ended;     // of a start that was not let through
    std::function<void(const std::string& text)> alert;
  };

  // Both outlive it.
  OwnerGate(scripts::Runner& runner, files::Keeper& keeper, World world)
      : runner_(runner), keeper_(keeper), world_(std::move(world)) {}

  void configure(const config::Loaded& config);
  // What runs here may have changed. `here` says what of a service is.
  void look(const std::function<core::Node::Here(const std::string& service)>& here);

  void run(const core::RunScript& script) override;
  void kill(core::KillScript run) override;
  void kill(const core::KillService& service) override;
  void guard(const core::Guard& guard) override;
  void unguard(const core::Unguard& unguard) override { runner_.unguard(unguard); }
  void set_service_dir(std::string dir) override { runner_.set_service_dir(std::move(dir)); }
  size_t running() const override { return runner_.running() + waiting_.size(); }

 private:
  enum class Standing : uint8_t { kUnknown, kNotHere, kWaits, kOwns };
  struct Owner {
    std::vector<std::string> roots;
    std::optional<Duration> max_lag;
    bool alone = false;
    Standing standing = Standing::kUnknown;
    uint64_t epoch = 0;  // the last that was heard of
  };
  struct Waiting {
    core::RunScript script;
    size_t roots = 0;  // that have not answered
    std::string refused;
  };

  void answered(RunId run, const std::string& root, const Status& status);
  void give_up(RunId run, core::ScriptEnd how, int code);
  void end(Owner& owner);

  scripts::Runner& runner_;
  files::Keeper& keeper_;
  const World world_;
  std::map<std::string, Owner> owners_;  // by service
  std::map<RunId, Waiting> waiting_;
};

}  // namespace cluster::daemon
