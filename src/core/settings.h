// The operators' settings: a collection that every host holds whole, in which the last writer wins.
//
// Keys: "standby/HOST", "disable/SERVICE", "stop/SERVICE" (value: the run of the cluster in which it
// holds), "move/SERVICE" (value: the host's name), "clear/SERVICE", "restart/SERVICE" (value: a token).
// An empty value means: not set; such entries stay, or an old disk would bring the setting back.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/hlc.h"
#include "core/io.h"
#include "core/node.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

inline constexpr size_t kMaxSettings = 16384;
inline constexpr size_t kMaxSettingBytes = 1024;  // key and value together

struct SettingEntry {
  std::string value;
  Stamp stamp;
};

enum class Merged : uint8_t { kApplied, kOld, kTooFarAhead, kInvalid };

class Settings {
 public:
  explicit Settings(NodeId self) : clock_(self) {}

  void load(const Stored& stored);

  // A new stamped entry, not yet in force: the caller stores it and then merges it.
  wire::Setting write(WallTime now, const std::string& key, const std::string& value);
  Merged merge(WallTime now, const wire::Setting& setting);
  // A peer's clock refused our entry as being ahead of its time: the same value again, stamped just
  // after that peer's time. nullopt where the entry has been replaced meanwhile.
  std::optional<wire::Setting> restamp(const wire::Setting& refused, uint64_t peer_now_us);

  static Write to_write(const wire::Setting& setting);

  const std::string& get(const std::string& key) const;  // empty: not set
  Stamp stamp(const std::string& key) const;
  std::vector<wire::Setting> all() const;
  uint64_t digest() const;

 private:
  HybridClock clock_;
  std::map<std::string, SettingEntry> entries_;
};

}  // namespace cluster::core
