// Brings one path to a version: gets what its content needs, from this host's disks where that is there and from others where
// not, and puts it in place. A Place of src/sync, performed in steps.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "files/bases.h"
#include "files/cut.h"
#include "files/merging.h"
#include "files/node_list.h"
#include "files/place.h"
#include "sync/io.h"
#include "wire/files.pb.h"

namespace cluster::files {

// What is asked for at once, and for how long an answer is waited for.
inline constexpr uint64_t kMaxAskBytes = 512 << 10;
inline constexpr size_t kMaxAskParts = 128;
inline constexpr Duration kAskTime = seconds(20);
// Chunks for which a basis is told without that any has become shorter by it.
inline constexpr size_t kMaxDeltasUnpaid = 256;

class Placing {
 public:
  // A file of this host that has some of the content.
  struct Source {
    const Tree* tree = nullptr;
    std::string path;
    std::string content;
    uint64_t size = 0;
    sync::Signature signature;  // when it had all of that
  };
  struct World {
    std::function<NodeMap(const std::string& content)> nodes;  // as stored; empty: none
    std::function<void(const std::string& content, const std::string& nodes)> keep_nodes;
    std::function<std::vector<Source>(const sync::Place&)> sources;  // the likeliest first
    // Sends it; 0: there is no room on the way to that host now, or it is gone.
    std::function<uint64_t(NodeId to, wire::ContentAsk ask, uint64_t bytes)> ask;
    std::function<bool(NodeId)> linked;
    std::function<WallTime()> wall;
  };
  enum class Step : uint8_t {
    kMore,     // step() again at once
    kWaiting,  // for others
    kReady,    // all that it needs is here: finish()
    kDone,     // take_answer()
  };

  // All references outlive it.
  Placing(sync::Place place, const Tree& tree, PlaceRules rules, Retained& retained, Bases& bases,
          World world);

  Step step(MonoTime now);
  // Puts it in place. Where there are several, prepare() them, sync() the files of each tree together, finish() each as one of
  // many, and sync() once more before anybody is told.
  void prepare();
  StagedFile* staged() { return staged_ && !merges() ? &*staged_ : nullptr; }
  Step finish(bool of_many);
  void may_be_lost(const std::string& why);  // the last sync() has failed
  // False: nothing of this was asked for here.
  // `beside`: the bytes of its parts, one after the other.
  bool given(MonoTime now, const wire::ContentGiven& answer, std::string_view beside);
  void peer_down(NodeId node);

  const sync::Place& order() const { return order_; }
  sync::Placed take_answer() { return std::move(answer_); }
  const std::vector<std::string>& warnings() const { return warnings_; }
  // Of the file's bytes: how many it has, for who looks at a long one.
  uint64_t bytes_here() const { return bytes_here_; }
  // Since when it is under way; nullopt: it has not begun, or needs no content.
  std::optional<MonoTime> since() const { return since_; }

 private:
  struct NodeWanted {
    uint64_t size = 0;
    int level = 0;  // 0: any, the root
    std::vector<uint64_t> offsets;

    bool may_be_chunk() const { return level == 0 && size <= kMaxChunkBytes; }
  };
  struct ChunkWanted {
    uint64_t size = 0;
    std::vector<uint64_t> offsets;
  };
  struct Asked {
    NodeId to;
    std::set<std::string> digests;
    MonoTime until;
  };

  Step begin();
  bool needs_content() const;
  bool moves() const { return !order_.move_from.empty() && !cannot_move_; }
  bool merges() const { return !order_.merge_base.empty(); }
  Step begin_merge();
  Step step_merge(MonoTime now);
  Result<std::string> text_here() const;
  Step put_merged(const std::string& text);
  Outcome put_what_needs_no_content(Place& place);
  void cannot_be_written(StagedFile::Write write);
  void learn_sources();
  void resolve(const std::string& digest, uint64_t size, int level, uint64_t offset);
  void take_node(const std::string& digest, std::string_view bytes, const ParsedNode& node,
                 uint64_t offset);
  void need_chunk(const std::string& digest, uint64_t size, uint64_t offset);
  void copy_some();
  bool copy_run();
  void check_copied();
  void ask_for_more(MonoTime now);
  bool take_part(const std::string& digest, std::string_view bytes);
  std::map<uint64_t, Asked>::iterator forget(std::map<uint64_t, Asked>::iterator asked);
  std::optional<NodeId> best_source() const;
  // placing_delta.cc: a chunk as what differs from what was there
  std::string former_bytes(uint64_t offset, uint64_t size) const;
  void tell_basis(wire::ContentAsk::Part& part, uint64_t offset, uint64_t size);
  void take_delta(const std::string& digest, std::string_view delta);
  Step ended(Outcome outcome);
  Step refuse(sync::Outcome outcome, const std::string& why);
  Keep keep() const;

  const sync::Place order_;
  const Tree& tree_;
  Place place_, of_many_;
  Retained& retained_;
  Bases& bases_;
  const World world_;
  bool begun_ = false, done_ = false, cannot_move_ = false;
  std::optional<StagedFile> staged_;
  std::unique_ptr<Retained::Copying> copying_;
  std::unique_ptr<Merging> merging_;

  NodeMap nodes_, known_nodes_;  // of this content; of any that this host has
  std::map<std::string, std::pair<size_t, uint64_t>> local_chunks_;  // in which source, and where
  std::vector<Source> local_;
  std::vector<Fd> local_fds_;
  std::optional<size_t> former_;  // of these, the file that is to be replaced
  size_t deltas_left_ = kMaxDeltasUnpaid;
  std::vector<bool> trusted_;  // of these, whether they are as they were when they were read
  struct Copy {
    std::string digest;
    uint64_t size, offset;
  };
  std::vector<Copy> to_copy_;  // the last first
  std::vector<Copy> copied_;   // unverified, for as long as their sources do not change
  bool recheck_ = false;       // what is staged may not be what it was copied for
  std::map<std::string, NodeWanted> nodes_wanted_;
  std::map<std::string, ChunkWanted> chunks_wanted_;
  std::set<std::string> asked_digests_;
  std::map<uint64_t, Asked> asked_;  // by request
  std::set<NodeId> useless_;         // do not have it
  std::string missing_why_;
  uint64_t bytes_here_ = 0;
  std::optional<MonoTime> since_;

  sync::Placed answer_;
  std::vector<std::string> warnings_;
};

}  // namespace cluster::files
