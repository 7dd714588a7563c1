// What people are shown of a root.
#include <algorithm>

#include "sync/root.h"

namespace cluster::sync {

namespace {

constexpr size_t kMaxFailingShown = 10;

}  // namespace

// What a host lacks that has so much of this index.
void Root::measure(uint64_t has, PeerOfRoot& out) const {
  uint64_t oldest = UINT64_MAX;
  for (auto at = by_sequence_.upper_bound(has); at != by_sequence_.end(); ++at) {
    const Held& held = entries_.at(at->second);
    ++out.behind_files;
    if (!held.deleted) out.behind_bytes += held.state.size;
    oldest = std::min(oldest, held.edited.wall_us);
  }
  if (out.behind_files != 0) out.behind_since = WallTime(microseconds(oldest));
}

RootView Root::view(HostId self) const {
  RootView out;
  out.name = config_.name;
  out.mode = to_string(config_.mode);
  out.owner = owner(self);
  out.paused = why_paused();
  out.scanned = scanned_;
  out.held_back = braked_ ? vanished_.size() : 0;
  out.files = live_;
  out.bytes = live_bytes_;
  for (const auto& [path, offers] : offers_) {
    ++out.missing_files;
    out.missing_bytes += offers.begin()->second.entry.state.size;
  }
  for (const auto& [path, retry] : retries_)
    if (out.failing.size() < kMaxFailingShown) out.failing.push_back(path + ": " + retry.why);
  std::set<HostId> linked{self};
  for (const auto& [node, peer] : peers_) {
    PeerOfRoot one{.host = peer.host, .name = peer.name, .apart = peer.apart, .behind_since = {}};
    if (!peer.greeted && one.apart.empty()) one.apart = "it does not keep this root";
    if (one.apart.empty()) one.apart = peer.paused;
    measure(peer.they_have, one);
    out.peers.push_back(std::move(one));
    linked.insert(peer.host);
  }
  for (const HostId host : config_.hosts) {
    if (linked.contains(host)) continue;
    PeerOfRoot one{.host = host, .name = "", .apart = "", .behind_since = {}, .linked = false};
    const auto gone = gone_.find(host);
    one.known = gone != gone_.end();
    if (one.known) {
      one.name = gone->second.name;
      one.last_seen = gone->second.since;
      measure(gone->second.index_has, one);
    }
    out.peers.push_back(std::move(one));
  }
  std::sort(out.peers.begin(), out.peers.end(),
            [](const PeerOfRoot& a, const PeerOfRoot& b) { return a.host < b.host; });
  return out;
}

}  // namespace cluster::sync
