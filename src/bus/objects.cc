#include "bus/objects.h"

#include <algorithm>

#include "bus/status.h"

namespace cluster::bus {
namespace {

constexpr double kRttUnknown = -1;

// One property: what it is called, and its value of a host or a service.
template <class Item>
struct Field {
  const char* name;
  const char* signature;
  Change change;
  void (*write)(sdbus::Message&, const Item&);
  bool (*same)(const Item&, const Item&);
};

std::vector<uint32_t> values(const std::vector<HostId>& ids) {
  std::vector<uint32_t> out;
  out.reserve(ids.size());
  for (HostId id : ids) out.push_back(id.value);
  return out;
}

// A value from an expression in `x`, so that what is sent and what is compared are one thing.
#define CLUSTER_FIELD(item, name, signature, change, value)                              \
  Field<item> {                                                                          \
    name, signature, change, [](sdbus::Message& out, const item& x) { out << (value); }, \
        [](const item& before, const item& after) {                                      \
          const auto of = [](const item& x) { return value; };                           \
          return of(before) == of(after);                                                \
        }                                                                                \
  }

const Field<core::HostView> kHostFields[] = {
    CLUSTER_FIELD(core::HostView, "Address", "s", Change::kSignalled, x.address),
    CLUSTER_FIELD(core::HostView, "Id", "u", Change::kConstant, x.id.value),
    CLUSTER_FIELD(core::HostView, "LastSeen", "s", Change::kSilent,
                  x.last_seen ? iso8601(*x.last_seen) : std::string()),
    CLUSTER_FIELD(core::HostView, "Maintenance", "b", Change::kSignalled, x.maintenance),
    CLUSTER_FIELD(core::HostView, "Name", "s", Change::kConstant, x.name),
    CLUSTER_FIELD(core::HostView, "Path", "s", Change::kSignalled,
                  std::string(x.up&& x.path != core::Path::kNone ? core::to_string(x.path) : "")),
    CLUSTER_FIELD(core::HostView, "RttMilliseconds", "d", Change::kSilent,
                  x.rtt ? to_seconds(*x.rtt) * 1e3 : kRttUnknown),
    CLUSTER_FIELD(core::HostView, "Settled", "b", Change::kSignalled, x.settled),
    CLUSTER_FIELD(core::HostView, "Standby", "b", Change::kSignalled, x.standby),
    CLUSTER_FIELD(core::HostView, "State", "s", Change::kSignalled,
                  std::string(x.up ? "up" : "down")),
    CLUSTER_FIELD(core::HostView, "Version", "s", Change::kSignalled, x.version),
    CLUSTER_FIELD(core::HostView, "Via", "u", Change::kSignalled, x.via.value),
};

const Field<core::ServiceView> kServiceFields[] = {
    CLUSTER_FIELD(core::ServiceView, "Disabled", "b", Change::kSignalled, x.disabled),
    CLUSTER_FIELD(core::ServiceView, "Epoch", "t", Change::kSignalled, x.epoch),
    CLUSTER_FIELD(core::ServiceView, "Host", "u", Change::kSignalled, x.host.value),
    CLUSTER_FIELD(core::ServiceView, "MovedTo", "u", Change::kSignalled, x.moved_to.value),
    CLUSTER_FIELD(core::ServiceView, "Name", "s", Change::kConstant, x.name),
    CLUSTER_FIELD(core::ServiceView, "Preference", "au", Change::kSignalled, values(x.preference)),
    CLUSTER_FIELD(core::ServiceView, "Reason", "s", Change::kSignalled, x.reason),
    CLUSTER_FIELD(core::ServiceView, "RunningOn", "au", Change::kSignalled, values(x.running_on)),
    CLUSTER_FIELD(core::ServiceView, "State", "s", Change::kSignalled,
                  std::string(core::to_string(x.state))),
    CLUSTER_FIELD(core::ServiceView, "Stopped", "b", Change::kSignalled, x.stopped_by_operator),
};

#undef CLUSTER_FIELD

template <class Item, size_t N>
std::vector<std::string> differences(const Field<Item> (&fields)[N], const Item& before,
                                     const Item& after) {
  std::vector<std::string> out;
  for (const Field<Item>& field : fields) {
    if (field.change == Change::kSignalled && !field.same(before, after)) out.push_back(field.name);
  }
  return out;
}

template <class Item, size_t N, class Find>
Interface make_interface(const char* name, const Field<Item> (&fields)[N], Find find) {
  Interface out;
  out.name = name;
  for (const Field<Item>& field : fields) {
    out.properties.push_back(
        {field.name, field.signature, field.change,
         [find, &field](sdbus::PropertyGetReply& reply) { field.write(reply, find()); }});
  }
  return out;
}

}  // namespace

std::string service_path(const std::string& service) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = std::string(kRootPath) + "/service/";
  for (const char c : service) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '_';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string host_path(HostId host) {
  return std::string(kRootPath) + "/host/" + std::to_string(host.value);
}

Interface host_interface(HostId host, const ViewSource& view) {
  return make_interface(kHostInterface, kHostFields, [host, &view]() -> core::HostView {
    for (const core::HostView& each : view().hosts) {
      if (each.id == host) return each;
    }
    core::HostView gone;
    gone.id = host;
    return gone;
  });
}

Interface service_interface(const std::string& service, const ViewSource& view) {
  return make_interface(kServiceInterface, kServiceFields, [service, &view]() -> core::ServiceView {
    for (const core::ServiceView& each : view().services) {
      if (each.name == service) return each;
    }
    core::ServiceView gone;
    gone.name = service;
    return gone;
  });
}

std::vector<std::string> changed_properties(const core::HostView& before,
                                            const core::HostView& after) {
  return differences(kHostFields, before, after);
}

std::vector<std::string> changed_properties(const core::ServiceView& before,
                                            const core::ServiceView& after) {
  return differences(kServiceFields, before, after);
}

}  // namespace cluster::bus
