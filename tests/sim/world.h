// A cluster of simulated machines in one process, and all that a scenario or a random run does to it.
// Everything that happens follows from the seed and from the calls made here.
//
//   World world(seed, {"S", "L", "P"});
//   for (Machine& m : world.machines()) m.set_spec(spec);
//   world.machine("S").power_on();
//   world.run_for(seconds(10));
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "tests/sim/machine.h"
#include "tests/sim/network.h"
#include "tests/sim/plant.h"
#include "tests/sim/queue.h"
#include "tests/sim/together.h"
#include "tests/sim/watcher.h"

namespace cluster::sim {

// What a run came to; the values are the program's exit codes.
enum class Verdict : uint8_t { kClean = 0, kSafety = 10, kLiveness = 11, kCrash = 12 };
const char* to_string(Verdict verdict);

class World final : public Machines {
 public:
  World(uint64_t seed, const std::vector<std::string>& names);
  ~World() override;

  Queue& queue() { return queue_; }
  Network& network() { return network_; }
  Instant now() const { return queue_.now(); }
  Rng& rng() { return rng_; }
  size_t size() const { return machines_.size(); }
  size_t count() const override { return size(); }
  Machine& machine(MachineId index) { return *machines_[index]; }
  const Machine& machine(MachineId index) const { return *machines_[index]; }
  Machine& machine(const std::string& name);
  const Together& together() const { return together_; }
  // Nobody asks together(), which costs the more the more machines there are.
  void forget_together() { follows_together_ = false; }
  // The machine whose line in `spec` has that ID.
  Machine* with_line(const Spec& spec, HostId id);

  // -- Time. A violation stops it.
  void run_for(Duration duration);
  // True as soon as `condition` holds at a multiple of `step`, false if it does not within `limit`.
  bool run_until(const std::function<bool()>& condition, Duration limit,
                 Duration step = milliseconds(100));

  // -- What watchers and plants see and do. A watcher outlives the world's last step.
  void watch(Watcher& watcher) { watchers_.push_back(&watcher); }
  template <class Function>
  void each_watcher(Function function) {
    for (Watcher* w : watchers_) function(*w);
  }
  void lived(Machine& machine, Life life);
  void note(const std::string& text);
  void set_plant(Plant plant);
  Plant plant() const { return plant_; }
  // True: the sending has been taken care of by the planted bug.
  bool tampered(Machine& from, core::Send& send);

  // The first violation counts; it ends the run.
  void violated(Verdict verdict, std::string what);
  bool failed() const { return verdict_ != Verdict::kClean; }
  Verdict verdict() const { return verdict_; }
  const std::string& violation() const { return violation_; }

  // What an operator does for a machine whose state was lost or put back, on it and on another.
  void readmit(MachineId machine, MachineId on);

  // What stands in the three files of a push, and what such files mean.
  core::PushFiles files_of(const Spec& spec);
  const Spec& spec_of(const core::PushFiles& files) const;

  uint64_t next_request() { return ++requests_; }
  // Of a machine of that number, where nothing else is said.
  static std::string address_of(MachineId machine);
  std::string fresh_address();

  // -- The truth.
  // Machines on which a copy of the service is alive.
  std::vector<MachineId> copies(const std::string& service) const;

  // Machines:
  bool powered(MachineId machine) const override;
  bool asleep(MachineId machine) const override;
  bool listening(MachineId machine) const override;
  bool frozen(MachineId machine) const override;
  NodeId node(MachineId machine) const override;
  std::optional<PeerName> name_of(MachineId at, MachineId peer) const override;
  std::vector<core::Generation> credentials(MachineId at, MachineId peer) const override;
  bool same_passphrases(MachineId a, MachineId b) const override;
  bool admits(MachineId at, MachineId peer) const override;
  void deliver(MachineId machine, core::Event event) override;

 private:
  bool advance(Instant limit);

  Rng rng_;
  Queue queue_;
  Network network_;
  Together together_;
  uint64_t seen_topology_ = 0;
  bool follows_together_ = true;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<Watcher*> watchers_;
  Plant plant_ = Plant::kNone;
  Verdict verdict_ = Verdict::kClean;
  std::string violation_;
  uint64_t requests_ = 0;
  std::vector<Spec> pushed_;
  uint32_t addresses_ = 0;
};

}  // namespace cluster::sim
