// What every part of the core may use during one step.
#pragma once

#include <string>
#include <utility>

#include "base/rng.h"
#include "core/io.h"

namespace cluster::core {

inline constexpr MonoTime kNever = MonoTime::max();

struct Context {
  Now now;
  Actions& out;
  Rng& rng;

  void emit(Action action) { out.push_back(std::move(action)); }
  void log(LogLevel level, std::string text) { emit(Log{level, std::move(text)}); }
  void alert(Severity severity, std::string text) { emit(Alert{severity, std::move(text)}); }
};

}  // namespace cluster::core
