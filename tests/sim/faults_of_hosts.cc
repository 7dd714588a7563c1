// Faults of machines, their disks and clocks.
#include <algorithm>
#include <utility>

#include "tests/sim/faults.h"

namespace cluster::sim {

void Faults::crash_host() {
  MachineId m = any();
  say(who(m) + " loses power");
  world_.machine(m).power_off();
  later(lasting(), [this, m] { world_.machine(m).power_on(); });
}

void Faults::crash_engine() {
  MachineId m = any();
  say("the engine of " + who(m) + " dies");
  world_.machine(m).crash_engine();
  // A guardian has another one soon; now and then none comes up for long.
  const bool soon = rng_.chance(0.7);
  later(soon ? rng_.between(milliseconds(20), milliseconds(500)) : lasting(),
        [this, m] { world_.machine(m).start_engine(); });
}

void Faults::crash_daemon() {
  MachineId m = any();
  const bool fence = rng_.chance(0.5);
  say("engine and guardian of " + who(m) + " die" + (fence ? ", and all that they ran" : ""));
  world_.machine(m).crash_daemon(fence);
  later(lasting(), [this, m] { world_.machine(m).start_engine(); });
}

void Faults::power_cut() {
  say("all machines lose power");
  for (MachineId m = 0; m < world_.size(); ++m) {
    world_.machine(m).power_off();
    later(lasting(), [this, m] { world_.machine(m).power_on(); });
  }
}

void Faults::leave() {
  // Longer than every script of every service may take, one after the other.
  constexpr Duration kLongestLeave = seconds(120);
  MachineId m = any();
  Machine& machine = world_.machine(m);
  if (!machine.healthy()) return;
  say(who(m) + " is told to leave");
  machine.leave();
  uint64_t engine = machine.engine();
  Duration away = lasting();
  later(kLongestLeave, [this, m, engine] {
    Machine& there = world_.machine(m);
    if (there.engine() == engine && there.leaving() && !there.frozen())
      world_.violated(Verdict::kLiveness, there.name() + " does not get away");
  });
  later(kLongestLeave + away, [this, m] { world_.machine(m).start_engine(); });
}

void Faults::freeze() {
  MachineId m = any();
  say("the engine of " + who(m) + " is frozen");
  world_.machine(m).freeze();
  later(lasting(), [this, m] { world_.machine(m).thaw(); });
}

void Faults::sleep() {
  MachineId m = any();
  say(who(m) + " sleeps");
  world_.machine(m).sleep();
  later(lasting(), [this, m] { world_.machine(m).wake(); });
}

void Faults::sleep_in_order() {
  MachineId m = any();
  say(who(m) + " is about to sleep");
  world_.machine(m).plan_sleep();
  later(lasting(), [this, m] {
    if (rng_.chance(0.2)) world_.machine(m).miss_waking();
    world_.machine(m).wake();
  });
}

void Faults::stutter() {
  MachineId m = any();
  say("the engine of " + who(m) + " stutters");
  Duration at{};
  int64_t times = rng_.between(3, 10);
  for (int64_t i = 0; i < times; ++i) {
    later(at, [this, m] { world_.machine(m).freeze(); });
    at += rng_.between(milliseconds(100), milliseconds(4000));
    later(at, [this, m] { world_.machine(m).thaw(); });
    at += rng_.between(milliseconds(10), milliseconds(1500));
  }
}

void Faults::slow_disk() {
  MachineId m = any();
  say("the disk of " + who(m) + " is slow");
  world_.machine(m).disk().set_latency(milliseconds(50),
                                       rng_.between(milliseconds(100), seconds(2)));
  later(lasting(),
        [this, m] { world_.machine(m).disk().set_latency(microseconds(100), milliseconds(10)); });
}

void Faults::failing_disk() {
  MachineId m = any();
  say("the disk of " + who(m) + " fails");
  world_.machine(m).disk().set_failing(rng_.chance(0.5) ? 1.0 : 0.3);
  later(lasting(), [this, m] { world_.machine(m).disk().set_failing(0); });
}

MachineId Faults::forgetful() {
  const bool leases =
      std::any_of(spec_.services.begin(), spec_.services.end(),
                  [](const ServiceSpec& s) { return s.ownership == core::Ownership::kMajority; });
  return leases ? MachineId{0} : any();
}

void Faults::old_disk() {
  MachineId m = forgetful();
  Machine& machine = world_.machine(m);
  auto backup = backups_.find(m);
  if (backup == backups_.end() || rng_.chance(0.3)) {
    backups_[m] = machine.disk().stored();
    return;
  }
  say(who(m) + " comes back with an older disk");
  machine.power_off();
  machine.restore(backup->second);
  come_back_unknown(m);
}

void Faults::lost_state() {
  MachineId m = forgetful();
  say(who(m) + " comes back without its state");
  world_.machine(m).power_off();
  world_.machine(m).wipe();
  come_back_unknown(m);
}

void Faults::wipe(MachineId m) {
  say(who(m) + " loses its state, as it was told");
  world_.machine(m).power_off();
  world_.machine(m).wipe();
  numbers_.forgive(m);
  world_.queue().after(seconds(1), [this, m] { world_.machine(m).power_on(); });
}

// The others may not know it any more. Sometimes an operator sees to that soon.
void Faults::come_back_unknown(MachineId m) {
  numbers_.forgive(m);
  Duration away = lasting();
  later(away, [this, m] { world_.machine(m).power_on(); });
  if (rng_.chance(0.7)) later(away + lasting(), [this, m] { world_.readmit(m, any()); });
}

void Faults::wall_jump() {
  MachineId m = any();
  Duration off = rng_.chance(0.5) ? rng_.between(seconds(-30), seconds(30))
                                  : rng_.between(hours(-48), hours(48));
  say("the wall clock of " + who(m) + " jumps");
  world_.machine(m).clock().set_wall_error(world_.now(), off);
  later(lasting(),
        [this, m] { world_.machine(m).clock().set_wall_error(world_.now(), Duration()); });
}

void Faults::wall_1970() {
  MachineId m = any();
  say(who(m) + " boots with its clock at 1970");
  world_.machine(m).power_off();
  world_.machine(m).clock().set_wall_to_1970(world_.now());
  later(lasting(), [this, m] { world_.machine(m).power_on(); });
  later(lasting() + seconds(20),
        [this, m] { world_.machine(m).clock().set_wall_error(world_.now(), Duration()); });
}

void Faults::drift() {
  MachineId m = any();
  say("the clock of " + who(m) + " drifts");
  world_.machine(m).clock().set_drift(world_.now(), rng_.between(-1000, 1000));
}

}  // namespace cluster::sim
