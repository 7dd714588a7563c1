// Walks a tree, or a folder of it, in slices.
#pragma once

#include <dirent.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "files/path.h"
#include "files/tree.h"

namespace cluster::files {

enum class Unseen : uint8_t {
  kUnreadable,  // nothing is known of this path and what is in it: it must not be taken for deleted
  kOtherFileSystem,  // mounted there; what is in it is not part of the tree
  kTooLong,          // a path of more than kMaxPathBytes
};

// All are optional but `found`. None may touch the Scan.
struct ScanCalls {
  // Of what this is false nothing more is asked or told, nor of what is in it.
  std::function<bool(const std::string& path, bool is_folder)> wanted;
  // Is this recorded and to be trusted (trust())? Then there is no found() for it. What is in a folder is walked all the same.
  std::function<bool(const std::string& path, const sync::Signature& signature)> known;
  // A folder before what is in it. kFound, or kOther for a device and the like.
  std::function<void(const std::string& path, const Look& look)> found;
  std::function<void(const std::string& path, Unseen why, const std::string& reason)> unseen;
  // Before the names of this folder are read: the place to watch it, so that no change falls in between.
  std::function<void(const std::string& folder)> entering;
  // What a crash left (path.h), or what is just being written.
  std::function<void(const std::string& path, Leftover kind)> leftover;
};

// Depth first, a folder at a time: its entries, then its folders one by one. Holds the names of one folder, and the paths of
// the folders still to come.
//
// A path that was told of by none of the calls is absent only if Tree::look() says so: what is renamed meanwhile may be told of
// under both of its names or neither, and on some file systems a file just replaced is not listed.
class Scan {
 public:
  enum class Step : uint8_t { kMore, kDone, kFailed };

  // Begins with what is in `folder` ("" is the root), not with itself. `tree` outlives it.
  Scan(const Tree& tree, ScanCalls calls, std::string folder = "");
  ~Scan();
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  // Tells of up to `entries` paths. kFailed: the root is gone, or `folder` is not there; what was told so far holds, of the
  // rest nothing is known.
  Step step(size_t entries);

  uint64_t seen() const { return seen_; }  // paths looked at
  const std::string& error() const { return error_; }

 private:
  struct Name {
    uint64_t inode;
    unsigned char type;  // d_type
    std::string name;
  };

  bool enter(std::string folder);
  void read_names(size_t& budget);
  void leave();
  void visit(const Name& entry);
  void unseen(const std::string& path, Unseen why, const std::string& reason);

  const Tree& tree_;
  ScanCalls calls_;
  std::vector<std::string> pending_;  // folders to enter, the next one last
  bool first_ = true;
  DIR* dir_ = nullptr;  // of the folder that is read
  std::string folder_;
  bool listed_ = false;
  std::vector<Name> names_;  // in the order of inodes, which is that of the disk
  size_t next_ = 0;
  uint64_t seen_ = 0;
  std::string error_;
};

}  // namespace cluster::files
