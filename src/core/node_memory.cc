// What a voter of ownership `majority` has to know before it votes: docs/ownership.md.

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

namespace {

constexpr char kVoterKey[] = "voter";

// StoredVoter and Recalled tell of a vow alike.
template <class Message>
Vow vow_of(const Message& from) {
  return {ballot_of(from.promised()), ballot_of(from.accepted()),
          Names(from.next().begin(), from.next().end())};
}

template <class Message>
void set_vow(Message& to, const Vow& vow) {
  if (vow.promised.round > 0) *to.mutable_promised() = to_wire(vow.promised);
  if (vow.accepted.round == 0) return;
  *to.mutable_accepted() = to_wire(vow.accepted);
  for (const std::string& name : vow.next) to.add_next(name);
}

}  // namespace

void Node::State::load_memory() {
  auto it = boot.stored.find(kVoterKey);
  wire::StoredVoter kept;
  if (it == boot.stored.end() || !kept.ParseFromString(it->second)) return;
  memory = kept.memory();
  longest_lease = bounded_time(kept.longest_us());
  voters.number = kept.number();
  voters.names.assign(kept.voters().begin(), kept.voters().end());
  voters.before.assign(kept.before().begin(), kept.before().end());
  voters.origin = kept.origin();
  succession.of_older_version = voters.number == 1 && voters.origin == 0;
  if (succession.of_older_version) voters = Voters::first(std::move(voters.names));
  succession.stored = voters;
  succession.caught_up = succession.caught_up_stored = kept.caught_up();
  succession.vow = vow_of(kept);
  succession.wish.assign(kept.wish().begin(), kept.wish().end());
  succession.wish_over = kept.wish_over();
  Vouch& vouch = recollection.vouch;
  vouch.list.assign(kept.vouched().begin(), kept.vouched().end());
  vouch.to.insert(kept.vouched_to().begin(), kept.vouched_to().end());
  recollection.stored_vouch = vouch;
}

Write Node::State::memory_to_write(bool whole) const {
  wire::StoredVoter kept;
  kept.set_memory(whole);
  kept.set_longest_us(static_cast<uint64_t>(to_us(longest_lease)));
  kept.set_number(voters.number);
  for (const std::string& name : voters.names) kept.add_voters(name);
  kept.set_origin(voters.origin);
  for (const std::string& name : voters.before) kept.add_before(name);
  kept.set_caught_up(succession.caught_up);
  set_vow(kept, succession.vow);
  for (const std::string& name : succession.wish) kept.add_wish(name);
  kept.set_wish_over(succession.wish_over);
  if (!whole) {
    for (const std::string& name : recollection.vouch.list) kept.add_vouched(name);
    for (const std::string& name : recollection.vouch.to) kept.add_vouched_to(name);
  }
  return Write{kVoterKey, kept.SerializeAsString()};
}

// Others have proved that the disk is older than what this host has said since.
void Node::State::lose_memory(Context& context) {
  recollection.since = context.now.mono;
  recollection.asking_since.reset();
  begin_asking_anew(context.now.mono);
  succession.proposal.reset();
  succession.heard.clear();
  succession.caught_up = succession.caught_up_stored = false;
  succession.catch_up_at = kNever;
  const bool was_storing = std::exchange(recollection.storing, false);
  if (std::exchange(memory, false) || was_storing)
    persist_as_voter(context, {memory_to_write(false)});
}

void Node::State::note_host_names() {
  Names names;
  for (const HostEntry& host : config.hosts) names.push_back(host.name);
  std::sort(names.begin(), names.end());
  succession.file_hash = Voters{0, names}.hash();
  succession.file = std::move(names);
}

// What others have said before the hosts file was edited may not count with it: docs/ownership.md, "A first start".
void Node::State::begin_asking_anew(MonoTime now) {
  recollection.asked_from = now;
  recollection.ask_at = MonoTime::min();
  recollection.told.clear();
}

// What it depends on changes nothing unless decisions follow.
bool Node::State::memory_wanted() const {
  if (memory_was_wanted.first == revision) return memory_was_wanted.second;
  const auto& all = members.all();
  const bool wanted = recollection.asked_by_others ||
                      std::any_of(config.services.begin(), config.services.end(),
                                  [&](const ServiceEntry& s) { return by_majority(s.name); }) ||
                      std::any_of(all.begin(), all.end(), [&](const auto& entry) {
                        return entry.second.up && entry.second.record.votes();
                      });
  memory_was_wanted = {revision, wanted};
  return wanted;
}

void Node::State::memory_stored(Context& context, const StoredMemory& stored) {
  if (!std::exchange(recollection.storing, false)) return;
  memory = true;
  recollection.vouch = recollection.stored_vouch = {};
  voters_stored({stored.set, false});
  context.log(LogLevel::kInfo, "votes on services with ownership majority from now on");
  consider_hosts_file(context, false);
}

void Node::State::drive_memory(Context& context) {
  if (memory || recollection.storing || leaving || !speaking || !memory_wanted()) return;
  for (const ServiceEntry& s : config.services)
    if (by_majority(s.name))
      longest_lease = std::max(longest_lease, config.dead_time + s.fence_margin);
  try_to_remember(context);
  const MonoTime now = context.now.mono;
  if (recollection.storing || now < recollection.ask_at) return;
  if (!recollection.asking_since) recollection.asking_since = now;
  recollection.ask_at = now + config.beat_interval;
  wire::Routed message;
  message.mutable_recall()->set_asked_us(in_us(now));
  message.mutable_recall()->set_incarnation(incarnation);
  for (const auto& [node, member] : members.all())
    if (node != self && member.up) route(context, node, message);
}

// Once, if it takes longer than it takes where all hosts are there.
void Node::State::say_whom_memory_waits_for(Context& context) {
  if (recollection.alerted || !recollection.asking_since ||
      context.now.mono < *recollection.asking_since + longest_lease + config.dead_time)
    return;
  recollection.alerted = true;
  context.alert(
      AlertKind::kOwnership, name_of(config.self), Severity::kWarning,
      "this host does not vote on services with ownership majority yet: " + why_no_memory());
}

std::string Node::State::why_no_memory() const {
  if (bound_by_vouch(Voters::first(succession.file))) {
    const std::set<std::string> open = recollection.vouch.open(released_from_vouch());
    return "with the hosts file as it was here before (" + listed(recollection.vouch.list) + ") " +
           listed(Names(open.begin(), open.end())) +
           " may vote already, and this is to be heard first";
  }
  const auto told = told_by_name(MonoTime::min());
  Names missing, bound;
  for (const std::string& name : succession.file) {
    if (name == own_name()) continue;
    const auto its = told.find(name);
    if (its == told.end())
      missing.push_back(name);
    else if (!may_found_with(its->second->answer))
      bound.push_back(name);
  }
  if (!missing.empty()) return "it has not heard from " + listed(missing);
  if (bound.empty()) return "the hosts files of the hosts differ";
  return "the hosts file differs on " + listed(bound) + ", or did so when others began to vote";
}

// What was asked no sooner than that.
std::map<std::string, const Told*> Node::State::told_by_name(MonoTime asked_from) const {
  std::map<std::string, const Told*> out;
  for (const auto& [node, told] : recollection.told) {
    const Member* member = members.find(node);
    if (member == nullptr || told.asked < asked_from) continue;
    const Told*& newest = out.try_emplace(member->record.name(), &told).first->second;
    if (newest->asked < told.asked) newest = &told;
  }
  return out;
}

// nullopt: they tell of sets that do not follow from the same, or not from the one that is known here.
std::optional<Voters> Node::State::newest_told(
    const std::map<std::string, const Told*>& told) const {
  Voters newest;
  for (const auto& [name, its] : told) {
    const Voters theirs = voters_of(its->answer);
    if (theirs.number == 0) continue;
    if (newest.number > 0 && theirs.origin != newest.origin) return std::nullopt;
    if (voters.number > 0 && theirs.origin != voters.origin) return std::nullopt;
    const bool newer =
        theirs.number > newest.number || (theirs.number == newest.number && !theirs.joint());
    if (newer) newest = theirs;
  }
  return voters.number > newest.number ? voters : newest;
}

void Node::State::hear_epochs(Context& context, const wire::Recalled& recalled,
                              std::vector<Write>& writes) {
  for (const auto& epoch : recalled.epochs()) {
    voter.hear_epoch(epoch.service(), epoch.epoch());
    if (auto write = grants.hear(context.now.mono, epoch.service(), epoch.epoch()))
      writes.push_back(std::move(*write));
  }
}

// By then neither a lease nor a ballot counts that the lost memory had a part in.
MonoTime Node::State::remembers_from() const {
  return recollection.since + std::max<Duration>(longest_lease, kBallotForgotten);
}

// Whether more than half of the others tell of it, or all others and all of the hosts file do or go by that file too.
bool Node::State::is_told_by_enough(const Voters& set,
                                    const std::map<std::string, const Told*>& told) const {
  std::set<std::string> remember, alike;
  for (const auto& [name, its] : told) {
    if (its->answer.memory()) remember.insert(name);
    if (its->answer.memory() || goes_by_our_file(its->answer, set)) alike.insert(name);
  }
  const auto most_of = [&](const Names& of) { return is_most_others(of, own_name(), remember); };
  const auto all_of = [&](const Names& of) {
    return std::all_of(of.begin(), of.end(), [&](const std::string& name) {
      return name == own_name() || alike.contains(name);
    });
  };
  if (set.number > 0 && most_of(set.names) && (!set.joint() || most_of(set.before))) return true;
  return all_of(succession.file) && all_of(set.names) && all_of(set.before);
}

void Node::State::try_to_remember(Context& context) {
  if (!are_voters(succession.file)) return;
  const bool first_start = is_first_start();
  const auto told = told_by_name(first_start ? MonoTime::min() : remembers_from());
  std::optional<Voters> set = first_start ? Voters::first(succession.file) : newest_told(told);
  if (set && set->number == 0) set = Voters::first(succession.file);
  const bool enough =
      first_start || (set && context.now.mono >= remembers_from() && is_told_by_enough(*set, told));
  if (!enough || bound_by_vouch(*set)) {
    say_whom_memory_waits_for(context);
    return;
  }
  std::vector<Write> writes;
  if (set->number != voters.number) succession.begin_anew();
  for (const auto& [name, its] : told) {
    hear_epochs(context, its->answer, writes);
    if (voters_of(its->answer).hash() == set->hash()) succession.vow.hear(vow_of(its->answer));
  }
  voters = *set;
  writes.push_back(memory_to_write(true));
  recollection.told.clear();
  recollection.ask_at = kNever;
  recollection.storing = true;
  continuations[persist_as_voter(context, std::move(writes))] = StoredMemory{voters};
}

void Node::State::receive_recall(Context& context, const NodeId& from, const wire::Recall& recall) {
  recollection.asked_by_others = true;
  dirty = true;
  if (recollection.storing) return;
  if (!memory && !vouches_to(from)) vouch_to(context, from, recall);
  if (recollection.to_be_vouched.contains(from)) return;
  wire::Routed reply;
  *reply.mutable_recalled() = recalled_here(recall);
  if (!memory && vouches_to(from)) reply.mutable_recalled()->set_vouched(succession.file_hash);
  route(context, from, std::move(reply));
}

wire::Recalled Node::State::recalled_here(const wire::Recall& recall) const {
  wire::Recalled out;
  out.set_asked_us(recall.asked_us());
  out.set_incarnation(recall.incarnation());
  out.set_memory(memory && succession.stored.number == voters.number);
  out.set_longest_us(static_cast<uint64_t>(to_us(longest_lease)));
  const Names& names = succession.file;
  if (memory) {
    out.set_number(succession.stored.number);
    out.set_origin(succession.stored.origin);
    for (const std::string& name : succession.stored.names) out.add_voters(name);
    for (const std::string& name : succession.stored.before) out.add_before(name);
    set_vow(out, succession.vow);
  } else if (are_voters(names)) {
    for (const std::string& name : names) out.add_voters(name);
    out.set_no_set(voters.number == 0);
    out.set_origin(voters.origin);
  }
  std::map<std::string, uint64_t> known;
  for (const auto& [service, epoch] : grants.epochs()) known[service] = epoch;
  for (const ServiceEntry& entry : config.services)
    if (by_majority(entry.name) && voter.highest_epoch(entry.name) > 0)
      known[entry.name] = std::max(known[entry.name], voter.highest_epoch(entry.name));
  for (const auto& [service, claim] : claims)
    if (claim.lease > Duration{}) known[service] = std::max(known[service], claim.epoch);
  for (const auto& [service, lease] : leases)
    known[service] = std::max(known[service], lease.epoch);
  for (const auto& [service, epoch] : known) {
    wire::Recalled::Epoch& entry = *out.add_epochs();
    entry.set_service(service);
    entry.set_epoch(epoch);
  }
  return out;
}

void Node::State::receive_recalled(Context& context, const NodeId& from,
                                   const wire::Recalled& recalled) {
  const auto asked = asked_at(recalled.asked_us(), context.now.mono);
  if (recalled.incarnation() != incarnation || !asked) return;
  longest_lease = std::max(longest_lease, bounded_time(recalled.longest_us()));
  if (memory) return hear_of_voters(context, from, *asked, recalled);
  if (*asked < recollection.asked_from) return;
  recollection.told[from] = Told{*asked, recalled};
  dirty = true;
}

}  // namespace cluster::core
