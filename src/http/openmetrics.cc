#include "http/openmetrics.h"

#include <cmath>
#include <cstdio>

#include "base/utf8.h"

namespace cluster::http {

namespace {

std::string escaped(std::string_view text) {
  const bool valid = is_utf8(text);
  std::string out;
  for (char c : text) {
    if (!valid && static_cast<unsigned char>(c) >= 0x80) c = '?';
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

}  // namespace

void OpenMetrics::family(std::string_view name, std::string_view type, std::string_view unit,
                         std::string_view help) {
  family_ = name;
  out_ += "# TYPE " + family_ + " " + std::string(type) + "\n";
  if (!unit.empty()) out_ += "# UNIT " + family_ + " " + std::string(unit) + "\n";
  out_ += "# HELP " + family_ + " " + escaped(help) + "\n";
}

void OpenMetrics::begin(std::string_view suffix, const Labels& labels) {
  out_ += family_;
  out_ += suffix;
  if (labels.empty()) return;
  char before = '{';
  for (const auto& [name, value] : labels) {
    out_ += before;
    out_ += name;
    out_ += "=\"" + escaped(value) + "\"";
    before = ',';
  }
  out_ += '}';
}

void OpenMetrics::sample(std::string_view suffix, const Labels& labels, double value) {
  begin(suffix, labels);
  char text[32];
  std::snprintf(text, sizeof text, " %.10g\n", value);
  out_ += text;
}

void OpenMetrics::sample(std::string_view suffix, const Labels& labels, uint64_t value) {
  begin(suffix, labels);
  out_ += " " + std::to_string(value) + "\n";
}

void OpenMetrics::state(const Labels& labels, const std::vector<std::string_view>& states,
                        std::string_view is) {
  for (std::string_view each : states) {
    Labels with = labels;
    with.emplace_back(family_, std::string(each));
    sample("", with, uint64_t{each == is});
  }
}

std::string OpenMetrics::text() && { return std::move(out_) + "# EOF\n"; }

}  // namespace cluster::http
