#include "core/leases.h"

#include <algorithm>
#include <utility>

namespace cluster::core {

namespace {

// From the start of a lease until all of the service is killed.
Duration sure(Duration length) {
  const Duration safe = length / 1000 * kSurePerMille;
  return safe - std::min<Duration>(kLongestKill, safe / 10);
}

}  // namespace

uint64_t in_us(MonoTime time) { return static_cast<uint64_t>(to_us(time.time_since_epoch())); }

std::optional<MonoTime> asked_at(uint64_t us, MonoTime now) {
  if (us > in_us(now)) return std::nullopt;
  return MonoTime(microseconds(static_cast<int64_t>(us)));
}

void OwnLease::answer(const Voters& voters, const std::string& voter, MonoTime asked) {
  MonoTime& newest = answered.try_emplace(voter, asked).first->second;
  newest = std::max(newest, asked);
  counts_from = voters.counted(answered);
}

void OwnLease::begin_anew() {
  const bool without_end = std::exchange(left_alone, false);
  stop_at_least = stop_by();
  kill_at_least = kill_by();
  left_alone = without_end;
  answered.clear();
  counts_from = MonoTime::min();
}

void OwnLease::agree(const std::string& voter, uint64_t token) {
  if (agreed_to != token) agreed.clear();
  agreed_to = token;
  agreed.insert(voter);
}

bool OwnLease::agreed_by_quorum(const Voters& voters, uint64_t token) const {
  return agreed_to == token && voters.enough(agreed);
}

MonoTime OwnLease::stop_by() const {
  if (left_alone) return MonoTime::max();
  const MonoTime by = counts_from == MonoTime::min()
                          ? counts_from
                          : counts_from + std::min<Duration>(dead, sure(length));
  return std::max(by, stop_at_least);
}

MonoTime OwnLease::kill_by() const {
  if (left_alone) return MonoTime::max();
  const MonoTime by = counts_from == MonoTime::min() ? counts_from : counts_from + sure(length);
  return std::max(by, kill_at_least);
}

}  // namespace cluster::core
