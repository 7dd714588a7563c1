#include "core/voters.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"

namespace cluster::core {

namespace {

template <class Repeated>
Names names_of(const Repeated& names) {
  return Names(names.begin(), names.end());
}

size_t count_of(const Names& names, const std::set<std::string>& of) {
  return static_cast<size_t>(std::count_if(
      names.begin(), names.end(), [&](const std::string& name) { return of.contains(name); }));
}

MonoTime counted_in(const Names& names, const std::map<std::string, MonoTime>& answered) {
  std::vector<MonoTime> times;
  for (const auto& [name, time] : answered)
    if (is_among(names, name)) times.push_back(time);
  return counted_from(std::move(times), names.size() / 2 + 1);
}

}  // namespace

wire::Ballot to_wire(const Ballot& ballot) {
  wire::Ballot out;
  out.set_round(ballot.round);
  out.set_draw(ballot.draw);
  return out;
}

Ballot ballot_of(const wire::Ballot& ballot) { return {ballot.round(), ballot.draw()}; }

bool is_among(const Names& names, const std::string& name) {
  return std::binary_search(names.begin(), names.end(), name);
}

bool is_quorum(const Names& names, const std::set<std::string>& of) {
  return count_of(names, of) >= names.size() / 2 + 1;
}

bool is_most_others(const Names& names, const std::string& self, const std::set<std::string>& of) {
  const size_t others = names.size() - (is_among(names, self) ? 1 : 0);
  const size_t there = count_of(names, of) - (is_among(names, self) && of.contains(self) ? 1 : 0);
  return 2 * there > others;
}

MonoTime counted_from(std::vector<MonoTime> answered, size_t quorum) {
  if (quorum == 0 || answered.size() < quorum) return MonoTime::min();
  std::sort(answered.begin(), answered.end(), std::greater<>());
  return answered[quorum - 1];
}

std::string listed(const Names& names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i)
    out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return out;
}

// ------------------------------------------------------------------------------------------------ a set

Voters Voters::first(Names names) {
  Voters out{1, std::move(names)};
  out.origin = out.hash();
  return out;
}

bool Voters::contains(const std::string& name) const {
  return is_among(names, name) || is_among(before, name);
}

bool Voters::enough(const std::set<std::string>& of) const {
  return is_quorum(names, of) && (!joint() || is_quorum(before, of));
}

MonoTime Voters::counted(const std::map<std::string, MonoTime>& answered) const {
  const MonoTime now = counted_in(names, answered);
  return joint() ? std::min(now, counted_in(before, answered)) : now;
}

// The first set's is as it was before there were others.
bool Voters::is_foreign(const wire::VoterStanding& standing) const {
  return standing.origin() != 0 && standing.origin() != origin;
}

uint64_t Voters::hash() const {
  Digest digest;
  digest.add(number);
  for (const std::string& name : names) digest.add(name);
  if (number > 1) digest.add(origin);
  return digest.value();
}

std::set<std::string> Vouch::open(const std::set<std::string>& released) const {
  std::set<std::string> out = to;
  for (const std::string& name : released) out.erase(name);
  return out;
}

bool Vouch::binds(const std::string& self, const std::set<std::string>& released) const {
  const std::set<std::string> founders = open(released);
  return is_quorum(list, founders) ||
         std::any_of(list.begin(), list.end(), [&](const std::string& name) {
           return name != self && !founders.contains(name) && is_most_others(list, name, founders);
         });
}

wire::VoterSet to_wire(const Voters& voters) {
  wire::VoterSet out;
  out.set_number(voters.number);
  out.set_origin(voters.origin);
  for (const std::string& name : voters.names) out.add_names(name);
  for (const std::string& name : voters.before) out.add_before(name);
  return out;
}

Voters voters_of(const wire::VoterSet& set) {
  return {set.number(), names_of(set.names()), names_of(set.before()), set.origin()};
}

Voters voters_of(const wire::Recalled& recalled) {
  Voters out{recalled.number(), names_of(recalled.voters()), names_of(recalled.before()),
             recalled.origin()};
  if (out.number != 0 || !recalled.memory()) return out;
  // A version that knew of no other set than the first.
  return Voters::first(std::move(out.names));
}

// ------------------------------------------------------------------------------------------- a decision

bool Vow::promise(const Ballot& ballot) {
  if (ballot < promised) return false;
  promised = ballot;
  return true;
}

bool Vow::accept(const Ballot& ballot, const Names& names) {
  if (!promise(ballot)) return false;
  accepted = ballot;
  next = names;
  return true;
}

void Vow::hear(const Vow& other) {
  promised = std::max(promised, other.promised);
  if (other.accepted <= accepted) return;
  accepted = other.accepted;
  next = other.next;
}

Proposal::Proposal(Voters over, Ballot ballot, Names wish, MonoTime now)
    : over_(std::move(over)), ballot_(ballot), value_(std::move(wish)), began_(now) {}

std::optional<wire::Propose> Proposal::message() const {
  wire::Propose out;
  *out.mutable_over() = to_wire(over_);
  *out.mutable_ballot() = to_wire(ballot_);
  if (!accepting_) return out;
  if (value_.empty()) return std::nullopt;
  for (const std::string& name : value_) out.add_next(name);
  return out;
}

bool Proposal::answered(const std::string& voter) const {
  return (accepting_ ? accepted_ : promised_).contains(voter);
}

bool Proposal::hear(MonoTime now, const std::string& voter, const wire::Proposed& answer) {
  if (over(now) || answer.over() != over_.hash() || ballot_of(answer.ballot()) != ballot_ ||
      !is_among(over_.names, voter))
    return false;
  if (answer.verdict() == wire::Proposed::ACCEPTED) {
    accepted_.insert(voter);
    return is_quorum(over_.names, accepted_);
  }
  if (answer.verdict() != wire::Proposed::PROMISED || accepting_) return false;
  promised_.insert(voter);
  if (answer.has_other() && value_of_ < ballot_of(answer.other())) {
    value_of_ = ballot_of(answer.other());
    value_ = names_of(answer.next());
  }
  accepting_ = is_quorum(over_.names, promised_);
  return accepting_ || promised_.size() == 1;
}

std::optional<Voters> Proposal::chosen() const {
  if (!is_quorum(over_.names, accepted_)) return std::nullopt;
  return Voters{over_.number + 1, value_, over_.names, over_.origin};
}

}  // namespace cluster::core
