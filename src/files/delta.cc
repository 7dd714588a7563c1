#include "files/delta.h"

#include <algorithm>
#include <bit>
#include <map>
#include <vector>

#include "files/cut.h"

namespace cluster::files {

namespace {

// Odd, and with bits everywhere: the 64-bit multiplier of Knuth's MMIX generator.
constexpr uint64_t kMultiplier = 6364136223846793005;
constexpr size_t kMinBlockBytes = 128;
constexpr size_t kMaxBlockBytes = 4096;
// Places of a chunk that have the sum of a block and are none: once in so many chunks.
constexpr int kRareBits = 10;

// What a block's sum is the upper bytes of: a polynomial in its bytes modulo 2^64, at a place that moves on byte by byte.
class RollingSum {
 public:
  explicit RollingSum(std::string_view bytes) {
    for (const char c : bytes) {
      value_ = value_ * kMultiplier + term(c);
      leaves_ *= kMultiplier;
    }
  }
  void roll(char out, char in) { value_ = value_ * kMultiplier + term(in) - leaves_ * term(out); }
  // Of a byte or two the upper bits would not depend.
  uint64_t sum(size_t bytes) const { return value_ * kMultiplier >> (64 - 8 * bytes); }

 private:
  static uint64_t term(char c) { return static_cast<unsigned char>(c) + uint64_t{1}; }

  uint64_t value_ = 0;
  uint64_t leaves_ = 1;  // the multiplier to the power of the block's length
};

// Sums and literals cost about the same where one block of it has changed.
uint32_t block_for(size_t bytes) {
  uint32_t block = kMinBlockBytes;
  while (block < kMaxBlockBytes && uint64_t{block} * block < 4 * bytes) block *= 2;
  return block;
}

size_t blocks_of(const wire::ContentAsk::Basis& basis) {
  return (size_t{basis.size()} + basis.block() - 1) / basis.block();
}

size_t sum_bytes(const wire::ContentAsk::Basis& basis) {
  const int bits = std::bit_width(basis.size()) + std::bit_width(blocks_of(basis)) + kRareBits;
  return static_cast<size_t>(bits + 7) / 8;
}

uint64_t sum_at(const wire::ContentAsk::Basis& basis, size_t block, size_t bytes) {
  uint64_t sum = 0;
  for (const char c : std::string_view(basis.sums()).substr(block * bytes, bytes))
    sum = sum << 8 | static_cast<unsigned char>(c);
  return sum;
}

class Finding {
 public:
  Finding(std::string_view chunk, const wire::ContentAsk::Basis& basis)
      : chunk_(chunk),
        basis_(basis),
        sum_bytes_(sum_bytes(basis)),
        full_(basis.size() / basis.block()),
        tail_(basis.size() % basis.block()) {
    for (size_t block = full_; block-- > 0;) {
      const uint64_t sum = told_sum(block);
      blocks_[sum] = block;
      may_be_[sum % may_be_.size()] = true;
    }
  }

  std::optional<std::string> run() {
    size_t at = 0;
    while (at + basis_.block() <= chunk_.size()) {
      const auto [place, block] = find(at);
      if (place == std::string_view::npos) break;
      at = take(place, block);
    }
    if (tail_ != 0 && chunk_.size() - at >= tail_ && is_tail(chunk_.size() - tail_))
      copy(chunk_.size() - tail_, full_, tail_);
    if (delta_.runs_size() == 0) return std::nullopt;
    delta_.mutable_literals()->append(chunk_.substr(literal_from_));
    return delta_.SerializeAsString();
  }

 private:
  // The first place from `at` on that holds a block of the basis.
  std::pair<size_t, size_t> find(size_t at) const {
    const size_t length = basis_.block();
    RollingSum sum(chunk_.substr(at, length));
    for (;; ++at) {
      const uint64_t value = sum.sum(sum_bytes_);
      if (may_be_[value % may_be_.size()])
        if (const auto block = blocks_.find(value); block != blocks_.end())
          return {at, block->second};
      if (at + length >= chunk_.size()) return {std::string_view::npos, 0};
      sum.roll(chunk_[at], chunk_[at + length]);
    }
  }

  // That block and those that follow it there as here; gives where they end.
  size_t take(size_t at, size_t block) {
    const size_t length = basis_.block();
    size_t bytes = length, next = block + 1;
    while (next < full_ && at + bytes + length <= chunk_.size() &&
           is_block(chunk_.substr(at + bytes, length), next)) {
      bytes += length;
      ++next;
    }
    if (next == full_ && tail_ != 0 && at + bytes + tail_ <= chunk_.size() && is_tail(at + bytes))
      bytes += tail_;
    copy(at, block, bytes);
    return at + bytes;
  }

  uint64_t told_sum(size_t block) const { return sum_at(basis_, block, sum_bytes_); }
  bool is_block(std::string_view bytes, size_t block) const {
    return RollingSum(bytes).sum(sum_bytes_) == told_sum(block);
  }
  bool is_tail(size_t at) const { return is_block(chunk_.substr(at, tail_), full_); }

  void copy(size_t at, size_t block, size_t bytes) {
    auto& run = *delta_.add_runs();
    run.set_literal(static_cast<uint32_t>(at - literal_from_));
    run.set_block(static_cast<uint32_t>(block));
    run.set_bytes(static_cast<uint32_t>(bytes));
    delta_.mutable_literals()->append(chunk_.substr(literal_from_, at - literal_from_));
    literal_from_ = at + bytes;
  }

  const std::string_view chunk_;
  const wire::ContentAsk::Basis& basis_;
  const size_t sum_bytes_;
  const size_t full_, tail_;           // blocks; bytes of the last one where it is short
  std::map<uint64_t, size_t> blocks_;  // by their sums
  std::vector<bool> may_be_ =
      std::vector<bool>(1 << 16);  // which remainders they have: most places have none of these
  size_t literal_from_ = 0;
  wire::ContentDelta delta_;
};

}  // namespace

wire::ContentAsk::Basis basis_of(std::string_view bytes) {
  wire::ContentAsk::Basis out;
  const uint32_t block = block_for(bytes.size());
  out.set_size(static_cast<uint32_t>(bytes.size()));
  out.set_block(block);
  const size_t length = sum_bytes(out);
  for (size_t at = 0; at < bytes.size(); at += block) {
    const uint64_t sum = RollingSum(bytes.substr(at, block)).sum(length);
    for (size_t i = length; i-- > 0;) *out.mutable_sums() += static_cast<char>(sum >> (8 * i));
  }
  return out;
}

bool sound(const wire::ContentAsk::Basis& basis) {
  return basis.block() >= kMinBlockBytes && basis.block() <= kMaxBlockBytes &&
         basis.size() >= kMinDeltaBytes && basis.size() <= kMaxChunkBytes &&
         basis.sums().size() == blocks_of(basis) * sum_bytes(basis);
}

std::optional<std::string> delta_of(std::string_view chunk, const wire::ContentAsk::Basis& basis) {
  return Finding(chunk, basis).run();
}

std::optional<std::string> applied(std::string_view delta, std::string_view basis, uint64_t size) {
  wire::ContentDelta parsed;
  if (!parsed.ParseFromArray(delta.data(), static_cast<int>(delta.size()))) return std::nullopt;
  const uint64_t block = block_for(basis.size());
  std::string_view literals = parsed.literals();
  std::string out;
  out.reserve(size);
  for (const auto& run : parsed.runs()) {
    const uint64_t from = run.block() * block;
    if (run.literal() > literals.size() || from + run.bytes() > basis.size() ||
        out.size() + run.literal() + run.bytes() > size)
      return std::nullopt;
    out += literals.substr(0, run.literal());
    literals.remove_prefix(run.literal());
    out += basis.substr(from, run.bytes());
  }
  out += literals;
  if (out.size() != size) return std::nullopt;
  return out;
}

}  // namespace cluster::files
