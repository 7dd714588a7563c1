// Single values as people write them: numbers and lengths of time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace cluster::config {

// Decimal digits alone, without sign or leading zero; nullopt where it is not that or above `max`.
std::optional<uint64_t> parse_number(std::string_view text, uint64_t max);

// "0.25", "250ms", "1.5s", "10m", "1h", "7d": digits, a fraction where wanted, and a unit (none:
// seconds) without blanks. Exact to the nanosecond, what is finer is cut. nullopt where it is not
// that, or more than kMaxTime.
inline constexpr Duration kMaxTime = hours(24 * 365);
std::optional<Duration> parse_time(std::string_view text);

// The shortest of these forms that parse_time reads back as the same: "250ms", "1h", "90s".
std::string format_time(Duration time);

}  // namespace cluster::config
