#include "daemon/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <sstream>

#include "bus/bus.h"

namespace cluster::daemon {

namespace {

std::string absolute(const std::string& path) {
  std::error_code error;
  auto full = std::filesystem::absolute(path, error).lexically_normal();
  std::string text = error ? path : full.string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

std::string credential(const char* name) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0') return "";
  const std::string path = std::string(folder) + "/" + name;
  std::error_code error;
  return std::filesystem::exists(path, error) ? path : "";
}

Exit wrong(const std::string& what) {
  return Exit{kExitUsage, "", "clusterd: " + what + "\nTry: clusterd --help\n"};
}

}  // namespace

std::variant<Options, Exit> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app("Keeps services running across hosts.", "clusterd");
  bool foreground = false, version = false;
  uint32_t id = 0;
  app.add_option("--config-dir", options.config_dir, "where cluster.conf, hosts and services are")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--state-dir", options.state_dir, "what this host must not forget (mode 0700)")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--bus", options.bus, "system, session, a D-Bus address, or none")
      ->type_name("BUS")
      ->capture_default_str();
  auto* id_option = app.add_option("--id", id, "this host's line in the hosts file, from 1")
                        ->type_name("N")
                        ->check(CLI::Range(1u, std::numeric_limits<uint32_t>::max()));
  auto* foreground_flag =
      app.add_flag("--foreground", foreground, "stay in the foreground, log to stderr (default)");
  app.add_flag("--daemon", options.detach, "detach once ready, log to syslog")
      ->excludes(foreground_flag);
  app.add_flag("--check-config", options.check_config,
               "only say what is wrong with the configuration: exit 0 or 1");
  app.add_flag("--accept-renumbering", options.accept_renumbering,
               "hosts may have moved to other lines of the hosts file");
  app.add_flag("--fence", options.fence,
               "kill what the services of a dead daemon left running, and exit");
  app.add_option("--engine", options.engine)->group("");
  app.add_option("--agent", options.agent)
      ->check(CLI::IsMember({"start", "stop", "status"}))
      ->group("");
  app.add_flag("--launcher", options.launcher)->group("");
  app.add_flag("--verbose", options.verbose, "log more; twice: every event, as it can be replayed");
  app.add_flag("--version", version, "print the version");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Exit{kExitOk, app.help(), ""};
  } catch (const CLI::ParseError& error) {
    return wrong(error.what());
  }
  if (version) return Exit{kExitOk, "clusterd " CLUSTER_VERSION "\n", ""};
  if (options.config_dir.empty()) return wrong("--config-dir: empty");
  if (options.state_dir.empty()) return wrong("--state-dir: empty");
  if (Status bus = bus::Bus::check_address(options.bus); !bus)
    return wrong("--bus: " + bus.error());
  if (id_option->count() > 0) options.id = HostId(id);
  options.hosts_file = credential(kHostsCredential);
  options.config_dir = absolute(options.config_dir);
  options.state_dir = absolute(options.state_dir);
  return options;
}

}  // namespace cluster::daemon
