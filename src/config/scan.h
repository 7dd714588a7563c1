// The shape of a libconfuse file: its statements, with exact lines, and every fault of form.
//
// Knows only what all such files share: KEY = VALUE, KEY = {VALUE, VALUE}, SECTION [TITLE] { … }
// and the three kinds of comment. Stricter than libconfuse where that is silent: strings end on
// their line, numbered escapes and ${…} are refused, so are += and stray characters. After a fault
// it goes on at the next line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/fault.h"

namespace cluster::config {

inline constexpr int kMaxSectionDepth = 8;

struct Statement {
  std::string key;
  int line = 1;
  size_t begin = 0;  // of its text, as offsets
  size_t end = 0;
  bool section = false;
  bool list = false;  // VALUE was in braces
  bool whole = true;  // a section that was closed
  size_t values = 0;  // how many, where it is no section
  std::string title;  // of a section, without quotes
  std::vector<Statement> inner;
};

struct Scan {
  std::string text;  // without comments: blanks in their place, so that offsets and lines stay
  std::vector<Statement> statements;
};

// `text` is clean UTF-8 with newlines as line ends; `file` is for the report.
Scan scan(const std::string& file, std::string_view text, Report& report);

}  // namespace cluster::config
