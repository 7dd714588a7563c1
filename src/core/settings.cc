#include "core/settings.h"

#include <algorithm>

#include "base/digest.h"
#include "core/members.h"

namespace cluster::core {

namespace {

constexpr char kPrefix[] = "setting/";
const std::string kUnset;

Stamp stamp_of(const wire::Setting& setting) {
  return Stamp{setting.wall_us(), setting.logical(), node_of(setting.node())};
}

void set_stamp(wire::Setting& out, const Stamp& stamp) {
  out.set_wall_us(stamp.wall_us);
  out.set_logical(stamp.logical);
  out.set_node(stamp.node.raw());
}

bool annuls(const wire::Setting& setting, const Stamp& stamp) {
  return std::any_of(setting.annulled().begin(), setting.annulled().end(),
                     [&](const wire::SettingStamp& of) {
                       return Stamp{of.wall_us(), of.logical(), node_of(of.node())} == stamp;
                     });
}

bool follows(const wire::Setting& setting, const wire::Setting& before) {
  return (stamp_of(setting) > stamp_of(before) && !annuls(before, stamp_of(setting))) ||
         annuls(setting, stamp_of(before));
}

void annul(wire::Setting& in, const Stamp& stamp) {
  if (in.annulled_size() >= kMaxAnnulled) in.mutable_annulled()->erase(in.annulled().begin());
  wire::SettingStamp& out = *in.add_annulled();
  out.set_wall_us(stamp.wall_us);
  out.set_logical(stamp.logical);
  out.set_node(stamp.node.raw());
}

}  // namespace

void Settings::load(const Stored& stored) {
  for (auto it = stored.lower_bound(kPrefix); it != stored.end(); ++it) {
    if (!it->first.starts_with(kPrefix)) break;
    wire::Setting setting;
    if (!setting.ParseFromString(it->second)) continue;
    if (put(setting)) clock_.see(stamp_of(setting));
  }
}

wire::Setting Settings::write(WallTime now, const std::string& key, const std::string& value) {
  wire::Setting out;
  out.set_key(key);
  out.set_value(value);
  set_stamp(out, clock_.make(now));
  if (auto it = entries_.find(key); it != entries_.end())
    *out.mutable_annulled() = it->second.annulled();
  return out;
}

// False: there is no room for it.
bool Settings::put(const wire::Setting& setting) {
  auto it = entries_.find(setting.key());
  const bool fresh = it == entries_.end();
  const size_t others = entries_bytes_ - (fresh ? 0 : it->second.ByteSizeLong());
  const size_t bytes = setting.ByteSizeLong();
  if ((fresh && entries_.size() >= kMaxSettings) || others + bytes > kMaxSettingsBytes)
    return false;
  entries_bytes_ = others + bytes;
  if (!fresh) {
    std::deque<Stamp>& before = before_[setting.key()];
    if (before.size() == kMaxAnnulled) before.pop_front();
    before.push_back(stamp_of(it->second));
  }
  entries_[setting.key()] = setting;
  digest_.reset();
  return true;
}

bool Settings::too_early(const Stamp& stamp, WallTime now) const {
  return stamp.wall_us > clock_.latest().wall_us && too_far_ahead(stamp, now);
}

void Settings::lay_aside(const wire::Setting& setting) {
  auto it = aside_.find(setting.key());
  const bool fresh = it == aside_.end();
  if (!fresh && !follows(setting, it->second)) return;
  const size_t others = aside_bytes_ - (fresh ? 0 : it->second.ByteSizeLong());
  const size_t bytes = setting.ByteSizeLong();
  if ((fresh && aside_.size() >= kMaxSettings) || others + bytes > kMaxSettingsBytes) return;
  aside_bytes_ = others + bytes;
  aside_[setting.key()] = setting;
}

Merged Settings::merge(WallTime now, const wire::Setting& setting) {
  const Stamp stamp = stamp_of(setting);
  if (setting.key().empty() || setting.key().size() + setting.value().size() > kMaxSettingBytes ||
      setting.ByteSizeLong() > kMaxWholeSettingBytes || !stamp.node)
    return Merged::kInvalid;
  auto it = entries_.find(setting.key());
  const bool fresh = it == entries_.end();
  if (!fresh && !follows(setting, it->second)) return Merged::kOld;
  if (too_early(stamp, now)) {
    lay_aside(setting);
    return Merged::kTooFarAhead;
  }
  const bool instead = !fresh && annuls(setting, stamp_of(it->second));
  if (!put(setting)) return Merged::kInvalid;
  clock_.see(stamp);
  if (instead) see_all();
  return Merged::kApplied;
}

std::vector<wire::Setting> Settings::due(WallTime now) {
  std::vector<wire::Setting> out;
  for (auto it = aside_.begin(); it != aside_.end();) {
    if (too_early(stamp_of(it->second), now)) {
      ++it;
      continue;
    }
    aside_bytes_ -= it->second.ByteSizeLong();
    out.push_back(std::move(it->second));
    it = aside_.erase(it);
  }
  return out;
}

std::optional<wire::Setting> Settings::refused(WallTime now, const NodeId& by,
                                               const wire::Setting& setting, uint64_t peer_now_us,
                                               size_t judges) {
  const Stamp stamp = stamp_of(setting);
  auto it = entries_.find(setting.key());
  if (it == entries_.end() || stamp_of(it->second) != stamp) return std::nullopt;
  const bool bears_it_out = was_ever_set(now) && !too_far_ahead(stamp, now);
  if (bears_it_out && (stamp.node != self_ || others_are_ahead(peer_now_us))) return std::nullopt;
  Refusals& refusals = refusals_[setting.key()];
  if (refusals.stamp != stamp) refusals = Refusals{stamp, {}, 0};
  refusals.by.insert(by);
  refusals.latest_us = std::max(refusals.latest_us, peer_now_us);
  if (2 * refusals.by.size() < judges + (bears_it_out ? 1 : 0) ||
      refusals.latest_us >= stamp.wall_us)
    return std::nullopt;
  constexpr size_t kRoom = kMaxAnnulled * kMaxAnnulledBytes;
  if (it->second.ByteSizeLong() + kRoom > kMaxWholeSettingBytes ||
      entries_bytes_ + kRoom > kMaxSettingsBytes)
    return std::nullopt;
  const uint64_t us = refusals.latest_us;
  refusals_.erase(setting.key());
  return restamp(setting.key(), us);
}

bool Settings::others_are_ahead(uint64_t of_us) const {
  const auto shows_it = [&](const Stamp& stamp) {
    return stamp.node != self_ && is_ahead(stamp.wall_us, of_us);
  };
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const auto& entry) { return shows_it(stamp_of(entry.second)); }) ||
         std::any_of(before_.begin(), before_.end(), [&](const auto& of) {
           return std::any_of(of.second.begin(), of.second.end(), shows_it);
         });
}

wire::Setting Settings::restamp(const std::string& key, uint64_t us) {
  wire::Setting& entry = entries_.at(key);
  entries_bytes_ -= entry.ByteSizeLong();
  const Stamp fresh{us, 0, self_};
  for (const Stamp& before : before_[key])
    if (before > fresh && !annuls(entry, before)) annul(entry, before);
  annul(entry, stamp_of(entry));
  set_stamp(entry, fresh);
  digest_.reset();
  entries_bytes_ += entry.ByteSizeLong();
  see_all();
  return entry;
}

// What is in force no longer holds the latest stamp seen: that was wrong.
void Settings::see_all() {
  clock_.forget();
  for (const auto& [key, entry] : entries_) clock_.see(stamp_of(entry));
}

Write Settings::to_write(const wire::Setting& setting) {
  return Write{kPrefix + setting.key(), setting.SerializeAsString()};
}

const std::string& Settings::get(const std::string& key) const {
  auto it = entries_.find(key);
  return it == entries_.end() ? kUnset : it->second.value();
}

Stamp Settings::stamp(const std::string& key) const {
  auto it = entries_.find(key);
  return it == entries_.end() ? Stamp{} : stamp_of(it->second);
}

std::vector<wire::Setting> Settings::all() const {
  std::vector<wire::Setting> out;
  for (const auto& [key, entry] : entries_) out.push_back(entry);
  return out;
}

uint64_t Settings::digest() const {
  if (!digest_) {
    Digest digest;
    for (const auto& [key, entry] : entries_)
      digest.add(key).add(entry.value()).add(entry.wall_us()).add(entry.logical());
    digest_ = digest.value();
  }
  return *digest_;
}

}  // namespace cluster::core
