// Why connections end before they are links, and links for what came over them: the kinds by which it
// is counted, logged and throttled.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "net/handshake.h"
#include "net/report.h"

namespace cluster::net {

enum class Refusal : uint8_t {
  kLost,       // the network's or the other end's doing
  kTime,       // not authenticated in time
  kSize,       // too many bytes before it authenticated
  kNoTls,      // does not begin with a ClientHello
  kTls,        // TLS failed: below 1.3, no certificate, damaged
  kRoom,       // made room for another, or found none
  kRate,       // too many TLS handshakes from its address
  kGuesses,    // too many unproved guesses: has to wait
  kMalformed,  // from here to kKeyRefused as Handshake::Failure
  kVersion,
  kUnknownHost,
  kWrongName,
  kNotMe,
  kSelf,
  kNoSecret,
  kWrongSecret,
  kNotAdmitted,
  kRefused,
  kKeyRefused,
  kFrame,  // a malformed frame on a link
};
inline constexpr size_t kRefusals = 20;

const char* to_string(Refusal kind);  // as the status document has it: "unknown-host"
Refusal refusal_of(Handshake::Failure failure);

class RefusalCounts {
 public:
  uint64_t& operator[](Refusal kind) { return counts_[static_cast<size_t>(kind)]; }
  uint64_t operator[](Refusal kind) const { return counts_[static_cast<size_t>(kind)]; }
  uint64_t sum() const;

 private:
  std::array<uint64_t, kRefusals> counts_{};
};

// Counts each, and says it once a minute a kind at most: strangers cannot flood the log.
class Refusals {
 public:
  explicit Refusals(const Report& report) : report_(report) {}

  // `whom` keeps what strangers do apart from what a dialled host does: "" for strangers.
  void note(Refusal kind, const std::string& whom, core::LogLevel level, const std::string& text);

  const RefusalCounts& counts() const { return counts_; }

 private:
  const Report& report_;
  Throttle throttle_;
  RefusalCounts counts_;
};

}  // namespace cluster::net
