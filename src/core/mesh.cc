#include "core/mesh.h"

#include <algorithm>

#include "base/digest.h"

namespace cluster::core {

namespace {

constexpr size_t kFewHosts = 8;

// The same for nobody else, so that those who miss one host do not all turn to one other.
uint64_t preference(HostId self, HostId candidate) {
  return Digest().add(uint64_t{self.value}).add(uint64_t{candidate.value}).value();
}

void sort_once(std::vector<HostId>& hosts) {
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
}

}  // namespace

void Mesh::configure(const Config& config) {
  *this = Mesh();
  full_ = config.hosts.size() <= config.full_mesh_hosts;
  crowded_ = !full_ || config.hosts.size() > kFewHosts;
  if (full_) return;
  self_ = config.self;
  for (const HostEntry& host : config.hosts) {
    if (host.id == self_) dynamic_ = host.dynamic;
    if (!host.dynamic) ring_.push_back(host.id);
    if (!host.dynamic && host.id != self_) others_.push_back(host.id);
  }
  place_ = static_cast<size_t>(std::lower_bound(ring_.begin(), ring_.end(), self_) - ring_.begin());
  for (size_t offset = 1; offset <= (dynamic_ ? ring_.size() : ring_.size() / 2); offset *= 2) {
    add_place(offset, true);
    if (!dynamic_) add_place(offset, false);
  }
  sort_once(places_);
}

// The host so many places away. One without an address stands just before the place that it would have.
HostId Mesh::at(size_t offset, bool ahead) const {
  const size_t size = ring_.size();
  const size_t steps = dynamic_ ? offset - 1 : offset;
  return ring_[(place_ + (ahead ? steps : size - steps % size)) % size];
}

void Mesh::add_place(size_t offset, bool ahead) {
  places_.push_back(at(offset, ahead));
  if (offset == 1) return;
  Place place{at(offset, ahead), {}};
  const size_t last = dynamic_ ? ring_.size() : ring_.size() / 2;
  for (size_t next = offset + 1; next < 2 * offset && next <= last; ++next)
    place.others.push_back(at(next, ahead));
  std::sort(place.others.begin(), place.others.end(), [&](HostId a, HostId b) {
    return std::make_pair(preference(self_, a), a) < std::make_pair(preference(self_, b), b);
  });
  wide_.push_back(std::move(place));
}

// Whatever lies between them is down, so whoever is up can be reached around the ring.
void Mesh::add_nearest(const Look& look, bool ahead, std::vector<HostId>& out) const {
  const size_t last = dynamic_ ? ring_.size() : ring_.size() - 1;
  for (size_t offset = 1; offset <= last; ++offset) {
    const HostId host = at(offset, ahead);
    const Standing standing = look(host);
    if (!standing.up || standing.missed) continue;
    out.push_back(host);
    return;
  }
}

std::vector<HostId> Mesh::choose(const Look& look) const {
  std::vector<HostId> out = places_;
  if (ring_.empty()) return out;
  add_nearest(look, true, out);
  if (!dynamic_) add_nearest(look, false, out);
  for (const Place& place : wide_) {
    if (!look(place.host).missed) continue;
    const auto fit = std::find_if(place.others.begin(), place.others.end(), [&](HostId host) {
      const Standing standing = look(host);
      return standing.up && !standing.missed;
    });
    if (fit != place.others.end()) out.push_back(*fit);
  }
  sort_once(out);
  return out;
}

bool Mesh::dials_first(HostId other) const {
  if (full_ || dynamic_) return true;
  const auto found = std::lower_bound(ring_.begin(), ring_.end(), other);
  if (found == ring_.end() || *found != other) return true;
  const size_t size = ring_.size();
  const size_t ahead = (static_cast<size_t>(found - ring_.begin()) + size - place_) % size;
  return 2 * ahead == size ? self_ < other : 2 * ahead < size;
}

}  // namespace cluster::core
