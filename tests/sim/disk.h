// A machine's disk, as far as the core's store goes: tickets become durable in order, each whole, some
// time after they were written. A crash loses a tail of those that were not yet durable; a failing disk
// says so, and may have stored the ticket all the same.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "base/rng.h"
#include "core/io.h"
#include "core/node.h"
#include "tests/sim/queue.h"

namespace cluster::sim {

class Disk {
 public:
  using Deliver = std::function<void(core::Event)>;

  Disk(Queue& queue, Rng rng, Deliver deliver)
      : queue_(queue), rng_(rng), deliver_(std::move(deliver)) {}

  void write(core::Persist persist);
  // The engine ended or the machine lost power: nobody waits for what is under way any more.
  void crash();

  void set_latency(Duration low, Duration high) { low_ = low, high_ = high; }
  void set_failing(double probability) { failing_ = probability; }
  // A bug planted on purpose: says that it is stored, and loses it at the next crash.
  void set_lying(bool lying) { lying_ = lying; }

  // The newest failure; nothing may be expected of an engine that could not store what it had to.
  std::optional<Instant> failed() const { return failed_; }

  const core::Stored& stored() const { return stored_; }
  void replace(core::Stored stored) { stored_ = std::move(stored); }

 private:
  void finish(uint64_t generation);
  void apply(const core::Persist& persist);

  Queue& queue_;
  Rng rng_;
  Deliver deliver_;
  core::Stored stored_;
  std::deque<core::Persist> pending_;
  Instant last_{};
  Duration low_ = microseconds(200);
  Duration high_ = milliseconds(8);
  double failing_ = 0;
  std::optional<Instant> failed_;
  bool lying_ = false;
  uint64_t generation_ = 0;  // of engines: what an ended one asked for is not answered
};

}  // namespace cluster::sim
