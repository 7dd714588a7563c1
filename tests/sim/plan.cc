#include "tests/sim/plan.h"

#include <algorithm>
#include <utility>

namespace cluster::sim {

namespace {

constexpr double kSparse = 0.15;
constexpr int64_t kFewestHosts = 3;

void shuffle(std::vector<HostId>& list, Rng& rng) {
  for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[rng.below(i)]);
}

const ServiceSpec& one_of(const std::vector<const ServiceSpec*>& services, Rng& rng) {
  return *services[rng.below(services.size())];
}

}  // namespace

// Only to those that stand before it, so nothing comes after itself.
void random_relations(Rng& rng, ServiceSpec& service, const Spec& spec) {
  std::vector<const ServiceSpec*> before;
  for (const ServiceSpec& other : spec.services) {
    if (other.name == service.name) break;
    before.push_back(&other);
  }
  service.after.clear();
  service.with.clear();
  if (before.empty()) return;
  if (rng.chance(0.3)) {
    const ServiceSpec& leader = one_of(before, rng);
    service.with = leader.name;
    if (rng.chance(0.6)) service.preference = leader.preference;
  }
  if (rng.chance(0.3)) service.after.push_back(one_of(before, rng).name);
  if (rng.chance(0.2)) service.after.push_back(one_of(before, rng).name);
}

std::vector<std::string> random_names(Rng& rng, const Scale& scale) {
  std::vector<std::string> names;
  int64_t count = rng.between(kFewestHosts, scale.most_hosts);
  for (int64_t i = 0; i < count; ++i) names.emplace_back(1, static_cast<char>('A' + i));
  return names;
}

ServiceSpec random_service(Rng& rng, const std::string& name, const Spec& spec) {
  ServiceSpec s;
  s.name = name;
  for (const HostSpec& h : spec.hosts) s.preference.push_back(h.id);
  shuffle(s.preference, rng);
  s.preference.resize(
      static_cast<size_t>(rng.between(1, static_cast<int64_t>(s.preference.size()))));
  s.has_status = rng.chance(0.6);
  double failback = rng.unit();
  s.failback.never = failback < 0.2;
  if (failback > 0.8) s.failback.stability = rng.between(seconds(2), seconds(20));
  if (rng.chance(0.4)) {
    s.ownership = core::Ownership::kMajority;
    s.fence_margin = rng.between(milliseconds(500), seconds(6));
  }
  s.start_timeout = rng.between(seconds(3), seconds(10));
  s.stop_timeout = rng.between(seconds(3), seconds(10));
  s.status_interval = rng.between(seconds(5), seconds(15));
  s.status_timeout = rng.between(seconds(1), seconds(3));
  s.failure_window = rng.between(seconds(20), seconds(60));
  s.max_failures = static_cast<uint32_t>(rng.between(1, 3));
  if (rng.chance(0.3)) s.fall = 2;
  if (rng.chance(0.3)) s.rise = 2;
  s.owns_files = rng.chance(0.2);
  random_relations(rng, s, spec);
  return s;
}

Spec random_spec(Rng& rng, const std::vector<std::string>& names, const Scale& scale) {
  Spec spec;
  size_t addressed = rng.below(names.size());
  uint32_t id = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    id += rng.chance(0.2) ? 2 : 1;  // a blank line in the hosts file
    bool dynamic = i != addressed && rng.chance(0.4);
    spec.hosts.push_back(
        {HostId(id), names[i], dynamic, dynamic ? "" : "10.0.0." + std::to_string(i + 1)});
  }
  spec.rekey_interval =
      rng.chance(0.5) ? rng.between(seconds(1), seconds(10)) : rng.between(seconds(10), minutes(5));
  spec.probe = rng.chance(0.3);
  int64_t services = rng.between(scale.fewest_services, scale.most_services);
  for (int64_t i = 0; i < services; ++i)
    spec.services.push_back(random_service(rng, "s" + std::to_string(i + 1), spec));
  // Which each host refuses within its own files, and hosts that differ have all the same.
  if (rng.chance(0.1))
    spec.services.front().after = {spec.services[rng.below(spec.services.size())].name};
  // Some are as sparse as only large clusters are; the other draws are as without.
  Rng aside = rng;
  if (aside.chance(kSparse)) spec.full_mesh_hosts = static_cast<size_t>(aside.between(2, 4));
  return spec;
}

void mend_scripts(World&, Machine& machine, const Spec& spec, Rng& rng) {
  for (const ServiceSpec& s : spec.services) {
    Behaviour& b = machine.scripts().behaviour(s.name);
    b = Behaviour();
    b.start_high = rng.between(milliseconds(20), seconds(2));
    b.stop_high = rng.between(milliseconds(20), seconds(2));
  }
}

void furnish(World& world, const Spec& spec, Rng& rng) {
  bool odd_times = rng.chance(0.3);
  for (MachineId i = 0; i < world.size(); ++i) {
    Machine& machine = world.machine(i);
    machine.set_spec(spec);
    if (odd_times && rng.chance(0.5)) {
      Duration beat = rng.between(milliseconds(250), seconds(2));
      machine.set_times(beat, beat * rng.between(3, 6));
    }
    const HostSpec* line = spec.host(machine.name());
    const Nat nat = !line->dynamic || rng.chance(0.5) ? Nat::kNone
                    : rng.chance(0.5)                 ? Nat::kCone
                                                      : Nat::kSymmetric;
    world.network().set_address(i, line->dynamic ? world.fresh_address() : line->address, nat);
    mend_scripts(world, machine, spec, rng);
    machine.disk().set_latency(microseconds(100), rng.between(milliseconds(1), milliseconds(30)));
    machine.clock().set_drift(Instant(), rng.between(-100, 100));
    machine.clock().set_wall_error(Instant(), rng.between(seconds(-2), seconds(2)));
    for (MachineId j = 0; j < i; ++j) {
      bool near = rng.chance(0.5);
      world.network().set_latency(i, j,
                                  near ? rng.between(microseconds(50), milliseconds(1))
                                       : rng.between(milliseconds(2), milliseconds(80)));
    }
  }
}

}  // namespace cluster::sim
