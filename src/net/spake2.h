// SPAKE2 (RFC 9382) over P-256 with SHA-256, HKDF and HMAC: two ends that know the same secret get
// the same key; who does not know it gets one guess a run, and nothing to guess with later.
//
// One object is one run of one side. Secret multiplications take constant time (never two
// multiplicands in one call); the peer's point is checked to be on the curve and not infinity.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cluster::net {

class Spake2 {
 public:
  enum class Side : uint8_t { kA, kB };

  static constexpr size_t kMinSecretBytes = 40;  // RFC 9382, section 3.2: reduced without bias
  static constexpr size_t kPointBytes = 65;      // uncompressed
  static constexpr size_t kConfirmationBytes = 32;
  static constexpr size_t kKeyBytes = 16;

  // w = `secret` as a number, modulo the group's order.
  Spake2(Side side, std::string_view secret);
  // For the RFC's test vectors: the private scalar is given, and so is w, each in 32 bytes.
  static Spake2 with_scalar(Side side, std::string_view w, std::string_view scalar);
  ~Spake2();
  Spake2(Spake2&&) noexcept;
  Spake2& operator=(Spake2&&) noexcept;

  const std::string& share() const;  // pA or pB, kPointBytes

  struct Keys {
    std::string shared;  // Ke, kKeyBytes
    std::string own_confirmation;
    std::string peer_confirmation;  // what the peer must send
  };

  // nullopt: `peer_share` is not a point that may be used.
  std::optional<Keys> finish(std::string_view peer_share, std::string_view identity_a,
                             std::string_view identity_b, std::string_view additional) const;

 private:
  struct State;
  explicit Spake2(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cluster::net
