// One version of one path: what it holds, who made it so, and after what.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

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

  bool operator==(const Entry&) const = default;

  bool same_edit(const Entry& other) const {
    return edited.node == other.edited.node && counter == other.counter;
  }
  // Whoever made or kept this one knew of that edit.
  bool knows_edit_of(const Entry& other) const {
    return vector.of(other.edited.node) >= other.counter;
  }
};

}  // namespace cluster::sync
