// Claims of this host and its votes on those of others.

#include <algorithm>

#include "core/hlc.h"
#include "core/node_state.h"

namespace cluster::core {

namespace {

// Where no round trip has been measured yet.
constexpr Duration kDefaultRoundTrip = milliseconds(10);
constexpr Duration kShortestRoundTrip = milliseconds(1);
// Where in the number of an attempt the incarnation begins.
constexpr int kIncarnationShift = 24;

}  // namespace

// What a voter has to consider: who runs or claims the service, other than the claimant.
Situation Node::State::situation(MonoTime now, const std::string& name,
                                 const NodeId& claimant) const {
  Situation out;
  for (const auto& [node, member] : members.all()) {
    if (node == claimant || node == self || !member.up) continue;
    const wire::Holding* holding = holding_of(member, name);
    if (holding != nullptr && may_run(holding->state())) out.runner = node;
    out.stop_failed =
        out.stop_failed || (holding != nullptr && holding->state() == wire::Holding::STOP_FAILED);
  }
  const Service* local = service(name);
  if (claimant != self && local != nullptr && may_run(local->state())) out.runner = self;
  if (claimant != self && claims.contains(name)) out.rival = self;
  if (!out.rival) out.rival = grants.holder(now, name, claimant);
  return out;
}

void Node::State::claim_or_wait(Context& context, const Order& order) {
  if (claims.contains(order.service)) {
    pursue_claim(context, order);
    return;
  }
  auto pause = not_before.find(order.service);
  if (pause != not_before.end()) {
    if (context.now.mono < pause->second) return;
    not_before.erase(pause);
  }
  // Hand-over is ordered: whoever runs it stops first and says so. While it stops we may already claim:
  // nobody grants that yet, but our disk has its part done when the last one has ended.
  if (!held_by_none_or_stopping(order.service)) return;
  if (voter.granted_to_other(context.now.mono, order.service, self)) return;
  // Others' grants of a lease end when this host's own does.
  const NodeId holder = grants.holder(context.now.mono, order.service, self);
  const wire::Holding* holding = holding_if_up(holder, order.service);
  if (holder && (holding == nullptr || holding->state() != wire::Holding::STOPPING)) return;
  begin_claim(context, order);
}

bool Node::State::held_by_none_or_stopping(const std::string& name) const {
  return std::all_of(members.all().begin(), members.all().end(), [&](const auto& entry) {
    const Member& member = entry.second;
    if (member.node == self || !member.up) return true;
    const wire::Holding* holding = holding_of(member, name);
    return holding == nullptr || holding->state() == wire::Holding::STOPPING ||
           !may_run(holding->state());
  });
}

void Node::State::begin_claim(Context& context, const Order& order) {
  OwnClaim claim;
  claim.epoch = std::max(voter.highest_epoch(order.service), grants.epoch(order.service)) + 1;
  claim.attempt = next_attempt++;
  // No answer to an earlier start of this host may be taken for one to this.
  if (by_majority(order.service)) claim.attempt |= incarnation << kIncarnationShift;
  wire::StoredService kept;
  kept.set_epoch(claim.epoch);
  kept.set_held_epoch(claim.epoch);
  kept.set_may_run(true);
  kept.set_run_since_us(wall_us(context.now.wall));
  if (by_majority(order.service)) {
    claim.dead = config.dead_time;
    claim.lease = config.dead_time + config.service(order.service)->fence_margin;
    kept.set_dead_us(static_cast<uint64_t>(to_us(claim.dead)));
    kept.set_lease_us(static_cast<uint64_t>(to_us(claim.lease)));
  }
  claim.ticket = persist(context, {{kServicePrefix + order.service, kept.SerializeAsString()}});
  continuations[claim.ticket] = StoredClaim{order.service};
  claims[order.service] = std::move(claim);
  pursue_claim(context, order);
}

void Node::State::ask(Context& context, const std::string& name, OwnClaim& claim,
                      const NodeId& voting) {
  const MonoTime now = context.now.mono;
  OwnClaim::Vote& vote = claim.votes.try_emplace(voting).first->second;
  // Only a way that has been open all the time tells a silent voter from one that was not reached.
  const NodeId hop = members.next_hop(voting).value_or(self);
  if (vote.asked == MonoTime{} || vote.hop != hop) vote.silent_from = now + patience();
  vote.hop = hop;
  vote.asked = now;
  wire::Routed message;
  wire::Claim& out = *message.mutable_claim();
  out.set_service(name);
  out.set_epoch(claim.epoch);
  out.set_attempt(claim.attempt);
  out.set_incarnation(incarnation);
  out.set_beat_us(static_cast<uint64_t>(to_us(config.beat_interval)));
  set_version(out.mutable_configuration(), orders.version());
  out.set_lease_us(static_cast<uint64_t>(to_us(claim.lease)));
  out.set_asked_us(in_us(now));
  out.set_voters(voters.hash());
  route(context, voting, std::move(message));
}

// Whoever was seen to run the service when we looked last does so no more.
bool Node::State::just_freed(MonoTime now, const std::string& name, OwnClaim& claim) const {
  const bool was_held = std::exchange(claim.held, bool(situation(now, name, self).runner));
  return was_held && !claim.held;
}

void Node::State::ask_if_due(Context& context, const std::string& name, OwnClaim& claim,
                             const NodeId& voting, bool freed) {
  const auto vote = claim.votes.find(voting);
  if (vote == claim.votes.end() || (freed && !vote->second.granted) ||
      context.now.mono >= vote->second.asked + config.beat_interval / 2)
    ask(context, name, claim, voting);
}

// Longer than it takes everybody to find out that a link on the way there, or back, is dead.
Duration Node::State::patience() const {
  Duration dead = config.dead_time, beat = config.beat_interval;
  for (const auto& [node, member] : members.all())
    if (member.up) dead = std::max(dead, bounded_time(member.record.dead_us()));
  for (const auto& [id, link] : links.all()) beat = std::max(beat, link.beat);
  return dead + 2 * beat;
}

// All hosts that can be reached now have to grant; one that stays silent for the dead time counts as
// granting, so that availability does not hang on a host that is half dead.
void Node::State::pursue_claim(Context& context, const Order& order) {
  OwnClaim& claim = claims.at(order.service);
  if (claim.lease > Duration{}) return pursue_lease(context, order);
  const MonoTime now = context.now.mono;
  const bool freed = just_freed(now, order.service, claim);
  bool complete = claim.stored;
  for (const auto& [node, member] : members.all()) {
    if (!member.up) {
      claim.votes.erase(node);
      continue;
    }
    ask_if_due(context, order.service, claim, node, freed);
    OwnClaim::Vote& its = claim.votes.at(node);
    if (its.granted) continue;
    if (now < its.silent_from) {
      complete = false;
      continue;
    }
    context.alert(AlertKind::kOwnership, order.service, Severity::kWarning,
                  "host " + name_of(node) + " has not answered the claim for " + order.service +
                      " for the dead time; taken as granted");
    its.granted = true;
  }
  if (complete) claim_won(context, order);
}

void Node::State::claim_won(Context& context, const Order& order) {
  Service* local = service(order.service);
  const OwnClaim claim = claims.at(order.service);
  const auto [reason, from] = start_reason(order);
  claims.erase(order.service);
  if (claim.lease > Duration{}) hold_lease(order.service, claim);
  voter.release(order.service, self);
  voter.hear_epoch(order.service, claim.epoch);
  const std::string move_key = "move/" + order.service;
  const HostId moved = moved_to(order.service);
  if (!settings.get(move_key).empty() && moved != config.self) {
    const wire::Setting end = settings.write(context.now.wall, move_key, "");
    settings.merge(context.now.wall, end);
    apply_setting(context, end, false);
    context.log(LogLevel::kInfo, "the move of " + order.service + " has ended: " + name_of(moved) +
                                     " cannot run it");
  }
  if (const std::string& token = settings.get("restart/" + order.service);
      token != local->restarted()) {
    local->skip_restart(token);
    persist(context, {{kRestartedPrefix + order.service, token}});
  }
  local->start(context, *this, claim.epoch, reason, from);
  if (reason == Reason::kFailover || reason == Reason::kHealth)
    alerts.failovers[order.service] = {claim.epoch, from,
                                       reason == Reason::kHealth
                                           ? "failed to run it"
                                           : (members.up(from) ? "cannot run it" : "is down")};
  note_owner(order.service, config.self);
}

void Node::State::drop_claim(Context& context, const std::string& name) {
  auto it = claims.find(name);
  if (it == claims.end()) return;
  const OwnClaim claim = std::move(it->second);
  claims.erase(it);
  continuations.erase(claim.ticket);
  for (const auto& [node, vote] : claim.votes) {
    wire::Routed message;
    message.mutable_release()->set_service(name);
    message.mutable_release()->set_epoch(claim.epoch);
    message.mutable_release()->set_attempt(claim.attempt);
    route(context, node, std::move(message));
  }
  wire::StoredService kept;
  kept.set_epoch(voter.highest_epoch(name));
  persist(context, {{kServicePrefix + name, kept.SerializeAsString()}});
  dirty = true;
}

void Node::State::receive_claim(Context& context, const NodeId& from, const wire::Claim& claim) {
  if (claim.lease_us() != 0) return receive_lease_claim(context, from, claim);
  Situation now = situation(context.now.mono, claim.service(), from);
  const OrdersVersion theirs = version_of(claim.configuration());
  now.old_configuration = theirs < orders.version();
  wire::Routed reply;
  *reply.mutable_answer() = voter.vote(context.now.mono, from, claim, now, config.beat_interval);
  reply.mutable_answer()->set_incarnation(incarnation);
  route(context, from, std::move(reply));
  dirty = true;
}

const wire::Holding* Node::State::holding_if_up(const NodeId& node, const std::string& name) const {
  const Member* member = members.find(node);
  return member == nullptr || !member->up ? nullptr : holding_of(*member, name);
}

bool Node::State::claims_now(const NodeId& node, const std::string& name) const {
  const wire::Holding* holding = holding_if_up(node, name);
  return holding != nullptr && holding->state() == wire::Holding::CLAIMING;
}

void Node::State::receive_answer(Context& context, const NodeId& from, const wire::Answer& answer) {
  auto it = claims.find(answer.service());
  if (it == claims.end() || it->second.attempt != answer.attempt()) return;
  OwnClaim& claim = it->second;
  const Order* order = orders.find(answer.service());
  if (order == nullptr) return;
  dirty = true;
  voter.hear_epoch(answer.service(), answer.highest_epoch());
  auto vote = claim.votes.find(from);
  if (vote == claim.votes.end()) return;
  // Any answer proves that this voter is there: its silence counts from here.
  vote->second.silent_from = context.now.mono + patience();
  vote->second.granted = answer.verdict() == wire::Answer::GRANTED;
  const auto asked = asked_at(answer.asked_us(), vote->second.asked);
  if (vote->second.granted && asked)
    vote->second.answered = std::max(vote->second.answered, *asked);
  switch (answer.verdict()) {
    case wire::Answer::LIFTED: ask(context, answer.service(), claim, from); break;
    case wire::Answer::OLD_EPOCH:
      // Epochs grow: begin again above the highest that anybody has heard.
      retry_later(context, answer.service());
      break;
    case wire::Answer::RIVAL: {
      const NodeId rival = node_of(answer.rival());
      // One that has a lease and claims nothing does not yield either: it is waited for.
      if (claim.lease > Duration{} && !claims_now(rival, answer.service())) break;
      const size_t ours = rank(*order, self), theirs = rank(*order, rival);
      if (ours > theirs || (ours == theirs && self < rival)) retry_later(context, answer.service());
      break;
    }
    default: break;
  }
}

// Releases all that the claim has, and claims again after a random one to two round trips.
void Node::State::retry_later(Context& context, const std::string& name) {
  Duration round_trip = kShortestRoundTrip;
  for (const auto& [id, link] : links.all())
    round_trip = std::max(round_trip, link.rtt.value_or(kDefaultRoundTrip));
  drop_claim(context, name);
  not_before[name] = context.now.mono + context.rng.between(round_trip, 2 * round_trip);
}

void Node::State::lift_refusals(Context& context) {
  for (const Order& order : orders.all()) {
    if (!voter.has_refused(order.service)) continue;
    const Situation now = situation(context.now.mono, order.service, NodeId{});
    for (auto& [node, answer] : voter.lift(context.now.mono, order.service, now)) {
      wire::Routed message;
      *message.mutable_answer() = std::move(answer);
      message.mutable_answer()->set_incarnation(incarnation);
      route(context, node, std::move(message));
    }
  }
}

}  // namespace cluster::core
