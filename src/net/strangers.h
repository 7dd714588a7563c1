// Who may be a stranger now? A connection is one until it has authenticated: it costs memory, processor
// time and, where it gets an answer, a guess at a passphrase.
//
// Slots bound the memory, meters the time, and the book of guesses how fast a passphrase can be tried.
// All of it is kept by address, as Endpoint::limit_group() has it, and an address is known where a
// dial went to or a host has authenticated from. Known addresses have half of the slots to themselves,
// and no share in what is limited for all others together.
//
// No socket here, and the time is an argument.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/ids.h"

namespace cluster::net {

inline constexpr std::chrono::seconds kHandshakeTime{5};
inline constexpr size_t kMaxHandshakeBytes = 64 << 10;   // received before it has authenticated
inline constexpr size_t kMaxClientHelloBytes = 4 << 10;  // held before it gets any TLS state

inline constexpr size_t kMaxStrangers = 64;
inline constexpr size_t kMaxStrangersPerAddress = 8;
inline constexpr size_t kMaxUnknownStrangers = kMaxStrangers / 2;

inline constexpr uint32_t kMaxHellosPerSecondPerAddress = 100;
inline constexpr uint32_t kMaxUnknownHellosPerSecond = 200;  // of all unknown addresses together

// After so many unproved guesses an address waits, for each host that it claims to be: kFirstGuessDelay,
// then twice as long each time up to kMaxGuessDelay. What it did is forgotten after kGuessMemory.
inline constexpr uint32_t kMaxFreeGuesses = 5;
inline constexpr std::chrono::seconds kFirstGuessDelay{1};
inline constexpr std::chrono::seconds kMaxGuessDelay{30};
inline constexpr std::chrono::minutes kGuessMemory{10};
// At one host by all unknown addresses together; as much again by those that have not failed yet.
inline constexpr uint32_t kMaxUnknownGuessesPerHost = 16;  // at once, then one each
inline constexpr std::chrono::seconds kUnknownGuessInterval{4};

inline constexpr size_t kMaxKnownAddresses = 1024;
inline constexpr size_t kMaxGuessingAddresses = 1024;
inline constexpr size_t kMaxMeteredAddresses = 1024;

// Lets `burst` things through at once, and one more each `interval`.
class Meter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Interval = std::chrono::steady_clock::duration;

  bool take(Time now, Interval interval, uint32_t burst);
  void give_back(Interval interval) { next_ -= interval; }
  bool full(Time now) const { return next_ <= now; }
  Time next() const { return next_; }

 private:
  Time next_;  // when it will be as if nothing had been taken
};

class Strangers {
 public:
  using Time = Meter::Time;
  using Slot = uint64_t;  // 0: none

  // The address means something to us. Beyond kMaxKnownAddresses the one heard of least lately goes.
  void know(const std::string& address, Time now);
  bool knows(const std::string& address) const { return known_.contains(address); }

  struct Place {
    Slot slot = 0;
    Slot evicted = 0;  // whose connection has to go at once
  };
  // Of those that may have to go for it, the one least far and then the oldest goes.
  Place enter(const std::string& address);
  void leave(Slot slot) { slots_.erase(slot); }
  void ending(Slot slot);  // it has been refused, and only takes its goodbye
  size_t size() const { return slots_.size(); }

  // Asked once its ClientHello is there: from here on it costs processor time.
  bool may_shake(Slot slot, Time now);

  // Asked before an answer by which the secret shared with `host` can be tried once. Empty: it may, and
  // that is a failed guess until met(); else why not. Who has shown the node key that `host` had when
  // it was last met may always, whatever others do from the same address.
  std::string may_guess(Slot slot, const std::string& address, HostId host, const NodeId& node,
                        Time now);

  // `host` has authenticated with that key from that address.
  void met(Slot slot, const std::string& address, HostId host, const NodeId& node, Time now);

  // The secrets have changed: what failed before says nothing now.
  void forgive();

 private:
  enum class Stage : uint8_t { kEnding, kSilent, kShaking, kAnswered };
  struct Stranger {
    std::string address;
    Stage stage = Stage::kSilent;
  };
  struct Guesses {
    uint32_t unproved = 0;
    Time last;
    Time not_before;
  };
  struct HostMeters {
    Meter fresh;   // addresses without an unproved guess
    Meter failed;  // the others
  };
  using Guesser = std::pair<std::string, HostId>;

  Slot choose(const std::string* address, bool unknown_only) const;
  Meter& meter(const std::string& address, Time now);
  Guesses& guesses(const Guesser& guesser, Time now);

  std::map<Slot, Stranger> slots_;  // in the order in which they came
  Slot last_slot_ = 0;
  std::map<std::string, Time> known_;
  std::map<std::string, Meter> hellos_;
  Meter unknown_hellos_;
  std::map<Guesser, Guesses> guesses_;
  std::map<HostId, HostMeters> host_meters_;  // of hosts in the hosts file only
  std::map<HostId, NodeId> keys_;             // likewise
};

}  // namespace cluster::net
