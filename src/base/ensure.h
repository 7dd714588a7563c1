// ENSURE(condition) or ENSURE(condition, "what"): our own invariant, checked in release builds too.
// What peers, files or operators send is never checked with it: that gives an error instead.
#pragma once

namespace cluster {

[[noreturn]] void ensure_failed(const char* condition, const char* file, int line,
                                const char* what = "");

}  // namespace cluster

#define ENSURE(condition, ...)  \
  (static_cast<bool>(condition) \
       ? static_cast<void>(0)   \
       : ::cluster::ensure_failed(#condition, __FILE__, __LINE__ __VA_OPT__(, ) __VA_ARGS__))
