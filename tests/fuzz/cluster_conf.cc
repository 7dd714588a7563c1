// The whole configuration as a daemon loads it: cluster.conf, hosts, services and web's service.conf in one
// input, split by lines "%%"; what is not there is sound. Files are written below TMPDIR.
#include "config/cluster_conf.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "config/load.h"
#include "tests/fuzz/config.h"
#include "tests/unit/temp_folder.h"

namespace cluster::fuzz {
namespace {

class Folder {
 public:
  Folder() {
    for (const char* service : {"web", "db"})
      for (const char* script : {"start", "stop"}) {
        const std::string name = std::string("services.d/") + service + "/" + script;
        std::filesystem::create_directories((folder_ / name).parent_path());
        write(name, "#!/bin/sh\n");
        ENSURE(::chmod((folder_ / name).c_str(), 0700) == 0);
      }
  }

  void write(const std::string& name, const std::string& content) {
    if (auto last = files_.find(name); last != files_.end() && last->second == content) return;
    std::ofstream(folder_ / name, std::ios::binary | std::ios::trunc) << content;
    ENSURE(::chmod((folder_ / name).c_str(), 0600) == 0);
    files_[name] = content;
  }

  config::Outcome load(config::Mode mode) const {
    config::Options options;
    options.config_dir = folder_.path();
    options.state_dir = (folder_ / "state").string();
    options.mode = mode;
    options.local = [] {
      return config::LocalIdentity{"server1", "server1.example.com", {"192.0.2.1"}};
    };
    return config::load(options);
  }

  // The lines of the file that a fault names; one that is missing or a folder has one.
  int lines(const std::string& path) const {
    for (const auto& [name, content] : files_)
      if (path == (folder_ / name).string()) return lines_of(content);
    return 1;
  }

 private:
  testing_files::TempFolder folder_;
  std::map<std::string, std::string> files_;
};

void check(const Folder& folder, const config::Outcome& outcome) {
  ENSURE(outcome.loaded.has_value() == outcome.faults.empty());
  ENSURE(outcome.faults.size() <= config::kMaxFaults + 1);
  for (const config::Fault& fault : outcome.faults) check_fault(fault, folder.lines(fault.file));
  for (const config::Fault& warning : outcome.warnings)
    check_warning(warning, folder.lines(warning.file));
  ENSURE(!config::check_config_report(outcome).empty());
  if (!outcome.loaded) return;

  const core::Config& core = outcome.loaded->core;
  ENSURE(core.host(core.self) != nullptr && outcome.loaded->port != 0);
  ENSURE(core.beat_interval > Duration{} && core.dead_time > core.beat_interval);
  ENSURE(outcome.loaded->passphrases.size() == core.hosts.size());
  ENSURE(outcome.loaded->service_dir.starts_with('/'));
  ENSURE(outcome.loaded->listen.size() <= config::kMaxListenAddresses);
  std::set<std::string> names;
  for (const sync::LocalRoot& root : outcome.loaded->roots) {
    ENSURE(!root.config.name.empty() && names.insert(root.config.name).second);
    ENSURE(root.path.starts_with('/') && root.path.find("/../") == std::string::npos);
    ENSURE(root.config.takes_part(core.self));
    for (const HostId host : root.config.hosts) ENSURE(core.host(host) != nullptr);
  }
  for (const core::ServiceEntry& service : core.services) {
    ENSURE(!service.preference.empty());
    for (const HostId host : service.preference) ENSURE(core.host(host) != nullptr);
    ENSURE(!service.local || service.runnable || !service.unrunnable_why.empty());
    ENSURE(service.start_timeout > Duration{} && service.stop_timeout > Duration{});
  }
}

}  // namespace
}  // namespace cluster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace cluster;
  using namespace cluster::fuzz;
  static Folder folder;
  static const std::pair<const char*, const char*> kFiles[] = {
      {"cluster.conf", "id = 1\n"},
      {"hosts", "server1.example.com password1\nserver2:35791 password2\nlaptop1,open password3\n"},
      {"services", "web 1 2\ndb 2 1\n"},
      {"services.d/web/service.conf", ""}};
  const auto given = split_files({reinterpret_cast<const char*>(bytes), size});
  for (size_t i = 0; i < std::size(kFiles); ++i)
    folder.write(kFiles[i].first, i < given.size() ? given[i] : kFiles[i].second);

  const config::Outcome checked = folder.load(config::Mode::kCheck);
  check(folder, checked);
  const config::Outcome started = folder.load(config::Mode::kStart);
  check(folder, started);
  // What --check-config accepts also starts, and as the same.
  if (checked.loaded) {
    ENSURE(started.loaded == checked.loaded);
    ENSURE(config::restart_needed(*checked.loaded, *started.loaded).empty());
  }
  return 0;
}
