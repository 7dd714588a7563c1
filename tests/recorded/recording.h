// Reads and writes what a released version said. A file has parts, each of them a list of bytes with a word
// that says whose, or which, they are; README.md beside this shows the form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cluster::recorded {

struct Entry {
  std::string name;
  std::string bytes;
};
using Part = std::vector<Entry>;

inline constexpr char kFolder[] = "tests/recorded/";

inline std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char c : bytes) {
    out.push_back(kDigits[c >> 4]);
    out.push_back(kDigits[c & 15]);
  }
  return out;
}

inline std::string unhex(std::string_view digits) {
  std::string out;
  for (size_t i = 0; i + 1 < digits.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  return out;
}

// Throws where there is no such file, or it is none.
inline std::map<std::string, Part> read(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error(path + ": cannot be read");
  std::map<std::string, Part> parts;
  Part* part = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '[') {
      part = &parts[line.substr(1, line.find(']') - 1)];
      continue;
    }
    if (part == nullptr) throw std::runtime_error(path + ": bytes before the first part");
    std::istringstream words(line);
    if (line[0] != ' ') words >> part->emplace_back().name;
    std::string digits;
    words >> digits;
    part->back().bytes += unhex(digits);
  }
  return parts;
}

inline void write(std::ostream& out, const Entry& entry) {
  constexpr size_t kBytesPerLine = 48;
  out << entry.name;
  for (size_t at = 0; at < entry.bytes.size() || at == 0; at += kBytesPerLine)
    out << (at == 0 ? " " : "\n  ") << hex(std::string_view(entry.bytes).substr(at, kBytesPerLine));
  out << "\n";
}

}  // namespace cluster::recorded
