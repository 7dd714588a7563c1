// clusterd: command line, configuration, and the program's exit code.
#include <malloc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <utility>

#include "config/load.h"
#include "daemon/daemon.h"
#include "daemon/logging.h"

namespace cluster::daemon {
namespace {

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
    return kExitFailed;
  }
  // What is to be mended goes to stderr; that all is well, the last line, is the answer.
  if (report.ends_with('\n')) report.pop_back();
  const size_t last = report.rfind('\n') + 1;
  std::fputs(report.substr(0, last).c_str(), stderr);
  std::printf("%s\n", report.substr(last).c_str());
  return kExitOk;
}

int serve(const Options& options) {
  config::Outcome outcome = config::load(config_options(options, config::Mode::kStart));
  if (!outcome.loaded) {
    std::fputs(config::check_config_report(outcome).c_str(), stderr);
    return kExitFailed;
  }
  Notify notify = Notify::from_environment();
  Detach detach;
  if (options.detach) {
    auto forked = Detach::fork_now();
    if (!forked) {
      std::fprintf(stderr, "clusterd: %s\n", forked.error().c_str());
      return kExitFailed;
    }
    detach = std::move(*forked);
  }
  start_logging(options.detach ? LogTo::kSyslog : LogTo::kStderr,
                effective_verbosity(options, outcome.loaded->verbosity));
  for (const config::Fault& warning : outcome.warnings)
    log(core::LogLevel::kWarning, config::to_string(warning));
  Daemon daemon(options, std::move(*outcome.loaded), std::move(notify), std::move(detach));
  if (Status started = daemon.start(); !started) {
    if (options.detach) std::fprintf(stderr, "clusterd: %s\n", started.error().c_str());
    // Why there is no daemon is said at any verbosity.
    set_verbosity(std::max(verbosity(), kVerbosityErrors));
    log(core::LogLevel::kError, started.error());
    return kExitFailed;
  }
  return daemon.run();
}

// A thread may still derive a secret, or resolve a name, when main returns: nobody waits for it, so
// OpenSSL must not take itself apart under its feet.
void let_threads_outlive_main() { OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr); }

int run(int argc, char** argv) {
  be_modest();
  let_threads_outlive_main();
  reset_signals();
  const auto parsed = parse_options(argc, argv);
  if (const auto* ended = std::get_if<Exit>(&parsed)) {
    std::fputs(ended->out.c_str(), stdout);
    std::fputs(ended->error.c_str(), stderr);
    return ended->code;
  }
  const auto& options = std::get<Options>(parsed);
  return options.check_config ? check(options) : serve(options);
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
  return kExitFailed;
}

}  // namespace cluster::daemon

int main(int argc, char** argv) { return cluster::daemon::main_program(argc, argv); }
