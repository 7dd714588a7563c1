#include "config/fault.h"

#include <cstdio>
#include <utility>

namespace cluster::config {

std::string to_string(const Fault& fault) {
  return fault.file + ":" + std::to_string(fault.line) + ": " + fault.text;
}

std::string in_quotes(std::string_view text, size_t max_bytes) {
  std::string out = "'";
  for (unsigned char c : text) {
    // Only between characters, so that what is shown stays UTF-8.
    if (out.size() > max_bytes && (c & 0xc0) != 0x80) {
      out += "…";
      break;
    }
    if (c < 0x20 || c == 0x7f) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", c);
      out += hex;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + "'";
}

void Report::fault(std::string file, int line, std::string_view wrong, std::string_view expected) {
  std::string text(wrong);
  text += "; expected ";
  text += expected;
  add(faults_, {std::move(file), line, std::move(text)});
}

void Report::fault(std::string file, int line, const Error& told) {
  add(faults_, {std::move(file), line, told.text});
}

void Report::warn(std::string file, int line, std::string text) {
  add(warnings_, {std::move(file), line, std::move(text)});
}

void Report::merge(const Report& other, bool demote) {
  for (const Fault& fault : other.faults_) add(demote ? warnings_ : faults_, fault);
  for (const Fault& warning : other.warnings_) add(warnings_, warning);
}

void Report::add(std::vector<Fault>& list, Fault fault) {
  if (list.size() > kMaxFaults) return;
  if (list.size() == kMaxFaults) {
    fault.text = "there is more wrong than is shown; expected at most " +
                 std::to_string(kMaxFaults) + " faults";
  }
  list.push_back(std::move(fault));
}

}  // namespace cluster::config
