#include "tests/sim/plant.h"

#include <string>
#include <utility>

#include "tests/sim/wire.h"
#include "tests/sim/world.h"
#include "wire/cluster.pb.h"

namespace cluster::sim {

const std::vector<PlantName>& plants() {
  static const std::vector<PlantName> all = {
      {"start-without-grant", Plant::kStartWithoutGrant},
      {"forget-persist", Plant::kForgetPersist},
      {"lose-floods", Plant::kLoseFloods},
      {"hasty-stop", Plant::kHastyStop},
      {"short-lease", Plant::kShortLease},
      {"forget-needs", Plant::kForgetNeeds},
      {"forge-vote", Plant::kForgeVote},
      {"no-kill", Plant::kNoKill},
      {"forget-orders", Plant::kForgetOrders},
  };
  return all;
}

std::optional<Plant> plant_of(std::string_view name) {
  for (const PlantName& p : plants())
    if (p.name == name) return p.plant;
  return std::nullopt;
}

namespace {

// The answer that the claim's voter would give if it had nothing against it.
std::string forged_grant(const wire::Routed& claim) {
  wire::Message message;
  wire::Routed& routed = *message.mutable_routed();
  routed.set_from(claim.to());
  routed.set_to(claim.from());
  routed.set_hops(claim.hops());
  wire::Answer& answer = *routed.mutable_answer();
  answer.set_service(claim.claim().service());
  answer.set_epoch(claim.claim().epoch());
  answer.set_attempt(claim.claim().attempt());
  answer.set_asked_us(claim.claim().asked_us());
  answer.set_verdict(wire::Answer::GRANTED);
  answer.set_incarnation(1);
  return message.SerializeAsString();
}

}  // namespace

namespace {

void shorten(core::Send& send) {
  if (kind_of(send.bytes) != MessageKind::kRouted) return;
  wire::Message message;
  if (!message.ParseFromString(send.bytes)) return;
  wire::Routed& routed = *message.mutable_routed();
  if (routed.has_claim() && routed.claim().lease_us() != 0)
    routed.mutable_claim()->set_lease_us(routed.claim().lease_us() / 2);
  if (routed.has_renewal())
    for (auto& lease : *routed.mutable_renewal()->mutable_leases())
      lease.set_lease_us(lease.lease_us() / 2);
  send.bytes = message.SerializeAsString();
}

}  // namespace

namespace {

void forge(core::Send& send) {
  if (kind_of(send.bytes) != MessageKind::kRouted) return;
  wire::Message message;
  if (!message.ParseFromString(send.bytes) || !message.routed().has_push_vote()) return;
  message.mutable_routed()->mutable_push_vote()->set_verdict(wire::PushVote::PREPARED);
  send.bytes = message.SerializeAsString();
}

}  // namespace

void World::set_plant(Plant plant) {
  plant_ = plant;
  for (auto& machine : machines_) {
    machine->disk().set_lying(plant == Plant::kForgetPersist);
    machine->scripts().set_hasty(plant == Plant::kHastyStop);
    machine->scripts().set_immortal(plant == Plant::kNoKill);
  }
}

bool World::tampered(Machine& from, core::Send& send) {
  switch (plant_) {
    case Plant::kNone:
    case Plant::kForgetPersist:
    case Plant::kHastyStop:
    case Plant::kForgetNeeds:
    case Plant::kNoKill:
    case Plant::kForgetOrders: return false;
    case Plant::kShortLease: shorten(send); return false;
    case Plant::kForgeVote: forge(send); return false;
    case Plant::kLoseFloods: return kind_of(send.bytes) == MessageKind::kFlood && rng_.chance(0.5);
    case Plant::kStartWithoutGrant: break;
  }
  if (kind_of(send.bytes) != MessageKind::kRouted) return false;
  wire::Message message;
  if (!message.ParseFromString(send.bytes)) return false;
  if (!message.routed().has_claim() || message.routed().from() != from.node().raw()) return false;
  MachineId index = from.index();
  uint64_t engine = from.engine();
  LinkId link = send.link;
  std::string bytes = forged_grant(message.routed());
  queue_.after(milliseconds(1), [this, index, engine, link, bytes] {
    if (machine(index).engine() == engine && network_.is_up(index, link))
      machine(index).deliver(core::Received{link, bytes});
  });
  return true;
}

}  // namespace cluster::sim
