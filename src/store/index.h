// What this host knows of the files that it keeps alike with others: `files.db` in the state folder, apart from what services
// depend on, so that no lease waits behind ten thousand files. For one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "sync/io.h"

namespace cluster::store {

inline constexpr char kIndexName[] = "files.db";

class Index {
 public:
  // A damaged one is moved aside, and `lost` says so: what is on the disks tells nearly all of it again. An error: none can be had.
  static Result<std::unique_ptr<Index>> open(const std::string& state_dir, std::string* lost);

  // All that write() ever wrote, as of open(). Moved out: ask once.
  sync::StoredIndex take_stored() { return std::move(stored_); }

  // All of it or nothing, on stable storage when it returns.
  Status write(const std::vector<sync::IndexWrite>& writes);

  // The nodes of a content's tree (files/content.h), by its digest. Not synced: they can be made again.
  Result<std::optional<std::string>> nodes(const std::string& digest);
  Status keep_nodes(const std::string& digest, const std::string& nodes);

 private:
  explicit Index(Database database) : database_(std::move(database)) {}

  Database database_;
  sync::StoredIndex stored_;
};

}  // namespace cluster::store
