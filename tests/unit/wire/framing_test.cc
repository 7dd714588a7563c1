#include "wire/framing.h"

#include <gtest/gtest.h>

#include "wire/cluster.pb.h"

namespace cluster::wire {
namespace {

TEST(Framing, RoundTrips) {
  size_t length = 0;
  ASSERT_EQ(parse_header(frame_header(70000), &length), Header::kReady);
  EXPECT_EQ(length, 70000u);
}

TEST(Framing, WaitsForAWholeHeader) {
  size_t length = 0;
  EXPECT_EQ(parse_header("", &length), Header::kIncomplete);
  EXPECT_EQ(parse_header(std::string(3, '\0'), &length), Header::kIncomplete);
}

TEST(Framing, RefusesEmptyAndOversizedFrames) {
  size_t length = 0;
  EXPECT_EQ(parse_header(std::string(4, '\0'), &length), Header::kMalformed);
  EXPECT_EQ(parse_header(std::string("\x00\x10\x00\x01", 4), &length), Header::kMalformed);
  EXPECT_EQ(parse_header(std::string("\x00\x10\x00\x00", 4), &length), Header::kReady);
  EXPECT_EQ(parse_header("\xff\xff\xff\xff", &length), Header::kMalformed);
}

TEST(Framing, CutsWholeFramesAndLeavesTheRest) {
  const std::string bytes = frame_header(3) + "one" + frame_header(4) + "two";
  std::string_view stream = bytes, payload;
  ASSERT_EQ(cut_frame(stream, &payload), Header::kReady);
  EXPECT_EQ(payload, "one");
  const std::string_view rest = stream;
  EXPECT_EQ(cut_frame(stream, &payload), Header::kIncomplete);
  EXPECT_EQ(stream, rest);
  std::string_view zero("\0\0\0\0x", 5);
  EXPECT_EQ(cut_frame(zero, &payload), Header::kMalformed);
}

// A message of a newer version passes through this one unharmed.
TEST(Schema, KeepsFieldsItDoesNotKnow) {
  Routed routed;
  routed.set_from("a");
  std::string bytes = routed.SerializeAsString();
  bytes += std::string("\xa2\x06\x03new", 6);  // field 100, length-delimited
  Routed parsed;
  ASSERT_TRUE(parsed.ParseFromString(bytes));
  EXPECT_EQ(parsed.SerializeAsString(), bytes);
}

}  // namespace
}  // namespace cluster::wire
