#include "tests/sim/checks.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "tests/sim/describe.h"
#include "tests/sim/wire.h"
#include "wire/cluster.pb.h"

namespace cluster::sim {

namespace {

constexpr Duration kLookEvery = seconds(1);
constexpr Duration kHeardEvery = seconds(10);
// Between the last byte of a flood and the decision that it leads to, disks included.
constexpr Duration kSettleSlack = seconds(3);
constexpr int kRoundTripsToSettle = 4;
// Killing, reporting and persisting around a script.
constexpr Duration kScriptSlack = seconds(2);

}  // namespace

Duration settle_bound(World& world) {
  Duration dead{}, slow{};
  for (MachineId a = 0; a < world.size(); ++a) {
    dead = std::max(dead, world.machine(a).dead_time());
    for (MachineId b = 0; b < world.size(); ++b)
      slow = std::max(slow, world.network().slowness(a, b));
  }
  return dead + kSettleSlack + 2 * kRoundTripsToSettle * slow;
}

CopyChecks::CopyChecks(World& world) : world_(world) {
  world.watch(*this);
  world.queue().after(kLookEvery, [this] { look(); });
}

std::optional<Instant> CopyChecks::together_since(MachineId a, MachineId b) const {
  auto since = world_.together().since(a, b);
  if (!since) return since;
  for (MachineId m : {a, b})
    if (auto failed = world_.machine(m).disk().failed()) since = std::max(*since, *failed);
  return since;
}

bool CopyChecks::together_for(MachineId a, MachineId b, Duration bound) const {
  auto since = together_since(a, b);
  return since && world_.now() - *since >= bound;
}

void CopyChecks::stepped(Machine& machine, const core::Event*, const core::Actions& out) {
  for (const core::Action& action : out) {
    const auto* send = std::get_if<core::Send>(&action);
    if (send == nullptr || kind_of(send->bytes) != MessageKind::kRouted) continue;
    wire::Message message;
    if (!message.ParseFromString(send->bytes)) continue;
    const wire::Routed& routed = message.routed();
    if (!routed.has_answer() || routed.answer().verdict() != wire::Answer::GRANTED ||
        routed.from() != machine.node().raw())
      continue;
    if (auto claimant = NodeId::from_raw(routed.to()))
      grants_.insert({machine.index(), machine.engine(), *claimant, routed.answer().service(),
                      routed.answer().epoch()});
  }
}

void CopyChecks::script_begins(Machine& machine, const core::RunScript& run) {
  if (auto other = machine.scripts().running_script(run.service)) {
    world_.violated(Verdict::kSafety, machine.name() + " runs " + to_string(run.script) + " of " +
                                          run.service + " while its " + to_string(*other) +
                                          " still runs");
    return;
  }
  if (run.script == core::Script::kStart) check_start(machine, run.service, epoch_of(run));
  if (run.script == core::Script::kStop) check_stop(machine, run);
}

void CopyChecks::check_stop(Machine& machine, const core::RunScript& run) {
  const Scripts::Copy& copy = machine.scripts().copy(run.service);
  if (!copy.alive || !machine.running() || machine.leased(run.service) ||
      value_of(run, "CLUSTER_REASON") != "lost-ownership" || machine.core().inspect().offline)
    return;
  // Whoever has been gone for less than the bound may still be taken for alive by others.
  for (MachineId other = 0; other < world_.size(); ++other) {
    if (other == machine.index()) continue;
    auto seen = seen_alive_.find({other, run.service});
    if (believed_.contains({other, run.service}) || world_.machine(other).restored()) return;
    if (world_.machine(other).scripts().copy(run.service).alive ||
        (seen != seen_alive_.end() &&
         (seen->second >= copy.since || world_.now() - seen->second < settle_bound(world_))))
      return;
  }
  world_.violated(Verdict::kLiveness, machine.name() + " stops " + run.service +
                                          " for a rival, and nobody else has had a copy since its" +
                                          " own began");
}

bool CopyChecks::by_majority(const std::string& service) const {
  for (MachineId m = 0; m < world_.size(); ++m)
    if (world_.machine(m).leased(service)) return true;
  return false;
}

void CopyChecks::check_lease(Machine& machine, const std::string& service, uint64_t epoch) {
  std::pair<uint64_t, MachineId>& newest = leased_[service];
  const bool again = newest == std::pair{epoch, machine.index()};
  if (!again && epoch <= newest.first)
    return world_.violated(Verdict::kSafety, machine.name() + " starts " + service + " at epoch " +
                                                 std::to_string(epoch) + " after epoch " +
                                                 std::to_string(newest.first));
  newest = {epoch, machine.index()};
  std::set<std::string> voters = {machine.line()};
  for (const auto& [voter, engine, claimant, of, at] : grants_)
    if (claimant == machine.node() && of == service && at == epoch)
      voters.insert(world_.machine(voter).line());
  if (!again && !machine.core().voters().enough(voters))
    world_.violated(Verdict::kSafety, machine.name() + " starts " + service + " at epoch " +
                                          std::to_string(epoch) + " with the grants of " +
                                          std::to_string(voters.size()) + " hosts");
}

// A machine that sleeps runs nothing; when it wakes it kills what it must not run any more.
void CopyChecks::check_alone(const std::string& service) {
  constexpr Duration kToKill = seconds(1);
  std::vector<MachineId> awake;
  for (MachineId m : world_.copies(service)) {
    auto woke = woke_.find(m);
    const bool just_woke = woke != woke_.end() && world_.now() - woke->second < kToKill;
    if (!world_.machine(m).asleep() && !just_woke) awake.push_back(m);
  }
  if (awake.size() > 1)
    world_.violated(Verdict::kSafety, "two copies of " + service +
                                          ", which is owned by majority: on " +
                                          world_.machine(awake[0]).name() + " and " +
                                          world_.machine(awake[1]).name());
}

void CopyChecks::check_start(Machine& machine, const std::string& service, uint64_t epoch) {
  if (machine.leased(service)) check_lease(machine, service, epoch);
  // A restart in place has had its grants, perhaps those of an engine before this one.
  bool again = std::exchange(started_[{machine.index(), service}], epoch) == epoch;
  Duration bound = settle_bound(world_);
  for (MachineId other = 0; other < world_.size(); ++other) {
    Machine& there = world_.machine(other);
    if (other == machine.index() || !together_for(machine.index(), other, bound)) continue;
    const Scripts::Copy& copy = there.scripts().copy(service);
    if (copy.alive && !copy.unstoppable) {
      world_.violated(Verdict::kSafety, machine.name() + " starts " + service + " while " +
                                            there.name() + " runs it, and they have been together" +
                                            " for longer than it takes to know that");
      return;
    }
    if (again || machine.leased(service) || !there.core().inspect().settled) continue;
    if (!grants_.contains({other, there.engine(), machine.node(), service, epoch})) {
      world_.violated(Verdict::kSafety, machine.name() + " starts " + service + " at epoch " +
                                            std::to_string(epoch) + " without the grant of " +
                                            there.name() + ", whom it reaches");
      return;
    }
  }
}

void CopyChecks::script_ended(Machine& machine, const std::string& service, core::Script script,
                              const core::ScriptEnded&) {
  if (script == core::Script::kStop) believed_.erase({machine.index(), service});
}

void CopyChecks::copies_changed(Machine& machine, const std::string& service) {
  if (!machine.scripts().copy(service).alive && machine.powered() &&
      !machine.scripts().running_script(service))
    believed_.insert({machine.index(), service});
  bool alive = machine.scripts().copy(service).alive;
  bool& was = was_alive_[{machine.index(), service}];
  if (alive != was) alive_[service] += alive ? 1 : -1;
  seen_alive_[{machine.index(), service}] = world_.now();
  was = alive;
  if (alive_[service] > 1 && by_majority(service)) check_alone(service);
}

void CopyChecks::lived(Machine& machine, Life life) {
  if (life == Life::kAwake) woke_[machine.index()] = world_.now();
  if (life == Life::kPowerLost)
    std::erase_if(believed_, [&](const auto& key) { return key.first == machine.index(); });
  if (life != Life::kLeft) return;
  for (const auto& [key, alive] : was_alive_) {
    if (key.first == machine.index() && alive && !machine.scripts().copy(key.second).unstoppable &&
        !machine.left_alone(key.second))
      world_.violated(Verdict::kSafety, machine.name() + " left while it still runs " + key.second);
  }
}

Duration CopyChecks::hand_over_bound(const Machine& machine, const std::string& service) const {
  const ServiceSpec* spec = machine.spec().service(service);
  if (spec == nullptr) return seconds(60);
  return spec->start_timeout + spec->stop_timeout + spec->status_timeout + kScriptSlack;
}

void CopyChecks::look() {
  for (const auto& [service, count] : alive_)
    if (count > 1) look_at(service);
  world_.queue().after(kLookEvery, [this] { look(); });
}

void CopyChecks::look_at(const std::string& service) {
  std::vector<MachineId> on = world_.copies(service);
  for (size_t i = 0; i < on.size(); ++i) {
    for (size_t j = i + 1; j < on.size(); ++j) {
      const Machine& a = world_.machine(on[i]);
      const Machine& b = world_.machine(on[j]);
      const Scripts::Copy& first = a.scripts().copy(service);
      const Scripts::Copy& second = b.scripts().copy(service);
      auto since = together_since(on[i], on[j]);
      if (!since || first.unstoppable || second.unstoppable) continue;
      Duration lasted = world_.now() - std::max({*since, first.since, second.since});
      Duration bound =
          settle_bound(world_) + std::max(hand_over_bound(a, service), hand_over_bound(b, service));
      if (lasted > bound) {
        world_.violated(Verdict::kSafety, "two copies of " + service + ", on " + a.name() +
                                              " and " + b.name() + ", for " +
                                              std::to_string(to_ms(lasted) / 1000) +
                                              " s, though they reach each other");
        return;
      }
    }
  }
}

void NumberChecks::forgive(MachineId machine) {
  spoken_.erase(machine);
  std::erase_if(started_epoch_, [&](const auto& e) { return e.first.first == machine; });
}

void NumberChecks::stepped(Machine& machine, const core::Event*, const core::Actions& out) {
  check_voters(machine);
  for (const core::Action& action : out) {
    const auto* send = std::get_if<core::Send>(&action);
    if (send == nullptr) continue;
    const MessageKind kind = kind_of(send->bytes);
    if (kind == MessageKind::kRouted) check_told_voters(machine, send->bytes);
    if (kind != MessageKind::kHello) continue;
    wire::Message message;
    if (message.ParseFromString(send->bytes))
      check_incarnation(machine, message.hello().incarnation());
  }
  Instant& looked = looked_[machine.index()];
  if (world_.now() - looked < kHeardEvery) return;
  looked = world_.now();
  check_heard_epochs(machine);
}

// A first set of which so many have another that they can never be a quorum.
bool NumberChecks::came_to_nothing(const KeptVoters& kept) {
  std::set<std::string> rest(kept.names.begin(), kept.names.end());
  for (const auto& [machine, its] : kept_voters_)
    if (its.number > 0 && its.origin != kept.origin) rest.erase(world_.machine(machine).name());
  return kept.number == 1 && !core::is_quorum(kept.names, rest);
}

// Of one number there is one set, and whoever has stored it does not go back, unless its disk does.
void NumberChecks::check_voters(Machine& machine) {
  const core::Voters& counts = machine.core().voters();
  if (counts.number > 1) check_set(machine, counts.number, counts.names);
  const auto stored = machine.disk().stored().find("voter");
  if (stored == machine.disk().stored().end()) return;
  KeptVoters& kept = kept_voters_[machine.index()];
  if (kept.text == stored->second) return;
  kept.text = stored->second;
  wire::StoredVoter voter;
  if (!voter.ParseFromString(kept.text)) return;
  if (voter.number() < kept.number && !machine.restored() && !came_to_nothing(kept))
    world_.violated(Verdict::kSafety, machine.name() + " has forgotten set " +
                                          std::to_string(kept.number) + " of the voters");
  kept.number = voter.number();
  kept.origin = voter.origin();
  kept.names.assign(voter.voters().begin(), voter.voters().end());
  if (voter.memory()) check_set(machine, voter.number(), kept.names);
}

// A first set that no quorum of its own knows is of no weight: hosts that were left out of the first start may have one.
void NumberChecks::check_set(const Machine& machine, uint64_t number, const core::Names& names) {
  if (number == 1) {
    std::set<std::string>& know = first_sets_[names];
    know.insert(machine.line());
    if (!core::is_quorum(names, know)) return;
  }
  const auto [set, first] = sets_.try_emplace(number, names);
  if (!first && set->second != names)
    world_.violated(Verdict::kSafety, machine.name() + " knows other voters than others by set " +
                                          std::to_string(number) + ": " + core::listed(names) +
                                          ", and " + core::listed(set->second));
}

// Others may rely on what they are told, so it is on the disk before.
void NumberChecks::check_told_voters(Machine& machine, const std::string& bytes) {
  wire::Message message;
  if (!message.ParseFromString(bytes) || message.routed().from() != machine.node().raw()) return;
  const wire::Routed& routed = message.routed();
  const uint64_t told = std::max(
      {routed.voters().number(), routed.propose().over().number(), routed.recalled().number()});
  if (told > kept_voters_[machine.index()].number)
    world_.violated(Verdict::kSafety, machine.name() + " tells of set " + std::to_string(told) +
                                          " of the voters before it has stored that");
}

void NumberChecks::check_incarnation(Machine& machine, uint64_t incarnation) {
  Spoken& last = spoken_[machine.index()];
  bool same_engine = last.engine == machine.engine();
  if (incarnation < last.incarnation || (!same_engine && incarnation == last.incarnation))
    world_.violated(Verdict::kSafety, machine.name() + " speaks as incarnation " +
                                          std::to_string(incarnation) + " after " +
                                          std::to_string(last.incarnation));
  last = {incarnation, machine.engine()};
}

void NumberChecks::check_heard_epochs(Machine& machine) {
  for (const auto& [service, epoch] : machine.core().inspect().epochs) {
    uint64_t& before = heard_[{machine.index(), machine.engine(), service}];
    if (epoch < before)
      world_.violated(Verdict::kSafety, machine.name() + " has forgotten epoch " +
                                            std::to_string(before) + " of " + service);
    before = epoch;
  }
}

void NumberChecks::script_begins(Machine& machine, const core::RunScript& run) {
  if (run.script != core::Script::kStart) return;
  uint64_t& before = started_epoch_[{machine.index(), run.service}];
  uint64_t epoch = epoch_of(run);
  if (epoch < before)
    world_.violated(Verdict::kSafety, machine.name() + " starts " + run.service + " at epoch " +
                                          std::to_string(epoch) + " after " +
                                          std::to_string(before));
  before = epoch;
}

}  // namespace cluster::sim
