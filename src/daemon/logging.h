// The daemon's log: to the journal with fields where that reads stderr, else to stderr, or to syslog once detached. Never
// waits: a reader that is too slow loses lines, and is told how many.
#pragma once

#include <string>

#include "core/io.h"
#include "scripts/runner.h"

namespace cluster::daemon {

// cluster.conf's verbosity.
inline constexpr int kVerbosityNothing = 0;  // critical alerts alone
inline constexpr int kVerbosityErrors = 1;
inline constexpr int kVerbosityWarnings = 2;
inline constexpr int kVerbosityInfo = 3;
inline constexpr int kVerbosityDebug = 4;
inline constexpr int kVerbosityEvents = 5;  // and every event, as it can be replayed

enum class LogTo { kStderr, kSyslog };

void start_logging(LogTo where, int verbosity);
void set_verbosity(int verbosity);
int verbosity();

// What a line is about, for programs that read the journal.
struct About {
  std::string kind;          // as of alerts, or "service-state"
  std::string subject = {};  // the host, service or file
  HostId host = {};          // where it is, or which it is
  std::string state = {};    // of a service
};

void log(core::LogLevel level, const std::string& text, const About& about = {});
void log_alert(core::Severity severity, const std::string& text, const About& about);
void log(const scripts::Line& line);
void log_event(const std::string& text);  // at kVerbosityEvents

}  // namespace cluster::daemon
