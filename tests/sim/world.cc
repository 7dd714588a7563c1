#include "tests/sim/world.h"

#include <utility>

#include "base/ensure.h"

namespace cluster::sim {

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kClean: return "clean";
    case Verdict::kSafety: return "safety";
    case Verdict::kLiveness: return "liveness";
    case Verdict::kCrash: return "crash";
  }
  return "?";
}

World::World(uint64_t seed, const std::vector<std::string>& names)
    : rng_(seed), network_(queue_, *this, names.size(), rng_.fork()), together_(names.size()) {
  for (const std::string& name : names) {
    MachineId index = machines_.size();
    machines_.push_back(std::make_unique<Machine>(*this, index, name, rng_.fork()));
    network_.set_address(index, address_of(index), Nat::kNone);
  }
}

World::~World() = default;

std::string World::address_of(MachineId machine) {
  const size_t number = machine + 1;
  return "10." + std::to_string(number / 65536) + "." + std::to_string(number / 256 % 256) + "." +
         std::to_string(number % 256);
}

Machine& World::machine(const std::string& name) {
  for (auto& m : machines_)
    if (m->name() == name) return *m;
  ENSURE(false, name.c_str());
  return *machines_.front();
}

Machine* World::with_line(const Spec& spec, HostId id) {
  const HostSpec* line = spec.host(id);
  if (line == nullptr) return nullptr;
  for (auto& m : machines_)
    if (m->name() == line->name) return m.get();
  return nullptr;
}

bool World::advance(Instant limit) {
  if (failed() || !queue_.run_next(limit)) return false;
  if (follows_together_ && network_.topology() != seen_topology_) {
    seen_topology_ = network_.topology();
    together_.update(queue_.now(), network_, *this);
  }
  return true;
}

void World::run_for(Duration duration) {
  Instant limit = queue_.now() + duration;
  while (advance(limit)) continue;
}

bool World::run_until(const std::function<bool()>& condition, Duration limit, Duration step) {
  Instant end = queue_.now() + limit;
  while (!failed()) {
    if (condition()) return true;
    if (queue_.now() >= end) return false;
    run_for(std::min(step, end - queue_.now()));
  }
  return false;
}

void World::lived(Machine& machine, Life life) {
  each_watcher([&](Watcher& w) { w.lived(machine, life); });
}

void World::note(const std::string& text) {
  each_watcher([&](Watcher& w) { w.noted(text); });
}

void World::violated(Verdict verdict, std::string what) {
  if (failed()) return;
  verdict_ = verdict;
  violation_ = std::move(what);
  note(std::string("VIOLATION (") + to_string(verdict) + "): " + violation_);
}

std::string World::fresh_address() {
  ++addresses_;
  return "10.0." + std::to_string(1 + addresses_ / 250) + "." +
         std::to_string(1 + addresses_ % 250);
}

void World::readmit(MachineId index, MachineId on) {
  Machine& machine = *machines_[index];
  if (index == on || !machine.id()) return;
  note("readmit self on " + machine.name() + ", and readmit it on " + machines_[on]->name());
  machine.command(core::Verb::kReadmitSelf, "", HostId(), nullptr);
  machines_[on]->command(core::Verb::kReadmit, "", machine.id(), nullptr);
}

std::vector<MachineId> World::copies(const std::string& service) const {
  std::vector<MachineId> out;
  for (const auto& m : machines_)
    if (m->scripts().copy(service).alive) out.push_back(m->index());
  return out;
}

bool World::powered(MachineId machine) const { return machines_[machine]->powered(); }
bool World::asleep(MachineId machine) const { return machines_[machine]->asleep(); }
bool World::listening(MachineId machine) const { return machines_[machine]->listening(); }
bool World::frozen(MachineId machine) const {
  const Machine& m = *machines_[machine];
  return m.frozen() || (m.listening() && !m.running());
}
NodeId World::node(MachineId machine) const { return machines_[machine]->node(); }

std::optional<PeerName> World::name_of(MachineId at, MachineId peer) const {
  const Machine& here = *machines_[at];
  const Machine& there = *machines_[peer];
  const HostSpec* here_self = here.spec().host(here.line());
  const HostSpec* here_peer = here.spec().host(there.line());
  const HostSpec* there_self = there.spec().host(there.line());
  const HostSpec* there_peer = there.spec().host(here.line());
  if (here_self == nullptr || here_peer == nullptr || there_self == nullptr ||
      there_peer == nullptr)
    return std::nullopt;
  // The handshake names both by their IDs, so lines that moved on one side only do not match.
  if (here_self->id != there_peer->id || here_peer->id != there_self->id) return std::nullopt;
  return PeerName{here_peer->id, here_peer->name};
}

bool World::same_passphrases(MachineId a, MachineId b) const {
  const Spec &here = machines_[a]->spec(), &there = machines_[b]->spec();
  const auto same = [&](const std::string& line) {
    const HostSpec *one = here.host(line), *other = there.host(line);
    return one != nullptr && other != nullptr && one->passphrase == other->passphrase;
  };
  return same(machines_[a]->line()) && same(machines_[b]->line());
}

std::vector<core::Generation> World::credentials(MachineId at, MachineId peer) const {
  std::vector<core::Generation> known;
  const core::SetAccess* access = machines_[at]->access_to(*machines_[peer]);
  if (access == nullptr) return known;
  if (access->node != machines_[peer]->node()) return {core::Generation{}};
  for (const core::PairSecret& secret : access->secrets) known.push_back(secret.generation);
  return known;
}

bool World::admits(MachineId at, MachineId peer) const {
  const core::SetAccess* access = machines_[at]->access_to(*machines_[peer]);
  return access != nullptr &&
         (!access->node || access->open || access->node == machines_[peer]->node());
}

void World::deliver(MachineId machine, core::Event event) {
  machines_[machine]->deliver(std::move(event));
}

core::PushFiles World::files_of(const Spec& spec) {
  pushed_.push_back(spec);
  return {"", "", std::to_string(pushed_.size() - 1)};
}

const Spec& World::spec_of(const core::PushFiles& files) const {
  return pushed_.at(std::stoul(files.services));
}

}  // namespace cluster::sim
