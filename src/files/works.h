// All that keeps files alike on one host, on one thread: the decisions, the roots' disks, what is being placed and what others
// ask for. The keeper calls step() again and again.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "files/bases.h"
#include "files/keeper.h"
#include "files/kept_memory.h"
#include "files/link_speed.h"
#include "files/looking.h"
#include "files/packing.h"
#include "files/placing.h"
#include "files/retained.h"
#include "files/serving.h"
#include "store/index.h"
#include "sync/sync.h"

namespace cluster::files {

// Paths that are placed at once.
inline constexpr size_t kMaxPlacing = 256;
// What may be asked of one host and not have come yet.
inline constexpr uint64_t kMaxAskedBytes = 6 << 20;
inline constexpr uint64_t kMaxAskedBytesAtFirst = 1 << 20;  // before its link's speed is known

// Of malloc's, while no content moves: what clusterd keeps anywhere.
inline constexpr int kKeptFreeBytes = 128 << 10;

// Of what is stored beside the index: when a root was confirmed.
inline constexpr char kConfirmedPrefix = 'c';

class Works {
 public:
  Works(std::unique_ptr<store::Index> index, Retained retained, Bases bases, sync::Self self,
        uint64_t seed, KeeperCalls calls);

  void configure(Roots roots);
  void peer_up(const core::FilesPeerUp& peer);
  void peer_down(const core::FilesPeerDown& peer);
  void heard(const core::FilesHeard& heard);
  void request(const Request& request, Answer answer);
  void own(sync::Own order, Owned answer);
  void end_owning(const std::string& root);
  Result<std::vector<RetainedVersion>> log_of(const std::string& path);

  // Some milliseconds of work. True: there is more at once.
  bool step();
  MonoTime next() const;
  std::vector<int> fds() const;  // step() is to be called when one is readable
  void readable(int fd);
  void rested(Duration time) { rested_ += time; }  // somebody waited for fds() and next()

  uint64_t revision() const { return sync_.revision() + revision_; }
  std::vector<sync::RootView> view() const;
  std::vector<sync::ClockOfPeer> clocks() const { return sync_.clocks(); }

 private:
  struct Disk {
    sync::LocalRoot root;
    std::unique_ptr<Looking> looking;
  };
  struct Host {
    uint64_t asked_bytes = 0;
    LinkSpeed speed;
  };
  struct Frame {
    NodeId to;
    std::string bytes;
  };
  struct Ask {
    sync::PlaceTicket ticket;
    NodeId to;
    uint64_t bytes = 0;
  };

  void decide(sync::FileEvent event);
  void perform(sync::FileAction& action);
  void store();
  void send();
  void add_root(const sync::LocalRoot& root);
  Looking::World looking_world(const std::string& name);
  Placing::World placing_world(sync::PlaceTicket ticket);
  std::vector<Placing::Source> sources(const sync::Place& place);
  void begin_placing();
  bool step_placings(MonoTime now);
  void finish_placings(const std::vector<sync::PlaceTicket>& ready,
                       std::vector<sync::PlaceTicket>& done);
  void placed(MonoTime now, sync::PlaceTicket ticket);
  void drop_placings(const std::string& root, const std::string& why);
  void end_asks_of(sync::PlaceTicket ticket);
  Result<Serving::Opened> open(const wire::ContentAsk& ask);
  NodeMap nodes(const std::string& content);
  void clear_leftover(const std::string& name, const std::string& path, Leftover kind);
  void say(NodeId to, const wire::FileMessage& message);
  void given(NodeId from, const Bulk& bulk, uint64_t came);  // bytes of the whole frame
  void expire(MonoTime now);
  std::string absolute(const std::string& root, const std::string& path) const;
  // The root that an absolute path is in, and where.
  std::pair<Disk*, std::string> find(const std::string& path);

  // works_bases.cc: what files in mode `merge` hold, for when they are
  void note_base(const std::string& root, const std::string& path);
  bool step_bases();
  void keep_base(const std::string& root, const std::string& path);
  void forget_bases();

  // works_owner.cc
  void owned(const sync::Owned& answer);
  bool is_spared(const RetainedVersion& version) const;
  std::optional<Result<std::string>> confirm_pinned(const std::string& root);

  // works_requests.cc
  Result<std::string> restore(const std::string& path, const std::string& version);

  const KeeperCalls calls_;
  const std::unique_ptr<store::Index> index_;
  Retained retained_;
  Bases bases_;
  std::deque<std::pair<std::string, std::string>> bases_due_;  // root and path
  Names names_;
  std::map<std::string, std::string> identities_;  // of the roots' folders
  std::map<std::string, WallTime> confirmed_;      // roots: what was pinned before is no longer
  std::map<std::string, Owned> owns_asked_;        // by root
  sync::Sync sync_;
  Duration retain_{};
  std::map<std::string, Disk> disks_;
  std::map<NodeId, Host> hosts_;
  std::deque<sync::Place> to_place_;
  std::map<sync::PlaceTicket, std::unique_ptr<Placing>> placings_;
  std::map<uint64_t, Ask> asks_;
  Duration rested_{};
  uint64_t next_ask_ = 0;
  Serving serving_;
  KeptMemory memory_{kKeptFreeBytes};
  std::deque<sync::FileEvent> events_;
  std::deque<sync::StoreIndex> to_store_;
  std::vector<std::variant<core::FilesSaid, Frame>> to_send_;
  bool deciding_ = false;
  MonoTime wake_ = sync::kNever, expire_at_ = MonoTime::min();
  std::unique_ptr<Retained::Sweep> sweep_;
  std::map<RequestId, Answer> answers_;
  uint64_t next_request_ = 0;
  MonoTime show_at_ = MonoTime::min();  // what is on its way
  uint64_t revision_ = 0;
};

}  // namespace cluster::files
