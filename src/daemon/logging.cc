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

#include "daemon/journal.h"

namespace cluster::daemon {

namespace {

// A pipe that poll(2) calls writable takes at least this much without blocking.
constexpr size_t kPieceBytes = 4096;

std::atomic<int> current_verbosity{kVerbosityInfo};

std::mutex journal_mutex;
std::unique_ptr<Journal> journal;  // in place of stderr; set before there is a second thread

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
  explicit StderrSink(bool prefix) : prefix_(prefix) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string line;
    if (prefix_) {
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

  const bool prefix_;  // sd-daemon(3)'s, for the journal
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

JournalFields fields_of(const About& about) {
  if (about.kind.empty()) return {};
  return {{"MESSAGE_ID", std::string(message_id(about.kind))},
          {"CLUSTER_KIND", about.kind},
          {"CLUSTER_SUBJECT", about.subject},
          {"CLUSTER_HOST_ID", about.host ? std::to_string(about.host.value) : std::string()},
          {"CLUSTER_STATE", about.state}};
}

void put(spdlog::level::level_enum level, const std::string& text, const About& about = {}) {
  spdlog::logger& logger = *spdlog::default_logger_raw();
  if (journal == nullptr) return logger.log(level, spdlog::string_view_t(text.data(), text.size()));
  if (!logger.should_log(level)) return;
  std::lock_guard guard(journal_mutex);
  journal->send(priority(level), text, fields_of(about));
}

}  // namespace

void start_logging(LogTo where, int verbosity) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (where == LogTo::kSyslog) {
    sink = std::make_shared<spdlog::sinks::syslog_sink_mt>("clusterd", LOG_PID, LOG_DAEMON, false);
  } else {
    const bool reads = journal_reads_stderr();
    sink = std::make_shared<StderrSink>(reads);
    if (reads) journal = Journal::open();
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

void log(core::LogLevel level, const std::string& text, const About& about) {
  put(level_of(level), text, about);
}

void log_alert(core::Severity severity, const std::string& text, const About& about) {
  const auto level = severity == core::Severity::kCritical  ? spdlog::level::critical
                     : severity == core::Severity::kWarning ? spdlog::level::warn
                                                            : spdlog::level::info;
  put(level, "alert: " + text, about);
}

void log(const scripts::Line& line) {
  put(line.notice ? spdlog::level::warn : spdlog::level::info,
      line.service + "/" + core::to_string(line.script) + (line.notice ? ": (" : ": ") + line.text +
          (line.notice ? ")" : ""));
}

void log_event(const std::string& text) { put(spdlog::level::trace, text); }

}  // namespace cluster::daemon
