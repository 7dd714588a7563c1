// Versions that were replaced or deleted, outside of the tree.
//
// FOLDER/ROOT/HASH/ID.meta and ID.data, where ROOT is the root's name and HASH the first 16 digits of SHA-256(path). ID begins with the time it was
// kept. The meta is written first (ID.tmp, synced, renamed), then the data is renamed into place, or copied to ID.copy,
// synced and renamed: data has a meta at any time, and what a crash leaves (a .tmp, a .copy, a meta without its data) expire()
// removes. Links and folders are a meta alone. Folders have mode 0700, files 0600, whatever they had in the tree.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "posix/fd.h"
#include "sync/file_state.h"

namespace cluster::files {

// With which the label begins of what expire() is to spare until its root is confirmed.
inline constexpr std::string_view kPinned = "kept until it is confirmed: ";

struct RetainedVersion {
  std::string id;  // names it together with root and path
  std::string root;
  std::string path;
  sync::FileState state;  // `content` is empty where it was not known
  std::string label;      // the version, in the words of whoever kept it
  WallTime kept;

  bool pinned() const { return std::string_view(label).starts_with(kPinned); }
  bool operator==(const RetainedVersion&) const = default;
};

class Retained {
  struct Shared;

 public:
  // Makes the folder. Nothing else writes there.
  static Result<Retained> open(const std::string& folder);

  // A file on another file system, or one with other hard links (whose bytes may change under another name): copied in steps,
  // by reference where that can be, and then removed from where it was. Dropped before it is done, the file stays there.
  class Copying {
   public:
    enum class Step : uint8_t { kMore, kDone, kFailed };
    Step step(uint64_t max_bytes);
    const std::string& error() const { return error_; }
    ~Copying();
    Copying(const Copying&) = delete;
    Copying& operator=(const Copying&) = delete;

   private:
    friend class Retained;
    Copying() = default;
    Step begin();
    Step end();
    Step fail(const std::string& what);

    std::shared_ptr<Shared> shared_;
    Fd source_, source_folder_, target_, target_folder_;
    std::string source_name_, id_;
    std::string key_;  // among the active ones
    uint64_t offset_ = 0, size_ = 0;
    bool done_ = false;
    std::string buffer_, error_;
  };

  // Takes what stands as `name` in the opened folder (a file, link or empty folder) out of it. nullptr: done. Else the copying
  // that is left to do, until which it stands there; not longer than this. An error: it stands there. `version.id` is not read.
  Result<std::unique_ptr<Copying>> keep(int folder, const std::string& name,
                                        const RetainedVersion& version);

  // The newest first.
  Result<std::vector<RetainedVersion>> list(const std::string& root, const std::string& path) const;
  // The data of a file.
  Result<Fd> open_version(const RetainedVersion& version) const;
  Status remove(const RetainedVersion& version);

  // Goes over everything, a path at a time: versions kept before `before` are removed unless `spare` says to keep them, and what
  // crashes left. It may outlive the store.
  class Sweep {
   public:
    // False: done. What cannot be removed is skipped, and told by error().
    bool step(size_t paths);
    size_t removed() const { return removed_; }
    const std::string& error() const { return error_; }

   private:
    friend class Retained;
    void path(const std::string& folder);

    std::shared_ptr<Shared> shared_;
    WallTime before_;
    std::function<bool(const RetainedVersion&)> spare_;
    std::function<void(const RetainedVersion&)> each_;
    std::vector<std::string> roots_, paths_;  // still to come
    std::string root_;
    size_t removed_ = 0;
    std::string error_;
  };
  Sweep expire(WallTime before, std::function<bool(const RetainedVersion&)> spare = {});
  // Tells of every version of a root (of all: ""), in no order, and removes nothing.
  Sweep visit(const std::string& root, std::function<void(const RetainedVersion&)> each);

 private:
  std::shared_ptr<Shared> shared_;  // with what is copied and swept
};

}  // namespace cluster::files
