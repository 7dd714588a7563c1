#include "core/orders.h"

#include <algorithm>

#include "base/digest.h"

namespace cluster::core {

namespace {

constexpr char kKey[] = "orders";

uint64_t hash_of(const std::vector<Order>& orders) {
  Digest digest;
  for (const Order& order : orders) {
    digest.add(order.service);
    for (HostId host : order.preference) digest.add(uint64_t{host.value});
    digest.add(uint64_t{0});
  }
  return digest.value();
}

std::vector<Order> from_wire(const wire::Orders& orders) {
  std::vector<Order> out;
  for (const auto& order : orders.orders()) {
    Order& added = out.emplace_back();
    added.service = order.service();
    for (uint32_t host : order.hosts()) added.preference.emplace_back(host);
  }
  return out;
}

wire::Orders wire_of(OrdersVersion version, const std::vector<Order>& orders) {
  wire::Orders out;
  set_version(out.mutable_configuration(), version);
  for (const Order& order : orders) {
    auto* added = out.add_orders();
    added->set_service(order.service);
    for (HostId host : order.preference) added->add_hosts(host.value);
  }
  return out;
}

}  // namespace

OrdersVersion version_of(const wire::Version& version) { return {version.count(), version.hash()}; }

void set_version(wire::Version* out, OrdersVersion version) {
  out->set_count(version.count);
  out->set_hash(version.hash);
}

void Orders::load(const Stored& stored) {
  auto it = stored.find(kKey);
  wire::StoredOrders kept;
  if (it == stored.end() || !kept.ParseFromString(it->second)) return;
  put(kept.in_force());
  file_hash_ = kept.file_hash();
}

void Orders::put(const wire::Orders& orders) {
  version_ = version_of(orders.configuration());
  orders_ = from_wire(orders);
  wire_ = orders;
}

bool Orders::read_file(const Config& config) {
  std::vector<Order> file;
  for (const ServiceEntry& service : config.services)
    file.push_back({service.name, service.preference});
  const uint64_t hash = hash_of(file);
  const bool edited = hash != file_hash_ || version_.count == 0;
  file_hash_ = hash;
  if (!edited || (hash == version_.hash && version_.count != 0)) return false;
  put(wire_of({version_.count + 1, hash}, file));
  return true;
}

bool Orders::adopt(const wire::Orders& orders) {
  const OrdersVersion version = version_of(orders.configuration());
  if (version <= version_) return false;
  if (hash_of(from_wire(orders)) != version.hash) return false;
  put(orders);
  return true;
}

const Order* Orders::find(const std::string& service) const {
  auto it = std::find_if(orders_.begin(), orders_.end(),
                         [&](const Order& o) { return o.service == service; });
  return it == orders_.end() ? nullptr : &*it;
}

Write Orders::to_write() const {
  wire::StoredOrders kept;
  *kept.mutable_in_force() = wire_;
  kept.set_file_hash(file_hash_);
  return Write{kKey, kept.SerializeAsString()};
}

}  // namespace cluster::core
