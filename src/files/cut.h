// Where a file is cut into chunks: by its content, so that an insertion moves the cuts with it.
//
// FastCDC (Xia et al., "The Design of Fast Content-Defined Chunking for Data Deduplication Based Storage Systems",
// IEEE TPDS 31(9), 2020) with a gear hash, cut-point skipping and normalized chunking of level 2. Unlike there, the hash is warm
// when a cut first may come: it always depends on the 64 bytes before a place and on nothing else.
//
// All hosts cut alike or know nothing of each other's chunks: nothing of this may ever change. The tests hold golden values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cluster::files {

inline constexpr size_t kMinChunkBytes = 16 << 10;
inline constexpr size_t kAverageChunkBytes = 64 << 10;
inline constexpr size_t kMaxChunkBytes = 256 << 10;

// The i-th is the first 8 bytes, little endian, of SHA-256("cluster gear" and the byte i).
const std::array<uint64_t, 256>& gear_table();

// Finds the ends of chunks in a stream that comes in pieces of any length.
class Cutter {
 public:
  // How many of these bytes belong to the chunk begun; `ended` tells whether it ends with them. Where it does not, that is
  // all of them.
  size_t next(std::string_view bytes, bool& ended);

 private:
  size_t size_ = 0;  // of the chunk so far
  uint64_t hash_ = 0;
};

}  // namespace cluster::files
