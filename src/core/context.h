// What every part of the core may use during one step.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "base/rng.h"
#include "core/io.h"

namespace cluster::core {

inline constexpr MonoTime kNever = MonoTime::max();

// A length of time that a peer names, in microseconds, kept within reason.
inline constexpr Duration kMaxPeerTime = hours(1);
inline Duration bounded_time(uint64_t us) {
  return us > static_cast<uint64_t>(to_us(kMaxPeerTime)) ? kMaxPeerTime
                                                         : Duration(microseconds(us));
}

// As people read it: "1.5 s".
inline std::string in_seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g s", to_seconds(duration));
  return text;
}

struct Context {
  Now now;
  Actions& out;
  Rng& rng;
  size_t begin = out.size();  // of what this step emits

  void emit(Action action) { out.push_back(std::move(action)); }
  void log(LogLevel level, std::string text) { emit(Log{level, std::move(text)}); }
  void alert(AlertKind kind, std::string subject, Severity severity, std::string text,
             uint64_t instance = 0) {
    emit(Alert{severity, std::move(text), kind, std::move(subject), instance});
  }
};

// Work of which most steps leave none: done where what it depends on has changed, and when the time has come.
struct Chore {
  bool due = true;
  MonoTime at = kNever;

  bool is_due(MonoTime now) const { return due || now >= at; }
  void done(MonoTime next) { *this = {false, next}; }
};

}  // namespace cluster::core
