#include "net/refusal.h"

#include <numeric>

namespace cluster::net {

const char* to_string(Refusal kind) {
  switch (kind) {
    case Refusal::kLost: return "lost";
    case Refusal::kTime: return "time";
    case Refusal::kSize: return "size";
    case Refusal::kNoTls: return "no-tls";
    case Refusal::kTls: return "tls";
    case Refusal::kRoom: return "room";
    case Refusal::kRate: return "rate";
    case Refusal::kGuesses: return "guesses";
    case Refusal::kMalformed: return "malformed";
    case Refusal::kVersion: return "version";
    case Refusal::kUnknownHost: return "unknown-host";
    case Refusal::kWrongName: return "wrong-name";
    case Refusal::kNotMe: return "not-me";
    case Refusal::kSelf: return "self";
    case Refusal::kNoSecret: return "no-secret";
    case Refusal::kWrongSecret: return "wrong-secret";
    case Refusal::kNotAdmitted: return "not-admitted";
    case Refusal::kRefused: return "refused";
    case Refusal::kKeyRefused: return "key-refused";
    case Refusal::kFrame: return "frame";
  }
  return "?";
}

Refusal refusal_of(Handshake::Failure failure) {
  switch (failure) {
    case Handshake::Failure::kNone: return Refusal::kLost;
    case Handshake::Failure::kMalformed: return Refusal::kMalformed;
    case Handshake::Failure::kVersion: return Refusal::kVersion;
    case Handshake::Failure::kUnknownHost: return Refusal::kUnknownHost;
    case Handshake::Failure::kWrongName: return Refusal::kWrongName;
    case Handshake::Failure::kNotMe: return Refusal::kNotMe;
    case Handshake::Failure::kSelf: return Refusal::kSelf;
    case Handshake::Failure::kNoSecret: return Refusal::kNoSecret;
    case Handshake::Failure::kTooManyGuesses: return Refusal::kGuesses;
    case Handshake::Failure::kWrongSecret: return Refusal::kWrongSecret;
    case Handshake::Failure::kNotAdmitted: return Refusal::kNotAdmitted;
    case Handshake::Failure::kRefused: return Refusal::kRefused;
    case Handshake::Failure::kKeyRefused: return Refusal::kKeyRefused;
  }
  return Refusal::kMalformed;
}

void Refusals::note(Refusal kind, const std::string& whom, core::LogLevel level,
                    const std::string& text) {
  ++counts_[kind];
  // Each level apart: what is only for debugging must not use up what a warning has a right to.
  const std::string what =
      std::string(to_string(kind)) + "/" + std::to_string(static_cast<int>(level));
  uint64_t suppressed = 0;
  if (!throttle_.allow(what, whom, &suppressed)) return;
  const std::string more = suppressed ? " (and " + std::to_string(suppressed) +
                                            " more of this kind since it was last said)"
                                      : "";
  report_.log(level, text + more);
}

uint64_t RefusalCounts::sum() const {
  return std::accumulate(counts_.begin(), counts_.end(), uint64_t{0});
}

}  // namespace cluster::net
