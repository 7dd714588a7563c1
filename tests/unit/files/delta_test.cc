#include "files/delta.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "files/cut.h"
#include "tests/unit/files/random_bytes.h"

namespace cluster::files {
namespace {

// What has to travel, and whether the chunk comes of it.
size_t bytes_between(const std::string& basis, const std::string& chunk) {
  const auto told = basis_of(basis);
  EXPECT_TRUE(sound(told));
  const auto delta = delta_of(chunk, told);
  if (!delta) return chunk.size();
  const auto made = applied(*delta, basis, chunk.size());
  EXPECT_TRUE(made);
  EXPECT_TRUE(made == chunk) << basis.size() << " to " << chunk.size();
  return delta->size();
}

TEST(Delta, AnEditCostsABlockOrTwo) {
  Rng rng(1);
  const std::string basis = random_bytes(rng, 8500);
  std::string chunk = basis;
  EXPECT_LT(bytes_between(basis, chunk), 20u);
  chunk[4000] = static_cast<char>(chunk[4000] ^ 1);
  EXPECT_LT(bytes_between(basis, chunk), 300u);
  EXPECT_LT(bytes_between(basis, basis + "a line more\n"), 50u);
  EXPECT_LT(bytes_between(basis, "a line before\n" + basis), 50u);
  EXPECT_LT(bytes_between(basis, basis.substr(0, 4000) + basis.substr(4100)), 450u);
  EXPECT_LT(bytes_between(basis, basis.substr(5000) + basis.substr(0, 5000)), 600u);
  EXPECT_LT(basis_of(basis).ByteSizeLong(), 180u);
}

TEST(Delta, OfBytesThatHaveNothingInCommonThereIsNone) {
  Rng rng(2);
  EXPECT_FALSE(delta_of(random_bytes(rng, 60'000), basis_of(random_bytes(rng, 60'000))));
  EXPECT_FALSE(delta_of("", basis_of(random_bytes(rng, 600))));
}

TEST(Delta, AnyEditsOfAnyBytesMakeTheChunk) {
  Rng rng(3);
  for (int round = 0; round < 2000; ++round) {
    const std::string basis = rng.below(3) == 0
                                  ? std::string(kMinDeltaBytes + rng.below(5000), 'x')
                                  : random_bytes(rng, kMinDeltaBytes + rng.below(5000));
    std::string chunk = basis;
    for (uint64_t edits = rng.below(5); edits > 0; --edits) {
      const size_t at = rng.below(chunk.size() + 1);
      chunk.replace(at, rng.below(300), random_bytes(rng, rng.below(300)));
    }
    EXPECT_LE(bytes_between(basis, chunk), chunk.size() + 64);
  }
}

TEST(Delta, TheLargestChunkIsNoException) {
  Rng rng(4);
  const std::string basis = random_bytes(rng, kMaxChunkBytes);
  std::string chunk = basis;
  for (int i = 0; i < 8; ++i) chunk[rng.below(chunk.size())] ^= 1;
  EXPECT_LT(bytes_between(basis, chunk), 10'000u);
}

TEST(Delta, ABasisThatNobodyHasIsNotSound) {
  Rng rng(5);
  const auto told = basis_of(random_bytes(rng, 5000));
  ASSERT_TRUE(sound(told));
  const auto with = [&](auto change) {
    auto out = told;
    change(out);
    return sound(out);
  };
  EXPECT_FALSE(with([](auto& basis) { basis.set_block(0); }));
  EXPECT_FALSE(with([](auto& basis) { basis.set_block(1); }));
  EXPECT_FALSE(with([](auto& basis) { basis.set_block(UINT32_MAX); }));
  EXPECT_FALSE(with([](auto& basis) { basis.set_size(0); }));
  EXPECT_FALSE(with([](auto& basis) { basis.set_size(UINT32_MAX); }));
  EXPECT_FALSE(with([](auto& basis) { basis.mutable_sums()->pop_back(); }));
  EXPECT_FALSE(with([](auto& basis) { basis.mutable_sums()->append("123456"); }));
}

TEST(Delta, OneThatLeadsOutOfTheBasisMakesNothing) {
  const std::string basis(1000, 'x');
  const auto made = [&](uint32_t literal, uint32_t block, uint32_t bytes, uint64_t size) {
    wire::ContentDelta delta;
    auto& run = *delta.add_runs();
    run.set_literal(literal);
    run.set_block(block);
    run.set_bytes(bytes);
    delta.set_literals("four");
    return applied(delta.SerializeAsString(), basis, size).has_value();
  };
  EXPECT_TRUE(made(4, 0, 1000, 1004));
  EXPECT_TRUE(made(0, 1, 872, 876));
  EXPECT_FALSE(made(4, 0, 1001, 1005));
  EXPECT_FALSE(made(4, 1, 1000, 1004));
  EXPECT_FALSE(made(5, 0, 1000, 1005));
  EXPECT_FALSE(made(4, UINT32_MAX, 1, 5));
  EXPECT_FALSE(made(4, 0, UINT32_MAX, 1004));
  EXPECT_FALSE(made(4, 0, 1000, 1003));
  EXPECT_FALSE(applied("no message", basis, 10));
}

}  // namespace
}  // namespace cluster::files
