#include "ctl/text.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <cstdint>

namespace cluster::ctl {
namespace {

constexpr size_t kGap = 2;  // blanks between columns
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";

struct Glyph {
  char32_t code = 0;
  size_t bytes = 0;  // 0: no UTF-8 here
};

Glyph decode(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = at(0);
  if (first < 0x80) return {first, 1};
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first > 0xf4 || text.size() < length) return {};
  char32_t code = first & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return {};
    code = (code << 6) | (at(i) & 0x3f);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, length};
}

// wcwidth() goes by the locale, and the user's may know ASCII only; text on the bus is UTF-8 always.
int glyph_width(char32_t code) {
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (!utf8) return 1;
  const locale_t before = uselocale(utf8);
  const int width = wcwidth(static_cast<wchar_t>(code));
  uselocale(before);
  return std::max(width, 0);
}

// Directional marks can make a line read as another.
bool is_unprintable(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

const char* code_of(Tone tone) {
  switch (tone) {
    case Tone::kPlain: return "";
    case Tone::kGood: return "\033[32m";
    case Tone::kWarning: return "\033[33m";
    case Tone::kBad: return "\033[1;31m";
    case Tone::kHeading: return "\033[1m";
    case Tone::kFaint: return "\033[2m";
  }
  return "";
}

class Layout {
 public:
  Layout(const std::vector<Column>& columns, const std::vector<std::vector<Cell>>& rows)
      : columns_(columns), widths_(columns.size()), shown_(columns.size(), true) {
    for (size_t i = 0; i < columns.size(); ++i) {
      widths_[i] = display_width(columns[i].heading);
      for (const auto& row : rows) widths_[i] = std::max(widths_[i], display_width(row[i].text));
    }
  }

  void squeeze(size_t width) {
    if (width == 0) return;
    shrink(width);
    while (total() > width && drop_one()) {
    }
  }

  size_t width(size_t column) const { return widths_[column]; }
  bool shown(size_t column) const { return shown_[column]; }

 private:
  size_t total() const {
    size_t sum = 0;
    for (size_t i = 0; i < widths_.size(); ++i) {
      if (shown_[i]) sum += widths_[i] + (sum > 0 ? kGap : 0);
    }
    return sum;
  }

  // The later columns give way first.
  void shrink(size_t width) {
    for (size_t i = widths_.size(); i-- > 0;) {
      const size_t now = total();
      if (now <= width) return;
      if (columns_[i].shrink_to == 0 || widths_[i] <= columns_[i].shrink_to) continue;
      widths_[i] -= std::min(now - width, widths_[i] - columns_[i].shrink_to);
    }
  }

  bool drop_one() {
    size_t worst = widths_.size();
    for (size_t i = 0; i < widths_.size(); ++i) {
      if (!shown_[i] || columns_[i].drop == 0) continue;
      if (worst == widths_.size() || columns_[i].drop > columns_[worst].drop) worst = i;
    }
    if (worst == widths_.size()) return false;
    shown_[worst] = false;
    return true;
  }

  const std::vector<Column>& columns_;
  std::vector<size_t> widths_;
  std::vector<bool> shown_;
};

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Glyph glyph = decode(text);
    if (glyph.bytes == 0 || (glyph.code != '\n' && is_unprintable(glyph.code))) {
      out += '?';
    } else {
      out += text.substr(0, glyph.bytes);
    }
    text.remove_prefix(std::max<size_t>(glyph.bytes, 1));
  }
  return out;
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Glyph glyph = decode(text);
    width += glyph.bytes == 0 ? 1 : static_cast<size_t>(glyph_width(glyph.code));
    text.remove_prefix(std::max<size_t>(glyph.bytes, 1));
  }
  return width;
}

std::string fit(std::string_view text, size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::string out;
  size_t used = 0;
  while (!text.empty()) {
    const Glyph glyph = decode(text);
    const size_t bytes = std::max<size_t>(glyph.bytes, 1);
    const size_t step = glyph.bytes == 0 ? 1 : static_cast<size_t>(glyph_width(glyph.code));
    if (used + step + 1 > width) break;
    out += text.substr(0, bytes);
    used += step;
    text.remove_prefix(bytes);
  }
  if (width > 0) out += kEllipsis;
  return out;
}

std::string time_text(uint64_t seconds) {
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return std::to_string(seconds / 60) + " min";
  if (seconds < 86400) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " d";
}

std::string size_text(uint64_t bytes) {
  constexpr uint64_t kStep = 1000;
  if (bytes < kStep) return std::to_string(bytes) + " B";
  const char* unit = "kMGTPE";
  uint64_t rest = 0;
  for (; bytes >= kStep; bytes /= kStep, ++unit) rest = bytes % kStep;
  const std::string whole = std::to_string(bytes);
  const std::string tenth = bytes < 100 ? "." + std::to_string(rest / 100) : "";
  return whole + tenth + " " + unit[-1] + "B";
}

std::string paint(const std::string& text, Tone tone, const Style& style) {
  if (!style.colour || tone == Tone::kPlain || text.empty()) return text;
  return code_of(tone) + text + "\033[0m";
}

std::string render_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<Cell>>& rows, const Style& style) {
  Layout layout(columns, rows);
  layout.squeeze(style.width);
  const auto line = [&](const auto& cell_of) {
    std::string out;
    std::string owed;  // blanks, written only before something
    size_t used = 0;   // columns
    for (size_t i = 0; i < columns.size(); ++i) {
      if (!layout.shown(i)) continue;
      const Cell& cell = cell_of(i);
      size_t room = layout.width(i);
      if (style.width > 0) room = std::min(room, style.width - std::min(style.width, used));
      const std::string text = fit(cell.text, room);
      const std::string padding(layout.width(i) - std::min(layout.width(i), display_width(text)),
                                ' ');
      if (columns[i].right) owed += padding;
      if (!text.empty()) {
        out += owed + paint(text, cell.tone, style);
        owed.clear();
      }
      if (!columns[i].right) owed += padding;
      owed.append(kGap, ' ');
      used += layout.width(i) + kGap;
    }
    return out + "\n";
  };
  std::vector<Cell> headings;
  for (const Column& column : columns) headings.push_back({column.heading, Tone::kFaint});
  std::string out = line([&](size_t i) -> const Cell& { return headings[i]; });
  for (const auto& row : rows) out += line([&](size_t i) -> const Cell& { return row[i]; });
  return out;
}

}  // namespace cluster::ctl
