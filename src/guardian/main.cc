// clusterd: command line, configuration, and the program's exit code, of guardian and engine.
#include <errno.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <utility>

#include "agents/agent.h"
#include "config/load.h"
#include "core/maintenance.h"
#include "daemon/daemon.h"
#include "daemon/logging.h"
#include "guardian/engine.h"
#include "guardian/guardian.h"
#include "guardian/parent_link.h"
#include "scripts/launcher.h"
#include "store/store.h"

namespace cluster::guardian {
namespace {

using daemon::log;
using daemon::Options;

// A daemon that was killed a moment ago may not be gone altogether.
constexpr Duration kLockPatience = milliseconds(500), kLockLook = milliseconds(10);

// The few threads there are (disk, scrypt, connecting to the bus) need little.
constexpr size_t kThreadStackBytes = 256 * 1024;
constexpr int kKeptFreeBytes = 128 * 1024;

void be_modest() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TRIM_THRESHOLD, kKeptFreeBytes);
  mallopt(M_MMAP_THRESHOLD, kKeptFreeBytes);
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return;
  if (pthread_attr_setstacksize(&attributes, kThreadStackBytes) == 0)
    pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

int check(const Options& options) {
  const config::Outcome outcome = config::load(config_options(options, config::Mode::kCheck));
  std::string report = config::check_config_report(outcome);
  if (!outcome.loaded) {
    std::fputs(report.c_str(), stderr);
    return daemon::kExitFailed;
  }
  // What is to be mended goes to stderr; that all is well, the last line, is the answer.
  if (report.ends_with('\n')) report.pop_back();
  const size_t last = report.rfind('\n') + 1;
  std::fputs(report.substr(0, last).c_str(), stderr);
  std::printf("%s\n", report.substr(last).c_str());
  return daemon::kExitOk;
}

Result<store::LockFile> take_lock(const std::string& state_dir) {
  if (Status folder = store::prepare_folder(state_dir); !folder) return Error{folder.error()};
  const std::string path = state_dir + "/" + store::kLockName;
  for (Duration waited{};; waited += kLockLook) {
    auto lock = store::LockFile::take(path);
    if (lock || waited >= kLockPatience) return lock;
    usleep(static_cast<useconds_t>(to_us(kLockLook)));
  }
}

Result<Belongings> gather(const Options& options, const config::Loaded& config) {
  auto lock = take_lock(options.state_dir);
  if (!lock) return Error{lock.error()};
  auto listening = net::open_listeners(daemon::listen_addresses(config), config.port);
  if (!listening) return Error{listening.error()};
  Belongings out{std::move(*lock), {}, std::move(*listening)};
  auto cgroups = scripts::Cgroups::make(options.state_dir);
  log(cgroups ? core::LogLevel::kDebug : core::LogLevel::kInfo,
      cgroups ? "services have their control groups in " + cgroups->folder()
              : "no control groups, so not all of a service can be killed for sure: " +
                    cgroups.error());
  if (cgroups) out.cgroups = std::move(*cgroups);
  return out;
}

// Why there is no daemon is said at any verbosity.
int refuse(const Options& options, const std::string& why) {
  if (options.detach) std::fprintf(stderr, "clusterd: %s\n", why.c_str());
  daemon::set_verbosity(std::max(daemon::verbosity(), daemon::kVerbosityErrors));
  log(core::LogLevel::kError, why);
  return daemon::kExitFailed;
}

void begin_logging(const Options& options, int verbosity) {
  daemon::start_logging(options.detach ? daemon::LogTo::kSyslog : daemon::LogTo::kStderr,
                        daemon::effective_verbosity(options, verbosity));
}

// Where that cannot be read, nothing is.
std::vector<std::string> left_alone(const Options& options) {
  const auto stored = store::read_stored(options.state_dir);
  if (stored) return core::services_left_alone(*stored);
  log(core::LogLevel::kWarning, stored.error());
  return {};
}

// All that is in these groups is killed, but for what is left alone. False: not all of it is dead.
template <class Groups>
bool fence(const Groups& groups, const std::vector<std::string>& spared) {
  for (const std::string& service : groups.services()) {
    const bool spare = std::find(spared.begin(), spared.end(), service) != spared.end();
    if (groups.populated(service))
      log(core::LogLevel::kWarning, spare ? "service " + service + " is left alone: maintenance"
                                          : "all of service " + service + " is killed");
  }
  const std::vector<std::string> left = groups.kill_all(spared);
  for (const std::string& service : left)
    log(core::LogLevel::kError, "not all of service " + service + " is dead");
  return left.empty();
}

// After a daemon that is dead, or has left: what its services' groups still hold.
int fence(const Options& options) {
  daemon::start_logging(daemon::LogTo::kStderr,
                        daemon::effective_verbosity(options, daemon::kVerbosityInfo));
  struct stat info {};
  if (stat(options.state_dir.c_str(), &info) != 0 && errno == ENOENT) return daemon::kExitOk;
  // A daemon lives as long as one of its processes does, and what it runs is no leftover.
  auto lock = take_lock(options.state_dir);
  if (!lock) return refuse(options, lock.error());
  const std::vector<std::string> spared = left_alone(options);
  bool whole = fence(scripts::Scopes::find(options.state_dir), spared);
  const auto cgroups = scripts::Cgroups::find(options.state_dir);
  if (!cgroups) {
    log(core::LogLevel::kDebug, "no control groups: " + cgroups.error());
  } else {
    whole = fence(*cgroups, spared) && whole;
    cgroups->remove_empty();
  }
  return whole ? daemon::kExitOk : daemon::kExitFailed;
}

int guard(const Options& options) {
  daemon::finish_push(options);
  config::Outcome outcome = config::load(config_options(options, config::Mode::kStart));
  if (!outcome.loaded) {
    std::fputs(config::check_config_report(outcome).c_str(), stderr);
    return daemon::kExitFailed;
  }
  daemon::Detach detach;
  if (options.detach) {
    auto forked = daemon::Detach::fork_now();
    if (!forked) {
      std::fprintf(stderr, "clusterd: %s\n", forked.error().c_str());
      return daemon::kExitFailed;
    }
    detach = std::move(*forked);
  }
  begin_logging(options, outcome.loaded->verbosity);
  auto belongings = gather(options, *outcome.loaded);
  if (!belongings) return refuse(options, belongings.error());
  Guardian guardian(options, *outcome.loaded, std::move(*belongings), std::move(detach));
  outcome = {};  // the engine reads it for itself
  return guardian.run();
}

// A thread may still derive a secret, or resolve a name, when main returns: nobody waits for it, so
// OpenSSL must not take itself apart under its feet.
void let_threads_outlive_main() { OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr); }

int be_engine(const Options& options) {
  let_threads_outlive_main();
  const auto inherited = Inheritance::parse(options.engine);
  if (!inherited || !be_an_engine(*inherited)) {
    std::fputs("clusterd: --engine is for clusterd itself\n", stderr);
    return daemon::kExitUsage;
  }
  daemon::finish_push(options);
  config::Outcome outcome = config::load(config_options(options, config::Mode::kStart));
  begin_logging(options, outcome.loaded ? outcome.loaded->verbosity : daemon::kVerbosityErrors);
  if (!outcome.loaded) return refuse(options, config::check_config_report(outcome));
  for (const config::Fault& warning : outcome.warnings)
    log(core::LogLevel::kWarning, config::to_string(warning));
  auto parent = ParentLink::open(*inherited);
  if (!parent) return refuse(options, parent.error());
  daemon::Daemon daemon(options, std::move(*outcome.loaded),
                        daemon::Notify::from_environment(inherited->guardian), **parent);
  if (Status started = daemon.start(); !started) return refuse(options, started.error());
  return daemon.run();
}

int be_agent(const Options& options) {
  ::prctl(PR_SET_NAME, "clusterd-agent");
  return agents::run_agent(options.agent);
}

int be_launcher() {
  ::prctl(PR_SET_NAME, "clusterd-launch");
  if (scripts::is_launcher_socket(STDIN_FILENO)) return scripts::run_launcher(STDIN_FILENO);
  std::fputs("clusterd: --launcher is for clusterd itself\n", stderr);
  return daemon::kExitUsage;
}

int run(int argc, char** argv) {
  be_modest();
  reset_signals();
  const auto parsed = daemon::parse_options(argc, argv);
  if (const auto* ended = std::get_if<daemon::Exit>(&parsed)) {
    std::fputs(ended->out.c_str(), stdout);
    std::fputs(ended->error.c_str(), stderr);
    return ended->code;
  }
  const auto& options = std::get<Options>(parsed);
  if (!options.engine.empty()) return be_engine(options);
  if (!options.agent.empty()) return be_agent(options);
  if (options.launcher) return be_launcher();
  if (options.fence) return fence(options);
  return options.check_config ? check(options) : guard(options);
}

}  // namespace

int main_program(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "clusterd: %s\n", e.what());
  } catch (...) {
    std::fputs("clusterd: ended by an unknown error\n", stderr);
  }
  return daemon::kExitFailed;
}

}  // namespace cluster::guardian

int main(int argc, char** argv) { return cluster::guardian::main_program(argc, argv); }
