// The arithmetic of ownership `majority`: docs/ownership.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/voters.h"

namespace cluster::core {

// A lease counts from the sending of what a majority has answered, and clocks differ in rate by 0.1 % at most:
// of its length, which voters count from the receipt on, so much is over for nobody before it is for its owner.
inline constexpr int64_t kSurePerMille = 998;
// What killing takes, and the shell beside it.
inline constexpr Duration kLongestKill = milliseconds(100);
// The guardian's deadlines are later than the engine's by so much: beside an engine that lives it has nothing to do.
inline constexpr Duration kGuardLaterStop = milliseconds(250);
inline constexpr Duration kGuardLaterKill = kLongestKill / 2;

// A moment as others repeat it. asked_at: nullopt where it cannot have been asked then.
uint64_t in_us(MonoTime time);
std::optional<MonoTime> asked_at(uint64_t us, MonoTime now);

// This host's right to run one service.
struct OwnLease {
  uint64_t epoch = 0;
  Duration length{};  // that voters count
  Duration dead{};    // from the start of the lease to `stop`
  // By the voter's name: when that was sent which it has answered last.
  std::map<std::string, MonoTime> answered;
  MonoTime counts_from = MonoTime::min();  // as these answers have it
  // What an earlier engine of this host was told; later answers may lengthen it.
  MonoTime stop_at_least = MonoTime::min(), kill_at_least = MonoTime::min();
  bool lost = false, killed = false;
  bool left_alone = false;  // it has no end
  // Voters, by name, that have stored that nobody else gets it in the maintenance with that token.
  uint64_t agreed_to = 0;
  std::set<std::string> agreed;

  void answer(const Voters& voters, const std::string& voter, MonoTime asked);
  // Others count from now on: what these have answered holds for as long as it does, and is not lengthened.
  void begin_anew();
  void agree(const std::string& voter, uint64_t token);
  bool agreed_by_quorum(const Voters& voters, uint64_t token) const;
  // When `stop` is due, and when all of it has to be killed, unless a majority answers again.
  MonoTime stop_by() const;
  MonoTime kill_by() const;
};

}  // namespace cluster::core
