// What every part of these decisions may use during one step.
#pragma once

#include <string>
#include <utility>

#include "base/time.h"
#include "sync/io.h"

namespace cluster::sync {

inline constexpr MonoTime kNever = MonoTime::max();

// Numbers that are given once in the life of an engine.
struct Numbers {
  uint64_t place = 0;
  uint64_t index = 0;
};

struct Self {
  NodeId node;
  HostId host;
  std::string name;
};

struct Context {
  Now now;
  FileActions& out;
  Numbers& numbers;
  const Self& self;

  void emit(FileAction action) { out.push_back(std::move(action)); }
  void alert(std::string text) { emit(FileAlert{std::move(text)}); }
  void log(std::string text) { emit(FileLog{std::move(text)}); }
};

}  // namespace cluster::sync
