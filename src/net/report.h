// What this folder needs to tell people, without knowing the logger: the daemon passes both in.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "core/io.h"

namespace cluster::net {

struct Report {
  std::function<void(core::LogLevel, const std::string&)> log;
  std::function<void(core::Severity, const std::string&)> alert;
};

// Lets a thing through once a minute for each (kind, address), so that strangers cannot flood the
// log. Remembers at most kMaxRemembered pairs; beyond that new pairs share one slot a kind.
class Throttle {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPeriod{60};
  static constexpr size_t kMaxRemembered = 1024;

  // True: say it now; *suppressed is how often the same was held back since it was last said.
  bool allow(const std::string& kind, const std::string& address, uint64_t* suppressed,
             Clock::time_point now = Clock::now());

 private:
  struct Entry {
    Clock::time_point said;
    uint64_t suppressed = 0;
  };
  std::map<std::pair<std::string, std::string>, Entry> entries_;
};

}  // namespace cluster::net
