#include "files/content.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "base/rng.h"
#include "files/digest_thread.h"

namespace cluster::files {
namespace {

std::string noise(size_t bytes, uint64_t seed = 1) {
  Rng rng(seed);
  std::string text;
  text.reserve(bytes + 8);
  while (text.size() < bytes) {
    const uint64_t word = rng.next();
    for (int i = 0; i < 8; ++i) text += static_cast<char>(word >> (8 * i));
  }
  text.resize(bytes);
  return text;
}

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

TEST(Content, IsTheSameWhoeverMakesTheDigests) {
  const std::string bytes = noise(3'000'001);
  for (const size_t piece : {size_t{1000}, size_t{65536}, bytes.size()}) {
    ContentBuilder alone;
    DigestThread digests;
    ContentBuilder beside(&digests);
    for (size_t at = 0; at < bytes.size(); at += piece) {
      alone.feed(std::string_view(bytes).substr(at, piece));
      beside.feed(std::string_view(bytes).substr(at, piece));
    }
    const Content one = alone.finish(), other = beside.finish();
    EXPECT_EQ(other.digest, one.digest);
    EXPECT_EQ(other.size, bytes.size());
    EXPECT_EQ(other.chunks, one.chunks);
    EXPECT_EQ(other.nodes, one.nodes);
  }
}

Content content_of(std::string_view bytes, size_t piece = 1 << 20) {
  ContentBuilder builder;
  for (size_t at = 0; at < bytes.size(); at += piece) builder.feed(bytes.substr(at, piece));
  return builder.finish();
}

std::set<std::string> digests(const Content& content) {
  std::set<std::string> all;
  for (const Chunk& chunk : content.chunks) all.insert(chunk.digest);
  return all;
}

size_t missing(const Content& from, const Content& in) {
  const auto have = digests(in);
  return std::count_if(from.chunks.begin(), from.chunks.end(),
                       [&](const Chunk& chunk) { return !have.contains(chunk.digest); });
}

// Cutter's rule once more, as plainly as it can be said.
std::vector<size_t> plain_cuts(std::string_view bytes) {
  std::vector<size_t> sizes;
  for (; !bytes.empty(); bytes.remove_prefix(sizes.back())) {
    size_t size = kMinChunkBytes;
    for (; size < std::min(bytes.size(), kMaxChunkBytes); ++size) {
      uint64_t hash = 0;
      for (size_t i = size - 64; i < size; ++i)
        hash = (hash << 1) + gear_table()[static_cast<unsigned char>(bytes[i])];
      if (hash >> (size <= kAverageChunkBytes ? 46 : 50) == 0) break;
    }
    sizes.push_back(std::min(size, bytes.size()));
  }
  return sizes;
}

// Whoever changes these makes hosts of different versions send every file whole.
TEST(Content, IsWhatItHasAlwaysBeen) {
  struct Golden {
    std::string bytes;
    size_t chunks, nodes;
    std::string digest;
  };
  const std::vector<Golden> goldens{
      {"", 1, 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
      {"a", 1, 0, "022a6979e6dab7aa5ae4c3e5e45f7e977112a7e63593820dbec1ec738a24f93c"},
      {std::string(kMinChunkBytes, 'x'), 1, 0,
       "099580c9bb3087e8e97c0c9008e9921d7f1f47dab4ec73ef8e1ce8ee1257be4c"},
      {std::string(1 << 20, '\0'), 4, 1,
       "5be72711acb2f127a8d14cf9894696bb2594a6fb81109c046934db88266f6441"},
      {noise(1 << 20), 16, 1, "3f144927f8855b08ff84f7db674ea4bde0901f0e918eb17d364686c5899ace23"},
      {noise(40 << 20, 7), 560, 11,
       "ff2ef3a57e0210bf067d32952de985747e755cde088ecd107f723eb716b71a80"},
  };
  for (const Golden& golden : goldens) {
    const Content content = content_of(golden.bytes);
    EXPECT_EQ(hex(content.digest), golden.digest) << golden.bytes.size();
    EXPECT_EQ(content.chunks.size(), golden.chunks);
    EXPECT_EQ(content.nodes.size(), golden.nodes);
    EXPECT_EQ(content.size, golden.bytes.size());
  }
  EXPECT_EQ(gear_table()[0], 2066955419173513761U);
  EXPECT_EQ(gear_table()[255], 13524566042100525410U);
}

TEST(Content, DoesNotDependOnThePiecesItComesIn) {
  const std::string bytes = noise(3 << 20, 3);
  const Content whole = content_of(bytes, bytes.size());
  for (const size_t piece : {1UL, 63UL, 4096UL, 65537UL}) {
    const Content pieces = content_of(bytes, piece);
    EXPECT_EQ(pieces.digest, whole.digest) << piece;
    EXPECT_EQ(pieces.chunks, whole.chunks) << piece;
    EXPECT_EQ(pieces.nodes, whole.nodes) << piece;
  }
}

TEST(Content, IsCutWhereTheRuleSays) {
  for (const uint64_t seed : {4U, 5U}) {
    const std::string bytes = noise(1 << 20, seed);
    std::vector<size_t> sizes;
    for (const Chunk& chunk : content_of(bytes).chunks) sizes.push_back(chunk.size);
    EXPECT_EQ(sizes, plain_cuts(bytes));
  }
}

TEST(Content, ChunksGatherAroundTheAverage) {
  const Content content = content_of(noise(24 << 20, 9));
  size_t near = 0;
  for (size_t i = 0; i < content.chunks.size(); ++i) {
    const uint64_t size = content.chunks[i].size;
    EXPECT_LE(size, kMaxChunkBytes);
    if (i + 1 < content.chunks.size()) {
      EXPECT_GE(size, kMinChunkBytes);
    }
    near += size > kAverageChunkBytes / 2 && size < 2 * kAverageChunkBytes ? 1 : 0;
  }
  EXPECT_GT(near * 10, content.chunks.size() * 8);
  const size_t average = (24 << 20) / content.chunks.size();
  EXPECT_GT(average, kAverageChunkBytes * 3 / 4);
  EXPECT_LT(average, kAverageChunkBytes * 3 / 2);
}

TEST(Content, AnInsertionChangesFewChunks) {
  const std::string bytes = noise(16 << 20, 11);
  const Content before = content_of(bytes);
  EXPECT_LE(missing(content_of("x" + bytes), before), 2U);
  std::string edited = bytes;
  edited.insert(7 << 20, "a line that was not there\n");
  EXPECT_LE(missing(content_of(edited), before), 3U);
  edited.erase(3 << 20, 100'000);
  EXPECT_LE(missing(content_of(edited), before), 6U);
}

TEST(Content, OneByteChangesOneChunkAndOneNodeALevel) {
  std::string bytes = noise(40 << 20, 7);
  const Content before = content_of(bytes);
  bytes[20 << 20] = static_cast<char>(bytes[20 << 20] + 1);
  const Content after = content_of(bytes);
  EXPECT_LE(missing(after, before), 2U);
  std::set<std::string> had;
  for (const Node& node : before.nodes) had.insert(node.digest);
  size_t fresh = 0;
  for (const Node& node : after.nodes) fresh += had.contains(node.digest) ? 0 : 1;
  EXPECT_GE(fresh, 2U);
  EXPECT_LE(fresh, 3U);
}

// From the root down, as a host that gets a file does.
void walk(const Content& content) {
  std::map<std::string, std::string> nodes;
  for (const Node& node : content.nodes) nodes[node.digest] = node.bytes;
  std::vector<Chunk> chunks;
  const auto descend = [&](auto self, const std::string& digest, uint64_t size, int level) -> void {
    const auto parsed = parse_node(nodes.at(digest), digest, size, level);
    ASSERT_TRUE(parsed.ok()) << parsed.error();
    for (const Child& child : parsed->children) {
      if (parsed->level == 1) {
        chunks.push_back({child.digest, child.size});
      } else {
        self(self, child.digest, child.size, parsed->level - 1);
      }
    }
  };
  descend(descend, content.digest, content.size, 0);
  EXPECT_EQ(chunks, content.chunks);
}

TEST(Content, ItsNodesLeadToItsChunks) {
  walk(content_of(noise(1 << 20)));
  walk(content_of(noise(40 << 20, 7)));
  walk(content_of(std::string(40 << 20, '\0')));
}

class NodeTest : public testing::Test {
 protected:
  static std::string entry(uint64_t size, char fill = '\x11') {
    std::string bytes(sync::kDigestBytes, fill);
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
    return bytes;
  }
  static std::string refusal(const std::string& bytes, uint64_t size, int level = 0) {
    const auto parsed = parse_node(bytes, node_digest(bytes), size, level);
    return parsed.ok() ? "" : parsed.error();
  }
  const std::string two_ = "\1" + entry(20'000) + entry(5);
};

TEST_F(NodeTest, TakesASoundOne) {
  EXPECT_EQ(refusal(two_, 20'005), "");
  EXPECT_EQ(refusal(two_, 20'005, 1), "");
}

TEST_F(NodeTest, RefusesWhatWasNotAskedFor) {
  EXPECT_FALSE(parse_node(two_, chunk_digest(two_), 20'005).ok());
  EXPECT_NE(refusal(two_, 20'006), "");
  EXPECT_NE(refusal(two_, 20'005, 2), "");
}

TEST_F(NodeTest, RefusesRubbish) {
  const uint64_t huge = UINT64_MAX;
  EXPECT_NE(refusal("", 0), "");
  EXPECT_NE(refusal("\1", 0), "");
  EXPECT_NE(refusal(two_.substr(1), 20'005), "");
  EXPECT_NE(refusal(two_ + "x", 20'005), "");
  EXPECT_NE(refusal(std::string(1, '\0') + entry(20'000) + entry(5), 20'005), "") << "level 0";
  EXPECT_NE(refusal("\x11" + entry(20'000) + entry(5), 20'005), "") << "level 17";
  EXPECT_NE(refusal("\xff" + entry(20'000) + entry(5), 20'005), "") << "level 255";
  EXPECT_NE(refusal("\1" + entry(5), 5), "") << "a root of one chunk would be the chunk";
  EXPECT_NE(refusal("\1" + entry(5) + entry(5), 10), "") << "only the last may be short";
  EXPECT_NE(refusal("\1" + entry(20'000) + entry(0), 20'000), "") << "an empty child";
  EXPECT_NE(refusal("\1" + entry(20'000) + entry(kMaxChunkBytes + 1), 20'001 + kMaxChunkBytes), "");
  EXPECT_NE(refusal("\1" + entry(20'000) + entry(huge), 19'999), "") << "a sum that wraps";
  const uint64_t half = uint64_t{1} << 62;
  EXPECT_NE(refusal("\x10" + entry(half) + entry(half), half * 2), "")
      << "beyond what a file can be";
  std::string many = "\1";
  for (size_t i = 0; i <= kMaxChildren; ++i) many += entry(20'000);
  EXPECT_NE(refusal(many, 20'000 * (kMaxChildren + 1)), "");
  std::string uncut = "\1";
  for (size_t i = 0; i < 20; ++i) uncut += entry(20'000, i == 16 ? '\0' : '\x11');
  EXPECT_NE(refusal(uncut, 400'000), "") << "it ends after its 17th child";
}

TEST_F(NodeTest, SurvivesAnyBytes) {
  Rng rng(99);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = two_;
    for (uint64_t edits = rng.below(4); edits > 0; --edits)
      bytes[rng.below(bytes.size())] = static_cast<char>(rng.next());
    if (rng.chance(0.2)) bytes.resize(rng.below(bytes.size() + 1));
    const auto parsed = parse_node(bytes, node_digest(bytes), rng.below(40'000));
    if (parsed.ok()) {
      EXPECT_LE(parsed->size, 40'000U);
    }
  }
}

}  // namespace
}  // namespace cluster::files
