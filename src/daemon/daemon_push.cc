// The daemon's part in pushes of the configuration: it looks at files, puts them in place, and reloads.
#include <cstdio>
#include <utility>

#include "base/join.h"
#include "bus/status.h"
#include "config/pushed.h"
#include "daemon/daemon.h"
#include "daemon/logging.h"
#include "files/replace_all.h"

namespace cluster::daemon {

namespace {

constexpr char kReplacedFolder[] = "replaced";  // in the state folder

}  // namespace

void finish_push(const Options& options) {
  if (const Status finished = files::finish_replacing(options.config_dir); !finished)
    std::fprintf(stderr, "clusterd: %s\n", finished.error().c_str());
}

void Daemon::push_config(bus::CommandDone done) {
  loop_.post(Loop::Task([this, done = std::move(done)] {
    auto files = config::read_push_files(config_options(options_, config::Mode::kCheck));
    if (!files) return done(core::Refusal::kInvalidConfig, files.error());
    Checked checked = check(*files);
    if (!checked.next) return done(core::Refusal::kInvalidConfig, joined(checked.faults, "\n"));
    core::ConfigPush push;
    push.files = std::move(*files);
    for (const core::HostEntry& host : checked.next->core.hosts) push.hosts.push_back(host.name);
    if (const auto request = requests_.add(done)) {
      push.request = *request;
      loop_.post(core::Event(std::move(push)));
    }
  }));
}

// What others have pushed, as it would be here.
Result<core::PushFiles> Daemon::with_own_settings(const core::PushFiles& pushed) const {
  const auto own = config::read_push_files(config_options(options_, config::Mode::kCheck));
  if (!own) return Error{own.error()};
  if (!options_.hosts_file.empty() && pushed.hosts != own->hosts)
    return Error{options_.hosts_file +
                 ":1: other hosts than were pushed, and this file is a credential of this host's "
                 "unit, which a push does not change; expected the same there first"};
  auto merged = config::with_own_settings(pushed.cluster_conf, own->cluster_conf,
                                          options_.config_dir + "/cluster.conf");
  if (!merged) return Error{merged.error()};
  return core::PushFiles{std::move(*merged), pushed.hosts, pushed.services};
}

void Daemon::perform(const core::ValidateConfig& asked) {
  loop_.post(Loop::Task([this, asked] {
    core::ConfigValidated answer{asked.id, {}};
    if (const auto files = with_own_settings(asked.files)) {
      answer.faults = check(*files).faults;
    } else {
      answer.faults = {files.error()};
    }
    loop_.post(core::Event(std::move(answer)));
  }));
}

void Daemon::perform(const core::ApplyConfig& asked) {
  loop_.post(Loop::Task([this, asked] {
    const auto files = with_own_settings(asked.files);
    if (!files) return applied(asked.id, {files.error()});
    if (Checked checked = check(*files); !checked.next)
      return applied(asked.id, std::move(checked.faults));
    std::vector<files::NewFile> all{{"cluster.conf", files->cluster_conf},
                                    {"services", files->services}};
    if (options_.hosts_file.empty()) all.push_back({"hosts", files->hosts});
    const bool begun = disk_work_.run(
        [this, id = asked.id, folder = options_.config_dir,
         keep = options_.state_dir + "/" + kReplacedFolder,
         label = bus::iso8601(read_clocks().wall) + "-" + std::to_string(asked.id.count),
         all = std::move(all)] {
          const Status done = files::replace_all(folder, all, keep, label);
          return [this, id, done] { written(id, done); };
        });
    if (!begun) applied(asked.id, {"too much waits for the disk"});
  }));
}

void Daemon::written(core::PushId id, const Status& status) {
  if (!status) return applied(id, {status.error()});
  loop_.post(Loop::Task([this, id] {
    const Status reloaded = reload_and_say();
    std::vector<std::string> faults;
    if (!reloaded) faults.push_back(reloaded.error().substr(0, reloaded.error().find('\n')));
    applied(id, std::move(faults));
  }));
}

// After the ConfigChanged of a reload.
void Daemon::applied(core::PushId id, std::vector<std::string> faults) {
  loop_.post(core::Event(core::ConfigApplied{id, std::move(faults)}));
}

}  // namespace cluster::daemon
