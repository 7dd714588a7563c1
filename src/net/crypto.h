// The few primitives of OpenSSL that this folder uses, with std::string for bytes.
// They fail only where memory or the random source does: that ends the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cluster::net {

std::string random_bytes(size_t count);
std::string sha256(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);

// RFC 5869 with SHA-256: extract with `salt`, expand with `info`.
std::string hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info,
                        size_t bytes);

// RFC 7914 with N=2^15, r=8, p=1: about 50 ms and 32 MiB, which are given back to the system.
std::string scrypt(std::string_view passphrase, std::string_view salt, size_t bytes);

// AES-256-GCM under a 32-byte key: a random nonce, the ciphertext, the tag.
std::string seal(std::string_view key, std::string_view plain, std::string_view additional);
std::optional<std::string> unseal(std::string_view key, std::string_view sealed,
                                  std::string_view additional);

// Takes the same time wherever they differ.
bool equal_secrets(std::string_view a, std::string_view b);

void wipe(std::string& secret);

// Each part preceded by its length (8 bytes, little endian): no two lists give the same bytes.
template <class... Parts>
std::string joined(const Parts&... parts) {
  std::string out;
  auto add = [&out](std::string_view part) {
    for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(uint64_t{part.size()} >> (8 * i)));
    out.append(part);
  };
  (add(parts), ...);
  return out;
}

}  // namespace cluster::net
