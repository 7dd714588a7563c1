// Faults of a random run: what can happen, when, to whom and for how long, all from the seed. Each run
// draws its own mix of kinds, so that rare combinations come up too (swarm testing, Groce et al. 2012).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "tests/sim/checks.h"
#include "tests/sim/spec.h"
#include "tests/sim/world.h"

namespace cluster::sim {

class Faults {
 public:
  Faults(World& world, NumberChecks& numbers, Spec spec, Rng rng);

  static size_t kinds();
  static const char* name(size_t kind);

  // Injects them between `from` and `until`; each ends by itself or with heal().
  void schedule(Instant from, Instant until, size_t count);
  // Ends every fault; all machines run, with the newest configuration and scripts that work.
  void heal();

  // After heal(): a machine is off for a moment, and has forgotten everything.
  void wipe(MachineId machine);

  // One more service on all machines at once: a change that counts, whoever has lost the count.
  void publish();

  // Whether anybody has pushed anything.
  bool pushed() const { return pushed_; }
  const std::vector<uint32_t>& injected() const { return injected_; }  // by kind
  // The newest configuration, which all machines have after heal().
  const Spec& spec() const { return spec_; }

 private:
  struct Kind {
    const char* name;
    void (Faults::*inject)();
  };
  static const std::vector<Kind>& table();

  void inject(size_t kind);
  MachineId any();
  // Whose disk may be old or lost: where there are leases the same machine each time, as fewer than a majority may
  // forget between two elections.
  MachineId forgetful();
  std::pair<MachineId, MachineId> pair();
  std::string any_service();
  Duration lasting();  // of a fault: mostly short, sometimes long
  // Ends the fault later, unless heal() has come first.
  void later(Duration delay, Queue::Task task);
  std::string who(MachineId machine) { return world_.machine(machine).name(); }
  void say(const std::string& text) { world_.note("fault: " + text); }
  void misbehave(const char* what, double Behaviour::*knob, double probability);
  void cut_set(const std::vector<MachineId>& side, bool silent);
  void roll_out(const Spec& spec);

  void crash_host();
  void crash_engine();
  void crash_daemon();
  void power_cut();
  void leave();
  void freeze();
  void sleep();
  void sleep_in_order();
  void stutter();
  void cut_pair();
  void cut_one_way();
  void isolate();
  void partition();
  void swizzle();
  void flap();
  void reset();
  void half_open();
  void black_hole();
  void reconnect_storm();
  void slow_link();
  void change_address();
  void wrong_passphrase();
  void slow_disk();
  void failing_disk();
  void old_disk();
  void lost_state();
  void look_after(MachineId host);
  void end_maintenance(MachineId m, MachineId host);
  void come_back_unknown(MachineId machine);
  void copy_dies();
  void start_fails();
  void start_hangs();
  void stop_fails();
  void stop_hangs();
  void status_fails();
  void status_hangs();
  void script_missing();
  void wall_jump();
  void wall_1970();
  void drift();
  void operate();
  void maintain();
  void edit_services();
  void edit_hosts();
  void push();

  World& world_;
  NumberChecks& numbers_;
  Spec spec_;
  Rng rng_;
  std::vector<double> weights_;
  std::vector<uint32_t> injected_;
  std::map<MachineId, core::Stored> backups_;
  uint64_t edits_of_hosts_ = 0;
  bool healed_ = false;
  bool pushed_ = false;
};

}  // namespace cluster::sim
