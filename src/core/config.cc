#include "core/config.h"

#include <algorithm>

namespace cluster::core {

namespace {

template <class List, class Matches>
auto* find(const List& list, Matches matches) {
  auto it = std::find_if(list.begin(), list.end(), matches);
  return it == list.end() ? nullptr : &*it;
}

}  // namespace

const char* to_string(Ownership ownership) {
  return ownership == Ownership::kMajority ? "majority" : "peers";
}

const HostEntry* Config::host(HostId id) const {
  const auto it = std::lower_bound(hosts.begin(), hosts.end(), id,
                                   [](const HostEntry& h, HostId wanted) { return h.id < wanted; });
  return it == hosts.end() || it->id != id ? nullptr : &*it;
}

const HostEntry* Config::host(std::string_view name) const {
  return find(hosts, [&](const HostEntry& h) { return h.name == name; });
}

const ServiceEntry* Config::service(std::string_view name) const {
  return find(services, [&](const ServiceEntry& s) { return s.name == name; });
}

}  // namespace cluster::core
