#include "net/strangers.h"

#include <algorithm>

namespace cluster::net {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds every(uint32_t per_second) { return nanoseconds(seconds(1)) / per_second; }

seconds delay_after(uint32_t unproved) {
  if (unproved < kMaxFreeGuesses) return seconds(0);
  const uint32_t doublings = std::min<uint32_t>(unproved - kMaxFreeGuesses, 16);
  return std::min(kFirstGuessDelay * (1 << doublings), kMaxGuessDelay);
}

// Makes room in a table for one more: the entry that counts least goes.
template <class Table, class Before>
void make_room(Table& table, size_t limit, const Before& before) {
  if (table.size() < limit) return;
  table.erase(std::min_element(table.begin(), table.end(), [&](const auto& a, const auto& b) {
    return before(a.second, b.second);
  }));
}

}  // namespace

bool Meter::take(Time now, Interval interval, uint32_t burst) {
  const Time from = std::max(next_, now);
  if (from - now > interval * (burst - 1)) return false;
  next_ = from + interval;
  return true;
}

void Strangers::know(const std::string& address, Time now) {
  const auto found = known_.find(address);
  if (found != known_.end()) {
    found->second = now;
    return;
  }
  make_room(known_, kMaxKnownAddresses, [](Time a, Time b) { return a < b; });
  known_[address] = now;
}

// -------------------------------------------------------------------------------------- slots

Strangers::Slot Strangers::choose(const std::string* address, bool unknown_only) const {
  Slot chosen = 0;
  Stage least = Stage::kAnswered;
  for (const auto& [slot, stranger] : slots_) {
    if (address && stranger.address != *address) continue;
    if (unknown_only && knows(stranger.address)) continue;
    if (chosen != 0 && stranger.stage >= least) continue;
    chosen = slot;
    least = stranger.stage;
  }
  return chosen;
}

Strangers::Place Strangers::enter(const std::string& address) {
  const bool known = knows(address);
  size_t same = 0;
  size_t unknown = 0;
  for (const auto& [slot, stranger] : slots_) {
    same += stranger.address == address;
    unknown += !knows(stranger.address);
  }
  Place place;
  if (same >= kMaxStrangersPerAddress) {
    place.evicted = choose(&address, false);
  } else if (!known && unknown >= kMaxUnknownStrangers) {
    place.evicted = choose(nullptr, true);
  } else if (slots_.size() >= kMaxStrangers) {
    place.evicted = choose(nullptr, true);
    if (place.evicted == 0 && !known) return place;
    if (place.evicted == 0) place.evicted = choose(nullptr, false);
  }
  slots_.erase(place.evicted);
  place.slot = ++last_slot_;
  slots_[place.slot] = {address};
  return place;
}

void Strangers::ending(Slot slot) {
  if (const auto found = slots_.find(slot); found != slots_.end())
    found->second.stage = Stage::kEnding;
}

// ------------------------------------------------------------------------------------- meters

Meter& Strangers::meter(const std::string& address, Time now) {
  const auto found = hellos_.find(address);
  if (found != hellos_.end()) return found->second;
  if (hellos_.size() >= kMaxMeteredAddresses)
    std::erase_if(hellos_, [now](const auto& entry) { return entry.second.full(now); });
  make_room(hellos_, kMaxMeteredAddresses,
            [](const Meter& a, const Meter& b) { return a.next() < b.next(); });
  return hellos_[address];
}

bool Strangers::may_shake(Slot slot, Time now) {
  const auto found = slots_.find(slot);
  if (found == slots_.end()) return false;
  Stranger& stranger = found->second;
  if (!meter(stranger.address, now)
           .take(now, every(kMaxHellosPerSecondPerAddress), kMaxHellosPerSecondPerAddress))
    return false;
  if (!knows(stranger.address) &&
      !unknown_hellos_.take(now, every(kMaxUnknownHellosPerSecond), kMaxUnknownHellosPerSecond))
    return false;
  stranger.stage = Stage::kShaking;
  return true;
}

// ------------------------------------------------------------------------------------ guesses

Strangers::Guesses& Strangers::guesses(const Guesser& guesser, Time now) {
  const auto found = guesses_.find(guesser);
  if (found != guesses_.end()) {
    if (now - found->second.last >= kGuessMemory) found->second = {};
    return found->second;
  }
  make_room(guesses_, kMaxGuessingAddresses,
            [](const Guesses& a, const Guesses& b) { return a.last < b.last; });
  return guesses_[guesser];
}

std::string Strangers::may_guess(Slot slot, const std::string& address, HostId host,
                                 const NodeId& node, Time now) {
  const auto key = keys_.find(host);
  if (key == keys_.end() || key->second != node) {
    Guesses& own = guesses({address, host}, now);
    if (now < own.not_before) {
      const auto left = std::chrono::ceil<seconds>(own.not_before - now);
      return std::to_string(own.unproved) + " guesses from its address were not proved: it has " +
             std::to_string(left.count()) + " s to wait";
    }
    if (!knows(address)) {
      HostMeters& meters = host_meters_[host];
      Meter& share = own.unproved == 0 ? meters.fresh : meters.failed;
      if (!share.take(now, kUnknownGuessInterval, kMaxUnknownGuessesPerHost))
        return "too many guesses come from unknown addresses";
    }
    ++own.unproved;
    own.last = now;
    own.not_before = now + delay_after(own.unproved);
  }
  if (const auto found = slots_.find(slot); found != slots_.end())
    found->second.stage = Stage::kAnswered;
  return {};
}

void Strangers::met(Slot slot, const std::string& address, HostId host, const NodeId& node,
                    Time now) {
  if (slots_.contains(slot)) {
    meter(address, now).give_back(every(kMaxHellosPerSecondPerAddress));
    if (!knows(address)) unknown_hellos_.give_back(every(kMaxUnknownHellosPerSecond));
  }
  leave(slot);
  guesses_.erase({address, host});
  keys_[host] = node;
  know(address, now);
}

void Strangers::forgive() {
  guesses_.clear();
  host_meters_.clear();
}

}  // namespace cluster::net
