// One simulated host: its folder and its stored index, which outlive every engine, and an engine, which is the very Sync
// that the daemon runs.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "sync/sync.h"
#include "tests/sim/queue.h"
#include "tests/sync/folder.h"

namespace cluster::sync_sim {

inline constexpr char kRoot[] = "data";
inline constexpr RequestId kPushRequest{2};

class World;

class Host {
 public:
  Host(World& world, size_t index, Rng rng);

  void start();
  // What users had replaced or deleted before the disk knew that it had been there: the next engine cannot tell that from
  // what was never put in place.
  std::vector<std::string> crash();
  void lose_state();  // while no engine runs: index and node are new

  bool running() const { return engine_ != nullptr; }
  const sync::Sync& engine() const { return *engine_; }
  size_t index() const { return index_; }
  NodeId node() const { return node_; }
  Folder& folder() { return folder_; }
  const Folder& folder() const { return folder_; }
  uint64_t wall_us() const;
  void set_skew(Duration skew) { skew_ = skew; }
  void set_mode(sync::Mode mode) { mode_ = mode; }
  bool has(const std::string& content) const;
  bool knows(const std::string& path, const std::string& content) const;  // by its index
  void ended(const std::string& path, const std::string& content);        // of which it knows
  const std::set<std::string>& retained() const { return retained_; }

  void linked(const Host& other);
  void unlinked(const Host& other);
  void hear(NodeId from, const std::string& bytes);
  void touched(const std::string& path);  // by a user: the watch may see it
  void scan();
  void pause(bool on);  // its folder cannot be used
  bool paused() const { return paused_; }
  void order(sync::FileVerb verb);
  void push(const std::string& path);  // empty: all
  // Whether the push that was ordered last is of that path.
  bool pushed_last(const std::string& path) const {
    return pushed_.empty() || path == pushed_ || path.starts_with(pushed_ + "/");
  }
  bool braked() const;

  // In mode owner: the service that writes the root. It may outlive the engine.
  void begin_service(uint64_t epoch);  // once the engine agrees
  void end_service();
  bool serves() const { return serves_; }
  bool may_serve() const { return serves_ || asks_; }  // or is about to

  std::function<void(const std::string&)> tell;  // what happens, for a person

 private:
  void step(const sync::FileEvent& event);
  void perform(sync::FileAction& action);
  void perform_place(const sync::Place& place);
  sync::Placed put_in_place(const sync::Place& place);
  void store(sync::StoreIndex index);
  void look(const std::string& path);
  sync::VersionVector stored_version(const std::string& path) const;
  void later(Duration low, Duration high, std::function<void()> task);  // unless the engine dies
  void scan_again();

  World& world_;
  size_t index_;
  Rng rng_;
  NodeId node_;
  uint64_t lives_ = 0;
  Duration skew_{};
  std::string pushed_;
  bool waits_ = false;  // for the answer to that
  bool paused_ = false;
  bool serves_ = false, asks_ = false;
  uint64_t epoch_ = 0, since_us_ = 0;
  sync::Mode mode_ = sync::Mode::kNewer;
  Folder folder_;
  std::set<std::string> retained_;
  std::set<std::string> bases_;  // what has stood here: others can be merged by it
  sync::StoredIndex stored_;
  std::unique_ptr<sync::Sync> engine_;
  uint64_t engine_number_ = 0;
  struct Ended {
    std::string path, content;
    sync::VersionVector version;
  };
  std::vector<Ended> ended_;  // since the engine began
  sim::Instant last_store_{};
};

}  // namespace cluster::sync_sim
