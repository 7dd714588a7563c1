// The choice of faults, and how they all end. What each does is in the files beside this one.
#include "tests/sim/faults.h"

#include <algorithm>
#include <utility>

#include "tests/sim/plan.h"

namespace cluster::sim {

const std::vector<Faults::Kind>& Faults::table() {
  static const std::vector<Kind> all = {
      {"crash-host", &Faults::crash_host},
      {"crash-engine", &Faults::crash_engine},
      {"crash-daemon", &Faults::crash_daemon},
      {"power-cut", &Faults::power_cut},
      {"leave", &Faults::leave},
      {"freeze", &Faults::freeze},
      {"sleep", &Faults::sleep},
      {"sleep-in-order", &Faults::sleep_in_order},
      {"stutter", &Faults::stutter},
      {"cut", &Faults::cut_pair},
      {"cut-one-way", &Faults::cut_one_way},
      {"isolate", &Faults::isolate},
      {"partition", &Faults::partition},
      {"swizzle", &Faults::swizzle},
      {"flap", &Faults::flap},
      {"reset", &Faults::reset},
      {"half-open", &Faults::half_open},
      {"black-hole", &Faults::black_hole},
      {"reconnect-storm", &Faults::reconnect_storm},
      {"slow-link", &Faults::slow_link},
      {"change-address", &Faults::change_address},
      {"wrong-passphrase", &Faults::wrong_passphrase},
      {"slow-disk", &Faults::slow_disk},
      {"failing-disk", &Faults::failing_disk},
      {"old-disk", &Faults::old_disk},
      {"lost-state", &Faults::lost_state},
      {"copy-dies", &Faults::copy_dies},
      {"start-fails", &Faults::start_fails},
      {"start-hangs", &Faults::start_hangs},
      {"stop-fails", &Faults::stop_fails},
      {"stop-hangs", &Faults::stop_hangs},
      {"status-fails", &Faults::status_fails},
      {"status-hangs", &Faults::status_hangs},
      {"script-missing", &Faults::script_missing},
      {"wall-jump", &Faults::wall_jump},
      {"wall-1970", &Faults::wall_1970},
      {"drift", &Faults::drift},
      {"operate", &Faults::operate},
      {"maintain", &Faults::maintain},
      {"edit-services", &Faults::edit_services},
      {"edit-hosts", &Faults::edit_hosts},
      {"push", &Faults::push},
  };
  return all;
}

size_t Faults::kinds() { return table().size(); }
const char* Faults::name(size_t kind) { return table()[kind].name; }

Faults::Faults(World& world, NumberChecks& numbers, Spec spec, Rng rng)
    : world_(world), numbers_(numbers), spec_(std::move(spec)), rng_(rng), injected_(kinds()) {
  constexpr double kLeftOut = 0.4;
  for (size_t i = 0; i < kinds(); ++i)
    weights_.push_back(rng_.chance(kLeftOut) ? 0.0 : rng_.unit() * rng_.unit() + 0.02);
}

void Faults::schedule(Instant from, Instant until, size_t count) {
  double sum = 0;
  for (double w : weights_) sum += w;
  for (size_t i = 0; i < count; ++i) {
    double draw = rng_.unit() * sum;
    size_t kind = 0;
    while (kind + 1 < kinds() && (draw -= weights_[kind]) > 0) ++kind;
    world_.queue().at(rng_.between(from, until), [this, kind] { inject(kind); });
  }
}

void Faults::inject(size_t kind) {
  if (healed_) return;
  ++injected_[kind];
  (this->*table()[kind].inject)();
}

MachineId Faults::any() { return rng_.below(world_.size()); }

std::pair<MachineId, MachineId> Faults::pair() {
  MachineId a = any();
  MachineId b = (a + 1 + rng_.below(world_.size() - 1)) % world_.size();
  return {a, b};
}

std::string Faults::any_service() {
  return spec_.services.empty() ? "" : spec_.services[rng_.below(spec_.services.size())].name;
}

Duration Faults::lasting() {
  double draw = rng_.unit();
  if (draw < 0.3) return rng_.between(milliseconds(50), seconds(2));
  if (draw < 0.8) return rng_.between(seconds(2), seconds(15));
  return rng_.between(seconds(15), seconds(90));
}

void Faults::later(Duration delay, Queue::Task task) {
  world_.queue().after(delay, [this, task = std::move(task)] {
    if (!healed_) task();
  });
}

void Faults::heal() {
  healed_ = true;
  world_.note("all faults end");
  world_.network().heal_all();
  // Nobody waits for stragglers: machines that are off or away come back within the same seconds.
  for (MachineId i = 0; i < world_.size(); ++i) {
    Machine& machine = world_.machine(i);
    mend_scripts(world_, machine, spec_, rng_);
    machine.disk().set_failing(0);
    machine.set_push_fault("");
    machine.disk().set_latency(microseconds(100), milliseconds(10));
    machine.clock().set_drift(world_.now(), 0);
    machine.clock().set_wall_error(world_.now(), Duration());
    machine.thaw();
    machine.wake();
    if (machine.leaving()) machine.crash_daemon(false);
    machine.reload(spec_);
    if (!machine.powered()) {
      machine.power_on();
    } else {
      machine.start_engine();
    }
  }
}

}  // namespace cluster::sim
