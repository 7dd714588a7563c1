// Faults of the network between machines.
#include <algorithm>
#include <utility>

#include "tests/sim/faults.h"

namespace cluster::sim {

void Faults::cut_pair() {
  auto [a, b] = pair();
  say(who(a) + " and " + who(b) + " are cut off from each other");
  world_.network().cut(a, b);
  later(lasting(), [this, a = a, b = b] { world_.network().heal(a, b); });
}

void Faults::cut_one_way() {
  auto [a, b] = pair();
  say("nothing gets from " + who(a) + " to " + who(b));
  world_.network().cut_one_way(a, b);
  later(lasting(), [this, a = a, b = b] { world_.network().heal_one_way(a, b); });
}

void Faults::cut_set(const std::vector<MachineId>& side, bool one_way) {
  Duration time = lasting();
  for (MachineId a : side) {
    for (MachineId b = 0; b < world_.size(); ++b) {
      if (std::find(side.begin(), side.end(), b) != side.end()) continue;
      world_.network().cut_one_way(a, b);
      if (!one_way) world_.network().cut_one_way(b, a);
      later(time, [this, a, b, one_way] {
        world_.network().heal_one_way(a, b);
        if (!one_way) world_.network().heal_one_way(b, a);
      });
    }
  }
}

void Faults::isolate() {
  MachineId m = any();
  say(who(m) + " is cut off from all");
  cut_set({m}, rng_.chance(0.2));
}

void Faults::partition() {
  std::vector<MachineId> side;
  for (MachineId m = 0; m < world_.size(); ++m)
    if (rng_.chance(0.5)) side.push_back(m);
  std::string names;
  for (MachineId m : side) names += " " + who(m);
  say("the network parts:" + names + " on one side");
  cut_set(side, false);
}

void Faults::swizzle() {
  // Cut one after the other, healed in another order: after FoundationDB's swizzle-clogging.
  std::vector<MachineId> some;
  for (MachineId m = 0; m < world_.size(); ++m)
    if (rng_.chance(0.6)) some.push_back(m);
  say("swizzled cuts of " + std::to_string(some.size()) + " machines");
  Duration at{};
  for (MachineId m : some) {
    at += rng_.between(milliseconds(100), seconds(3));
    Duration healed = seconds(10) + rng_.between(milliseconds(100), seconds(12));
    for (MachineId other = 0; other < world_.size(); ++other) {
      if (other == m) continue;
      later(at, [this, m, other] { world_.network().cut(m, other); });
      later(at + healed, [this, m, other] { world_.network().heal(m, other); });
    }
  }
}

void Faults::flap() {
  auto [a, b] = pair();
  Duration period = rng_.between(milliseconds(500), seconds(4));
  int64_t times = rng_.between(3, 15);
  say("the link of " + who(a) + " and " + who(b) + " flaps");
  for (int64_t i = 0; i < times; ++i) {
    later(2 * i * period, [this, a = a, b = b] { world_.network().cut(a, b); });
    later((2 * i + 1) * period, [this, a = a, b = b] { world_.network().heal(a, b); });
  }
}

void Faults::reset() {
  auto [a, b] = pair();
  say("the connection of " + who(a) + " and " + who(b) + " is reset");
  world_.network().reset(a, b);
}

void Faults::half_open() {
  auto [a, b] = pair();
  say("the connection of " + who(a) + " and " + who(b) + " is half open");
  world_.network().half_open(a, b);
}

void Faults::black_hole() {
  auto [a, b] = pair();
  say("the connection of " + who(a) + " and " + who(b) + " goes silent");
  world_.network().black_hole(a, b);
}

void Faults::reconnect_storm() {
  say("all connections are reset, again and again");
  int64_t times = rng_.between(3, 15);
  Duration period = rng_.between(milliseconds(20), milliseconds(800));
  for (int64_t i = 0; i < times; ++i) {
    later(i * period, [this] {
      for (MachineId a = 0; a < world_.size(); ++a)
        for (MachineId b = 0; b < a; ++b)
          if (rng_.chance(0.7)) world_.network().reset(a, b);
    });
  }
}

void Faults::slow_link() {
  auto [a, b] = pair();
  say("the link of " + who(a) + " and " + who(b) + " is slow");
  world_.network().slow_down(a, b, rng_.between(milliseconds(100), seconds(2)));
  later(lasting(), [this, a = a, b = b] { world_.network().slow_down(a, b, Duration()); });
}

void Faults::change_address() {
  MachineId m = any();
  if (!spec_.host(who(m))->dynamic) return;
  say(who(m) + " moves to another address");
  world_.machine(m).change_address();
}

void Faults::wrong_passphrase() {
  MachineId m = any();
  Spec other = world_.machine(m).spec();
  for (HostSpec& h : other.hosts) h.passphrase = 1;
  say(who(m) + " comes back with other passphrases");
  world_.machine(m).crash_daemon(false);
  world_.machine(m).set_spec(other);
  world_.machine(m).start_engine();
  later(lasting(), [this, m] {
    world_.machine(m).crash_daemon(false);
    world_.machine(m).set_spec(spec_);
    world_.machine(m).start_engine();
  });
}

}  // namespace cluster::sim
