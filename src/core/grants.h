// What this host has granted as a voter of ownership `majority`, and must not forget: docs/ownership.md.
//
// A grant is answered only once it is stored. It lives for its length from the receipt of what asked for it, renewals
// included; after a restart for its length from then on.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/context.h"
#include "core/node.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

inline constexpr size_t kMaxGrants = 4096;

class Grants {
 public:
  void load(const Stored& stored, MonoTime now);

  // nullopt, or why `from` does not get it. held: it owns that epoch, and renews.
  std::optional<wire::Answer::Verdict> against(MonoTime now, const NodeId& from,
                                               const std::string& service, uint64_t epoch,
                                               bool held) const;
  // That very grant has been given; stored: it may be answered again.
  bool given(const NodeId& from, const std::string& service, uint64_t epoch) const;
  bool stored(const NodeId& from, const std::string& service, uint64_t epoch) const;

  // What is to be stored before it is answered.
  Write give(MonoTime now, const NodeId& from, const std::string& service, uint64_t epoch,
             Duration length);
  void was_stored(const NodeId& from, const std::string& service, uint64_t epoch);
  // It could not be stored, so nobody has been told: it is over.
  void drop(const NodeId& from, const std::string& service, uint64_t epoch);
  // It begins anew.
  void prolong(MonoTime now, const std::string& service);
  // nullopt: that grant is none, or over already.
  std::optional<Write> release(const NodeId& from, const std::string& service, uint64_t epoch);
  // Others know of that epoch; nullopt: so does this host. A live grant goes on beside it.
  std::optional<Write> hear(MonoTime now, const std::string& service, uint64_t epoch);

  // Nobody but these nodes is granted these services, and their grants have no end meanwhile.
  void leave_alone(std::map<std::string, NodeId> kept) { kept_ = std::move(kept); }

  // Who has a live grant, and is not `than`; 0: nobody.
  NodeId holder(MonoTime now, const std::string& service, const NodeId& than) const;
  uint64_t epoch(const std::string& service) const;
  std::vector<std::pair<std::string, uint64_t>> epochs() const;
  MonoTime next_end(MonoTime now) const;

 private:
  struct Grant {
    NodeId to;  // 0: known from others
    uint64_t epoch = 0;
    uint64_t told = 0;  // that others know of, where it is no lower; else 0
    Duration length{};
    MonoTime ends = MonoTime::min();
    bool stored = false;
    bool over = false;

    uint64_t highest() const { return std::max(epoch, told); }
  };

  static Write to_write(const std::string& service, const Grant& grant);
  const Grant* find(const std::string& service) const;

  std::map<std::string, Grant> grants_;
  std::map<std::string, NodeId> kept_;
};

}  // namespace cluster::core
