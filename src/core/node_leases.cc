// Ownership `majority`: docs/ownership.md.

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

bool Node::State::by_majority(const std::string& name) const {
  const ServiceEntry* entry = config.service(name);
  return entry != nullptr && entry->local && entry->ownership == Ownership::kMajority;
}

// By its record, for hosts files may give a line to different hosts while they are being edited.
std::string Node::State::voter_name(const NodeId& node) const {
  if (node == self) return voters.contains(own_name()) ? own_name() : std::string();
  const Member* member = members.find(node);
  if (member == nullptr || !voters.contains(member->record.name())) return "";
  const HostEntry* host = config.host(member->host);
  return host == nullptr || host->name == member->record.name() ? member->record.name()
                                                                : std::string();
}

std::vector<NodeId> Node::State::reachable_voters() const {
  std::vector<NodeId> out;
  for (const auto& [node, member] : members.all())
    if ((node == self || (member.up && !was_put_back(member))) && !voter_name(node).empty())
      out.push_back(node);
  return out;
}

void Node::State::count_electorate() {
  electorate = {};
  if (!memory) return;
  for (const auto& [node, member] : members.all()) {
    if (node != self && (!member.up || was_put_back(member))) continue;
    // Our own record is made after this.
    const wire::Record& record = member.record;
    if (node == self ? !disk.refuses.empty() : record.stores_nothing()) continue;
    const std::string& name = node == self ? own_name() : record.name();
    const bool votes = node == self || record.votes();
    electorate.up_at_all.insert(name);
    if (votes) electorate.voting_at_all.insert(name);
    if (voter_name(node).empty()) continue;
    electorate.up.insert(name);
    if (votes) electorate.voting.insert(name);
  }
}

// Empty: nothing is in the way of a claim.
std::string Node::State::why_no_claim(const std::string& name) const {
  if (!by_majority(name)) return why_waits(name);
  if (!memory) return "this host has to hear from the others first what has been granted";
  if (voter_name(self).empty())
    return "this host is not one of those that vote: " + listed(voters.names);
  // So that the loss of a host soon after the first start of all is no more than that.
  const bool first = voter.highest_epoch(name) == 0 && grants.epoch(name) == 0;
  if (first && electorate.voting.size() < electorate.up.size())
    return "not all hosts that are up vote yet";
  if (voters.enough(electorate.voting)) return why_waits(name);
  const bool lacks_new = !is_quorum(voters.names, electorate.voting);
  const Names& short_of = lacks_new ? voters.names : voters.before;
  const auto reached =
      std::count_if(short_of.begin(), short_of.end(),
                    [&](const std::string& voting) { return electorate.voting.contains(voting); });
  return "no majority of the voters is reached" +
         std::string(voters.joint() ? lacks_new ? " (of those to come)" : " (of those before)"
                                    : "") +
         ": " + std::to_string(reached) + " of " + std::to_string(short_of.size()) + ", and " +
         std::to_string(short_of.size() / 2 + 1) + " are needed";
}

// ---------------------------------------------------------------------------------- leases of this host

// As pursue_claim for ownership peers, but a silent voter never counts.
void Node::State::pursue_lease(Context& context, const Order& order) {
  OwnClaim& claim = claims.at(order.service);
  const MonoTime now = context.now.mono;
  const bool freed = just_freed(now, order.service, claim);
  OwnLease lease;
  for (const NodeId& node : reachable_voters()) {
    ask_if_due(context, order.service, claim, node, freed);
    const OwnClaim::Vote& its = claim.votes.at(node);
    if (its.granted) lease.answer(voters, voter_name(node), its.answered);
  }
  if (claim.stored && lease.counts_from != MonoTime::min() &&
      now < lease.counts_from + claim.dead / 2)
    claim_won(context, order);
}

void Node::State::hold_lease(const std::string& name, const OwnClaim& claim) {
  OwnLease& lease = leases[name] = OwnLease{};
  lease.epoch = claim.epoch;
  lease.length = claim.lease;
  lease.dead = claim.dead;
  for (const auto& [node, vote] : claim.votes)
    if (vote.granted) lease.answer(voters, voter_name(node), vote.answered);
}

void Node::State::end_lease(Context& context, const std::string& name) {
  auto it = leases.find(name);
  if (it == leases.end()) return;
  const OwnLease lease = std::move(it->second);
  leases.erase(it);
  for (const NodeId& node : reachable_voters()) {
    wire::Routed message;
    message.mutable_release()->set_service(name);
    message.mutable_release()->set_epoch(lease.epoch);
    route(context, node, std::move(message));
  }
}

void Node::State::adopt_lease(const LeftService& was) {
  auto stored = boot.stored.find(kServicePrefix + was.service);
  wire::StoredService kept;
  if (stored == boot.stored.end() || !kept.ParseFromString(stored->second) ||
      kept.lease_us() == 0 || kept.held_epoch() != was.epoch)
    return;
  OwnLease& lease = leases[was.service];
  lease.epoch = was.epoch;
  lease.length = bounded_time(kept.lease_us());
  lease.dead = bounded_time(kept.dead_us());
  lease.left_alone = left_alone(was.service);
  // Without an end it was left alone, and if it no longer is, nobody knows when others may start it.
  if (was.kill_at == kNever) return;
  lease.stop_at_least = was.stop_at;
  lease.kill_at_least = was.kill_at - kGuardLaterKill;
}

// Whoever has lost the majority stops in time, whatever else it believes.
void Node::State::drive_leases(Context& context) {
  const MonoTime now = context.now.mono;
  for (auto& [name, service] : services) {
    if (service.idle()) continue;
    auto held = leases.find(name);
    if (held == leases.end()) {
      if (by_majority(name) && !service.stopping())
        service.stop(context, *this, Reason::kLostOwnership, HostId{}, true);
      continue;
    }
    OwnLease& lease = held->second;
    // Once it has left, or sleeps, nobody renews the lease of what it could not stop.
    if ((leaving || sleep.near) && service.stop_failed() && !service.killed_whole())
      service.kill(context);
    if (now < lease.stop_by()) {
      lease.lost = lease.killed = false;
      continue;
    }
    if (!std::exchange(lease.lost, true))
      context.alert(AlertKind::kOwnership, name, Severity::kCritical,
                    "service " + name +
                        " is stopped here: no majority of the voters has "
                        "answered for the dead time");
    if (now >= lease.kill_by() && !lease.killed) {
      lease.killed = true;
      context.alert(AlertKind::kOwnership, name, Severity::kCritical,
                    "service " + name + " is killed here: its lease ends before it has stopped");
      service.kill(context);
    }
    service.stop(context, *this, Reason::kLostOwnership, HostId{}, true);
  }
}

void Node::State::drive_renewals(Context& context) {
  if (leases.empty()) {
    renew_at = kNever;
    return;
  }
  if (renew_at != kNever && context.now.mono < renew_at) return;
  Duration every = config.beat_interval;
  for (const auto& [name, lease] : leases) every = std::min<Duration>(every, lease.dead / 4);
  renew_at = context.now.mono + every;
  renew(context);
}

void Node::State::renew(Context& context) {
  wire::Routed message;
  wire::Renewal& renewal = *message.mutable_renewal();
  renewal.set_asked_us(in_us(context.now.mono));
  renewal.set_incarnation(incarnation);
  renewal.set_voters(voters.hash());
  for (const auto& [name, lease] : leases) {
    wire::Renewal::Lease& out = *renewal.add_leases();
    out.set_service(name);
    out.set_epoch(lease.epoch);
    out.set_lease_us(static_cast<uint64_t>(to_us(lease.length)));
  }
  for (const NodeId& node : reachable_voters()) {
    if (node == self) {
      receive_renewal(context, self, renewal);
    } else {
      route(context, node, message);
    }
  }
}

void Node::State::receive_renewed(Context& context, const NodeId& from,
                                  const wire::Renewed& renewed) {
  const auto asked = asked_at(renewed.asked_us(), context.now.mono);
  const std::string name_of_voter = voter_name(from);
  if (renewed.incarnation() != incarnation || !asked || name_of_voter.empty()) return;
  for (const std::string& name : renewed.services()) {
    auto lease = leases.find(name);
    if (lease == leases.end()) continue;
    const MonoTime before = lease->second.counts_from;
    lease->second.answer(voters, name_of_voter, *asked);
    if (renewed.maintenance() != 0 && upkeep.begun.token == 0) {
      lease->second.agree(name_of_voter, renewed.maintenance());
      dirty = true;
    }
    if (lease->second.counts_from == before) continue;
    if (guarded.contains(name)) guarded[name] = context.now.mono;
    if (lease->second.lost) dirty = true;
  }
}

// ------------------------------------------------------------------------------------------- as a voter

std::optional<wire::Answer::Verdict> Node::State::against(const Context& context,
                                                          const NodeId& from,
                                                          const wire::Claim& claim,
                                                          const Situation& situation) const {
  if (!memory) return wire::Answer::NO_MEMORY;
  if (claim.voters() != voters.hash() || voter_name(self).empty() || voter_name(from).empty())
    return wire::Answer::OTHER_VOTERS;
  if (version_of(claim.configuration()) < orders.version()) return wire::Answer::OLD_CONFIGURATION;
  const MonoTime now = context.now.mono;
  if (grants.given(from, claim.service(), claim.epoch()))
    return grants.against(now, from, claim.service(), claim.epoch(), false);
  if (!disk.refuses.empty()) return wire::Answer::NOT_STORED;
  if (situation.runner || situation.stop_failed) return wire::Answer::RUNS;
  if (situation.rival || voter.granted_to_other(now, claim.service(), from))
    return wire::Answer::RIVAL;
  return grants.against(now, from, claim.service(), claim.epoch(), false);
}

void Node::State::receive_lease_claim(Context& context, const NodeId& from,
                                      const wire::Claim& claim) {
  recollection.asked_by_others = true;
  wire::Answer answer;
  answer.set_service(claim.service());
  answer.set_epoch(claim.epoch());
  answer.set_attempt(claim.attempt());
  answer.set_asked_us(claim.asked_us());
  answer.set_incarnation(incarnation);
  answer.set_verdict(wire::Answer::GRANTED);
  const Situation situation = this->situation(context.now.mono, claim.service(), from);
  const auto verdict = against(context, from, claim, situation);
  if (!verdict) {
    give(context, from, answer, bounded_time(claim.lease_us()), 0, 0);
    return;
  }
  answer.set_verdict(*verdict);
  answer.set_highest_epoch(
      std::max(voter.highest_epoch(claim.service()), grants.epoch(claim.service())));
  const NodeId rival = situation.runner ? situation.runner : situation.rival;
  if (rival && (*verdict == wire::Answer::RUNS || *verdict == wire::Answer::RIVAL)) {
    answer.set_rival(rival.raw());
    voter.note_refusal(context.now.mono, from, answer);
  }
  wire::Routed reply;
  *reply.mutable_answer() = std::move(answer);
  route(context, from, std::move(reply));
}

// Nothing is in its way: answered once it is stored.
void Node::State::give(Context& context, const NodeId& to, const wire::Answer& answer,
                       Duration length, uint64_t asked_us, uint64_t claimants) {
  const MonoTime now = context.now.mono;
  const StoredGrant given{to, answer, asked_us, claimants};
  if (grants.given(to, answer.service(), answer.epoch())) {
    grants.prolong(now, answer.service());
    if (grants.stored(to, answer.service(), answer.epoch())) grant_stored(context, given);
    return;
  }
  std::vector<Write> writes = {grants.give(now, to, answer.service(), answer.epoch(), length)};
  voter.hear_epoch(answer.service(), answer.epoch());
  voter.release(answer.service(), to);
  dirty = true;
  if (length > longest_lease) {
    longest_lease = length;
    writes.push_back(memory_to_write(true));
  }
  continuations[persist_as_voter(context, std::move(writes))] = given;
}

void Node::State::grant_stored(Context& context, const StoredGrant& stored) {
  grants.was_stored(stored.to, stored.answer.service(), stored.answer.epoch());
  disk.pause = Duration{};
  if (!grants.given(stored.to, stored.answer.service(), stored.answer.epoch())) return;
  wire::Routed reply;
  if (stored.asked_us == 0) {
    *reply.mutable_answer() = stored.answer;
  } else {
    wire::Renewed& renewed = *reply.mutable_renewed();
    renewed.set_asked_us(stored.asked_us);
    renewed.set_incarnation(stored.incarnation);
    renewed.add_services(stored.answer.service());
  }
  route(context, stored.to, std::move(reply));
}

void Node::State::receive_renewal(Context& context, const NodeId& from,
                                  const wire::Renewal& renewal) {
  if (!memory || renewal.voters() != voters.hash() || voter_name(self).empty() ||
      voter_name(from).empty())
    return;
  const MonoTime now = context.now.mono;
  wire::Routed reply;
  wire::Renewed& renewed = *reply.mutable_renewed();
  renewed.set_asked_us(renewal.asked_us());
  renewed.set_incarnation(renewal.incarnation());
  // Where another set may have been chosen already this one's agreement would be worth nothing.
  const bool set_stays = !voters.joint() && succession.vow.accepted.round == 0;
  renewed.set_maintenance(set_stays ? known_upkeep(name_of(from)) : 0);
  for (const wire::Renewal::Lease& lease : renewal.leases()) {
    if (grants.against(now, from, lease.service(), lease.epoch(), true)) continue;
    if (grants.stored(from, lease.service(), lease.epoch())) {
      grants.prolong(now, lease.service());
      renewed.add_services(lease.service());
      continue;
    }
    wire::Answer answer;
    answer.set_service(lease.service());
    answer.set_epoch(lease.epoch());
    give(context, from, answer, bounded_time(lease.lease_us()), renewal.asked_us(),
         renewal.incarnation());
  }
  if (renewed.services_size() == 0) return;
  if (from == self) {
    receive_renewed(context, self, renewed);
  } else {
    route(context, from, std::move(reply));
  }
}

void Node::State::release_grant(Context& context, const NodeId& from,
                                const wire::Release& release) {
  voter.release(release.service(), from);
  if (auto write = grants.release(from, release.service(), release.epoch()))
    persist(context, {std::move(*write)});
  dirty = true;
}

// ------------------------------------------------------------------------------------------------ time

bool Node::State::lease_due(MonoTime now) const {
  return std::any_of(leases.begin(), leases.end(), [&](const auto& entry) {
    const OwnLease& lease = entry.second;
    return (!lease.lost && now >= lease.stop_by()) || (!lease.killed && now >= lease.kill_by());
  });
}

MonoTime Node::State::next_lease_deadline(MonoTime now) const {
  MonoTime next = kNever;
  const auto consider = [&](MonoTime at) {
    if (at > now) next = std::min(next, at);
  };
  for (const auto& [name, lease] : leases) {
    consider(lease.stop_by());
    consider(lease.kill_by());
  }
  if (!memory && !leaving && speaking && memory_wanted()) {
    consider(remembers_from());
    consider(recollection.ask_at);
  }
  return next;
}

}  // namespace cluster::core
