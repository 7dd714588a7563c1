// What every parser of a configuration file owes to the person who wrote it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "config/fault.h"
#include "config/text.h"
#include "tests/fuzz/fuzz.h"

namespace cluster::fuzz {

inline constexpr std::string_view kSeparator = "\n%%\n";

// Several files in one input.
inline std::vector<std::string> split_files(std::string_view input) {
  std::vector<std::string> files;
  while (true) {
    const size_t end = input.find(kSeparator);
    files.emplace_back(input.substr(0, end));
    if (end == std::string_view::npos) return files;
    input.remove_prefix(end + kSeparator.size());
  }
}

inline int lines_of(std::string_view text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
}

inline void check_warning(const config::Fault& fault, int lines) {
  ENSURE(fault.line >= 1 && fault.line <= lines, fault.text.c_str());
  ENSURE(!fault.file.empty() && !fault.text.empty());
  ENSURE(one_line(fault.text) && config::is_utf8(fault.text), fault.text.c_str());
  ENSURE(fault.text.size() < 2048, fault.text.c_str());
}

inline void check_fault(const config::Fault& fault, int lines) {
  check_warning(fault, lines);
  // The scan must have found by itself whatever libconfuse refuses.
  ENSURE(!fault.text.starts_with("libconfuse "), fault.text.c_str());
  ENSURE(fault.text.find("; expected ") != std::string::npos, fault.text.c_str());
}

inline void check_report(const config::Report& report, std::string_view text) {
  ENSURE(report.faults().size() <= config::kMaxFaults + 1);
  for (const config::Fault& fault : report.faults()) check_fault(fault, lines_of(text));
  for (const config::Fault& warning : report.warnings()) check_warning(warning, lines_of(text));
}

}  // namespace cluster::fuzz
