#include "tests/sim/rest.h"

#include <algorithm>
#include <variant>

#include "tests/sim/describe.h"
#include "tests/sim/tunnels.h"
#include "tests/sim/wire.h"
#include "wire/cluster.pb.h"

namespace cluster::sim {

namespace {

// All hosts know by then that people have been told of something.
constexpr Duration kToldWithin = seconds(3);

// Whether its leader runs on a host of its line.
bool beside(const ServiceSpec& spec, const core::View& view) {
  return std::any_of(
      view.services.begin(), view.services.end(), [&](const core::ServiceView& leader) {
        return leader.name == spec.with && leader.state == core::ServiceState::kRunning &&
               std::find(spec.preference.begin(), spec.preference.end(), leader.host) !=
                   spec.preference.end();
      });
}

bool changing(const Machine& machine, const std::string& service) {
  auto script = machine.scripts().running_script(service);
  return script && *script != core::Script::kStatus;
}

}  // namespace

void RestChecks::stepped(Machine& machine, const core::Event* event, const core::Actions& out) {
  if (event != nullptr && std::holds_alternative<core::AlertSent>(*event)) told_ = world_.now();
  for (const core::Action& action : out) {
    if (const auto* send = std::get_if<core::Send>(&action)) {
      if (world_.now() >= quiet_from_) hear(machine, send->bytes);
    } else if (const auto* online = std::get_if<core::HostOnline>(&action)) {
      online_[machine.index()].insert(online->host);
    } else if (const auto* offline = std::get_if<core::HostOffline>(&action)) {
      online_[machine.index()].erase(offline->host);
    } else if (const auto* changed = std::get_if<core::ServiceChanged>(&action)) {
      signalled_[{machine.index(), changed->service}] = {changed->state, changed->host};
    }
  }
}

void RestChecks::hear(const Machine& machine, const std::string& bytes) {
  const MessageKind kind = kind_of(bytes);
  if (kind == MessageKind::kBeat || kind == MessageKind::kRotation) return;
  if (told_ != Instant{} && world_.now() < told_ + kToldWithin) return;
  if (kind == MessageKind::kRouted && belongs_to_rest(bytes)) return;
  talk_ = machine.name() + " still talks at rest: " + describe_message(bytes);
}

// Leases are renewed for ever; so are pieces said of a session that is up (what it carries was looked at where it was
// said), and the try to do without.
bool RestChecks::belongs_to_rest(const std::string& bytes) const {
  wire::Message message;
  if (!message.ParseFromString(bytes)) return false;
  const wire::Routed& routed = message.routed();
  if (routed.has_renewal() || routed.has_renewed()) return true;
  if (!routed.has_relayed() && !routed.has_opening()) return false;
  std::optional<MachineId> from, to;
  for (MachineId i = 0; i < world_.size(); ++i) {
    if (world_.machine(i).node().raw() == routed.from()) from = i;
    if (world_.machine(i).node().raw() == routed.to()) to = i;
  }
  return from && to && world_.network().tunnels().joined(*from, *to);
}

void RestChecks::lived(Machine& machine, Life life) {
  if (life != Life::kEngineStarted) return;
  online_[machine.index()].clear();
  std::erase_if(signalled_, [&](const auto& e) { return e.first.first == machine.index(); });
}

RestChecks::Reason RestChecks::hosts_differ(Machine& machine, const core::View& view) {
  std::set<HostId> up;
  for (const core::HostView& host : view.hosts) {
    if (!host.up) return machine.name() + " sees " + host.name + " down";
    const bool all_linked = machine.spec().hosts.size() <= machine.spec().full_mesh_hosts;
    if (all_linked && host.path == core::Path::kMesh)
      return machine.name() + " has neither a link nor a session with " + host.name;
    if (host.id != view.self) up.insert(host.id);
  }
  std::set<HostId> signalled = online_[machine.index()];
  signalled.erase(view.self);
  if (signalled != up)
    return machine.name() + " has signalled other hosts online than its view shows up";
  return std::nullopt;
}

// Once all hosts files name the same hosts these vote, and nobody else.
RestChecks::Reason RestChecks::voters_differ(const Spec& spec) {
  core::Names names;
  for (const HostSpec& host : spec.hosts) names.push_back(host.name);
  std::sort(names.begin(), names.end());
  for (MachineId i = 0; i < world_.size(); ++i) {
    const core::VotersView seen = world_.machine(i).view().voters;
    if (seen.number == 0 || (seen.names == names && seen.change.empty())) continue;
    return world_.machine(i).name() + " has voters " + core::listed(seen.names) + ", set " +
           std::to_string(seen.number) + ": " + seen.change;
  }
  return std::nullopt;
}

RestChecks::Reason RestChecks::cores_differ() {
  const Machine& first = world_.machine(MachineId{0});
  core::Node::Inspection want = first.core().inspect();
  for (MachineId i = 0; i < world_.size(); ++i) {
    const Machine& machine = world_.machine(i);
    core::Node::Inspection have = machine.core().inspect();
    std::string both = first.name() + " and " + machine.name();
    if (!have.settled) return machine.name() + " is not settled";
    if (have.settings_digest != want.settings_digest) return both + " hold different settings";
    if (have.records_digest != want.records_digest) return both + " hold different records";
    if (have.configuration_count != want.configuration_count)
      return both + " follow different versions of the configuration";
  }
  return std::nullopt;
}

RestChecks::Reason RestChecks::service_wrong(const core::ServiceView& service,
                                             const ServiceSpec& spec, const core::View& view) {
  std::vector<MachineId> on = world_.copies(service.name);
  if (service.disabled || service.stopped_by_operator) {
    if (on.empty()) return std::nullopt;
    return service.name + " is not to run, and runs on " + world_.machine(on.front()).name();
  }
  if (!spec.with.empty() && !beside(spec, view)) {
    if (on.empty()) return std::nullopt;
    return service.name + " runs on " + world_.machine(on.front()).name() + " without " + spec.with;
  }
  bool able = std::any_of(spec.preference.begin(), spec.preference.end(), [&](HostId id) {
    return std::any_of(view.hosts.begin(), view.hosts.end(),
                       [&](const core::HostView& h) { return h.id == id && !h.standby; });
  });
  if (!able) {
    if (on.empty()) return std::nullopt;
    return service.name + " runs on a standby host, " + world_.machine(on.front()).name();
  }
  if (on.empty())
    return service.name + " runs nowhere though a host is able; state " +
           core::to_string(service.state) + ": " + service.reason;
  if (on.size() > 1)
    return service.name + " runs on " + world_.machine(on[0]).name() + " and " +
           world_.machine(on[1]).name();
  const Machine& machine = world_.machine(on.front());
  if (!machine.scripts().copy(service.name).complete || changing(machine, service.name))
    return service.name + " is still changing on " + machine.name();
  if (service.state != core::ServiceState::kRunning || service.host != machine.id())
    return service.name + " runs on " + machine.name() + ", and is seen " +
           core::to_string(service.state) + " on host " + std::to_string(service.host.value);
  if (service.running_on != std::vector<HostId>{machine.id()})
    return service.name + ": running_on is not " + machine.name() + " alone";
  return std::nullopt;
}

RestChecks::Reason RestChecks::strays(const Spec& spec) {
  for (MachineId i = 0; i < world_.size(); ++i) {
    Machine& machine = world_.machine(i);
    for (const std::string& service : machine.scripts().services()) {
      const Scripts::Copy& copy = machine.scripts().copy(service);
      if (spec.service(service) == nullptr && copy.alive && !copy.unstoppable)
        return machine.name() + " still runs " + service + ", which is in no services file";
    }
  }
  return std::nullopt;
}

std::optional<std::string> RestChecks::unrest(const Spec& spec) {
  for (MachineId i = 0; i < world_.size(); ++i)
    if (!world_.machine(i).healthy()) return world_.machine(i).name() + " has no running engine";
  core::View want = world_.machine(MachineId{0}).view();
  for (MachineId i = 0; i < world_.size(); ++i) {
    Machine& machine = world_.machine(i);
    core::View view = machine.view();
    if (auto why = hosts_differ(machine, view)) return why;
    if (view.services.size() != spec.services.size())
      return machine.name() + " knows other services than the file lists";
    for (size_t s = 0; s < view.services.size(); ++s) {
      const core::ServiceView &a = want.services[s], &b = view.services[s];
      if (a.name != b.name || a.state != b.state || a.host != b.host || a.disabled != b.disabled ||
          a.stopped_by_operator != b.stopped_by_operator || a.moved_to != b.moved_to)
        return world_.machine(MachineId{0}).name() + " and " + machine.name() +
               " see different things of " + b.name + ": " + core::to_string(a.state) +
               " on host " + std::to_string(a.host.value) + ", " + core::to_string(b.state) +
               " on host " + std::to_string(b.host.value);
      auto signalled = signalled_.find({i, b.name});
      if (signalled != signalled_.end() && signalled->second != std::pair{b.state, b.host})
        return machine.name() + " has signalled " + b.name + " " +
               core::to_string(signalled->second.first) + ", and its view says " +
               core::to_string(b.state);
      if (const ServiceSpec* service = spec.service(b.name))
        if (auto why = service_wrong(b, *service, view)) return why;
    }
  }
  if (auto why = strays(spec)) return why;
  if (auto why = voters_differ(spec)) return why;
  return cores_differ();
}

RestChecks::Reason RestChecks::not_preferred(const core::ServiceView& service,
                                             const ServiceSpec& spec, const core::View& view) {
  if (service.state != core::ServiceState::kRunning || spec.failback.never || service.moved_to ||
      !spec.with.empty())
    return std::nullopt;
  for (HostId id : spec.preference) {
    auto host = std::find_if(view.hosts.begin(), view.hosts.end(),
                             [&](const core::HostView& h) { return h.id == id; });
    if (host == view.hosts.end() || host->standby) continue;
    if (service.host == id) return std::nullopt;
    return service.name + " has not gone back to " + host->name + ": " + service.reason;
  }
  return std::nullopt;
}

RestChecks::Reason RestChecks::untold() const {
  for (MachineId i = 0; i < world_.size(); ++i) {
    const Machine& machine = world_.machine(i);
    const auto untold = machine.core().inspect().untold;
    if (untold.empty()) continue;
    const Duration age = machine.now().mono - untold.front().since;
    return machine.name() + " has known for " + std::to_string(to_ms(age) / 1000) +
           " s of what nobody was told of: " + untold.front().what;
  }
  return std::nullopt;
}

bool RestChecks::telling() const {
  return untold() || (told_ != Instant{} && world_.now() < told_ + kToldWithin);
}

std::optional<std::string> RestChecks::unrest_at_end(const Spec& spec) {
  if (auto why = unrest(spec)) return why;
  core::View view = world_.machine(MachineId{0}).view();
  for (const core::ServiceView& service : view.services)
    if (const ServiceSpec* s = spec.service(service.name))
      if (auto why = not_preferred(service, *s, view)) return why;
  for (MachineId i = 0; i < world_.size(); ++i)
    if (size_t waiting = world_.machine(i).commands_waiting())
      return world_.machine(i).name() + " has left " + std::to_string(waiting) +
             " commands without an answer";
  if (auto why = untold()) return why;
  if (!talk_.empty()) return talk_;
  return std::nullopt;
}

}  // namespace cluster::sim
