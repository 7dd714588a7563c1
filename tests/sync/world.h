// All hosts of one run, what links them, what users do, and what must be true of it.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sync/host.h"

namespace cluster::sync_sim {

struct Result {
  std::string broken;  // an invariant, and how; empty: none
  std::string log;     // all that happened, where that was asked for
};

inline std::pair<size_t, size_t> pair_of(size_t a, size_t b) {
  return {std::min(a, b), std::max(a, b)};
}

inline std::string name_of(const Host& host) {
  return std::string(1, static_cast<char>('A' + host.index()));
}

inline bool is_copy(const std::string& path) {
  return path.find(".conflict-") != std::string::npos;
}

class World {
 public:
  World(uint64_t seed, bool told);

  Result run();

  // For hosts.
  sim::Queue& queue() { return queue_; }
  void send(const Host& from, NodeId to, std::string bytes);
  std::vector<HostId> host_ids() const;
  void started(Host& host);
  void stopped(Host& host);
  bool source_has(const Host& asker, const std::vector<NodeId>& sources,
                  const std::string& content);
  // What two edits of one file make of it; nullopt: they touch the same lines.
  std::optional<std::string> merged(const std::string& base, const std::string& one,
                                    const std::string& other);
  Duration tombstone_keep() const { return tombstone_keep_; }
  size_t placed_at_once() const { return placed_at_once_; }
  bool collects() const { return tombstone_keep_ < hours(1); }
  void was_away(const Host& host);
  void was_overruled(
      char host);  // by its letter: what it made while it was away, by one that was not
  void pushed(const Host& host);  // so it was told, of something
  bool fenced() const { return fenced_; }
  void placed_below_a_service(const Host& host, const std::string& path);
  bool disk_fails(Rng& rng) const { return rng.chance(disk_failing_); }
  void stored(const Host& host, const std::string& value, const std::string& key);

 private:
  Host* of(NodeId node);
  bool linked(size_t a, size_t b) const { return links_.contains(pair_of(a, b)); }
  void link(size_t a, size_t b);
  void cut(size_t a, size_t b);
  void meet(Host& a, Host& b);

  void something_happens();
  void user_acts(Host& host);
  void write(Host& host, const std::string& path);
  void put(Host& host, const std::string& path, const sync::FileState& state);
  void make_folder(Host& host, const std::string& path, uint32_t mode);
  void remove(Host& host, const std::string& path);
  void move(Host& host, const std::string& from, const std::string& to);
  std::string some_path(Host& host, bool must_exist);
  using Parts = std::set<std::string>;
  // A user replaces or deletes what is there, but for what is carried over.
  void end_of(Host& host, const std::string& path, const Parts& carried = {});
  void say_nothing_of(const std::string& content);
  Parts carried_over(const std::optional<sync::Found>& from);
  void nothing_said_of(Host& host);

  void move_service(Host& host);
  void settle_services();
  void set_clock(Host& host, bool wrong);
  void make_peace();
  bool at_rest() const;
  void check_end();
  void broken(const std::string& what);
  void tell(const std::string& what);

  const bool told_;
  Rng rng_;
  sim::Queue queue_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::set<std::pair<size_t, size_t>> links_;
  std::map<std::pair<NodeId, NodeId>, sim::Instant> arrival_;  // of what was sent last, in order
  std::map<std::pair<size_t, size_t>, uint64_t> link_number_;
  double disk_failing_ = 0;
  sync::Mode mode_ = sync::Mode::kNewer;
  // In mode owner: no two hosts ever run the service at once, and each with a higher epoch. Else one on each side of a
  // partition may, for as long as that lasts.
  bool fenced_ = false;
  uint64_t epoch_ = 0;
  Duration tombstone_keep_ = hours(24 * 90);
  size_t placed_at_once_ = sync::kPlacedAtOnce;

  uint64_t contents_ = 0;
  std::map<std::string, Parts> parts_;     // of a content: what users wrote that it has in it
  std::set<std::string> written_;          // by users
  std::set<std::string> replaced_;         // or deleted, by a user who had it there
  std::set<std::string> replaced_copies_;  // likewise, where it had been kept beside
  Parts dropped_;                          // with these, and not carried over
  std::set<std::string> free_;             // of which nothing can be said
  std::set<size_t> away_;                  // hosts that have missed deletes
  std::map<size_t, std::set<std::string>> ended_by_;  // of replaced_, by whose user
  std::map<std::string, std::string> meaning_;        // of a path's version
  Result result_;
};

Result run(uint64_t seed, bool told);

}  // namespace cluster::sync_sim
