// What relations among services hold up: starts wait for what comes before, stops for what comes after, and a
// follower belongs where its leader does.

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

namespace {

using Kind = Relation::Kind;

const char* doing(wire::Holding::State state) {
  switch (state) {
    case wire::Holding::STARTING: return "starts";
    case wire::Holding::STOPPING: return "stops";
    case wire::Holding::CHECKING: return "is looked for";
    default: return "is to run";
  }
}

void collect(const wire::Holding& holding, std::vector<Relation>& out) {
  if (!holding.with().empty()) out.push_back({Kind::kWith, holding.service(), holding.with()});
  for (const std::string& service : holding.after())
    out.push_back({Kind::kAfter, holding.service(), service});
}

}  // namespace

void Node::State::tell_relations(const ServiceEntry& entry, wire::Holding& holding) {
  for (const std::string& service : entry.after) holding.add_after(service);
  holding.set_with(entry.with);
}

void Node::State::read_relations(Context& context) {
  std::vector<Relation> told;
  for (const auto& [node, member] : members.all())
    if (member.up || node == self)
      for (const wire::Holding& holding : member.record.services()) collect(holding, told);
  const bool changed = relations.take(std::move(told));
  if (changed || sequence_of != orders.version()) put_in_sequence();
  if (!changed) return;
  const auto ours = [&](const Relation& relation) {
    const ServiceEntry* entry = config.service(relation.service);
    return entry != nullptr && entry->local && has(*entry, relation);
  };
  // Once, however often a host of the circle goes and comes.
  std::erase_if(circles_alerted, [&](const Relation& relation) { return !ours(relation); });
  for (const Circle& circle : relations.circles()) {
    if (!ours(circle.ignored) || !circles_alerted.insert(circle.ignored).second) continue;
    context.alert(AlertKind::kConfiguration, circle.ignored.service, Severity::kCritical,
                  "service " + circle.ignored.service + ": that it comes " +
                      (circle.ignored.kind == Kind::kWith ? "with " : "after ") +
                      circle.ignored.on + " is ignored, as the files of several hosts together " +
                      "make a circle of it: " + to_string(circle));
  }
}

bool Node::State::has(const ServiceEntry& entry, const Relation& relation) {
  return relation.kind == Kind::kWith
             ? entry.with == relation.on
             : std::find(entry.after.begin(), entry.after.end(), relation.on) != entry.after.end();
}

// The leaders' places are to be known before those of their followers.
void Node::State::put_in_sequence() {
  std::vector<std::string> names;
  std::map<std::string, size_t> place_of;
  for (const Order& order : orders.all()) {
    place_of[order.service] = names.size();
    names.push_back(order.service);
  }
  sequence.clear();
  for (const std::string& name : relations.in_sequence(names))
    sequence.push_back(place_of.at(name));
  sequence_of = orders.version();
  // Nothing follows a leader that is in no services file any more.
  std::erase_if(choices, [&](const auto& entry) { return !place_of.contains(entry.first); });
}

// What would be if these hosts were lost.
Placed Node::State::place_all(MonoTime now, const std::set<HostId>& gone) const {
  Placed out;
  for (const size_t i : sequence) {
    const Order& order = orders.all()[i];
    out[order.service] = place(placement_input(order, out, gone), now);
  }
  return out;
}

// As the candidate itself has it: another host may have another service.conf.
void Node::State::bind(Candidate& host, const wire::Holding& holding, const Placed& placed) const {
  if (holding.with().empty() || !relations.counts({Kind::kWith, holding.service(), holding.with()}))
    return;
  host.leader = holding.with();
  const auto leader = placed.find(host.leader);
  if (leader == placed.end()) {
    host.leader_place = "the services file has no " + host.leader;
    return;
  }
  const HostId stuck = stuck_on(host.leader, leader->second.host);
  host.leader_host = stuck ? HostId{} : leader->second.host;
  host.leader_place = stuck              ? "it could not be stopped on " + name_of(stuck)
                      : host.leader_host ? name_of(host.leader_host)
                                         : leader->second.reason;
  host.leader_settles = leader->second.settles;
}

// Whose order of hosts decides where it goes: its own, or that of whom it follows.
const Order& Node::State::led_by(const Order& order) const {
  const Order* leading = &order;
  while (const Service* local = service(leading->service)) {
    const std::string& with = local->entry().with;
    if (with.empty() || !relations.counts({Kind::kWith, leading->service, with})) break;
    const Order* next = orders.find(with);
    if (next == nullptr) break;
    leading = next;
  }
  return *leading;
}

// 0: nowhere.
HostId Node::State::stop_failed_on(const std::string& name) const {
  for (const auto& [node, member] : members.all()) {
    const wire::Holding* holding = member.up ? holding_of(member, name) : nullptr;
    if (holding != nullptr && holding->state() == wire::Holding::STOP_FAILED) return member.host;
  }
  return {};
}

// Of the service, where its voters refuse it to that other host until an operator has seen to it; 0: nowhere.
HostId Node::State::stuck_on(const std::string& name, HostId chosen) const {
  const Member* member = chosen ? member_of(chosen) : nullptr;
  const wire::Holding* there = member == nullptr ? nullptr : holding_of(*member, name);
  if (there == nullptr || may_run(there->state()) || there->lease_us() == 0) return {};
  return stop_failed_on(name);
}

// Why that service is not yet where it is to be; empty: it runs there, or nobody is to run it.
std::string Node::State::why_not_yet(Kind kind, const std::string& name) const {
  const auto placed = choices.find(name);
  if (placed == choices.end() || orders.find(name) == nullptr) return "";
  const Choice& choice = placed->second;
  if (choice.host == HostId{})
    return choice.settles ? "which is to run once a host has settled" : "";
  const Member* member = member_of(choice.host);
  const wire::Holding* there = member == nullptr ? nullptr : holding_of(*member, name);
  if (there == nullptr) return "";
  if (there->state() == wire::Holding::RUNNING) return "";
  // An order is not worth waiting so long for.
  if (const HostId stuck = stuck_on(name, choice.host))
    return kind == Kind::kWith ? "which could not be stopped on " + name_of(stuck) : "";
  return std::string("which ") + doing(there->state()) + " on " + name_of(choice.host);
}

// Empty: nothing that it comes after holds up its start here.
std::string Node::State::why_waits(const std::string& name) const {
  if (relations.empty()) return "";
  const Service* local = service(name);
  const auto choice = choices.find(name);
  if (local == nullptr || choice == choices.end() || choice->second.host != config.self) return "";
  const ServiceEntry& entry = local->entry();
  const auto wait_for = [&](Kind kind, const std::string& before) {
    const std::string why =
        relations.counts({kind, name, before}) ? why_not_yet(kind, before) : std::string();
    return why.empty() ? why : "it waits for " + before + ", " + why;
  };
  std::string out;
  if (!entry.with.empty()) out = wait_for(Kind::kWith, entry.with);
  for (const std::string& before : entry.after)
    if (out.empty()) out = wait_for(Kind::kAfter, before);
  return out;
}

// It belongs here, but its leader has ended here and may not start again now.
bool Node::State::leaderless(const std::string& name) const {
  if (relations.empty() || !settled) return false;
  const Service* local = service(name);
  if (local == nullptr) return false;
  const std::string& with = local->entry().with;
  if (with.empty() || !relations.counts({Kind::kWith, name, with})) return false;
  const Service* leader = service(with);
  return leader != nullptr && leader->idle() && !why_no_claim(with).empty();
}

bool Node::State::belongs_here(const std::string& name) const {
  if (leaving || orders.find(name) == nullptr) return false;
  const auto choice = choices.find(name);
  return choice != choices.end() && choice->second.host == config.self && !leaderless(name);
}

// Something that comes after it has to stop here as well, and has not yet. What cannot be stopped is not waited for.
bool Node::State::stops_later(const std::string& name) const {
  if (relations.empty()) return false;
  return std::any_of(services.begin(), services.end(), [&](const auto& entry) {
    const auto& [other, local] = entry;
    return other != name && !local.idle() && !local.stop_failed() && !belongs_here(other) &&
           relations.comes_after(other, name);
  });
}

// In the words of whoever holds it, else of the first host of its line that is up.
void Node::State::say_relations(ServiceView& out, const wire::Holding* told) {
  if (told == nullptr) return;
  out.after.assign(told->after().begin(), told->after().end());
  out.with = told->with();
  if (told->state() == wire::Holding::RUNNING && told->failed_checks() != 0)
    out.reason += "; failed " + std::to_string(told->failed_checks()) + " of the " +
                  std::to_string(told->fall()) + " checks that make a failure";
}

std::string Node::State::explain_relations(const ServiceView& seen) const {
  std::string out;
  if (!seen.with.empty()) out += "it runs only on the host of " + seen.with + ", after that\n";
  std::string list;
  for (const std::string& before : seen.after) list += (list.empty() ? "" : ", ") + before;
  if (!list.empty()) out += "it starts after " + list + ", and stops before\n";
  for (const Circle& circle : relations.circles())
    if (circle.ignored.service == seen.name)
      out += "that it comes " +
             std::string(circle.ignored.kind == Kind::kWith ? "with " : "after ") +
             circle.ignored.on + " is ignored, as it would close a circle: " + to_string(circle) +
             "\n";
  return out;
}

}  // namespace cluster::core
