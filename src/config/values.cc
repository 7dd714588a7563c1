#include "config/values.h"

#include <charconv>
#include <iterator>

namespace cluster::config {

namespace {

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr Unit kUnits[] = {
    {"ms", milliseconds(1)}, {"s", seconds(1)}, {"m", minutes(1)},
    {"h", hours(1)},         {"d", hours(24)},
};
constexpr size_t kMaxWholeDigits = 11;  // kMaxTime in milliseconds; nothing overflows 128 bits

bool is_digit(char c) { return c >= '0' && c <= '9'; }

size_t leading_digits(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  return n;
}

}  // namespace

std::optional<uint64_t> parse_number(std::string_view text, uint64_t max) {
  if (text.empty() || leading_digits(text) != text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value > max) return std::nullopt;
  return value;
}

std::optional<Duration> parse_time(std::string_view text) {
  const size_t whole = leading_digits(text);
  if (whole == 0 || whole > kMaxWholeDigits) return std::nullopt;
  std::string_view rest = text.substr(whole);
  std::string_view fraction;
  if (rest.starts_with('.')) {
    fraction = rest.substr(1, leading_digits(rest.substr(1)));
    if (fraction.empty()) return std::nullopt;
    rest.remove_prefix(1 + fraction.size());
  }
  Duration unit = seconds(1);
  if (!rest.empty()) {
    unit = Duration::zero();
    for (const Unit& known : kUnits) {
      if (known.name == rest) unit = known.length;
    }
    if (unit == Duration::zero()) return std::nullopt;
  }

  __extension__ using Wide = __int128;
  const Wide length = unit.count();
  Wide total = 0;
  for (char c : text.substr(0, whole)) total = total * 10 + (c - '0');
  total *= length;
  Wide scale = 10;
  for (char c : fraction) {
    // Below a nanosecond nothing is left to add, and the scale must not overflow.
    if (length < scale) break;
    total += length * (c - '0') / scale;
    scale *= 10;
  }
  if (total > Wide{kMaxTime.count()}) return std::nullopt;
  return Duration(static_cast<int64_t>(total));
}

std::string format_time(Duration time) {
  for (size_t i = std::size(kUnits); i-- > 0;) {
    const Unit& unit = kUnits[i];
    if (time.count() != 0 && time.count() % unit.length.count() == 0) {
      return std::to_string(time.count() / unit.length.count()) + std::string(unit.name);
    }
  }
  if (time.count() == 0) return "0s";
  constexpr int64_t kSecond = Duration(seconds(1)).count();
  const std::string fraction = std::to_string(kSecond + time.count() % kSecond).substr(1);
  std::string digits = std::to_string(time.count() / kSecond) + "." + fraction;
  while (digits.back() == '0') digits.pop_back();
  return digits + "s";
}

}  // namespace cluster::config
