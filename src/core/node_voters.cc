// The change of the voters of ownership `majority`: docs/ownership.md.

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

namespace {

// What is not heard of meanwhile is told again.
constexpr int kBeatsToTellAgain = 2;

}  // namespace

void VoterChange::begin_anew() {
  vow = {};
  proposal.reset();
  highest_round = 0;
  propose_at = MonoTime::min();
  pause = {};
  caught_up = caught_up_stored = false;
  recall_at = MonoTime::min();
  catch_up_at = kNever;
  heard.clear();
  tell_again.clear();
}

const std::string& Node::State::own_name() const { return config.host(config.self)->name; }

// ------------------------------------------------------------------------------------- the hosts file

// edited: its list of hosts is another than when it was read last.
void Node::State::consider_hosts_file(Context& context, bool edited) {
  if (!memory) return;
  const Names& names = succession.file;
  if (names == voters.names || names == succession.wish) return;
  if (edited && are_voters(names)) {
    succession.wish = names;
    succession.wish_over = voters.number;
    succession.wished_at = context.now.mono;
    succession.alerted = false;
    context.log(LogLevel::kInfo, "the hosts that vote are to become " + listed(names));
    store_voters(context);
    return;
  }
  context.alert(
      AlertKind::kConfiguration, name_of(config.self), Severity::kWarning,
      edited ? "a hosts file of so many hosts cannot name those that vote: they stay as they are"
             : "the hosts file here names " + listed(names) + ", and those that vote are " +
                   listed(voters.names) + ": the hosts files are to be made alike");
}

// The hosts files of all that vote, and of all that they name, are alike. Whoever is away may have been edited since.
bool Node::State::hosts_files_agree() const {
  const uint64_t ours = succession.file_hash;
  std::set<std::string> others = {own_name()};
  for (const auto& [node, member] : members.all())
    if (member.up && member.record.voters().listed() == ours) others.insert(member.record.name());
  const Names& names = succession.file;
  const auto there = [&](const std::string& name) { return others.contains(name); };
  return std::all_of(names.begin(), names.end(), there) &&
         std::all_of(voters.names.begin(), voters.names.end(), there);
}

void Node::State::wish_for_what_all_files_name(Context& context) {
  const Names& names = succession.file;
  if (!succession.wish.empty() || names == voters.names || !hosts_files_agree() ||
      !are_voters(names))
    return;
  consider_hosts_file(context, true);
  put_off_proposal(context);
}

// What was wished has come, or something else has.
void Node::State::settle_wish(Context& context) {
  if (succession.wish.empty()) return;
  const Names& names = succession.file;
  const bool come = succession.wish == voters.names, taken_back = succession.wish != names;
  if (!come && !taken_back && succession.wish_over == voters.number) return;
  succession.wish.clear();
  store_voters(context);
  if (come || taken_back) return;
  context.alert(AlertKind::kConfiguration, name_of(config.self), Severity::kWarning,
                "those that vote were changed elsewhere meanwhile, to " + listed(voters.names) +
                    ", and the hosts file here names " + listed(names) +
                    ": the hosts files are to be made alike");
}

// -------------------------------------------------------------------------------------- a set is chosen

void Node::State::store_voters(Context& context) {
  succession.store_at = kNever;
  continuations[persist_as_voter(context, {memory_to_write(memory)})] =
      StoredVoters{voters, succession.caught_up};
}

void Node::State::voters_stored(const StoredVoters& stored) {
  if (stored.set.number < succession.stored.number) return;
  succession.stored = stored.set;
  succession.caught_up_stored = stored.caught_up;
  dirty = true;
}

// Those whose founding has come to nothing give it up when they hear of the others, and are not worth an alert.
void Node::State::notice_others_voters(Context& context) {
  const auto& all = members.all();
  const bool others = std::any_of(all.begin(), all.end(), [&](const auto& entry) {
    return entry.second.up && voters.is_foreign(entry.second.record.voters());
  });
  if (!others) {
    succession.foreign_at = kNever;
  } else if (succession.foreign_at == kNever) {
    succession.foreign_at = context.now.mono + 2 * patience();
  } else if (context.now.mono >= succession.foreign_at) {
    alert_of_others_voters(context);
  }
}

void Node::State::alert_of_others_voters(Context& context) {
  if (std::exchange(succession.foreign_alerted, true)) return;
  context.alert(AlertKind::kOwnership, name_of(config.self), Severity::kCritical,
                "others have voters that do not follow from those that this host knows (" +
                    listed(voters.names) +
                    "): one of them was a member of another cluster, and is to lose its state");
}

// Only what was chosen is told, and the newer holds, wherever it comes from.
void Node::State::adopt_voters(Context& context, const Voters& set) {
  if (voters.number == 0 || set.number < voters.number) return;
  if (set.origin != voters.origin) return;
  if (set.number == voters.number && set.names != voters.names)
    return alert_of_others_voters(context);
  if (set.number - voters.number > kMaxLeap) return;
  const bool whole = !set.joint();
  if (set.number == voters.number && (!whole || !voters.joint())) return;
  if (set.number == voters.number) {
    voters.before.clear();
  } else {
    voters = set;
    succession.begin_anew();
    for (auto& [name, lease] : leases) lease.begin_anew();
    for (auto& [name, claim] : claims)
      if (claim.lease > Duration{}) claim.votes.clear();
    renew_at = leases.empty() ? kNever : context.now.mono;
  }
  context.log(LogLevel::kInfo,
              "those that vote are " + listed(voters.names) + ", set " +
                  std::to_string(voters.number) +
                  (whole ? "" : ", together with those before: " + listed(voters.before)));
  store_voters(context);
  settle_wish(context);
  if (memory && set.number == voters.number && !whole && succession.wish.empty())
    consider_hosts_file(context, false);
  dirty = true;
}

// Who is behind, as its record has it.
bool Node::State::is_behind(const Member& member) const {
  const wire::VoterStanding& its = member.record.voters();
  if (!member.up || member.node == self || its.number() == 0 ||
      its.origin() != succession.stored.origin)
    return false;
  return its.number() < succession.stored.number ||
         (its.number() == succession.stored.number && its.joint() && !succession.stored.joint());
}

void Node::State::tell_voters(Context& context) {
  const MonoTime now = context.now.mono;
  succession.tell_at = kNever;
  for (const auto& [node, member] : members.all()) {
    if (!is_behind(member)) continue;
    MonoTime& again = succession.tell_again.try_emplace(node, MonoTime::min()).first->second;
    if (now >= again) {
      again = now + kBeatsToTellAgain * config.beat_interval;
      wire::Routed message;
      *message.mutable_voters() = to_wire(succession.stored);
      route(context, node, std::move(message));
    }
    succession.tell_at = std::min(succession.tell_at, again);
  }
}

wire::VoterStanding Node::State::voter_standing() const {
  wire::VoterStanding out;
  out.set_number(succession.stored.number);
  out.set_origin(succession.stored.origin);
  out.set_hash(succession.stored.hash());
  out.set_joint(succession.stored.joint());
  out.set_caught_up(succession.caught_up_stored);
  out.set_undecided(succession.vow.accepted.round > 0);
  out.set_listed(succession.file_hash);
  return out;
}

// ------------------------------------------------------------------------------------------ as a voter

void Node::State::receive_propose(Context& context, const NodeId& from,
                                  const wire::Propose& propose) {
  const Voters over = voters_of(propose.over());
  adopt_voters(context, over);
  const Ballot ballot = ballot_of(propose.ballot());
  Vow& vow = succession.vow;
  if (!memory || !disk.refuses.empty() || over.hash() != voters.hash() || voters.joint() ||
      !is_among(voters.names, own_name()) || !is_among(voters.names, voter_name(from)) ||
      ballot.round > vow.promised.round + kMaxLeap)
    return;
  wire::Routed reply;
  wire::Proposed& answer = *reply.mutable_proposed();
  answer.set_over(over.hash());
  *answer.mutable_ballot() = propose.ballot();
  const bool accepts = !propose.next().empty();
  // Who has agreed to a maintenance has done so as a voter of this set.
  if (accepts && !whom_maintenance_keeps().empty()) return;
  const Names next(propose.next().begin(), propose.next().end());
  if (accepts ? !vow.accept(ballot, next) : !vow.promise(ballot)) {
    answer.set_verdict(wire::Proposed::REFUSED);
    *answer.mutable_other() = to_wire(vow.promised);
    route(context, from, std::move(reply));
    return;
  }
  answer.set_verdict(accepts ? wire::Proposed::ACCEPTED : wire::Proposed::PROMISED);
  if (!accepts && vow.accepted.round > 0) {
    *answer.mutable_other() = to_wire(vow.accepted);
    for (const std::string& name : vow.next) answer.add_next(name);
  }
  // Whoever began it has the first chance to bring it to its end.
  put_off_proposal(context);
  continuations[persist_as_voter(context, {memory_to_write(memory)})] = StoredVow{from, answer};
  dirty = true;
}

void Node::State::vow_stored(Context& context, const StoredVow& stored) {
  wire::Routed reply;
  *reply.mutable_proposed() = stored.answer;
  route(context, stored.to, std::move(reply));
}

// --------------------------------------------------------------------------------------- as a proposer

// A host whose services are left alone, or are about to be; empty: none is known of.
std::string Node::State::whom_maintenance_keeps() const {
  for (const auto& [host, maintenance] : upkeeps.all())
    if (maintenance.keeps()) return host;
  return "";
}

// Empty: nothing is in the way of a ballot on the next set.
std::string Node::State::why_no_ballot() const {
  if (!is_among(voters.names, own_name()))
    return "this host does not vote: the change is to be made on one that does";
  if (!disk.refuses.empty()) return "nothing can be stored here";
  if (const std::string host = whom_maintenance_keeps(); !host.empty())
    return host + " is in maintenance";
  if (!is_quorum(voters.names, electorate.voting))
    return "no majority of those that vote is reached: " + listed(voters.names);
  // One that has accepted something has it decided, whatever it is.
  if (succession.wish.empty()) return "";
  // Who is up and about to vote is waited for: whoever else dies meanwhile would be missed under the new set.
  for (const std::string& name : succession.wish)
    if (electorate.up_at_all.contains(name) && !electorate.voting_at_all.contains(name))
      return name + " has yet to hear what was granted";
  if (is_quorum(succession.wish, electorate.voting_at_all)) return "";
  Names missing;
  std::set_difference(succession.wish.begin(), succession.wish.end(),
                      electorate.voting_at_all.begin(), electorate.voting_at_all.end(),
                      std::back_inserter(missing));
  return "no majority of those that are to vote is there and knows what was granted: " +
         listed(missing) + (missing.size() == 1 ? " is" : " are") + " missing";
}

void Node::State::put_off_proposal(Context& context) {
  succession.pause = std::clamp<Duration>(2 * succession.pause, config.beat_interval,
                                          std::max(config.beat_interval, config.dead_time));
  succession.propose_at =
      context.now.mono + context.rng.between(succession.pause / 2, succession.pause);
}

void Node::State::give_up_proposal(Context& context) {
  succession.proposal.reset();
  put_off_proposal(context);
}

// Its own promise first, stored: so a voter that has begun a ballot knows of it as long as that may count.
void Node::State::ask_to_promise_or_accept(Context& context) {
  const auto message = succession.proposal->message();
  if (!message) return succession.proposal.reset();
  succession.ask_at = context.now.mono + config.beat_interval / 2;
  for (const NodeId& node : reachable_voters()) {
    if (node != self && succession.proposal->asks_itself()) continue;
    if (succession.proposal->answered(voter_name(node))) continue;
    wire::Routed routed;
    *routed.mutable_propose() = *message;
    route(context, node, std::move(routed));
  }
}

void Node::State::drive_proposal(Context& context) {
  const MonoTime now = context.now.mono;
  if (succession.proposal && succession.proposal->over(now)) give_up_proposal(context);
  if (succession.proposal) {
    if (now >= succession.ask_at) ask_to_promise_or_accept(context);
    return;
  }
  const bool undecided = succession.vow.accepted.round > 0;
  if ((succession.wish.empty() && !undecided) || now < succession.propose_at) return;
  if (!why_no_ballot().empty()) return;
  const uint64_t round = std::max(succession.vow.promised.round, succession.highest_round) + 1;
  succession.proposal.emplace(voters, Ballot{round, context.rng.next()}, succession.wish, now);
  ask_to_promise_or_accept(context);
}

void Node::State::receive_proposed(Context& context, const NodeId& from,
                                   const wire::Proposed& proposed) {
  if (!memory || !succession.proposal ||
      ballot_of(proposed.ballot()) != succession.proposal->ballot())
    return;
  const uint64_t round = proposed.other().round();
  if (proposed.verdict() == wire::Proposed::REFUSED) {
    if (round <= succession.vow.promised.round + kMaxLeap)
      succession.highest_round = std::max(succession.highest_round, round);
    return give_up_proposal(context);
  }
  if (!succession.proposal->hear(context.now.mono, voter_name(from), proposed)) return;
  dirty = true;
  if (const auto chosen = succession.proposal->chosen()) return adopt_voters(context, *chosen);
  ask_to_promise_or_accept(context);
}

// ------------------------------------------------------------------------------------- joint, and whole

// What was granted under the set before is learnt from a quorum of it, which has refused that set since.
void Node::State::catch_up(Context& context) {
  const MonoTime now = context.now.mono;
  if (succession.caught_up || !is_among(voters.names, own_name())) return;
  if (succession.catch_up_at != kNever) {
    if (now < succession.catch_up_at) return;
    succession.caught_up = true;
    return store_voters(context);
  }
  if (now < succession.recall_at) return;
  succession.recall_at = now + config.beat_interval;
  wire::Routed message;
  message.mutable_recall()->set_asked_us(in_us(now));
  message.mutable_recall()->set_incarnation(incarnation);
  for (const NodeId& node : reachable_voters())
    if (node != self && is_among(voters.before, voter_name(node))) route(context, node, message);
  look_whether_caught_up(context);
}

void Node::State::hear_of_voters(Context& context, const NodeId& from, MonoTime asked,
                                 const wire::Recalled& recalled) {
  if (!voters.joint() || succession.caught_up || succession.catch_up_at != kNever ||
      !recalled.memory() || voters_of(recalled).hash() != voters.hash())
    return;
  succession.heard[voter_name(from)] = Told{asked, recalled};
  look_whether_caught_up(context);
}

// Answers that are older could be of voters that have lost their memory since, and think that the set before counts.
void Node::State::look_whether_caught_up(Context& context) {
  const MonoTime now = context.now.mono;
  std::set<std::string> those;
  if (succession.stored.number == voters.number) those.insert(own_name());
  for (const auto& [name, told] : succession.heard)
    if (now < told.asked + kLongestBallot) those.insert(name);
  if (!is_quorum(voters.before, those)) return;
  std::vector<Write> writes;
  for (const auto& [name, told] : succession.heard) hear_epochs(context, told.answer, writes);
  if (!writes.empty()) persist_as_voter(context, std::move(writes));
  succession.heard.clear();
  succession.catch_up_at = now + longest_lease;
}

void Node::State::become_whole_if_caught_up(Context& context) {
  std::set<std::string> those;
  for (const NodeId& node : reachable_voters()) {
    const wire::VoterStanding& its = members.find(node)->record.voters();
    const bool stored = its.caught_up() && its.hash() == voters.hash();
    if (node == self ? succession.caught_up_stored && succession.stored.number == voters.number
                     : stored)
      those.insert(voter_name(node));
  }
  if (!is_quorum(voters.names, those)) return;
  Voters whole = voters;
  whole.before.clear();
  adopt_voters(context, whole);
}

// ------------------------------------------------------------------------------------------------ driving

void Node::State::drive_voters(Context& context) {
  if (leaving || !speaking || voters.number == 0) return;
  if (context.now.mono >= succession.store_at) store_voters(context);
  if (give_up_dead_founding(context)) return;
  tell_voters(context);
  notice_others_voters(context);
  if (!memory) return;
  settle_wish(context);
  if (voters.joint()) {
    catch_up(context);
    become_whole_if_caught_up(context);
  } else {
    wish_for_what_all_files_name(context);
    drive_proposal(context);
  }
  say_why_voters_stay(context);
}

MonoTime Node::State::next_voters_deadline() const {
  if (leaving || !speaking || voters.number == 0) return kNever;
  MonoTime next = std::min(succession.store_at, succession.tell_at);
  if (!succession.foreign_alerted) next = std::min(next, succession.foreign_at);
  if (!memory) return next;
  if (voters.joint()) {
    if (succession.caught_up || !is_among(voters.names, own_name())) return next;
    const bool waits = succession.catch_up_at != kNever;
    return std::min(next, waits ? succession.catch_up_at : succession.recall_at);
  }
  if (succession.proposal) return std::min(next, succession.ask_at);
  const bool undecided = succession.vow.accepted.round > 0;
  const bool due = (!succession.wish.empty() || undecided) && why_no_ballot().empty();
  return due ? std::min(next, succession.propose_at) : next;
}

// ------------------------------------------------------------------------------------------- for people

// Empty: the set that counts is whole, and nothing is to follow it.
std::string Node::State::why_voters_stay() const {
  if (voters.number == 0) return "";
  if (voters.joint()) {
    Names stored, caught_up;
    for (const NodeId& node : reachable_voters()) {
      const wire::VoterStanding& its = members.find(node)->record.voters();
      const std::string name = voter_name(node);
      if (its.hash() != voters.hash()) continue;
      if (is_among(voters.before, name)) stored.push_back(name);
      if (its.caught_up() && is_among(voters.names, name)) caught_up.push_back(name);
    }
    const std::string count =
        " of " + std::to_string(voters.before.size()) + " that voted before know of the change";
    if (stored.size() < voters.before.size() / 2 + 1)
      return std::to_string(stored.size()) + count + ", and " +
             std::to_string(voters.before.size() / 2 + 1) + " are needed";
    return std::to_string(caught_up.size()) + " of " + std::to_string(voters.names.size()) +
           " have learnt what was granted before, and have waited until that has ended; " +
           std::to_string(voters.quorum()) + " are needed";
  }
  if (succession.wish.empty()) return "";
  const std::string why = why_no_ballot();
  return "they are to become " + listed(succession.wish) +
         (why.empty() ? ", which is being decided" : ", but " + why);
}

VotersView Node::State::voters_view() const {
  VotersView out;
  if (voters.number == 0) return out;
  out.number = voters.number;
  out.names = voters.names;
  out.before = voters.before;
  out.change = why_voters_stay();
  const uint64_t ours = Voters{0, voters.names}.hash();
  for (const auto& [node, member] : members.all()) {
    const wire::VoterStanding& its = member.record.voters();
    if (member.up && its.number() > 0 && its.listed() != ours)
      out.differ.push_back(member.record.name());
  }
  std::sort(out.differ.begin(), out.differ.end());
  return out;
}

// Once, if it takes longer than it takes where all hosts are there.
void Node::State::say_why_voters_stay(Context& context) {
  if (succession.wish.empty() || succession.alerted ||
      context.now.mono < succession.wished_at + longest_lease + config.dead_time)
    return;
  succession.alerted = true;
  context.alert(AlertKind::kOwnership, name_of(config.self), Severity::kWarning,
                "those that vote stay as they are: " + why_voters_stay());
}

}  // namespace cluster::core
