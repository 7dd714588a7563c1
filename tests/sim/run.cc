#include "tests/sim/run.h"

#include <optional>
#include <utility>

#include "tests/sim/checks.h"
#include "tests/sim/faults.h"
#include "tests/sim/plan.h"
#include "tests/sim/rest.h"
#include "tests/sim/trace.h"

namespace cluster::sim {

namespace {

constexpr Duration kBootWithin = seconds(15);
constexpr Duration kFaultsFrom = seconds(5), kFaultsUntil = seconds(300);
constexpr int64_t kFewestFaults = 5, kMostFaults = 24;
// From the end of all faults: hosts find each other, then orders lift every bar.
constexpr Duration kOrdersAfter = seconds(30);
constexpr Duration kTriesEvery = seconds(10);
constexpr int kMaxTries = 6;
// From the orders on, every service that can run does so, and all agree.
constexpr Duration kRestWithin = seconds(90);
// At the end this long nothing but beats.
constexpr Duration kQuiet = seconds(10);

// The operator who makes good what faults have left behind, trying again where he is refused.
class Operator {
 public:
  Operator(World& world, const Faults& faults, bool all)
      : world_(world), faults_(faults), all_(all) {}

  void order() {
    for (const ServiceSpec& s : faults_.spec().services) {
      if (all_) {
        give(core::Verb::kEnable, s.name, HostId(), kMaxTries);
        give(core::Verb::kStart, s.name, HostId(), kMaxTries);
      }
      give(core::Verb::kClear, s.name, HostId(), kMaxTries);
    }
    if (!all_) return;
    for (const HostSpec& h : faults_.spec().hosts) give(core::Verb::kOnline, "", h.id, kMaxTries);
  }

 private:
  void give(core::Verb verb, const std::string& service, HostId host, int tries) {
    MachineId at = world_.rng().below(world_.size());
    world_.machine(at).command(verb, service, host, [=, this](const core::Reply& reply) {
      if (reply.refusal == core::Refusal::kNone || tries == 0) return;
      world_.queue().after(kTriesEvery, [=, this] { give(verb, service, host, tries - 1); });
    });
  }

  World& world_;
  const Faults& faults_;
  bool all_;
};

}  // namespace

Outcome run(const RunOptions& options) {
  Rng rng(options.seed);
  Rng plan = rng.fork();
  std::vector<std::string> names = random_names(plan);
  Spec spec = random_spec(plan, names);

  World world(rng.next(), names);
  Trace trace(world, options.told);
  CopyChecks copies(world);
  NumberChecks numbers(world);
  RestChecks rest(world);
  furnish(world, spec, plan);
  world.set_plant(options.plant);
  for (MachineId m = 0; m < world.size(); ++m)
    world.queue().at(plan.between(Duration(), kBootWithin),
                     [&world, m] { world.machine(m).power_on(); });

  Faults faults(world, numbers, spec, rng.fork());
  faults.schedule(kFaultsFrom, kFaultsUntil,
                  static_cast<size_t>(plan.between(kFewestFaults, kMostFaults)));
  world.run_for(kFaultsUntil);
  faults.heal();
  world.run_for(kOrdersAfter);
  Operator good(world, faults, plan.chance(0.7));
  if (!world.failed()) good.order();

  std::optional<std::string> unrest;
  world.run_until([&] { return !(unrest = rest.unrest(faults.spec())); }, kRestWithin, seconds(1));
  if (unrest) world.violated(Verdict::kLiveness, *unrest);
  world.run_for(kRunTime - world.now());
  if (!world.failed())
    if (auto why = rest.unrest_at_end(faults.spec(), kQuiet))
      world.violated(Verdict::kLiveness, *why);

  return {options.seed,   world.verdict(), world.violation(), world.now(),
          trace.digest(), trace.steps(),   faults.injected()};
}

}  // namespace cluster::sim
