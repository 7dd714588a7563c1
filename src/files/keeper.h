// Keeps files alike with other hosts, on a thread of its own: runs the decisions of src/sync, and performs them on this host's
// disks.
//
// What is said to other hosts, and what people are told, comes through the callbacks, on that thread: they must only enqueue.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/io.h"
#include "files/retained.h"
#include "sync/context.h"
#include "sync/local_root.h"
#include "sync/view.h"

namespace cluster::files {

struct KeeperCalls {
  std::function<void(core::FilesSaid)> say;
  // A frame of content (packing.h), over the link of which FilesPeerUp was said last; lost where that has changed.
  std::function<void(NodeId to, std::string frame)> give;
  std::function<void(const std::string& path)> changed;  // absolute, on this host
  std::function<void(const std::string& path, const std::string& copy)> conflict;
  std::function<void(const std::string& text)> alert;
  std::function<void(const std::string& text)> log;
};

struct Roots {
  std::vector<sync::LocalRoot> roots;
  Duration retain{};  // how long replaced and deleted versions are kept
  Duration tombstone_keep = sync::kTombstoneKeep;  // and deletes remembered for hosts that are away

  bool operator==(const Roots&) const = default;
};

// What an operator asks. `target` is an absolute path of kRestore and kPushPath, a root's name of the others.
struct Request {
  enum class Verb : uint8_t { kRestore, kConfirm, kRevert, kPushPath, kPushRoot };
  Verb verb = Verb::kRestore;
  std::string target;
  std::string version;  // of kRestore
};
// On the keeper's thread: what was done.
using Answer = std::function<void(Result<std::string>)>;

// What is retained of an absolute path, the newest first. On the keeper's thread.
using LogAnswer = std::function<void(Result<std::vector<RetainedVersion>>)>;

// On the keeper's thread: the service may run; or why not.
using Owned = std::function<void(Status)>;

class Keeper {
 public:
  // An error names what is in the way in the state folder.
  static Result<std::unique_ptr<Keeper>> start(const std::string& state_dir, sync::Self self,
                                               uint64_t seed, KeeperCalls calls);
  virtual ~Keeper() = default;

  // Any thread; done in their order.
  virtual void configure(Roots roots) = 0;
  virtual void perform(core::FilesPeerUp action) = 0;
  virtual void perform(core::FilesPeerDown action) = 0;
  virtual void perform(core::FilesHeard action) = 0;  // messages, and frames of content
  virtual void request(Request request, Answer answer) = 0;
  virtual void log(std::string path, LogAnswer answer) = 0;
  // In mode owner. `answer` is called for an order that waits, unless end_owning() or another order comes before.
  virtual void own(sync::Own order, Owned answer) = 0;
  virtual void end_owning(std::string root) = 0;

  // As of a moment ago.
  virtual std::vector<sync::RootView> view() const = 0;
  virtual std::vector<sync::ClockOfPeer> clocks() const = 0;
};

}  // namespace cluster::files
