// The services file in force: which services there are and where each prefers to run.
//
// Hosts should hold the same file. While they do not, the newest version is in force everywhere (by
// count, then by hash); a host whose own file differs goes along and alerts.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "core/config.h"
#include "core/node.h"
#include "core/sound.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

struct OrdersVersion {
  uint64_t count = 0;
  uint64_t hash = 0;

  auto operator<=>(const OrdersVersion&) const = default;
};

OrdersVersion version_of(const wire::Version& version);
void set_version(wire::Version* out, OrdersVersion version);

struct Order {
  std::string service;
  std::vector<HostId> preference;

  bool has_on_line(HostId host) const {
    return std::find(preference.begin(), preference.end(), host) != preference.end();
  }
  bool operator==(const Order&) const = default;
};

class Orders {
 public:
  void load(const Stored& stored);

  // This host's own services file, at start and at each reload. True: what is in force changed.
  bool read_file(const Config& config);
  // A peer's. True: it is newer, and in force now.
  bool adopt(const wire::Orders& orders);

  OrdersVersion version() const { return version_; }
  const std::vector<Order>& all() const { return orders_; }
  const Order* find(const std::string& service) const;
  // This host's own file differs from what is in force.
  bool file_differs() const { return file_hash_ != version_.hash; }

  const wire::Orders& to_wire() const { return wire_; }
  Write to_write() const;

 private:
  void put(const wire::Orders& orders);

  OrdersVersion version_;
  std::vector<Order> orders_;
  wire::Orders wire_;  // the same as it came, with what a newer version may have added
  uint64_t file_hash_ = 0;
};

}  // namespace cluster::core
