// The decisions about files of one host: its roots, and what is said with others about them. Deterministic: all that comes out
// follows from what went in.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "sync/context.h"
#include "sync/io.h"
#include "sync/root.h"
#include "sync/view.h"

namespace cluster::sync {

class Sync {
 public:
  // `stored` is all that StoreIndex ever wrote; the seed comes from getrandom(2).
  Sync(Self self, const StoredIndex& stored, uint64_t seed);

  // Time never goes back between calls. Actions are appended, to be performed in order.
  void step(Now now, const FileEvent& event, FileActions& out);

  const Root* root(const std::string& name) const;  // that is configured; null: none
  std::vector<RootView> view() const;
  std::vector<ClockOfPeer> clocks() const;  // by IDs
  std::string unrest() const;               // of the first root that is not at rest; empty: all are

  // Grows with whatever may have changed a view.
  uint64_t revision() const { return revision_; }

 private:
  struct PeerOfHost {
    HostId host;
    std::string name;
    std::map<std::string, wire::RootHello> hellos;  // the newest about each root that it has
    std::optional<Duration> clock;                  // its wall clock less the time of this host
  };

  void on(Context& context, const Configured& event);
  void on(Context& context, const PeerUp& event);
  void on(Context& context, const PeerDown& event);
  void on(Context& context, const Heard& event);
  void on(Context& context, const Scanned& event);
  void on(Context& context, const RootPaused& event);
  void on(Context& context, const Placed& event);
  void on(Context& context, const IndexStored& event);
  void on(Context& context, const FileCommand& event);
  void on(Context& context, const Own& event);
  void on(Context& context, const EndOwning& event);
  void on(Context&, const FileTick&) {}
  void meet(Context& context, Root& root);
  void judge_clock(Context& context);
  void tell_clock(Context& context, const NodeId& node);
  std::optional<Duration> lead(Duration own) const;
  Root* configured(const std::string& name);

  const Self self_;
  Rng rng_;
  Numbers numbers_;
  std::map<std::string, Root> roots_;  // those of before as well
  std::set<std::string> configured_;
  std::map<NodeId, PeerOfHost> peers_;
  std::optional<Duration> clock_told_;  // of this host, likewise
  std::string wrong_clock_;             // how, as far as the others can tell; empty: it is not
  bool clock_is_sure_ = false;          // by those of others
  MonoTime woken_at_ = kNever;
  uint64_t revision_ = 0;
};

}  // namespace cluster::sync
