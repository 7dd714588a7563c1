// What goes into the decisions about files and what comes out. The shell (src/files) and the simulated worlds (tests/sync)
// feed Events to Sync::step() one at a time, and perform the Actions in order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "sync/entry.h"
#include "sync/file_state.h"
#include "sync/filter.h"
#include "sync/resolve.h"

namespace cluster::sync {

using PlaceTicket = Id<struct PlaceTag, uint64_t>;
using IndexTicket = Id<struct IndexTag, uint64_t>;

struct RootConfig {
  std::string name;  // what the hosts agree on
  Mode mode = Mode::kNewer;
  std::vector<HostId> hosts;  // that take part, this one among them
  Filter filter;

  bool takes_part(HostId host) const;
  bool operator==(const RootConfig&) const = default;
};

// ---------------------------------------------------------------------------------------- events

// For how long deletes are remembered for hosts that are away, unless it is said.
inline constexpr Duration kTombstoneKeep = hours(24 * 90);

// Paths of a root that may be under way at once: what is to be done of the others is kept as what was offered, which is little.
inline constexpr size_t kPlacedAtOnce = 1024;

// The roots of this host. One that is new here has to be scanned as a whole before anything happens to it.
struct Configured {
  std::vector<RootConfig> roots;
  Duration tombstone_keep = kTombstoneKeep;
  size_t placed_at_once = kPlacedAtOnce;
};

// A host that can be talked to: what is said arrives in order, or PeerDown follows.
struct PeerUp {
  NodeId node;
  HostId host;
  std::string name;
};

struct PeerDown {
  NodeId node;
};

struct Heard {
  NodeId from;
  std::string bytes;
};

// What is there now. Absent: nothing is.
struct Sighting {
  std::string path;
  std::optional<Found> found;
};

// Paths were looked at. Whole: the root was, and what is not among the sightings is as the index has it.
struct Scanned {
  std::string root;
  bool whole = false;
  std::vector<Sighting> sightings;  // folders before what is in them
};

// The root cannot be used: it has vanished, is not mounted, cannot be read. Empty: it can again, once it has been scanned.
struct RootPaused {
  std::string root;
  std::string why;
};

enum class Outcome : uint8_t {
  kDone,
  kChanged,      // it holds something else than was expected: a Scanned with that follows
  kUnavailable,  // no source has that content
  kBlocked,      // something else has to happen first: a folder is not empty, or is not there
  kApart,        // what was to be merged touches the same lines, or is no text
  kFailed,
};

// The answer to Place. Done: `found` is what the path holds now, unless deleted; it differs from what was asked for where this
// host cannot keep something alike, and its content where it was merged. `copy` is what was set aside.
struct Placed {
  PlaceTicket ticket;
  Outcome outcome = Outcome::kDone;
  std::string why;
  Found found;
  Found copy;
  bool moved = false;  // `move_from` is there now, and gone from where it was
};

// The answer to StoreIndex.
struct IndexStored {
  IndexTicket ticket;
  std::string failed;  // why; empty: all of it is on stable storage
};

enum class FileVerb : uint8_t { kConfirm, kRevert, kPush };

// An operator's word on deletes that are held back, or that what is here is to be on all other hosts now. Answered by one
// FileReply.
struct FileCommand {
  RequestId request;
  FileVerb verb = FileVerb::kConfirm;
  std::string root;
  std::string path;  // of kPush: with all that is in it; empty: the root as a whole
};

// The service that writes this root (mode owner) is to run here: from then on what is here counts. `waits`: what the others
// have of it has to be here first, which one Owned answers. Else it runs already.
struct Own {
  std::string root;
  uint64_t epoch = 0;  // of the service
  bool alone = false;  // nobody else runs it, whoever cannot be reached
  bool waits = false;
  uint64_t since_us = 0;            // by this host's clock, in microseconds since the epoch
  std::optional<Duration> max_lag;  // how far behind this host may be; nullopt: as far as it is
};

// It does no longer, or is not to after all.
struct EndOwning {
  std::string root;
};

struct FileTick {};

using FileEvent = std::variant<Configured, PeerUp, PeerDown, Heard, Scanned, RootPaused, Placed,
                               IndexStored, FileCommand, Own, EndOwning, FileTick>;

// --------------------------------------------------------------------------------------- actions

struct Tell {
  NodeId to;
  std::string bytes;
};

// Make that path hold this version, if it still holds what is expected there. Content that this host does not have comes
// from the sources, the likeliest first. What was there is retained, or set aside under another path, where nothing is yet.
struct Place {
  PlaceTicket ticket;
  std::string root;
  std::string path;
  std::optional<Found> expected;  // nullopt: nothing is there
  Entry entry;
  std::vector<NodeId> sources;
  std::string source_path;  // where these have had the content
  std::string set_aside;    // empty: retained
  // A file of this host that holds this very state and is about to be deleted: it is moved there, if it still is what is
  // expected; else it stays, and its content is copied. Empty: none.
  std::string move_from{};
  Found move_expected{};
  // What that version and what is there were both made of: what they make of it together is put in place, with this
  // version's attributes. Empty: the version itself is.
  std::string merge_base{};
  // What is there was made in a run that lost: it is retained until somebody says otherwise.
  bool pin = false;
};

// Look at that path, and say what is there in Scanned; where it is empty, at all.
struct Look {
  std::string root;
  std::string path;
};

struct IndexWrite {
  std::string key;
  std::optional<std::string> value;  // nullopt erases
};

// Durably, all of it or nothing, in the order of the tickets.
struct StoreIndex {
  IndexTicket ticket;
  std::vector<IndexWrite> writes;
};

// Another host's version is in place here.
struct FileChanged {
  std::string root, path;
};

// Two hosts changed it without knowledge of each other. `copy` holds what did not stay; empty: nothing had to be kept.
struct FileConflict {
  std::string root, path, copy;
};

struct FileAlert {
  std::string text;
};

struct FileLog {
  std::string text;
};

struct FileReply {
  RequestId request;
  bool refused = false;
  std::string text;
};

// The answer to Own that waits.
struct Owned {
  std::string root;
  uint64_t epoch = 0;
  std::string refused;  // why; empty: it may run
};

struct FileWake {
  MonoTime at;
};

using FileAction = std::variant<Tell, Place, Look, StoreIndex, FileChanged, FileConflict, FileAlert,
                                FileLog, FileReply, Owned, FileWake>;
using FileActions = std::vector<FileAction>;

using StoredIndex = std::map<std::string, std::string>;

}  // namespace cluster::sync
