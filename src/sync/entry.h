// One version of one path: what it holds, who made it so, and after what.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "sync/file_state.h"
#include "sync/version.h"

namespace cluster::sync {

// An edit: when by the clock of whom it was made on, in microseconds since the epoch. Later than what it changed.
struct Edit {
  uint64_t wall_us = 0;
  NodeId node;

  auto operator<=>(const Edit&) const = default;
};

// Names what one edit made of a path, whoever has it.
struct Dot {
  NodeId node;
  uint64_t counter = 0;  // of that node, then

  auto operator<=>(const Dot&) const = default;
};

// Whoever knew all of `seen` knew of that edit; or of all that was put together there, which several hosts do.
inline bool know(const VersionVector& seen, const Dot& edit, const std::vector<Dot>& put_together) {
  const auto one = [&](const Dot& dot) { return seen.of(dot.node) >= dot.counter; };
  return one(edit) ||
         (!put_together.empty() && std::all_of(put_together.begin(), put_together.end(), one));
}

// One run of the service that writes a root, in mode owner: the later one has the greater. It was made by whoever ran the
// service then, or taken over by it as the run began.
struct Lineage {
  uint64_t epoch = 0;  // 0: made by nobody who ran it
  NodeId node;

  bool none() const { return epoch == 0; }
  auto operator<=>(const Lineage&) const = default;
};

struct Entry {
  VersionVector vector;  // all that was known when this version stayed
  Edit edited;           // that made what it holds,
  uint64_t counter = 0;  // and the counter of its node then: whoever knows of that has seen it
  std::string editor;    // the name of that host
  Edit born;             // that made the path's first version
  bool deleted = false;  // `state` is what was there last
  bool unsure =
      false;  // found by a host without memory: it may be older than its place among others shows
  FileState state;
  std::vector<Dot> merges;  // the users' edits that a host put together here; empty: a user made it
  Lineage lineage;

  bool operator==(const Entry&) const = default;

  Dot dot() const { return {edited.node, counter}; }
  bool same_edit(const Entry& other) const { return dot() == other.dot(); }
  // Whoever made or kept this one knew of that edit.
  bool knows(const Dot& other, const std::vector<Dot>& put_together) const {
    return know(vector, other, put_together);
  }
  bool knows_edit_of(const Entry& other) const { return knows(other.dot(), other.merges); }
};

}  // namespace cluster::sync
