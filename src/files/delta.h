// A chunk as what differs from bytes that the receiver has: rsync's algorithm (Tridgell and Mackerras, "The rsync algorithm", 1996). The
// receiver tells sums of the blocks of its bytes (the basis); the sender finds those blocks in the chunk, wherever they are, and sends the
// rest. Sums are no proof, as blocks that differ may have the same: whoever makes a chunk of this verifies its digest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/files.pb.h"

namespace cluster::files {

// Below that it is as cheap to send all of it.
inline constexpr size_t kMinDeltaBytes = 512;
// The sums of a basis of at least kMinDeltaBytes. A last block may be short.
wire::ContentAsk::Basis basis_of(std::string_view bytes);
// False: no basis of that size has that many blocks.
bool sound(const wire::ContentAsk::Basis& basis);

// What makes `chunk` of a sound basis, as a ContentDelta; nullopt: it has nothing of it.
std::optional<std::string> delta_of(std::string_view chunk, const wire::ContentAsk::Basis& basis);
// nullopt: it does not make `size` bytes of these.
std::optional<std::string> applied(std::string_view delta, std::string_view basis, uint64_t size);

}  // namespace cluster::files
