#include "core/mesh.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "base/rng.h"

namespace cluster::core {
namespace {

const std::vector<uint32_t> kSizes = {33, 40, 64, 100, 257};

// Hosts 1 to `count`; those in `dynamic` have no address.
Config config_of(uint32_t self, uint32_t count, const std::set<uint32_t>& dynamic = {}) {
  Config config;
  config.self = HostId(self);
  for (uint32_t id = 1; id <= count; ++id) {
    const bool mobile = dynamic.contains(id);
    config.hosts.push_back({HostId(id), "h" + std::to_string(id), mobile, mobile ? "" : "a", 0});
  }
  return config;
}

// As all hosts see it once it has been so for long: whoever is down is missed.
class Cluster {
 public:
  explicit Cluster(uint32_t count, const std::set<uint32_t>& dynamic = {}) {
    for (uint32_t id = 1; id <= count; ++id) {
      meshes_[HostId(id)].configure(config_of(id, count, dynamic));
      up_.insert(HostId(id));
    }
  }

  void lose(HostId host) { up_.erase(host); }
  void cut(HostId a, HostId b) { cut_.insert({std::min(a, b), std::max(a, b)}); }
  const Mesh& operator[](uint32_t id) { return meshes_[HostId(id)]; }
  const std::set<HostId>& up() const { return up_; }

  // Of the places alone, or with what fills in for those that are missed.
  std::map<HostId, std::set<HostId>> links(bool filled_in) {
    std::map<HostId, std::set<HostId>> out;
    for (const HostId host : up_) {
      const auto look = [&](HostId other) {
        return Mesh::Standing{up_.contains(other), !up_.contains(other) || is_cut(host, other)};
      };
      const Mesh& mesh = meshes_[host];
      for (const HostId other : filled_in ? mesh.choose(look) : mesh.places()) {
        if (!up_.contains(other) || is_cut(host, other)) continue;
        out[host].insert(other);
        out[other].insert(host);
      }
    }
    return out;
  }

  bool whole(bool filled_in) {
    const auto links_of = links(filled_in);
    std::set<HostId> seen{*up_.begin()};
    std::deque<HostId> queue{*up_.begin()};
    while (!queue.empty()) {
      const auto found = links_of.find(queue.front());
      queue.pop_front();
      if (found == links_of.end()) continue;
      for (const HostId next : found->second)
        if (seen.insert(next).second) queue.push_back(next);
    }
    return seen.size() == up_.size();
  }

 private:
  bool is_cut(HostId a, HostId b) const { return cut_.contains({std::min(a, b), std::max(a, b)}); }

  std::map<HostId, Mesh> meshes_;
  std::set<HostId> up_;
  std::set<std::pair<HostId, HostId>> cut_;
};

TEST(Mesh, IsFullUpTo32Hosts) {
  Mesh mesh;
  mesh.configure(config_of(1, 32));
  EXPECT_TRUE(mesh.full());
  mesh.configure(config_of(1, 33));
  EXPECT_FALSE(mesh.full());
  Config few = config_of(1, 5);
  few.full_mesh_hosts = 4;
  mesh.configure(few);
  EXPECT_FALSE(mesh.full());
}

TEST(Mesh, LinksGrowAsTheLogarithm) {
  for (const uint32_t size : kSizes) {
    Cluster cluster(size);
    for (uint32_t id = 1; id <= size; ++id) {
      const size_t links = cluster[id].places().size();
      EXPECT_LE(links, 2 * static_cast<size_t>(std::log2(size))) << id << " of " << size;
      EXPECT_GE(links, 2 * static_cast<size_t>(std::log2(size)) - 2) << id << " of " << size;
    }
  }
}

TEST(Mesh, BothEndsFindTheSame) {
  for (const uint32_t size : kSizes) {
    Cluster cluster(size);
    const auto has = [&](uint32_t at, uint32_t other) {
      const auto& places = cluster[at].places();
      return std::binary_search(places.begin(), places.end(), HostId(other));
    };
    for (uint32_t a = 1; a <= size; ++a) {
      EXPECT_FALSE(has(a, a));
      for (uint32_t b = a + 1; b <= size; ++b) {
        EXPECT_EQ(has(a, b), has(b, a)) << a << " and " << b << " of " << size;
        EXPECT_NE(cluster[a].dials_first(HostId(b)), cluster[b].dials_first(HostId(a)));
      }
    }
  }
}

TEST(Mesh, WhereAllAreUpNothingIsFilledIn) {
  for (const uint32_t size : kSizes) {
    Cluster cluster(size);
    for (uint32_t id = 1; id <= size; ++id)
      EXPECT_EQ(cluster[id].choose([](HostId) {
        return Mesh::Standing{true, false};
      }),
                cluster[id].places());
  }
}

// Fewer losses than one host has links never part the others, whoever it is.
TEST(Mesh, StandsAnyFewLossesBeforeAnythingIsFilledIn) {
  Rng rng(1);
  for (const uint32_t size : {33u, 64u, 100u}) {
    for (int trial = 0; trial < 60; ++trial) {
      Cluster cluster(size);
      const size_t losses = cluster[1].places().size() - 1;
      if (trial % 3 == 0) {  // all neighbours of one host, but for one
        const HostId victim(static_cast<uint32_t>(rng.below(size)) + 1);
        const auto places = cluster[victim.value].places();
        const size_t spared = rng.below(places.size());
        for (size_t i = 0; i < places.size(); ++i)
          if (i != spared) cluster.lose(places[i]);
      } else {
        const auto from = static_cast<uint32_t>(rng.below(size));
        for (size_t i = 0; i < losses; ++i)
          cluster.lose(trial % 3 == 1 ? HostId((from + static_cast<uint32_t>(i)) % size + 1)
                                      : HostId(static_cast<uint32_t>(rng.below(size)) + 1));
      }
      EXPECT_TRUE(cluster.whole(false)) << "trial " << trial << " of " << size;
    }
  }
}

TEST(Mesh, ManyLossesAreFilledInSoThatItStaysWholeAndSparse) {
  Rng rng(2);
  for (const uint32_t size : {40u, 100u, 257u}) {
    for (int trial = 0; trial < 20; ++trial) {
      Cluster cluster(size);
      const uint32_t losses = size * static_cast<uint32_t>(rng.between(20, 90)) / 100;
      const auto from = static_cast<uint32_t>(rng.below(size));
      for (uint32_t i = 0; i < losses; ++i)
        cluster.lose(trial % 2 == 0 ? HostId((from + i) % size + 1)
                                    : HostId(static_cast<uint32_t>(rng.below(size)) + 1));
      EXPECT_TRUE(cluster.whole(true)) << losses << " of " << size << " in trial " << trial;
      for (const auto& [host, links] : cluster.links(true))
        EXPECT_LE(links.size(), 4 * static_cast<size_t>(std::log2(size)))
            << host.value << " with " << losses << " of " << size << " lost in trial " << trial;
    }
  }
}

// Its neighbours are up and others see them, yet it reaches none: it links with others.
TEST(Mesh, WhoeverReachesNoneOfItsPlacesFindsOthers) {
  Cluster cluster(100);
  const std::vector<HostId> places = cluster[50].places();
  for (const HostId host : places) cluster.cut(HostId(50), host);
  EXPECT_FALSE(cluster.whole(false));
  EXPECT_TRUE(cluster.whole(true));
  EXPECT_GE(cluster.links(true)[HostId(50)].size(), 4U);
}

TEST(Mesh, HostsWithoutAnAddressLinkWithThoseThatHaveOne) {
  std::set<uint32_t> dynamic;
  for (uint32_t id = 3; id <= 60; id += 3) dynamic.insert(id);
  Cluster cluster(60, dynamic);
  EXPECT_TRUE(cluster.whole(false));
  for (uint32_t id = 1; id <= 60; ++id) {
    const auto& places = cluster[id].places();
    EXPECT_TRUE(std::none_of(places.begin(), places.end(), [&](HostId host) {
      return dynamic.contains(host.value);
    })) << id;
    EXPECT_GE(places.size(), 6U) << id;
    EXPECT_LE(places.size(), 10U) << id;
  }
  // Its own line says where it stands.
  EXPECT_EQ(cluster[6].places(), (std::vector<HostId>{HostId(7), HostId(8), HostId(11), HostId(17),
                                                      HostId(29), HostId(53)}));
}

TEST(Mesh, FewHostsWithAnAddressServeAllOthers) {
  std::set<uint32_t> dynamic;
  for (uint32_t id = 3; id <= 50; ++id) dynamic.insert(id);
  Cluster cluster(50, dynamic);
  for (uint32_t id = 3; id <= 50; ++id)
    EXPECT_EQ(cluster[id].places(), (std::vector<HostId>{HostId(1), HostId(2)}));
  cluster.lose(HostId(1));
  EXPECT_TRUE(cluster.whole(true));
  dynamic.insert({1, 2});
  Cluster nobody(50, dynamic);
  EXPECT_TRUE(nobody[7].places().empty());
  EXPECT_TRUE(nobody[7].choose([](HostId) { return Mesh::Standing{}; }).empty());
}

// A line more in the file moves few links.
TEST(Mesh, OneHostMoreMovesFewLinks) {
  Cluster before(100), after(101);
  size_t moved = 0, all = 0;
  for (uint32_t id = 1; id <= 100; ++id) {
    const auto &was = before[id].places(), &is = after[id].places();
    all += was.size();
    moved += static_cast<size_t>(std::count_if(was.begin(), was.end(), [&](HostId host) {
      return !std::binary_search(is.begin(), is.end(), host);
    }));
  }
  EXPECT_LE(moved, all / 6);
}

}  // namespace
}  // namespace cluster::core
