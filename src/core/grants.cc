#include "core/grants.h"

#include <algorithm>

#include "core/sound.h"

namespace cluster::core {

namespace {

constexpr char kPrefix[] = "grant/";

}  // namespace

void Grants::load(const Stored& stored, MonoTime now) {
  for (auto it = stored.lower_bound(kPrefix); it != stored.end() && it->first.starts_with(kPrefix);
       ++it) {
    wire::StoredGrant kept;
    if (!kept.ParseFromString(it->second)) continue;
    Grant& grant = grants_[it->first.substr(sizeof kPrefix - 1)];
    grant.to = NodeId::from_raw(kept.to()).value_or(NodeId{});
    grant.epoch = kept.epoch();
    grant.told = kept.told();
    grant.length = microseconds(static_cast<int64_t>(kept.lease_us()));
    grant.stored = true;
    grant.over = kept.over() || !grant.to;
    grant.ends = now + grant.length;
  }
}

const Grants::Grant* Grants::find(const std::string& service) const {
  auto it = grants_.find(service);
  return it == grants_.end() ? nullptr : &it->second;
}

std::optional<wire::Answer::Verdict> Grants::against(MonoTime now, const NodeId& from,
                                                     const std::string& service, uint64_t epoch,
                                                     bool held) const {
  const Grant* grant = find(service);
  if (grant == nullptr) {
    if (holder(now, service, from)) return wire::Answer::RIVAL;
    if (grants_.size() >= kMaxGrants) return wire::Answer::NO_MEMORY;
    return std::nullopt;
  }
  if (grant->to == from && grant->epoch == epoch && !grant->over) {
    // Of an epoch that others tell of somebody else may be the owner, unless this claimant is.
    const bool goes_on = held && (epoch == grant->told || now < grant->ends);
    if (epoch > grant->told || goes_on) return std::nullopt;
    return wire::Answer::OLD_EPOCH;
  }
  const uint64_t highest = grant->highest();
  const bool told = (!grant->to || grant->told >= grant->epoch) && epoch == highest && held;
  if ((epoch <= highest && !told) || epoch - highest > kMaxLeap) return wire::Answer::OLD_EPOCH;
  if (holder(now, service, from)) return wire::Answer::RIVAL;
  return std::nullopt;
}

bool Grants::given(const NodeId& from, const std::string& service, uint64_t epoch) const {
  const Grant* grant = find(service);
  return grant != nullptr && grant->to == from && grant->epoch == epoch && !grant->over;
}

bool Grants::stored(const NodeId& from, const std::string& service, uint64_t epoch) const {
  return given(from, service, epoch) && find(service)->stored;
}

Write Grants::give(MonoTime now, const NodeId& from, const std::string& service, uint64_t epoch,
                   Duration length) {
  Grant& grant = grants_[service];
  grant = Grant{from, epoch, 0, length, now + length, false, false};
  return to_write(service, grant);
}

void Grants::was_stored(const NodeId& from, const std::string& service, uint64_t epoch) {
  if (given(from, service, epoch)) grants_[service].stored = true;
}

void Grants::drop(const NodeId& from, const std::string& service, uint64_t epoch) {
  if (given(from, service, epoch)) grants_[service].over = true;
}

void Grants::prolong(MonoTime now, const std::string& service) {
  Grant& grant = grants_.at(service);
  grant.ends = std::max(grant.ends, now + grant.length);
}

std::optional<Write> Grants::release(const NodeId& from, const std::string& service,
                                     uint64_t epoch) {
  if (!given(from, service, epoch)) return std::nullopt;
  Grant& grant = grants_[service];
  grant.over = true;
  return to_write(service, grant);
}

std::optional<Write> Grants::hear(MonoTime now, const std::string& service, uint64_t epoch) {
  const Grant* known = find(service);
  if (known == nullptr && grants_.size() >= kMaxGrants) return std::nullopt;
  if (known != nullptr) {
    const bool known_already =
        epoch < known->epoch || epoch <= known->told || (!known->to && epoch == known->epoch);
    if (known_already || (epoch > known->highest() && epoch - known->highest() > kMaxLeap))
      return std::nullopt;
  }
  Grant& grant = grants_[service];
  if (holder(now, service, NodeId{})) {
    grant.told = epoch;
  } else {
    grant = Grant{NodeId{}, epoch, 0, Duration{}, MonoTime::min(), true, true};
  }
  return to_write(service, grant);
}

NodeId Grants::holder(MonoTime now, const std::string& service, const NodeId& than) const {
  if (auto kept = kept_.find(service); kept != kept_.end() && kept->second != than)
    return kept->second;
  const Grant* grant = find(service);
  const bool live = grant != nullptr && !grant->over && now < grant->ends;
  return live && grant->to != than ? grant->to : NodeId{};
}

uint64_t Grants::epoch(const std::string& service) const {
  const Grant* grant = find(service);
  return grant == nullptr ? 0 : grant->highest();
}

std::vector<std::pair<std::string, uint64_t>> Grants::epochs() const {
  std::vector<std::pair<std::string, uint64_t>> out;
  for (const auto& [service, grant] : grants_) out.emplace_back(service, grant.highest());
  return out;
}

MonoTime Grants::next_end(MonoTime now) const {
  MonoTime next = kNever;
  for (const auto& [service, grant] : grants_)
    if (!grant.over && grant.ends > now) next = std::min(next, grant.ends);
  return next;
}

Write Grants::to_write(const std::string& service, const Grant& grant) {
  wire::StoredGrant kept;
  if (grant.to) kept.set_to(grant.to.raw());
  kept.set_epoch(grant.epoch);
  kept.set_lease_us(static_cast<uint64_t>(to_us(grant.length)));
  kept.set_over(grant.over);
  if (grant.told > 0) kept.set_told(grant.told);
  return Write{kPrefix + service, kept.SerializeAsString()};
}

}  // namespace cluster::core
