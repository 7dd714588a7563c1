// Which other hosts a host has links with: all of them where the hosts file names few, and where it names more, so many
// as the logarithm of their number.
//
// The hosts with an address form a ring, in the order of the hosts file. Each is linked with those 1, 2, 4, 8, … places
// from it, both ways, up to half around. Both ends find the same without a word. Such a graph falls apart only once as
// many hosts have failed as one has links (Boesch and Felzer 1972, "A general class of invulnerable graphs": its offsets
// are convex), and no two hosts are further apart than half of log2 N, and a few. A host without an address cannot be
// dialled: it dials those so many places ahead of its own line.
//
// A place whose host has not been linked for a while is filled by another host between it and the next place, each host
// by another, and the nearest host that is up is linked with either way. Only the end that misses a link makes such a
// one, and only it may end it; so the two need not agree on who is up.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/config.h"

namespace cluster::core {

class Mesh {
 public:
  // As this host knows another.
  struct Standing {
    bool up = false;
    bool missed = false;  // no link with it, for longer than that can be waited for
  };
  using Look = std::function<Standing(HostId)>;

  void configure(const Config& config);

  bool full() const { return full_; }
  // So many hosts that what is new is better told a little later, together: every host hears each record over each link.
  bool crowded() const { return crowded_; }
  // Sparse only, all of it ascending.
  // Of the hosts file alone.
  const std::vector<HostId>& places() const { return places_; }
  // With what fills in now.
  std::vector<HostId> choose(const Look& look) const;
  // Those that can be dialled, but for this host.
  const std::vector<HostId>& others() const { return others_; }
  // Of the two ends this one: so that a pair that starts at once makes one connection, not two.
  bool dials_first(HostId other) const;

 private:
  // A place on the ring, and those up to the next.
  struct Place {
    HostId host;
    std::vector<HostId> others;
  };

  void add_place(size_t offset, bool ahead);
  HostId at(size_t offset, bool ahead) const;
  void add_nearest(const Look& look, bool ahead, std::vector<HostId>& out) const;

  bool full_ = true, crowded_ = false;
  HostId self_;
  bool dynamic_ = false;
  std::vector<HostId> ring_;  // all with an address
  size_t place_ = 0;          // of this host on it; where it has no address: of the next one
  std::vector<Place> wide_;   // all places but the nearest
  std::vector<HostId> places_, others_;
};

}  // namespace cluster::core
