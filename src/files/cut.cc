#include "files/cut.h"

#include <algorithm>
#include <string>

#include "files/content.h"

namespace cluster::files {

namespace {

constexpr size_t kWindowBytes = 64;  // older bytes have been shifted out of the hash
// log2 of the average and two bits more or less: chunks gather around it (normalized chunking).
constexpr int kStrictBits = 18;
constexpr int kLooseBits = 14;
// The topmost bits depend on the whole window.
constexpr uint64_t kStrict = uint64_t{1} << (64 - kStrictBits);
constexpr uint64_t kLoose = uint64_t{1} << (64 - kLooseBits);

using Gear = std::array<uint64_t, 256>;

uint64_t rolled(uint64_t hash, const unsigned char* bytes, size_t count, const Gear& gear) {
  for (size_t i = 0; i < count; ++i) hash = (hash << 1) + gear[bytes[i]];
  return hash;
}

// The bytes up to and with the first after which the hash is below `limit`; 0: none.
size_t find_serially(const unsigned char* bytes, size_t count, uint64_t& hash, uint64_t limit,
                     const Gear& gear) {
  uint64_t h = hash;
  for (size_t i = 0; i < count; ++i) {
    h = (h << 1) + gear[bytes[i]];
    if (h < limit) return (hash = h, i + 1);
  }
  hash = h;
  return 0;
}

// Each hash waits for the one before, so that the processor idles. As a hash depends on its window alone, four
// stretches are gone over at once; a cut in one of them is then looked for anew, from the first.
size_t find(const unsigned char* bytes, size_t count, uint64_t& hash, uint64_t limit,
            const Gear& gear) {
  constexpr size_t kStretch = 1024;
  size_t done = 0;
  for (; count - done >= 4 * kStretch; done += 4 * kStretch) {
    const unsigned char* a = bytes + done;
    const unsigned char* b = a + kStretch;
    const unsigned char* c = b + kStretch;
    const unsigned char* d = c + kStretch;
    uint64_t ha = hash;
    uint64_t hb = rolled(0, b - kWindowBytes, kWindowBytes, gear);
    uint64_t hc = rolled(0, c - kWindowBytes, kWindowBytes, gear);
    uint64_t hd = rolled(0, d - kWindowBytes, kWindowBytes, gear);
    bool found = false;
    for (size_t i = 0; i < kStretch && !found; ++i) {
      ha = (ha << 1) + gear[a[i]];
      hb = (hb << 1) + gear[b[i]];
      hc = (hc << 1) + gear[c[i]];
      hd = (hd << 1) + gear[d[i]];
      found = ha < limit || hb < limit || hc < limit || hd < limit;
    }
    if (found) {
      const size_t at = find_serially(a, 4 * kStretch, hash, limit, gear);
      return done + at;
    }
    hash = hd;
  }
  const size_t at = find_serially(bytes + done, count - done, hash, limit, gear);
  return at == 0 ? 0 : done + at;
}

}  // namespace

const Gear& gear_table() {
  static const Gear table = [] {
    Gear made{};
    Sha256 sha;
    for (size_t i = 0; i < made.size(); ++i) {
      sha.add("cluster gear");
      const char byte = static_cast<char>(i);
      sha.add(std::string_view(&byte, 1));
      const std::string digest = sha.finish();
      for (size_t k = 8; k-- > 0;) made[i] = made[i] << 8 | static_cast<unsigned char>(digest[k]);
    }
    return made;
  }();
  return table;
}

size_t Cutter::next(std::string_view bytes, bool& ended) {
  const Gear& gear = gear_table();
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t used = 0;
  const auto left_until = [&](size_t end) {
    return size_ >= end ? 0 : std::min(end - size_, bytes.size() - used);
  };
  const auto go = [&](size_t count) {
    used += count;
    size_ += count;
  };
  ended = false;
  go(left_until(kMinChunkBytes - kWindowBytes));
  const size_t warm = left_until(kMinChunkBytes - 1);
  hash_ = rolled(hash_, data + used, warm, gear);
  go(warm);
  for (const auto& [end, limit] :
       {std::pair(kAverageChunkBytes, kStrict), {kMaxChunkBytes, kLoose}}) {
    const size_t count = left_until(end);
    if (count == 0) continue;
    const size_t at = find(data + used, count, hash_, limit, gear);
    go(at == 0 ? count : at);
    if ((ended = at != 0)) break;
  }
  ended = ended || size_ == kMaxChunkBytes;
  if (ended) size_ = hash_ = 0;
  return used;
}

}  // namespace cluster::files
