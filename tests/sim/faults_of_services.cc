// Faults of services and their scripts, and what operators and editors do meanwhile.
#include <algorithm>
#include <utility>

#include "tests/sim/describe.h"
#include "tests/sim/faults.h"
#include "tests/sim/plan.h"

namespace cluster::sim {

void Faults::copy_dies() {
  std::string service = any_service();
  std::vector<MachineId> on = world_.copies(service);
  // Without a status script nobody could ever know.
  if (on.empty() || !spec_.service(service)->has_status) return;
  MachineId m = on[rng_.below(on.size())];
  say(service + " dies on " + who(m));
  world_.machine(m).scripts().copy_dies(service);
}

void Faults::misbehave(const char* what, double Behaviour::*knob, double probability) {
  std::string service = any_service();
  MachineId m = any();
  bool everywhere = rng_.chance(0.2);
  say(std::string(what) + " of " + service + (everywhere ? " everywhere" : " on " + who(m)));
  Duration time = lasting();
  for (MachineId i = 0; i < world_.size(); ++i) {
    if (!everywhere && i != m) continue;
    world_.machine(i).scripts().behaviour(service).*knob = probability;
    later(time,
          [this, i, service, knob] { world_.machine(i).scripts().behaviour(service).*knob = 0; });
  }
}

void Faults::start_fails() { misbehave("failing starts", &Behaviour::start_fails, 0.8); }
void Faults::start_hangs() { misbehave("hanging starts", &Behaviour::start_hangs, 0.6); }
void Faults::stop_fails() { misbehave("failing stops", &Behaviour::stop_fails, 0.6); }
void Faults::stop_hangs() { misbehave("hanging stops", &Behaviour::stop_hangs, 0.6); }
void Faults::status_fails() { misbehave("failing checks", &Behaviour::status_fails, 0.5); }
void Faults::status_hangs() { misbehave("hanging checks", &Behaviour::status_hangs, 0.5); }
void Faults::script_missing() { misbehave("missing scripts", &Behaviour::missing, 0.7); }

void Faults::operate() {
  MachineId m = any();
  auto verb =
      static_cast<core::Verb>(rng_.below(uint64_t{static_cast<size_t>(core::Verb::kOnline)} + 1));
  bool of_host = verb == core::Verb::kStandby || verb == core::Verb::kOnline;
  std::string service = of_host ? "" : any_service();
  HostId host;
  if (of_host || verb == core::Verb::kMove) host = world_.machine(any()).id();
  say("operator on " + who(m) + ": " + to_string(verb) + " " + service +
      (host ? " " + std::to_string(host.value) : ""));
  world_.machine(m).command(verb, service, host, nullptr);
}

// Somebody looks after a host, and does there what maintenance is for.
void Faults::maintain() {
  const MachineId m = any(), host = any();
  Machine& kept = world_.machine(host);
  say("maintenance of " + who(host) + " from " + who(m));
  world_.machine(m).command(core::Verb::kMaintenanceOn, "", kept.id(),
                            [=, this](const auto& reply) {
                              if (reply.refusal == core::Refusal::kNone)
                                later(Duration(), [=, this] { look_after(host); });
                            });
}

void Faults::look_after(MachineId host) {
  Machine& machine = world_.machine(host);
  say(who(host) + " is in maintenance");
  const double draw = rng_.unit();
  if (draw < 0.3) {
    machine.leave();
  } else if (draw < 0.5) {
    machine.crash_daemon(rng_.chance(0.5));
  } else if (draw < 0.6) {
    machine.power_off();
  }
  if (draw < 0.6)
    later(lasting(), [this, host] {
      world_.machine(host).power_on();
      world_.machine(host).start_engine();
    });
  later(lasting(), [this, host] { end_maintenance(any(), host); });
}

// That nothing runs on a host that is not reached is not said where it is not true.
void Faults::end_maintenance(MachineId m, MachineId host) {
  if (!world_.machine(m).healthy()) return;
  const core::View view = world_.machine(m).view();
  const HostId id = world_.machine(host).id();
  const bool up = std::any_of(view.hosts.begin(), view.hosts.end(),
                              [&](const core::HostView& h) { return h.id == id && h.up; });
  const Scripts& scripts = world_.machine(host).scripts();
  for (const std::string& service : scripts.services())
    if (!up && scripts.copy(service).alive) return;
  say("the maintenance of " + who(host) + " is ended from " + who(m));
  world_.machine(m).command(core::Verb::kMaintenanceOff, "", id, nullptr);
}

void Faults::roll_out(const Spec& spec) {
  for (MachineId m = 0; m < world_.size(); ++m) {
    if (rng_.chance(0.1)) continue;
    later(rng_.between(Duration(), seconds(20)), [this, m, spec] {
      // A later edit may have got there already, or another file be in place for now.
      if (world_.machine(m).spec().hosts.front().passphrase == 0) world_.machine(m).reload(spec);
    });
  }
}

void Faults::publish() {
  spec_.services.push_back(random_service(rng_, "last", spec_));
  for (MachineId m = 0; m < world_.size(); ++m) world_.machine(m).reload(spec_);
}

void Faults::edit_services() {
  double draw = rng_.unit();
  if (draw < 0.4 && !spec_.services.empty()) {
    ServiceSpec& s = spec_.services[rng_.below(spec_.services.size())];
    ServiceSpec other = random_service(rng_, s.name, spec_);
    say("another preference for " + s.name);
    s.preference = other.preference;
    random_relations(rng_, s, spec_);
  } else if (draw < 0.6) {
    std::string name = "n" + std::to_string(rng_.below(100));
    if (spec_.service(name) != nullptr) return;
    say("a new service " + name);
    spec_.services.push_back(random_service(rng_, name, spec_));
  } else if (draw < 0.8 && spec_.services.size() > 1) {
    size_t i = rng_.below(spec_.services.size());
    const std::string gone = spec_.services[i].name;
    say(gone + " is removed");
    for (ServiceSpec& s : spec_.services) {
      std::erase(s.after, gone);
      if (s.with == gone) s.with.clear();
    }
    spec_.services.erase(spec_.services.begin() + static_cast<std::ptrdiff_t>(i));
  } else if (!spec_.services.empty()) {
    ServiceSpec& s = spec_.services[rng_.below(spec_.services.size())];
    say("the folder of " + s.name + " changes");
    s.folder_digest += 1;
    s.failback = random_service(rng_, s.name, spec_).failback;
  }
  roll_out(spec_);
}

namespace {

// The files as they are where that host was taken out of them.
Spec without(Spec spec, HostId host) {
  std::erase_if(spec.hosts, [&](const HostSpec& h) { return h.id == host; });
  for (ServiceSpec& s : spec.services) std::erase(s.preference, host);
  std::erase_if(spec.services, [](const ServiceSpec& s) { return s.preference.empty(); });
  return spec;
}

}  // namespace

// A host is taken out of the others' files, at other moments on each and not on all, and put in again later. Its own
// file stays as it is, or is edited as well: then it takes another host out.
void Faults::edit_hosts() {
  const MachineId gone = any();
  const HostId host = world_.machine(gone).id();
  const uint64_t edit = ++edits_of_hosts_;
  say(who(gone) + " is taken out of the hosts files");
  const Spec spec = without(spec_, host);
  for (MachineId m = 0; m < world_.size(); ++m) {
    if (m == gone || rng_.chance(0.2)) continue;
    later(rng_.between(Duration(), seconds(20)), [this, m, spec] {
      if (world_.machine(m).spec().hosts.front().passphrase == 0) world_.machine(m).reload(spec);
    });
  }
  if (world_.size() > 3 && rng_.chance(0.3)) {
    const MachineId other = any();
    if (other != gone) {
      say(who(other) + " is taken out of that of " + who(gone));
      world_.machine(gone).reload(without(spec_, world_.machine(other).id()));
    }
  }
  if (rng_.chance(0.3)) world_.machine(gone).leave();
  later(rng_.between(seconds(5), seconds(60)), [this, gone, edit] {
    if (edit != edits_of_hosts_) return;
    say(who(gone) + " is in the hosts files again");
    world_.machine(gone).start_engine();
    roll_out(spec_);
  });
}

// Somebody edits the files on one host and pushes them; now and then another host's own settings do not go with them.
void Faults::push() {
  const MachineId from = any();
  if (!world_.machine(from).healthy() || spec_.host(world_.machine(from).line()) == nullptr) return;
  if (world_.machine(from).spec().hosts.front().passphrase != 0) return;
  Spec spec = spec_;
  if (!spec.services.empty()) {
    ServiceSpec& s = spec.services[rng_.below(spec.services.size())];
    s.preference = random_service(rng_, s.name, spec).preference;
  }
  if (rng_.chance(0.5)) {
    const MachineId odd = any();
    say("the settings of " + who(odd) + " do not go with what is pushed");
    world_.machine(odd).set_push_fault("cluster.conf:3: its own settings do not go with that");
    later(lasting(), [this, odd] {
      world_.machine(odd).set_push_fault("");
      if (world_.machine(odd).healthy()) world_.machine(odd).reload(world_.machine(odd).spec());
    });
  }
  say("a push from " + who(from));
  pushed_ = true;
  world_.machine(from).push(spec, [this, spec](const core::Reply& reply) {
    if (reply.refusal == core::Refusal::kNone && !healed_) spec_ = spec;
  });
  if (rng_.chance(0.3)) {
    say(who(from) + " fails in the middle of it");
    later(rng_.between(Duration(), milliseconds(200)), [this, from] {
      world_.machine(from).crash_engine();
      later(lasting(), [this, from] { world_.machine(from).start_engine(); });
    });
  }
}

}  // namespace cluster::sim
