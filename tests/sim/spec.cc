#include "tests/sim/spec.h"

#include <algorithm>

#include "base/ensure.h"
#include "tests/sim/network.h"

namespace cluster::sim {

const HostSpec* Spec::host(const std::string& name) const {
  for (const HostSpec& h : hosts)
    if (h.name == name) return &h;
  return nullptr;
}

const HostSpec* Spec::host(HostId id) const {
  for (const HostSpec& h : hosts)
    if (h.id == id) return &h;
  return nullptr;
}

const ServiceSpec* Spec::service(const std::string& name) const {
  for (const ServiceSpec& s : services)
    if (s.name == name) return &s;
  return nullptr;
}

ServiceSpec* Spec::service(const std::string& name) {
  return const_cast<ServiceSpec*>(static_cast<const Spec*>(this)->service(name));
}

core::Config Spec::config_of(const std::string& name, Duration beat_interval,
                             Duration dead_time) const {
  const HostSpec* self = host(name);
  ENSURE(self != nullptr);
  core::Config config;
  config.self = self->id;
  config.beat_interval = beat_interval;
  config.dead_time = dead_time;
  config.rekey_interval = rekey_interval;
  config.full_mesh_hosts = full_mesh_hosts;
  config.monitor = monitor;
  if (probe) config.probe = {{"192.0.2.1", 0}};
  for (const HostSpec& h : hosts)
    config.hosts.push_back({h.id, h.name, h.dynamic, h.address, h.dynamic ? uint16_t{0} : kPort});
  for (const ServiceSpec& s : services) {
    core::ServiceEntry entry;
    entry.name = s.name;
    entry.preference = s.preference;
    entry.local =
        std::find(s.preference.begin(), s.preference.end(), self->id) != s.preference.end();
    if (entry.local) {
      entry.runnable = true;
      entry.has_status = s.has_status;
      entry.folder_digest = s.folder_digest;
      entry.failback = s.failback;
      entry.ownership = s.ownership;
      entry.fence_margin = s.fence_margin;
      entry.start_timeout = s.start_timeout;
      entry.stop_timeout = s.stop_timeout;
      entry.status_interval = s.status_interval;
      entry.status_timeout = s.status_timeout;
      entry.failure_window = s.failure_window;
      entry.max_failures = s.max_failures;
      entry.fall = s.fall;
      entry.rise = s.rise;
      entry.after = s.after;
      entry.with = s.with;
      entry.owns_files = s.owns_files;
    }
    config.services.push_back(std::move(entry));
  }
  return config;
}

}  // namespace cluster::sim
