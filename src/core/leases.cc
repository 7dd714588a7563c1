#include "core/leases.h"

#include <algorithm>

#include "base/digest.h"

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

bool Voters::contains(const std::string& name) const {
  return std::binary_search(names.begin(), names.end(), name);
}

uint64_t Voters::hash() const {
  Digest digest;
  digest.add(number);
  for (const std::string& name : names) digest.add(name);
  return digest.value();
}

MonoTime counted_from(std::vector<MonoTime> answered, size_t quorum) {
  if (quorum == 0 || answered.size() < quorum) return MonoTime::min();
  std::sort(answered.begin(), answered.end(), std::greater<>());
  return answered[quorum - 1];
}

void OwnLease::answer(const Voters& voters, const std::string& voter, MonoTime asked) {
  MonoTime& newest = answered.try_emplace(voter, asked).first->second;
  newest = std::max(newest, asked);
  std::vector<MonoTime> counted;
  for (const auto& [name, time] : answered)
    if (voters.contains(name)) counted.push_back(time);
  counts_from = counted_from(std::move(counted), voters.quorum());
}

void OwnLease::agree(const std::string& voter, uint64_t token) {
  if (agreed_to != token) agreed.clear();
  agreed_to = token;
  agreed.insert(voter);
}

bool OwnLease::agreed_by_quorum(const Voters& voters, uint64_t token) const {
  const auto voting = std::count_if(agreed.begin(), agreed.end(),
                                    [&](const std::string& name) { return voters.contains(name); });
  return agreed_to == token && static_cast<size_t>(voting) >= voters.quorum();
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
