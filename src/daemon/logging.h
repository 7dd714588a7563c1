// The daemon's log: to stderr (with sd-daemon's <N> prefixes where the journal reads it), or to syslog once
// detached. Never waits: a reader that is too slow loses lines, and is told how many.
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

void log(core::LogLevel level, const std::string& text);
void log(const core::Alert& alert);
void log(const scripts::Line& line);
void log_event(const std::string& text);  // at kVerbosityEvents

}  // namespace cluster::daemon
