#include "sync/version.h"

#include <algorithm>

namespace cluster::sync {

namespace {

bool before(const std::pair<NodeId, uint64_t>& counter, const NodeId& node) {
  return counter.first < node;
}

}  // namespace

uint64_t VersionVector::of(const NodeId& node) const {
  const auto at = std::lower_bound(counters_.begin(), counters_.end(), node, before);
  return at == counters_.end() || at->first != node ? 0 : at->second;
}

void VersionVector::set(const NodeId& node, uint64_t counter) {
  const auto at = std::lower_bound(counters_.begin(), counters_.end(), node, before);
  if (at != counters_.end() && at->first == node) {
    at->second = counter;
  } else {
    counters_.insert(at, {node, counter});
  }
}

void VersionVector::join(const VersionVector& other) {
  for (const auto& [node, counter] : other.counters_)
    if (counter > of(node)) set(node, counter);
}

Relation VersionVector::relation_to(const VersionVector& other) const {
  bool more = false, less = false;
  auto ours = counters_.begin();
  auto theirs = other.counters_.begin();
  while (ours != counters_.end() || theirs != other.counters_.end()) {
    if (theirs == other.counters_.end() ||
        (ours != counters_.end() && ours->first < theirs->first)) {
      more = true;
      ++ours;
    } else if (ours == counters_.end() || theirs->first < ours->first) {
      less = true;
      ++theirs;
    } else {
      more = more || ours->second > theirs->second;
      less = less || ours->second < theirs->second;
      ++ours, ++theirs;
    }
  }
  if (more && less) return Relation::kConcurrent;
  if (more) return Relation::kAfter;
  return less ? Relation::kBefore : Relation::kSame;
}

VersionVector joined(VersionVector one, const VersionVector& other) {
  one.join(other);
  return one;
}

}  // namespace cluster::sync
