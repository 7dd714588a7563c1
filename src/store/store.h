// What this host must not forget: keys and values in one SQLite database, `cluster.db` in the state
// folder, written by one thread that commits all that waits in one transaction (group commit).
//
// Tickets are stored in their order, each whole or not at all; its answer comes when it is on stable
// storage. One instance a state folder, held by a lock on the file `lock` there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "core/io.h"
#include "core/node.h"
#include "store/lock_file.h"

namespace cluster::store {

inline constexpr int kSchemaVersion = 1;
inline constexpr char kDatabaseName[] = "cluster.db";
inline constexpr char kLockName[] = "lock";

// All that Persist ever wrote, for whoever holds the lock and needs no room on the disk. Nothing is changed.
Result<core::Stored> read_stored(const std::string& state_dir);

class Store {
 public:
  // Persisted or PersistFailed, on the store's own thread: must be thread-safe, and only enqueue.
  using Answer = std::function<void(core::Event)>;

  // Creates folder (mode 0700) and database (0600) where they are missing. The error is a sentence
  // that names the file: damaged, written by a newer version, not writable, in use by process N.
  // `held` is the lock, where the caller has it already.
  static Result<std::unique_ptr<Store>> open(const std::string& state_dir, Answer answer,
                                             LockFile held = {});

  // Writes what was given, then ends the thread. Answers may come until it returns.
  virtual ~Store() = default;

  // All that Persist ever wrote, as of open(). Moved out: ask once.
  virtual core::Stored take_stored() = 0;

  virtual void persist(core::Persist request) = 0;

  // The shell's own values, apart from the core's. Any thread. put() is stored in its turn, before the
  // store is closed; nullopt erases. get() sees what was put.
  virtual std::optional<std::string> get(const std::string& key) = 0;
  virtual void put(const std::string& key, std::optional<std::string> value) = 0;

  // Waits until everything given before is stored or has failed.
  virtual void flush() = 0;
};

}  // namespace cluster::store
