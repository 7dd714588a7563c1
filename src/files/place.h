// Writing below a root: each change appears whole or not at all, and only where the disk holds what it was taken for.
//
// New content is written beside its target (path.h: kNew) and swapped in by renameat2(2): RENAME_NOREPLACE where nothing is expected, else
// RENAME_EXCHANGE, after which what came out is looked at once more and swapped back unless it is what was expected. A writer that still has
// the old file open goes on writing into the old one, wherever it is kept. Before that, the new one is renamed to a kOld name: whatever stands
// under such a name after a crash is retained, never removed, for it may be the only one of its kind.
//
// Where a file system lacks RENAME_EXCHANGE (EINVAL: NFS, some FUSE, overlayfs with redirects) the old one is renamed away first, so that
// for a moment the path is absent; where it lacks RENAME_NOREPLACE too, link(2) does the same for files, and for the rest a look
// goes before a plain rename.
//
// Owner, mode and attributes are set before a thing appears. What this host cannot keep alike (a user it does not have, ACLs on a
// file system without) is a warning, and `found` says what the disk holds instead: compare later looks with that, or
// this host would take its own shortcoming for an edit.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "files/retained.h"
#include "files/tree.h"

namespace cluster::files {

// What renameat2(2) can do on this file system; it is found out, but tests ask for less.
enum class Renames : uint8_t { kAll, kNoExchange, kPlain };

struct PlaceRules {
  // setuid and setgid of files are set; else left out with a warning. setgid of folders and sticky always are.
  bool allow_setuid = false;
  Renames renames = Renames::kAll;
  // Each change is on the disk when it is told. False: it is once sync() was called, which is for whoever makes many; a crash
  // before leaves of each path what was or what shall be.
  bool sync_each = true;
};

// What becomes of what was there.
struct Discard {};
struct AsConflict {
  std::string name;  // in the same folder, and free
};
struct AsRetained {
  Retained* store = nullptr;
  std::string root;
  std::string label;
  WallTime now;
};
using Keep = std::variant<Discard, AsConflict, AsRetained>;

// What the path must hold: absent, or this. Files and links by signature (renewed by same_signature()), folders by inode and state, for
// their times change with their entries.
using Expected = std::optional<sync::Found>;

struct Outcome {
  enum class Kind : uint8_t {
    kDone,
    kChanged,   // the path does not hold what was expected; nothing was done
    kNoParent,  // its folder is missing, or is no folder
    kNotEmpty,  // a folder that was to go has something in it
    kTaken,     // the name for the conflict copy is in use
    kNoSpace,
    kFailed,
  };
  Kind kind = Kind::kFailed;
  std::string reason;  // a sentence, unless done

  // Of kDone:
  sync::Found found;  // what the path holds now; nothing after remove()
  std::vector<std::string>
      warnings;  // what could not be kept alike, and what else a person should know
  // To be stepped until it is done: what was there stands beside under a kOld name until then.
  std::unique_ptr<Retained::Copying> copying;

  bool done() const { return kind == Kind::kDone; }
};

// A file that is being written. Dropped without commit() or discard() it stays, to be resumed.
class StagedFile {
 public:
  enum class Write : uint8_t { kDone, kDiffers, kNoSpace, kFailed };

  // Its bytes from `offset` on. Runs of zeros stay holes.
  Write write_at(uint64_t offset, std::string_view bytes);
  // `size` bytes (at most kMaxChunkBytes) of another file at `from`, if they have this chunk digest; kDiffers if not, also at
  // that file's end.
  Write copy_from(int source, uint64_t from, uint64_t size, uint64_t to, std::string_view digest);
  // Any number of bytes of another file on the same file system, in the kernel, and without a look at them: for a file that was
  // not resumed(), of a source that has no holes and has not changed since it was read. kDiffers: it cannot be done so.
  Write copy_range(int source, uint64_t from, uint64_t size, uint64_t to);
  // Does it have this chunk there? Only where resumed() need one ask.
  bool holds(uint64_t offset, uint64_t size, std::string_view digest);

  bool resumed() const { return resumed_; }
  const std::string& path() const { return path_; }  // the target's
  int fd() const { return fd_.get(); }               // to read what was staged
  const std::string& error() const { return error_; }

 private:
  friend class Place;
  StagedFile() = default;
  Write failed(const std::string& what, int error);
  void flush_some();
  Write read_chunk(int from, uint64_t offset, uint64_t size, std::string_view digest);

  std::string path_, name_;  // of the target; of itself, in the same folder
  Fd fd_;
  uint64_t size_ = 0;
  bool resumed_ = false;
  uint64_t unflushed_ = 0;  // bytes
  // The attributes that it has got, and whether they and its bytes are on the disk.
  std::optional<sync::FileState> prepared_;
  std::vector<std::string> warnings_;
  bool synced_ = false;
  std::string buffer_, error_;
};

class Place {
 public:
  // `tree` outlives it.
  Place(const Tree& tree, PlaceRules rules) : tree_(tree), rules_(rules) {}

  // Begins, or resumes, the file that is to have this content at `path`.
  std::variant<StagedFile, Outcome> stage(const std::string& path, std::string_view content,
                                          uint64_t size);
  void discard(StagedFile& file);
  // All of its bytes have been written and verified: it gets its attributes, is synced and put in place, with `state.content` and
  // `state.size` as given. May wait for the disk. kNoParent, kChanged and kTaken leave it to be committed again; after the others too it
  // stays, to be resumed or discarded.
  Outcome commit(StagedFile& file, const sync::FileState& state, const Expected& expected,
                 const Keep& keep);

  // For many files, where two syncs each would take longer than all the rest: prepare() gives each its attributes, one sync() writes
  // them all, then each is put in place by commit() without waiting for the disk, and with sync_each = false a last sync({}) ends it.
  void prepare(StagedFile& file, const sync::FileState& state);
  // By syncfs(2), which writes whatever else is waiting on that file system too.
  Status sync(const std::vector<StagedFile*>& prepared);

  // Folders appear with their attributes, and empty.
  Outcome make_folder(const std::string& path, const sync::FileState& state,
                      const Expected& expected, const Keep& keep);
  Outcome make_link(const std::string& path, const sync::FileState& state, const Expected& expected,
                    const Keep& keep);
  // Of what is there already, with this type and content. Not atomic: a crash may leave some set and others not.
  Outcome set_attributes(const std::string& path, const sync::FileState& state,
                         const Expected& expected);
  // A file, a link or an empty folder. What new-named leftovers stand in the folder go with it.
  Outcome remove(const std::string& path, const Expected& expected, const Keep& keep);
  // Within the tree, to a path where nothing stands: the loser of a conflict gets its name.
  Outcome rename(const std::string& from, const std::string& to, const Expected& expected);

  // What a scan found under a name of path.h. kNew: removed. kOld: retained as a version of the path that it was for; a folder
  // with something in it gets its name back. Not for what a StagedFile or a Copying is still about.
  Outcome clear_leftover(const std::string& path, const AsRetained& keep);

 private:
  // Where something is to be put: its opened folder, and its name in there.
  struct Target {
    std::string path, name;
    Fd folder;
  };
  Outcome begin(const std::string& path, Target& target) const;
  Outcome check(const Target& target, const Expected& expected, const Keep& keep) const;
  bool matches(const Target& target, const std::string& name, const Expected& expected,
               bool renamed) const;
  Outcome put(const Target& target, const std::string& staged, const sync::FileState& state,
              const Expected& expected, const Keep& keep, std::vector<std::string> warnings);
  bool clear_folder(const Target& target) const;
  Outcome replace(const Target& target, const std::string& staged, const sync::Found& fresh,
                  const Expected& expected, const Keep& keep);
  Outcome stow(const Target& target, const std::string& old, const Expected& expected,
               const Keep& keep);
  Outcome finish(const Target& target, const sync::FileState& state, const Look* before,
                 std::vector<std::string> warnings) const;
  bool empty(const Target& target, const std::string& name) const;
  std::string free_old_name(const Target& target) const;
  int rename_noreplace(const Target& from, const std::string& old, const Target& to,
                       const std::string& name) const;
  bool sync_folder(const Target& target) const;
  Outcome failed(const std::string& path, const std::string& what, int error) const;

  const Tree& tree_;
  const PlaceRules rules_;
};

}  // namespace cluster::files
