// What is wrong with a configuration, for the person who wrote it.
//
// Every fault says where it is, what is wrong and what was expected; a Report gathers them all, so
// that one run shows everything. A file as a whole (missing, a folder) is spoken of at its line 1.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cluster::config {

inline constexpr size_t kMaxFaults =
    500;  // of one report; one more line then says that there are others
inline constexpr size_t kMaxQuotedBytes = 64;
inline constexpr size_t kMaxQuotedPathBytes = 512;

struct Fault {
  std::string file;
  int line = 1;      // from 1
  std::string text;  // one line, without file and line

  bool operator==(const Fault&) const = default;
};

std::string to_string(const Fault& fault);  // "FILE:LINE: TEXT"

// 'text', on one line, cut where it is long; never call it with a passphrase.
std::string in_quotes(std::string_view text, size_t max_bytes = kMaxQuotedBytes);
inline std::string path_in_quotes(std::string_view path) {
  return in_quotes(path, kMaxQuotedPathBytes);
}

class Report {
 public:
  void fault(std::string file, int line, std::string_view wrong, std::string_view expected);
  // The same with an Error that has both halves already.
  void fault(std::string file, int line, const Error& told);
  void warn(std::string file, int line, std::string text);

  bool ok() const { return faults_.empty(); }
  const std::vector<Fault>& faults() const { return faults_; }
  const std::vector<Fault>& warnings() const { return warnings_; }

  // Takes over what another report holds; `demote`: its faults become warnings.
  void merge(const Report& other, bool demote = false);

 private:
  void add(std::vector<Fault>& list, Fault fault);

  std::vector<Fault> faults_;
  std::vector<Fault> warnings_;
};

}  // namespace cluster::config
