// The operators' settings: a collection that every host holds whole, in which the last writer wins.
//
// Keys: "standby/HOST", "disable/SERVICE", "stop/SERVICE" (value: the run of the cluster in which it
// holds), "move/SERVICE" (value: the host's name), "clear/SERVICE", "restart/SERVICE" (value: a token),
// "readmitted/HOST" (value: the node key let in, and how many there were), "maintenance/HOST" and "kept/SERVICE"
// (maintenance.h), "alert/…" and "silence/NAME" (alerts.h).
// An empty value means: not set; such entries stay, or an old disk would bring the setting back.
// Entries are kept as they came: what a newer version has added, keys or fields, is passed on and stored.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/hlc.h"
#include "core/io.h"
#include "core/node.h"
#include "core/sound.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

inline constexpr size_t kMaxSettings = 16384;
// Of a setting, the last ones; and what each may take.
inline constexpr int kMaxAnnulled = 4;
inline constexpr size_t kMaxAnnulledBytes = 48;
inline constexpr size_t kMaxSettingsBytes = 1 << 20;  // all of them, and again those laid aside

enum class Merged : uint8_t { kApplied, kOld, kTooFarAhead, kInvalid };

class Settings {
 public:
  explicit Settings(NodeId self) : self_(self), clock_(self) {}

  void load(const Stored& stored);

  // A new stamped entry, not yet in force: the caller stores it and then merges it.
  wire::Setting write(WallTime now, const std::string& key, const std::string& value);
  // What is too far ahead, of our clock and of all that is in force already (clocks may have been set back since), is laid
  // aside, for the case that it is our own clock that is wrong.
  Merged merge(WallTime now, const wire::Setting& setting);
  // What was laid aside and no longer is too far ahead; to be merged again.
  std::vector<wire::Setting> due(WallTime now);

  // A peer refuses a setting that is in force here as being ahead of its time. Once as many of the linked hosts whose clock
  // can judge have as have not (this host's own, where it bears the stamp out, is one that has not), the stamp is wrong:
  // then the same value again, stamped by the latest of their clocks, which annuls the former, and what that replaced,
  // wherever they are. nullopt otherwise; and where this host's clock bears it out and another made it, or where others
  // than this host have made stamps, now or before, that are ahead of that peer's clock as well: it is that which is behind.
  std::optional<wire::Setting> refused(WallTime now, const NodeId& by, const wire::Setting& setting,
                                       uint64_t peer_now_us, size_t judges);

  static Write to_write(const wire::Setting& setting);

  const std::string& get(const std::string& key) const;  // empty: not set
  Stamp stamp(const std::string& key) const;
  std::vector<wire::Setting> all() const;
  uint64_t digest() const;

 private:
  struct Refusals {
    Stamp stamp;
    std::set<NodeId> by;
    uint64_t latest_us = 0;
  };

  bool others_are_ahead(uint64_t of_us) const;
  wire::Setting restamp(const std::string& key, uint64_t us);
  void see_all();
  bool put(const wire::Setting& setting);
  bool too_early(const Stamp& stamp, WallTime now) const;
  void lay_aside(const wire::Setting& setting);

  NodeId self_;
  HybridClock clock_;
  std::map<std::string, wire::Setting> entries_;
  size_t entries_bytes_ = 0;
  mutable std::optional<uint64_t> digest_;  // of the entries as they are
  std::map<std::string, wire::Setting> aside_;
  size_t aside_bytes_ = 0;
  std::map<std::string, Refusals> refusals_;
  std::map<std::string, std::deque<Stamp>>
      before_;  // of each key the last stamps that were in force here before
};

}  // namespace cluster::core
