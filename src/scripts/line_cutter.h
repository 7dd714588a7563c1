// Cuts a stream of bytes into lines for the log: bounded in length, printable, and limited in number and
// volume a window of time, so that a script that prints a gigabyte fills neither memory nor log.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace cluster::scripts {

inline constexpr size_t kMaxLineBytes = 4096;  // the rest of a longer line is dropped, and said
inline constexpr uint32_t kMaxLinesPerWindow = 500;
inline constexpr uint64_t kMaxBytesPerWindow = 128 * 1024;
inline constexpr Duration kOutputWindow = seconds(10);

// `bytes` as printable UTF-8: control characters (but tab) and invalid sequences become \xHH.
std::string printable(std::string_view bytes);

// What all scripts of one service may say together.
class OutputBudget {
 public:
  // True if a line of so many bytes may be logged now.
  bool take(MonoTime now, size_t bytes);
  bool exhausted(MonoTime now) const;
  MonoTime renewal() const { return window_start_ + kOutputWindow; }

 private:
  MonoTime window_start_{};
  bool begun_ = false;
  uint32_t lines_ = 0;
  uint64_t bytes_ = 0;
  bool spent_ = false;
};

class LineCutter {
 public:
  // emit(text, notice)
  using Emit = std::function<void(std::string, bool)>;

  void feed(MonoTime now, std::string_view bytes, OutputBudget& budget, const Emit& emit);
  // The stream has ended: what is left is a line too, and what was dropped is said.
  void finish(MonoTime now, OutputBudget& budget, const Emit& emit);
  // Says what was dropped since it was said last, if anything.
  void report_dropped(const Emit& emit);
  bool dropped() const { return dropped_bytes_ > 0; }

 private:
  void end_line(MonoTime now, OutputBudget& budget, const Emit& emit);
  void skip(std::string_view bytes);

  std::string line_;
  uint64_t cut_bytes_ = 0;  // of the current line, beyond kMaxLineBytes
  uint64_t dropped_bytes_ = 0;
  uint64_t dropped_lines_ = 0;
  bool skipping_ = false;  // the rest of a line whose beginning was dropped
};

}  // namespace cluster::scripts
