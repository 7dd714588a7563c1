// What a voter of ownership `majority` has to know before it votes: docs/ownership.md.

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

namespace {

constexpr char kVoterKey[] = "voter";

}  // namespace

void Node::State::load_memory() {
  auto it = boot.stored.find(kVoterKey);
  wire::StoredVoter kept;
  if (it == boot.stored.end() || !kept.ParseFromString(it->second)) return;
  memory = kept.memory();
  longest_lease = bounded_time(kept.longest_us());
  voters.number = kept.number();
  voters.names.assign(kept.voters().begin(), kept.voters().end());
}

Write Node::State::memory_to_write(bool whole) const {
  wire::StoredVoter kept;
  kept.set_memory(whole);
  kept.set_longest_us(static_cast<uint64_t>(to_us(longest_lease)));
  kept.set_number(voters.number);
  for (const std::string& name : voters.names) kept.add_voters(name);
  return Write{kVoterKey, kept.SerializeAsString()};
}

// Others have proved that the disk is older than what this host has said since.
void Node::State::lose_memory(Context& context) {
  recollection.since = context.now.mono;
  recollection.asking_since.reset();
  recollection.ask_at = MonoTime::min();
  recollection.told.clear();
  if (!std::exchange(memory, false)) return;
  persist(context, {memory_to_write(false)});
}

std::vector<std::string> Node::State::host_names() const {
  std::vector<std::string> out;
  for (const HostEntry& host : config.hosts) out.push_back(host.name);
  std::sort(out.begin(), out.end());
  return out;
}

bool Node::State::memory_wanted() const {
  const auto& all = members.all();
  return recollection.asked_by_others ||
         std::any_of(config.services.begin(), config.services.end(),
                     [&](const ServiceEntry& s) { return by_majority(s.name); }) ||
         std::any_of(all.begin(), all.end(), [&](const auto& entry) {
           return entry.second.up && entry.second.record.votes();
         });
}

// Once, at a start, a reload, or when the voters become known.
void Node::State::compare_voters(Context& context) {
  const bool differ = memory && voters.names != host_names();
  if (differ && !voters_differ)
    context.alert(
        Severity::kWarning,
        "the hosts file names other hosts than those that vote on services with ownership "
        "majority, and the voters stay: a change of the voters is not supported yet");
  voters_differ = differ;
}

void Node::State::memory_stored(Context& context) {
  memory = true;
  compare_voters(context);
  context.log(LogLevel::kInfo, "votes on services with ownership majority from now on");
}

void Node::State::drive_memory(Context& context) {
  if (memory || leaving || !speaking || !memory_wanted()) return;
  for (const ServiceEntry& s : config.services)
    if (by_majority(s.name))
      longest_lease = std::max(longest_lease, config.dead_time + s.fence_margin);
  try_to_remember(context);
  const MonoTime now = context.now.mono;
  if (memory || now < recollection.ask_at) return;
  if (!recollection.asking_since) recollection.asking_since = now;
  recollection.ask_at = now + config.beat_interval;
  wire::Routed message;
  message.mutable_recall()->set_asked_us(in_us(now));
  message.mutable_recall()->set_incarnation(incarnation);
  for (const auto& [node, member] : members.all())
    if (node != self && member.up && config.host(member.host) != nullptr)
      route(context, node, message);
}

// Once, if it takes longer than it takes where all hosts are there.
void Node::State::say_whom_memory_waits_for(Context& context) {
  if (recollection.alerted || !recollection.asking_since ||
      context.now.mono < *recollection.asking_since + longest_lease + config.dead_time)
    return;
  recollection.alerted = true;
  std::string missing;
  for (const HostEntry& host : config.hosts) {
    const bool heard =
        std::any_of(recollection.told.begin(), recollection.told.end(), [&](const auto& entry) {
          const Member* member = members.find(entry.first);
          return member != nullptr && member->host == host.id;
        });
    if (!heard && host.id != config.self) missing += (missing.empty() ? "" : ", ") + host.name;
  }
  context.alert(Severity::kWarning,
                "this host does not vote on services with ownership majority yet: " +
                    (missing.empty() ? "the hosts files of the hosts differ"
                                     : "it has not heard from " + missing));
}

void Node::State::try_to_remember(Context& context) {
  const MonoTime now = context.now.mono;
  const MonoTime waited = recollection.since + longest_lease;
  const std::vector<std::string> listed = host_names();
  const size_t others = listed.size() - 1;
  size_t remember = 0, unused = 0, late = 0;
  bool alike = true;
  const wire::Recalled* example = nullptr;
  for (const auto& [node, its] : recollection.told) {
    const std::vector<std::string> theirs(its.answer.voters().begin(), its.answer.voters().end());
    unused += its.answer.epochs_size() == 0 && theirs == listed;
    if (its.asked < waited) continue;
    ++late;
    alike = alike && (its.answer.memory() || theirs == listed);
    if (!its.answer.memory()) continue;
    ++remember;
    example = &its.answer;
  }
  const bool first_start = unused == others;
  const bool enough = 2 * remember > others || (late == others && alike);
  if (!first_start && (now < waited || !enough)) {
    say_whom_memory_waits_for(context);
    return;
  }
  std::vector<std::string> names = listed;
  if (example != nullptr) names.assign(example->voters().begin(), example->voters().end());
  std::vector<Write> writes;
  for (const auto& [node, its] : recollection.told) {
    if (!first_start && its.asked < waited) continue;
    for (const auto& epoch : its.answer.epochs()) {
      voter.hear_epoch(epoch.service(), epoch.epoch());
      if (auto write = grants.hear(now, epoch.service(), epoch.epoch()))
        writes.push_back(std::move(*write));
    }
  }
  voters.number = 1;
  voters.names = std::move(names);
  writes.push_back(memory_to_write(true));
  recollection.told.clear();
  recollection.ask_at = kNever;
  continuations[persist(context, std::move(writes))] = StoredMemory{};
}

void Node::State::receive_recall(Context& context, const NodeId& from, const wire::Recall& recall) {
  recollection.asked_by_others = true;
  wire::Routed reply;
  wire::Recalled& out = *reply.mutable_recalled();
  out.set_asked_us(recall.asked_us());
  out.set_incarnation(recall.incarnation());
  out.set_memory(memory);
  out.set_longest_us(static_cast<uint64_t>(to_us(longest_lease)));
  if (memory) {
    for (const std::string& name : voters.names) out.add_voters(name);
  } else {
    for (const std::string& name : host_names()) out.add_voters(name);
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
  route(context, from, std::move(reply));
  dirty = true;
}

void Node::State::receive_recalled(Context& context, const NodeId& from,
                                   const wire::Recalled& recalled) {
  const auto asked = asked_at(recalled.asked_us(), context.now.mono);
  if (memory || recalled.incarnation() != incarnation || !asked || *asked < recollection.since)
    return;
  longest_lease = std::max(longest_lease, bounded_time(recalled.longest_us()));
  recollection.told[from] = Told{*asked, recalled};
  dirty = true;
}

}  // namespace cluster::core
