#include "files/packing.h"

#include <gtest/gtest.h>

#include "wire/framing.h"

namespace cluster::files {
namespace {

std::string hello(const std::string& root) {
  wire::FileMessage message;
  message.mutable_hello()->set_root(root);
  return message.SerializeAsString();
}

TEST(Packing, AMessageIsPackedWhereThatMakesItShorter) {
  const std::string brief = hello("data"), even = hello(std::string(4000, 'x'));
  EXPECT_EQ(packed(brief), brief);
  const std::string shorter = packed(even);
  EXPECT_LT(shorter.size(), 200u);
  wire::FileMessage message;
  ASSERT_TRUE(message.ParseFromString(shorter));
  ASSERT_TRUE(message.has_packed());
  EXPECT_EQ(unpacked(message.packed()), even);
}

TEST(Packing, WhatIsNotAsLongAsItSaysOrTooLongIsNotUnpacked) {
  wire::FileMessage message;
  ASSERT_TRUE(message.ParseFromString(packed(hello(std::string(4000, 'x')))));
  wire::FilePacked& packed = *message.mutable_packed();
  const uint32_t size = packed.size();
  packed.set_size(size + 1);
  EXPECT_FALSE(unpacked(packed));
  packed.set_size(size - 1);
  EXPECT_FALSE(unpacked(packed));
  packed.set_size(kMaxUnpackedBytes + 1);
  EXPECT_FALSE(unpacked(packed));
}

std::string frame_of(const wire::ContentGiven& given, const std::string& bytes) {
  std::string frame = wire::kBulkMark + bytes;
  end_bulk(frame, given);
  return frame;
}

bool is_frame(const std::string& bytes) {
  std::string unpacked;
  return bulk_from(bytes, unpacked).has_value();
}

TEST(Packing, ContentStandsBesideItsMessage) {
  wire::ContentGiven given;
  given.set_request(7);
  given.add_parts()->set_length(3);
  given.add_parts()->set_length(2);
  const std::string frame = frame_of(given, "abcde");
  std::string unpacked;
  const auto bulk = bulk_from(frame, unpacked);
  ASSERT_TRUE(bulk);
  EXPECT_EQ(bulk->given.request(), 7u);
  EXPECT_EQ(bulk->bytes, "abcde");
}

TEST(Packing, AllPartsOfAFrameAreCompressedAsOne) {
  const std::string same(1000, 'x'), bytes = same + same, shorter = deflated(bytes);
  wire::ContentGiven given;
  given.add_parts()->set_length(1000);
  given.add_parts()->set_length(1000);
  given.set_size(2000);
  std::string unpacked;
  const std::string frame = frame_of(given, shorter);
  const auto bulk = bulk_from(frame, unpacked);
  ASSERT_TRUE(bulk);
  EXPECT_TRUE(bulk->bytes == bytes);
  EXPECT_FALSE(is_frame(frame_of(given, bytes))) << "not compressed";
  given.set_size(1999);
  EXPECT_FALSE(is_frame(frame_of(given, shorter)));
  given.set_size(kMaxUnpackedBytes + 1);
  EXPECT_FALSE(is_frame(frame_of(given, shorter)));
  given.set_size(2000);
  given.mutable_parts(1)->set_length(999);
  EXPECT_FALSE(is_frame(frame_of(given, shorter)));
}

TEST(Packing, AFrameWhosePartsAreNotAllItsBytesIsNoFrame) {
  wire::ContentGiven given;
  given.add_parts()->set_length(3);
  EXPECT_TRUE(is_frame(frame_of(given, "abc")));
  EXPECT_FALSE(is_frame(frame_of(given, "ab")));
  EXPECT_FALSE(is_frame(frame_of(given, "abcd")));
  EXPECT_FALSE(is_frame(""));
  EXPECT_FALSE(is_frame(std::string(3, '\0')));
  EXPECT_FALSE(is_frame(std::string(1, '\0') + "\xff\xff\xff\xff"));
  EXPECT_FALSE(is_frame("abc"));
  std::string cut = frame_of(given, "abc");
  while (cut.size() > 1) {
    cut.pop_back();
    EXPECT_FALSE(is_frame(cut)) << cut.size();
  }
}

}  // namespace
}  // namespace cluster::files
