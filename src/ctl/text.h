// Text on a terminal: how wide it is, what may be printed, tables. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cluster::ctl {

// What hosts, scripts and peers named or said, without anything that a terminal would obey: control
// characters but the newline, and what is no UTF-8, become '?'.
std::string printable(std::string_view text);

// Columns that it takes on a terminal; of printable text without newlines.
size_t display_width(std::string_view text);

// At most `width` columns; what is cut ends in "…".
std::string fit(std::string_view text, size_t width);

std::string time_text(uint64_t seconds);  // "40 s", "12 min", "3 h", "2 d": whole ones, cut
std::string size_text(uint64_t bytes);    // "512 B", "1.2 MB"

enum class Tone : uint8_t { kPlain, kGood, kWarning, kBad, kHeading, kFaint };

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
};

struct Column {
  std::string heading;
  bool right = false;    // aligned
  size_t shrink_to = 0;  // columns; 0: never shrunk
  int drop = 0;          // where the table is too wide the highest goes first; 0: stays
};

struct Style {
  bool colour = false;
  size_t width = 0;  // columns of the terminal; 0: no limit
};

// `text` in that tone, or as it is where there is no colour.
std::string paint(const std::string& text, Tone tone, const Style& style);

// One line a row, each at most style.width wide, without trailing blanks. Rows are as long as columns.
std::string render_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<Cell>>& rows, const Style& style);

}  // namespace cluster::ctl
