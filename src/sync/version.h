// Which version of a file came after which: a counter for each node that ever changed it (version vectors, Parker et
// al. 1983).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace cluster::sync {

enum class Relation : uint8_t { kSame, kBefore, kAfter, kConcurrent };

class VersionVector {
 public:
  // 0: that node has never changed it.
  uint64_t of(const NodeId& node) const;
  void set(const NodeId& node, uint64_t counter);
  void join(const VersionVector& other);

  // kAfter: this one has seen all that `other` has, and more.
  Relation relation_to(const VersionVector& other) const;
  bool knows(const VersionVector& other) const {
    const Relation relation = relation_to(other);
    return relation == Relation::kSame || relation == Relation::kAfter;
  }

  bool empty() const { return counters_.empty(); }
  const std::vector<std::pair<NodeId, uint64_t>>& counters() const { return counters_; }  // by node

  bool operator==(const VersionVector&) const = default;

 private:
  std::vector<std::pair<NodeId, uint64_t>> counters_;  // ascending, none 0
};

VersionVector joined(VersionVector one, const VersionVector& other);

}  // namespace cluster::sync
