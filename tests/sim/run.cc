#include "tests/sim/run.h"

#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "core/alerts.h"
#include "tests/sim/alert_checks.h"
#include "tests/sim/checks.h"
#include "tests/sim/faults.h"
#include "tests/sim/key_checks.h"
#include "tests/sim/needs_checks.h"
#include "tests/sim/order_checks.h"
#include "tests/sim/plan.h"
#include "tests/sim/push_checks.h"
#include "tests/sim/rest.h"
#include "tests/sim/trace.h"

namespace cluster::sim {

namespace {

constexpr Duration kBootWithin = seconds(15);
constexpr Duration kFaultsFrom = seconds(5), kFaultsUntil = seconds(300);
constexpr int64_t kFewestFaults = 5, kMostFaults = 24;
constexpr double kOftenLarge = 0.02;
// From the end of all faults: hosts find each other, then orders lift every bar.
constexpr Duration kReadmitEvery = seconds(6);
constexpr Duration kToldBy = seconds(12);  // whatever an engine has to tell of
constexpr Duration kOrdersAfter = seconds(30);
constexpr Duration kTriesEvery = seconds(10);
constexpr int kMaxTries = 6;
// From the orders on, every service that can run does so, and all agree.
constexpr Duration kRestWithin = seconds(90);
// At the end this long nothing but beats.
constexpr Duration kQuiet = seconds(10);

// Whose engine has said that others have voters of another founding.
class Strangers : public Watcher {
 public:
  explicit Strangers(World& world) : world_(world) { world_.watch(*this); }

  void stepped(Machine& machine, const core::Event*, const core::Actions& out) override {
    for (const core::Action& action : out)
      if (const auto* alert = std::get_if<core::Alert>(&action);
          alert != nullptr && alert->text.find("is to lose its state") != std::string::npos)
        told_.insert(machine.index());
  }
  void lived(Machine& machine, Life life) override {
    if (life == Life::kEngineStarted) told_.erase(machine.index());
  }

  // One of them whose founding came to nothing, where they still have different voters. It does not know, as a host that had a part
  // in the other has lost its memory; people know which of the two has run their services.
  std::optional<MachineId> one_too_many(const NumberChecks& numbers) const {
    std::optional<MachineId> out;
    std::set<core::Names> sets;
    for (const MachineId m : told_) {
      if (!world_.machine(m).healthy()) continue;
      const core::Names names = world_.machine(m).view().voters.names;
      sets.insert(names);
      if (!numbers.counted(names)) out = m;
    }
    return sets.size() < 2 ? std::nullopt : out;
  }

 private:
  World& world_;
  std::set<MachineId> told_;
};

// The operator who makes good what faults have left behind, trying again where he is refused.
class Operator {
 public:
  Operator(World& world, const Faults& faults, bool all)
      : world_(world), faults_(faults), all_(all) {}

  // Lets in again whoever lost his state and cannot authenticate; nobody else may need it.
  void readmit() {
    for (MachineId a = 0; a < world_.size(); ++a)
      for (MachineId b = 0; b < world_.size(); ++b)
        if (a != b && !world_.network().can_authenticate(a, b)) readmit(a, b);
  }

  // Whoever did has lost the count of changes to the files, and may have been given the newest alone.
  bool someone_lost_state() const {
    for (MachineId m = 0; m < world_.size(); ++m)
      if (world_.machine(m).restored()) return true;
    return false;
  }

  void order() {
    for (const ServiceSpec& s : faults_.spec().services) {
      if (all_) {
        give(core::Verb::kEnable, s.name, HostId(), kMaxTries);
        give(core::Verb::kStart, s.name, HostId(), kMaxTries);
      }
      give(core::Verb::kClear, s.name, HostId(), kMaxTries);
    }
    for (const HostSpec& h : faults_.spec().hosts)
      give(core::Verb::kMaintenanceOff, "", h.id, kMaxTries);
    if (!all_) return;
    for (const HostSpec& h : faults_.spec().hosts) give(core::Verb::kOnline, "", h.id, kMaxTries);
  }

  // Where anybody has pushed anything, one more push makes good what is left of it.
  void push() {
    pushed_ = !faults_.pushed();
    try_push();
  }
  bool pushed() const { return pushed_; }

 private:
  void try_push() {
    if (pushed_) return;
    Machine& at = world_.machine(world_.rng().below(world_.size()));
    at.push(faults_.spec(), [this](const core::Reply& reply) {
      pushed_ = pushed_ || reply.refusal == core::Refusal::kNone;
    });
    world_.queue().after(kTriesEvery, [this] { try_push(); });
  }

  void give(core::Verb verb, const std::string& service, HostId host, int tries) {
    MachineId at = world_.rng().below(world_.size());
    world_.machine(at).command(verb, service, host, [=, this](const core::Reply& reply) {
      if (reply.refusal == core::Refusal::kNone || tries == 0) return;
      world_.queue().after(kTriesEvery, [=, this] { give(verb, service, host, tries - 1); });
    });
  }

  void readmit(MachineId a, MachineId b) {
    Machine &one = world_.machine(a), &other = world_.machine(b);
    if (!one.restored() && !other.restored())
      return world_.violated(Verdict::kSafety, one.name() + " and " + other.name() +
                                                   " have locked each other out, and neither has "
                                                   "lost its state");
    if (!world_.admits(a, b)) return allow(one, other);
    if (!world_.admits(b, a)) return allow(other, one);
    Machine &restored = one.restored() ? one : other, &member = one.restored() ? other : one;
    restored.command(core::Verb::kReadmitSelf, "", HostId(), nullptr);
    allow(member, restored);
  }

  void allow(Machine& at, const Machine& whom) {
    world_.note("readmit " + whom.name() + " on " + at.name());
    at.command(core::Verb::kReadmit, "", whom.id(), nullptr);
  }

  World& world_;
  const Faults& faults_;
  bool all_;
  bool pushed_ = false;
};

}  // namespace

Outcome run(const RunOptions& options) {
  Rng rng(options.seed);
  Rng plan = rng.fork();
  Rng aside = plan;
  const Scale scale = options.large || aside.chance(kOftenLarge) ? kLarge : kUsual;
  std::vector<std::string> names = random_names(plan, scale);
  Spec spec = random_spec(plan, names, scale);

  World world(rng.next(), names);
  Trace trace(world, options.told);
  CopyChecks copies(world);
  NumberChecks numbers(world);
  RestChecks rest(world, Instant(kRunTime - kQuiet));
  KeyChecks keys(world);
  NeedsChecks needs(world);
  OrderChecks orders(world);
  AlertChecks alerts(world);
  PushChecks pushes(world);
  furnish(world, spec, plan);
  world.set_plant(options.plant);
  for (MachineId m = 0; m < world.size(); ++m)
    if ((options.seed >> m & 1) != 0) world.machine(m).set_alerting(Alerting::kGood);
  for (MachineId m = 0; m < world.size(); ++m)
    world.queue().at(plan.between(Duration(), kBootWithin),
                     [&world, m] { world.machine(m).power_on(); });

  Strangers strangers(world);
  Faults faults(world, numbers, spec, rng.fork());
  faults.schedule(kFaultsFrom, kFaultsUntil,
                  static_cast<size_t>(plan.between(kFewestFaults, kMostFaults)));
  world.run_for(kFaultsUntil);
  faults.heal();
  Operator good(world, faults, plan.chance(0.7));
  for (Duration at{}; at < kOrdersAfter; at += kReadmitEvery) {
    world.run_for(kReadmitEvery);
    if (world.failed()) break;
    good.readmit();
    if (at == kToldBy)
      if (const auto machine = strangers.one_too_many(numbers)) faults.wipe(*machine);
  }
  if (!world.failed() && good.someone_lost_state()) faults.publish();
  if (!world.failed()) good.order();
  if (!world.failed()) good.push();

  std::optional<std::string> unrest;
  world.run_until(
      [&] {
        unrest = good.pushed() ? pushes.unrest() : std::optional<std::string>("no push is done");
        if (!unrest) unrest = rest.unrest(faults.spec());
        return !unrest;
      },
      kRestWithin, seconds(1));
  if (unrest) world.violated(Verdict::kLiveness, *unrest);
  world.run_for(kRunTime - world.now());
  // What flapped is told of late, and by whom else where those before did not see it so.
  world.run_until([&] { return !rest.telling(); },
                  core::kStableTime + static_cast<int64_t>(world.size()) * core::kAlertPatience,
                  seconds(1));
  if (!world.failed())
    if (auto why = rest.unrest_at_end(faults.spec())) world.violated(Verdict::kLiveness, *why);
  if (!world.failed())
    if (auto why = alerts.misled()) world.violated(Verdict::kLiveness, *why);
  if (!world.failed())
    if (auto why = keys.locked_out()) world.violated(Verdict::kSafety, *why);

  return {options.seed,   world.verdict(), world.violation(), world.now(),
          trace.digest(), trace.steps(),   faults.injected()};
}

}  // namespace cluster::sim
