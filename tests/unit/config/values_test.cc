#include "config/values.h"

#include <gtest/gtest.h>

#include <string>

namespace cluster::config {
namespace {

TEST(ParseTime, ReadsFractionsAndUnits) {
  const std::pair<const char*, Duration> cases[] = {
      {"1", seconds(1)},
      {"0.25", milliseconds(250)},
      {"250ms", milliseconds(250)},
      {"1h", hours(1)},
      {"10m", minutes(10)},
      {"7d", hours(7 * 24)},
      {"1.5s", milliseconds(1500)},
      {"0.5ms", microseconds(500)},
      {"0.000000001", Duration(1)},
      {"0", Duration(0)},
      {"00.10", milliseconds(100)},
      {"1.00000000000000000000", seconds(1)},
      {"365d", hours(24 * 365)},
      {"0.1d", minutes(144)},
  };
  for (const auto& [text, time] : cases) EXPECT_EQ(parse_time(text), time) << text;
}

TEST(ParseTime, RefusesEverythingElse) {
  for (const char* text : {"",     " 1",  "1 ",  "-1",   "+1",          "1 s",  "1e3",   "1S",
                           "1min", ".5",  "5.",  "5.s",  "s",           "1us",  "1ss",   "1s2",
                           "1,5",  "nan", "inf", "0x10", "99999999999", "366d", "1m30s", "١"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(FormatTime, IsReadBackAsTheSame) {
  for (const char* text :
       {"0s", "250ms", "1s", "90s", "10m", "1h", "7d", "0.0005s", "0.000000001s"}) {
    const auto time = parse_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_time(*time), text);
  }
}

TEST(ParseNumber, TakesPlainDecimalsOnly) {
  EXPECT_EQ(parse_number("0", 5), 0u);
  EXPECT_EQ(parse_number("65535", 65535), 65535u);
  EXPECT_EQ(parse_number("18446744073709551615", UINT64_MAX), UINT64_MAX);
  for (const char* text :
       {"", "65536", "-1", "+1", "01", "1.0", "0x1", " 1", "1 ", "99999999999999999999999"}) {
    EXPECT_EQ(parse_number(text, 65535), std::nullopt) << text;
  }
}

TEST(Time, WhateverItIsItIsReadBack) {
  for (const Duration time : {Duration(kMaxTime), kMaxTime - milliseconds(1), Duration(1),
                              *parse_time("192.0365d"), *parse_time("1.000000001s")})
    EXPECT_EQ(parse_time(format_time(time)), time) << format_time(time);
}

}  // namespace
}  // namespace cluster::config
