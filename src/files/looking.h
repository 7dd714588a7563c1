// What one root holds, told to the decisions as it changes: by a watch where that can be had, and by a scan of all now and
// then, which alone suffices.
//
// Files whose signature is not the one in the index are read. Paths are told of in batches: a whole one after each scan, once
// all that had to be read has been; else what the watch, or whoever asked, pointed at.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "files/hash.h"
#include "files/scan.h"
#include "files/tree.h"
#include "files/watch.h"
#include "sync/local_root.h"
#include "sync/root.h"

namespace cluster::files {

// Between two scans of all: where the watch sees every change, and where it does not.
inline constexpr Duration kScanInterval = minutes(10);
inline constexpr Duration kScanIntervalUnwatched = minutes(1);
// A root that cannot be used is tried again.
inline constexpr Duration kReopenInterval = seconds(2);
// Changes are looked at once there have been none for so long, but not later than the other after the first.
inline constexpr Duration kQuietTime = milliseconds(10);
inline constexpr Duration kLongestWait = milliseconds(200);

class Looking {
 public:
  struct World {
    std::function<const sync::Root*()> root;
    std::function<void(sync::Scanned)> scanned;
    std::function<void(const std::string& why)> paused;  // empty: no longer
    std::function<void(const Content&)> read;            // of a file, as it is now
    std::function<void(const std::string& path, Leftover kind)> leftover;
    std::function<void(const std::string& text)> log;
    // Which folder it was when it was scanned last; empty: never.
    std::function<std::string()> known_identity;
    std::function<void(const std::string&)> keep_identity;
  };

  Looking(sync::LocalRoot root, Names& names, World world);

  const sync::LocalRoot& root() const { return root_; }
  Tree* tree() { return tree_ ? &*tree_ : nullptr; }  // null: it cannot be used now
  int fd() const { return watch_ ? watch_->fd() : -1; }

  // Takes some milliseconds at most. True: there is more to do at once.
  bool step(MonoTime now);
  MonoTime next() const;       // when step() is to be called if nothing happens
  void changed(MonoTime now);  // fd() is readable
  void look(MonoTime now, const std::string& path, bool with_contents = true);
  void look_at_all(MonoTime now) { scan_at_ = now; }

 private:
  // What is being looked at, until it is told.
  struct Batch {
    bool whole = false;
    std::map<std::string, std::optional<sync::Found>> sightings;
    std::vector<uint64_t> seen;       // digests of paths, of a whole one
    std::vector<std::string> unseen;  // nothing is known of these, and what is in them
    std::deque<std::string> folders;  // to be scanned yet
    std::deque<std::string> to_read;
    std::unique_ptr<Scan> scan;
    std::unique_ptr<Hasher> hasher;
  };

  void open(MonoTime now);
  void close(MonoTime now, const std::string& why);
  void begin_scan();
  void begin_partial();
  bool step_batch(MonoTime now);
  std::unique_ptr<Scan> scan_of(const std::string& folder);
  void found(const std::string& path, const Look& look);
  void visit(const std::string& path, bool with_contents);
  void absent(const std::string& path);
  void read_next(MonoTime now);
  void add_absent();
  void finish(MonoTime now);
  bool wanted(const std::string& path, bool folder) const;
  std::string known_content(const std::string& path, const sync::Found& seen) const;
  bool suspicious() const;

  const sync::LocalRoot root_;
  Names& names_;
  const World world_;
  std::optional<Tree> tree_;
  std::optional<Watch> watch_;
  bool watches_all_ = false;
  std::string paused_;
  bool scanned_ = false;  // since it was opened
  MonoTime open_at_ = MonoTime::min(), scan_at_ = MonoTime::min();
  std::map<std::string, bool> dirty_;  // with contents
  MonoTime dirty_since_, dirty_last_;
  std::map<std::string, MonoTime> later_;  // files that change while they are read
  std::unique_ptr<Batch> batch_;
};

}  // namespace cluster::files
