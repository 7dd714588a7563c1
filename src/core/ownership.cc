#include "core/ownership.h"

#include <algorithm>

namespace cluster::core {

namespace {

wire::Answer answer_to(const wire::Claim& claim, wire::Answer::Verdict verdict) {
  wire::Answer answer;
  answer.set_service(claim.service());
  answer.set_epoch(claim.epoch());
  answer.set_attempt(claim.attempt());
  answer.set_asked_us(claim.asked_us());
  answer.set_verdict(verdict);
  return answer;
}

}  // namespace

// Of a service that nobody holds or waits for nothing needs to be known.
void Voter::make_room(MonoTime now) {
  if (ballots_.size() < kMaxBallots) return;
  std::erase_if(ballots_, [&](const auto& entry) {
    const Ballot& ballot = entry.second;
    return ballot.refused.empty() && (!ballot.grant || now >= ballot.grant->lapses);
  });
}

wire::Answer Voter::vote(MonoTime now, const NodeId& from, const wire::Claim& claim,
                         const Situation& situation, Duration own_beat) {
  if (!ballots_.contains(claim.service())) make_room(now);
  if (!ballots_.contains(claim.service()) && ballots_.size() >= kMaxBallots)
    return answer_to(claim, wire::Answer::OLD_CONFIGURATION);
  Ballot& ballot = ballots_[claim.service()];
  const auto refuse = [&](wire::Answer::Verdict verdict, const NodeId& rival) {
    wire::Answer answer = answer_to(claim, verdict);
    answer.set_highest_epoch(highest_epoch(claim.service()));
    if (rival) {
      answer.set_rival(rival.raw());
      ballot.refused[from] = answer;
    }
    return answer;
  };
  if (situation.old_configuration) return refuse(wire::Answer::OLD_CONFIGURATION, NodeId{});
  if (situation.runner) return refuse(wire::Answer::RUNS, situation.runner);
  if (situation.rival) return refuse(wire::Answer::RIVAL, situation.rival);
  if (const NodeId other = granted_to_other(now, claim.service(), from))
    return refuse(wire::Answer::RIVAL, other);
  // The epoch of this very claim may have got here before it, by way of a faster voter's record.
  const uint64_t highest = highest_epoch(claim.service());
  if (claim.epoch() < highest || claim.epoch() - highest > kMaxLeap)
    return refuse(wire::Answer::OLD_EPOCH, NodeId{});
  const Duration beat = std::max(own_beat, bounded_time(claim.beat_us()));
  ballot.grant = Grant{from, claim.attempt(), now + beat};
  ballot.refused.erase(from);
  hear_epoch(claim.service(), claim.epoch());
  return answer_to(claim, wire::Answer::GRANTED);
}

void Voter::note_refusal(MonoTime now, const NodeId& from, const wire::Answer& answer) {
  if (!ballots_.contains(answer.service())) make_room(now);
  if (ballots_.contains(answer.service()) || ballots_.size() < kMaxBallots)
    ballots_[answer.service()].refused[from] = answer;
}

void Voter::release(const std::string& service, const NodeId& from) {
  auto it = ballots_.find(service);
  if (it == ballots_.end()) return;
  Ballot& ballot = it->second;
  if (ballot.grant && ballot.grant->to == from) ballot.grant.reset();
  ballot.refused.erase(from);
}

void Voter::forget(const NodeId& node) {
  for (const auto& [service, ballot] : ballots_) release(service, node);
}

std::vector<std::pair<NodeId, wire::Answer>> Voter::lift(MonoTime now, const std::string& service,
                                                         const Situation& situation) {
  std::vector<std::pair<NodeId, wire::Answer>> out;
  auto it = ballots_.find(service);
  if (it == ballots_.end()) return out;
  auto& refused = it->second.refused;
  for (auto asked = refused.begin(); asked != refused.end();) {
    const NodeId& node = asked->first;
    const bool in_the_way = (situation.runner && situation.runner != node) ||
                            (situation.rival && situation.rival != node) ||
                            granted_to_other(now, service, node);
    if (in_the_way) {
      ++asked;
      continue;
    }
    wire::Answer answer = asked->second;
    answer.set_verdict(wire::Answer::LIFTED);
    answer.clear_rival();
    out.emplace_back(node, std::move(answer));
    asked = refused.erase(asked);
  }
  return out;
}

bool Voter::has_refused(const std::string& service) const {
  auto it = ballots_.find(service);
  return it != ballots_.end() && !it->second.refused.empty();
}

NodeId Voter::granted_to_other(MonoTime now, const std::string& service, const NodeId& than) const {
  auto it = ballots_.find(service);
  if (it == ballots_.end() || !it->second.grant) return NodeId{};
  const Grant& grant = *it->second.grant;
  return grant.to != than && now < grant.lapses ? grant.to : NodeId{};
}

void Voter::hear_epoch(const std::string& service, uint64_t epoch) {
  auto it = epochs_.find(service);
  if (it == epochs_.end() && epochs_.size() >= kMaxEpochs) return;
  const uint64_t highest = it == epochs_.end() ? 0 : it->second;
  if (epoch >= highest && epoch - highest <= kMaxLeap) epochs_[service] = epoch;
}

uint64_t Voter::highest_epoch(const std::string& service) const {
  auto it = epochs_.find(service);
  return it == epochs_.end() ? 0 : it->second;
}

MonoTime Voter::next_deadline(MonoTime now) const {
  MonoTime next = kNever;
  for (const auto& [service, ballot] : ballots_)
    if (ballot.grant && ballot.grant->lapses > now) next = std::min(next, ballot.grant->lapses);
  return next;
}

}  // namespace cluster::core
