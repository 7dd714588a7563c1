// How far this host and each of its peers know each other's index of one root. An index is a sequence of entries, each
// path's newest at its own place; a peer is told what comes after what it has, in order, a batch at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "base/ids.h"
#include "sync/entry.h"

namespace cluster::sync {

// What may be on its way to a peer that has not said yet that it has heard it.
inline constexpr size_t kMaxBatchesUnheard = 4;
inline constexpr size_t kMaxBatchBytes = 128 << 10;

// How much a host counts that was away.
enum class Away : uint8_t {
  kPresent,
  kMissedDeletes,  // of those that are forgotten here: what these may have been of is deleted again
  kPullsOnly,      // it was without any other host for too long: what it alone has is not taken
};

// How far of whose index: kept, so that a host which returns is told only what it has missed.
struct Position {
  uint64_t index = 0;  // names that index
  uint64_t has = 0;
  // What it tells up to here it made
  uint64_t missed_until = 0;  // without deletes that are forgotten here
  uint64_t alone_until = 0;   // without any other host for too long

  Away away(uint64_t sequence) const {
    if (sequence <= alone_until) return Away::kPullsOnly;
    return sequence <= missed_until ? Away::kMissedDeletes : Away::kPresent;
  }
};

struct Peer {
  HostId host;
  std::string name;
  bool greeted = false;     // it has said hello
  std::string apart;        // why nothing is exchanged; empty: it is
  std::string paused;       // why it takes nothing
  uint64_t unstored = 0;    // tell it nothing before so many stores are done; 0: no such
  bool told_anew = false;   // it has been asked to begin again
  bool told_alone = false;  // this host does not speak for others, as it was told
  uint64_t goes_to = 0;     // its index, when it said hello
  uint64_t pull_until = 0;  // what it tells up to here counts, whatever is here
  Lineage lineage;          // in mode owner: the latest that it has heard of,
  bool owns = false;        // which is its own,
  bool whole = false;       // and all of which it has
  uint64_t since_us = 0;    // its last run began then, by its clock

  // Of its index.
  uint64_t index = 0;
  uint64_t heard = 0, heard_told = 0, has_told = 0;
  std::set<uint64_t> open;  // entries that are neither here nor overtaken

  // Of ours.
  uint64_t sent = 0, they_heard = 0, they_have = 0;
  std::deque<uint64_t> unheard;  // batches, by their ends
  std::map<uint64_t, uint64_t>
      same;  // entries of ours that are not sent yet, and which of its own each is

  uint64_t has() const { return open.empty() ? heard : *open.begin() - 1; }
};

}  // namespace cluster::sync
