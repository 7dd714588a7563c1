#include "daemon/logging.h"

#include <poll.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>

namespace cluster::daemon {

namespace {

// A pipe that poll(2) calls writable takes at least this much without blocking.
constexpr size_t kPieceBytes = 4096;

std::atomic<int> current_verbosity{kVerbosityInfo};

bool journal_reads_stderr() {
  const char* stream = getenv("JOURNAL_STREAM");
  struct stat info {};
  if (stream == nullptr || fstat(STDERR_FILENO, &info) != 0) return false;
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) == stream;
}

int priority(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical: return LOG_CRIT;
    case spdlog::level::err: return LOG_ERR;
    case spdlog::level::warn: return LOG_WARNING;
    case spdlog::level::info: return LOG_INFO;
    default: return LOG_DEBUG;
  }
}

class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit StderrSink(bool journal) : journal_(journal) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string line;
    if (journal_) {
      line = "<" + std::to_string(priority(message.level)) + ">";
      line.append(message.payload.data(), message.payload.size());
      // The journal would take what follows for another message, of another priority.
      std::replace(line.begin(), line.end(), '\n', ' ');
      line += '\n';
    } else {
      spdlog::memory_buf_t formatted;
      formatter_->format(message, formatted);
      line.assign(formatted.data(), formatted.size());
    }
    if (lost_ > 0 && put("(" + std::to_string(lost_) + " lines lost: stderr was not read)\n"))
      lost_ = 0;
    if (!put(line)) ++lost_;
  }
  void flush_() override {}

 private:
  static bool put(const std::string& text) {
    for (size_t at = 0; at < text.size();) {
      pollfd ready{STDERR_FILENO, POLLOUT, 0};
      if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return false;
      const ssize_t put =
          write(STDERR_FILENO, text.data() + at, std::min(kPieceBytes, text.size() - at));
      if (put <= 0) return false;
      at += static_cast<size_t>(put);
    }
    return true;
  }

  const bool journal_;
  uint64_t lost_ = 0;
};

spdlog::level::level_enum lowest(int verbosity) {
  switch (verbosity) {
    case kVerbosityNothing: return spdlog::level::critical;
    case kVerbosityErrors: return spdlog::level::err;
    case kVerbosityWarnings: return spdlog::level::warn;
    case kVerbosityInfo: return spdlog::level::info;
    case kVerbosityDebug: return spdlog::level::debug;
    default: return spdlog::level::trace;
  }
}

spdlog::level::level_enum level_of(core::LogLevel level) {
  switch (level) {
    case core::LogLevel::kError: return spdlog::level::err;
    case core::LogLevel::kWarning: return spdlog::level::warn;
    case core::LogLevel::kInfo: return spdlog::level::info;
    case core::LogLevel::kDebug: return spdlog::level::debug;
  }
  return spdlog::level::info;
}

void put(spdlog::level::level_enum level, const std::string& text) {
  spdlog::default_logger_raw()->log(level, spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace

void start_logging(LogTo where, int verbosity) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (where == LogTo::kSyslog) {
    sink = std::make_shared<spdlog::sinks::syslog_sink_mt>("clusterd", LOG_PID, LOG_DAEMON, false);
  } else {
    sink = std::make_shared<StderrSink>(journal_reads_stderr());
  }
  auto logger = std::make_shared<spdlog::logger>("clusterd", std::move(sink));
  if (where == LogTo::kStderr) logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %l: %v");
  spdlog::set_default_logger(std::move(logger));
  set_verbosity(verbosity);
}

void set_verbosity(int verbosity) {
  current_verbosity = verbosity;
  spdlog::set_level(lowest(verbosity));
}

int verbosity() { return current_verbosity; }

void log(core::LogLevel level, const std::string& text) { put(level_of(level), text); }

void log(const core::Alert& alert) {
  const auto level = alert.severity == core::Severity::kCritical  ? spdlog::level::critical
                     : alert.severity == core::Severity::kWarning ? spdlog::level::warn
                                                                  : spdlog::level::info;
  put(level, "alert: " + alert.text);
}

void log(const scripts::Line& line) {
  put(line.notice ? spdlog::level::warn : spdlog::level::info,
      line.service + "/" + core::to_string(line.script) + (line.notice ? ": (" : ": ") + line.text +
          (line.notice ? ")" : ""));
}

void log_event(const std::string& text) { put(spdlog::level::trace, text); }

}  // namespace cluster::daemon
