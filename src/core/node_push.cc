// Pushes of the configuration, at the host that pushes: it asks all others to prepare, decides, and reports (docs/push.md).

#include <algorithm>
#include <utility>

#include "base/join.h"
#include "core/node_state.h"

namespace cluster::core {

namespace {

using Step = StoredPushStep::Step;
using Stage = OwnPush::Stage;

// For how long it is then waited until all have put it in force.
constexpr Duration kApplyPatience = seconds(60);

}  // namespace

// -------------------------------------------------------------------------------------- what is stored

void Node::State::store_push(Context& context, Pushed next, StoredPushStep step) {
  push.ticket = persist(context, next.to_writes(push.unsure ? nullptr : &push.kept));
  push.next = std::move(next);
  continuations[push.ticket] = step;
}

void Node::State::push_stored(Context& context, const StoredPushStep& stored) {
  push.kept = *std::exchange(push.next, std::nullopt);
  push.ticket = StoreTicket{};
  push.unsure = false;
  dirty = true;
  switch (stored.step) {
    case Step::kOwn: ask_for_votes(context); break;
    case Step::kVote:
      push.doubt_since = push.ask_at = context.now.mono;
      vote(context, stored.to, stored.id, wire::PushVote::PREPARED);
      break;
    case Step::kRenounced: {
      wire::Routed reply;
      set_push_id(reply.mutable_push_told()->mutable_id(), stored.id);
      reply.mutable_push_told()->set_aborted(true);
      route(context, stored.to, std::move(reply));
      break;
    }
    case Step::kCommit:
      push.apply_due = true;
      push.applying = {};
      context.log(LogLevel::kInfo, numbered(stored.id) + ", pushed by " +
                                       name_of(push.kept.pusher()) + ", is decided");
      if (push.own && push.own->id == stored.id) {
        push.own->stage = Stage::kSpreading;
        push.own->give_up_at = context.now.mono + kApplyPatience;
      }
      break;
    case Step::kAbort:
      if (push.own && push.own->id == stored.id) answer_own_push(context);
      break;
    case Step::kApplied: break;
  }
}

void Node::State::push_not_stored(Context& context, const StoredPushStep& stored,
                                  const std::string& why) {
  push.next.reset();
  push.ticket = StoreTicket{};
  push.unsure = true;
  push.store_at = context.now.mono + config.dead_time;
  dirty = true;
  const std::string text = "it cannot be stored on " + name_of(self) + ": " + why;
  if (stored.step == Step::kVote)
    vote(context, stored.to, stored.id, wire::PushVote::REFUSED,
         {as_line(text, kMaxPushFaultBytes)});
  if (push.own && push.own->id == stored.id && push.own->stage == Stage::kAsking)
    abort_own_push(Refusal::kFailed, "the push has come to nothing: " + text);
}

// --------------------------------------------------------------------------------- the host that pushes

std::optional<std::pair<Refusal, std::string>> Node::State::refuse_push(const ConfigPush& event,
                                                                        MonoTime now) const {
  using Refused = std::pair<Refusal, std::string>;
  if (leaving) return Refused{Refusal::kLeaving, "this host is leaving the cluster"};
  if (!settled) return Refused{Refusal::kNotAble, "this host does not know yet who is up"};
  if (event.files.bytes() > kMaxPushBytes)
    return Refused{Refusal::kNotAble,
                   "cluster.conf, hosts and services hold " + std::to_string(event.files.bytes()) +
                       " bytes together; expected at most " + std::to_string(kMaxPushBytes)};
  if (push.own)
    return Refused{Refusal::kBusy, "a push of " + name_of(config.self) + " is under way"};
  if (push.validating || (push.kept.prepared() && !in_doubt_for_long(now))) {
    const NodeId at = push.validating ? push.validating->pusher : push.kept.prepared()->pusher;
    return Refused{Refusal::kBusy, "a push of " + name_of(at) + " is under way"};
  }
  if (push.ticket) return Refused{Refusal::kBusy, "a push is under way"};
  if (newest_committed() > push.kept.committed())
    return Refused{Refusal::kBusy, "a configuration that was pushed is on its way to this host"};
  for (const auto& [node, member] : members.all())
    if (member.up && node != self && !member.record.has_push())
      return Refused{Refusal::kNotAble, name_of(member.host) + " runs version " +
                                            member.record.version() + ", which takes no pushes"};
  return std::nullopt;
}

void Node::State::on(Context& context, const ConfigPush& event) {
  if (const auto refusal = refuse_push(event, context.now.mono)) {
    context.emit(Reply{event.request, refusal->first, refusal->second});
    return;
  }
  uint64_t highest = push.kept.seen().count;
  OwnPush mine;
  mine.request = event.request;
  for (const auto& [node, member] : members.all()) {
    if (member.record.has_push())
      highest = std::max(highest, push_id(member.record.push().seen()).count);
    if (!member.up || node == self) continue;
    const bool listed = std::find(event.hosts.begin(), event.hosts.end(), member.record.name()) !=
                        event.hosts.end();
    if (listed) {
      mine.participants.push_back(node);
    } else {
      mine.removed.push_back(member.record.name());
    }
  }
  mine.id = name_push(highest + 1, self, event.files);
  mine.waiting = {mine.participants.begin(), mine.participants.end()};
  mine.give_up_at = context.now.mono + kVotePatience;
  Pushed next = push.kept;
  std::vector<NodeId> all = mine.participants;
  all.push_back(self);
  next.prepare({mine.id, self, std::move(all), event.files});
  store_push(context, std::move(next), {Step::kOwn, mine.id, {}});
  push.own = std::move(mine);
  dirty = true;
}

void Node::State::ask_for_votes(Context& context) {
  const auto& prepared = push.kept.prepared();
  if (!push.own || !prepared || prepared->id != push.own->id) return;
  wire::Routed message;
  wire::PushPrepare& asked = *message.mutable_push_prepare();
  set_push_id(asked.mutable_id(), prepared->id);
  set_files(asked.mutable_files(), prepared->files);
  for (const NodeId& node : prepared->participants) asked.add_participants(node.raw());
  for (const NodeId& node : push.own->waiting) route(context, node, message, Priority::kBulk);
  push.own->ask_at = context.now.mono + std::max<Duration>(kAskEvery, config.dead_time);
}

void Node::State::receive_push_vote(Context&, const NodeId& from, const wire::PushVote& vote) {
  if (!push.own || push.own->stage != Stage::kAsking || push_id(vote.id()) != push.own->id ||
      !push.own->waiting.contains(from))
    return;
  dirty = true;
  if (vote.verdict() == wire::PushVote::PREPARED) {
    push.own->waiting.erase(from);
  } else if (vote.verdict() == wire::PushVote::REFUSED) {
    std::string text = name_of(from) + " refuses, and nothing is changed anywhere:";
    for (const std::string& fault : vote.faults()) text += "\n" + name_of(from) + ": " + fault;
    abort_own_push(Refusal::kInvalidConfig, std::move(text));
  } else if (node_of(vote.pusher()) != self) {  // else it has not heard yet how our last one ended
    abort_own_push(Refusal::kBusy, "a push of " + name_of(node_of(vote.pusher())) +
                                       " is under way, as " + name_of(from) + " says");
  }
}

void Node::State::abort_own_push(Refusal refusal, std::string why) {
  push.own->stage = Stage::kAborting;
  push.own->refusal = refusal;
  push.own->why = std::move(why);
  dirty = true;
}

void Node::State::drive_own_push(Context& context) {
  OwnPush& mine = *push.own;
  const MonoTime now = context.now.mono;
  if (mine.stage == Stage::kSpreading) {
    const bool here = push.kept.applied() || !push.kept.refused().empty();
    const bool there =
        std::all_of(mine.participants.begin(), mine.participants.end(), [&](const NodeId& node) {
          const Member* member = members.find(node);
          if (member == nullptr || !member->up) return true;
          const wire::PushStanding& told = member->record.push();
          return push_id(told.committed()) >= mine.id &&
                 (told.applied() || !told.refused().empty());
        });
    if ((here && there) || now >= mine.give_up_at || push.kept.committed() > mine.id)
      answer_own_push(context);
    return;
  }
  if (mine.stage == Stage::kAsking) {
    for (const NodeId& node : mine.participants) {
      const Member* member = members.find(node);
      if (member != nullptr && member->up) continue;
      abort_own_push(Refusal::kFailed, name_of(node) +
                                           " was lost while it was asked: nothing is "
                                           "changed anywhere; push again without it");
      break;
    }
  }
  if (mine.stage == Stage::kAsking && newest_committed() > push.kept.committed())
    abort_own_push(Refusal::kBusy, "another configuration was pushed meanwhile");
  if (mine.stage == Stage::kAsking && now >= mine.give_up_at) {
    Names slow;
    for (const NodeId& node : mine.waiting) slow.push_back(name_of(node));
    abort_own_push(Refusal::kFailed, "no answer from " + joined(slow, ", ") + " within " +
                                         in_seconds(kVotePatience) +
                                         ": nothing is changed anywhere");
  }
  if (push.ticket || now < push.store_at) return;
  Pushed next = push.kept;
  if (mine.stage == Stage::kAborting) {
    next.abort(mine.id);
    return store_push(context, std::move(next), {Step::kAbort, mine.id, {}});
  }
  const auto& prepared = push.kept.prepared();
  if (!prepared || prepared->id != mine.id) return;
  if (mine.waiting.empty()) {
    next.commit(mine.id, self, prepared->files);
    store_push(context, std::move(next), {Step::kCommit, mine.id, {}});
  } else if (now >= mine.ask_at) {
    ask_for_votes(context);
  }
}

void Node::State::answer_own_push(Context& context) {
  const OwnPush mine = *std::exchange(push.own, std::nullopt);
  const bool refused = mine.stage == Stage::kAborting;
  context.emit(Reply{mine.request, mine.refusal, refused ? mine.why : push_report(mine)});
}

// One line a host.
std::string Node::State::push_report(const OwnPush& mine) const {
  std::vector<std::string> lines = {numbered(mine.id) + " is in force"};
  const auto say = [&](const std::string& name, const std::string& what) {
    lines.push_back(name + ": " + what);
  };
  for (const HostEntry& host : config.hosts) {
    if (host.id == config.self) {
      say(host.name, push.kept.refused().empty() ? "applied" : "refused: " + push.kept.refused());
      continue;
    }
    const Member* member = members.of(host.id);
    if (member == nullptr || !member->up) {
      say(host.name, "away; it gets it when it returns");
      continue;
    }
    const wire::PushStanding& told = member->record.push();
    const bool has = push_id(told.committed()) >= mine.id;
    say(host.name, has && told.applied()            ? "applied"
                   : has && !told.refused().empty() ? "refused: " + told.refused()
                                                    : "not applied yet");
  }
  for (const std::string& name : mine.removed) say(name, "is not in the new hosts file: not told");
  return joined(lines, "\n");
}

// ------------------------------------------------------------------------------------------ for people

// Why the newest configuration cannot be applied on that host; empty: nothing is against it.
const std::string& Node::State::push_refused(HostId host) const {
  if (host == config.self) return push.kept.refused();
  static const std::string kNothing;
  const Member* member = members.of(host);
  return member == nullptr ? kNothing : member->record.push().refused();
}

PushView Node::State::push_view() const {
  PushView out;
  out.count = push.kept.committed().count;
  if (out.count > 0) out.pusher = name_of(push.kept.pusher());
  out.applied = push.kept.applied();
  out.refused = push.kept.refused();
  if (push.kept.prepared()) out.undecided = name_of(push.kept.prepared()->pusher);
  for (const auto& [node, member] : members.all()) {
    if (!member.up || node == self || out.count == 0) continue;
    const wire::PushStanding& told = member.record.push();
    if (push_id(told.committed()) < push.kept.committed() || !told.applied())
      out.behind.push_back(name_of(member.host));
  }
  return out;
}

}  // namespace cluster::core
