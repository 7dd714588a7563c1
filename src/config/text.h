// Reading a configuration file as lines of clean UTF-8, before anything looks at their meaning.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "config/fault.h"

namespace cluster::config {

inline constexpr size_t kMaxFileBytes = 1024 * 1024;
inline constexpr size_t kMaxLineBytes = 4096;

struct Line {
  int number = 1;
  std::string text;   // without line end, CR and trailing blanks
  bool sound = true;  // false: already reported, not to be read further
};

struct TextFile {
  std::string path;
  mode_t mode = 0;  // permission bits
  std::vector<Line> lines;
  bool sound = true;  // all lines are

  std::string joined() const;  // the lines, each ended by one newline
};

enum class Need { kRequired, kOptional };

// nullopt: it cannot be read, which is reported (but not where it is optional and missing).
std::optional<TextFile> read_text(const std::string& path, Need need, Report& report);

// The part after opening: lines of `bytes`, with NUL, control characters, what is not UTF-8, a byte
// order mark and lines over kMaxLineBytes reported.
TextFile split_text(std::string path, std::string_view bytes, Report& report);

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
using cluster::is_utf8;

}  // namespace cluster::config
