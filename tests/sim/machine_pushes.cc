// What a machine's shell does with configurations that are pushed: it looks at them, puts them in place and reloads.
#include <utility>

#include "tests/sim/machine.h"
#include "tests/sim/world.h"

namespace cluster::sim {

namespace {

constexpr Duration kReadLow = milliseconds(1), kReadHigh = milliseconds(50);
constexpr Duration kWriteLow = milliseconds(2), kWriteHigh = milliseconds(200);

}  // namespace

bool Machine::push(const Spec& spec, OnReply on_reply) {
  if (!healthy()) return false;
  core::ConfigPush order;
  order.request = RequestId(world_.next_request());
  order.files = world_.files_of(spec);
  for (const HostSpec& host : spec.hosts) order.hosts.push_back(host.name);
  spec_ = spec;
  waiting_.emplace(order.request, std::move(on_reply));
  deliver(std::move(order));
  return true;
}

std::vector<std::string> Machine::against(const core::PushFiles& files) const {
  if (!push_fault_.empty()) return {push_fault_};
  const Spec& spec = world_.spec_of(files);
  if (spec.host(line_) == nullptr) return {"hosts:1: no line is this host"};
  if (core_->refuse_renumbering(config_of(spec)))
    return {"hosts:1: a known name has another number"};
  return {};
}

void Machine::perform(const core::ValidateConfig& asked) {
  looked_at_[asked.id] = asked.files.services;
  world_.queue().after(rng_.between(kReadLow, kReadHigh), [this, asked, engine = engine_] {
    if (engine == engine_ && running())
      deliver(core::ConfigValidated{asked.id, against(asked.files)});
  });
}

// Whoever ends between the writing and the reloading has the files in place and has not said so.
void Machine::perform(const core::ApplyConfig& asked) {
  world_.queue().after(rng_.between(kWriteLow, kWriteHigh), [this, asked, engine = engine_] {
    if (engine != engine_ || !running()) return;
    std::vector<std::string> faults = against(asked.files);
    if (faults.empty()) spec_ = world_.spec_of(asked.files);
    world_.queue().after(rng_.between(kReadLow, kReadHigh), [this, asked, faults, engine] {
      if (engine != engine_ || !running()) return;
      if (faults.empty()) {
        world_.lived(*this, Life::kReloaded);
        deliver(core::ConfigChanged{config_of(spec_)});
      }
      if (engine == engine_ && running()) deliver(core::ConfigApplied{asked.id, faults});
    });
  });
}

}  // namespace cluster::sim
