// Pushes of the configuration, at all hosts: they vote, are witnesses of what was decided, and put it in force (docs/push.md).

#include <algorithm>
#include <utility>

#include "core/node_state.h"

namespace cluster::core {

namespace {

using Step = StoredPushStep::Step;
using Stage = OwnPush::Stage;

// After so long an undecided push whose host is away gives way to the next.
constexpr Duration kDoubt = minutes(1);

}  // namespace

void Node::State::vote(Context& context, const NodeId& to, PushId id,
                       wire::PushVote::Verdict verdict, const std::vector<std::string>& faults,
                       const NodeId& pusher) {
  wire::Routed message;
  wire::PushVote& vote = *message.mutable_push_vote();
  set_push_id(vote.mutable_id(), id);
  vote.set_verdict(verdict);
  for (const std::string& fault : faults)
    if (static_cast<size_t>(vote.faults_size()) < kMaxPushFaults)
      vote.add_faults(as_line(fault, kMaxPushFaultBytes));
  if (verdict == wire::PushVote::BUSY) vote.set_pusher(pusher.raw());
  route(context, to, std::move(message));
}

bool Node::State::in_doubt_for_long(MonoTime now) const {
  return !pusher_is_up() && now >= push.doubt_since + kDoubt;
}

void Node::State::receive_push_prepare(Context& context, const NodeId& from,
                                       const wire::PushPrepare& asked) {
  const PushId id = push_id(asked.id());
  const auto& prepared = push.kept.prepared();
  if (prepared && prepared->id == id) return vote(context, from, id, wire::PushVote::PREPARED);
  if (push.validating && push.validating->id == id) return;
  const auto busy = [&](const NodeId& with) {
    vote(context, from, id, wire::PushVote::BUSY, {}, with);
  };
  if (push.own && push.own->stage != Stage::kSpreading) return busy(self);
  if (push.validating) return busy(push.validating->pusher);
  if (prepared && !in_doubt_for_long(context.now.mono)) return busy(prepared->pusher);
  if (push.ticket || context.now.mono < push.store_at) return;  // it is asked again
  PushFiles files = files_of(asked.files());
  std::string why;
  if (leaving) {
    why = "the host is leaving the cluster";
  } else if (!push.kept.may_prepare(id) || id != name_push(id.count, from, files)) {
    why = "the host knows of a newer push";
  }
  if (!why.empty()) return vote(context, from, id, wire::PushVote::REFUSED, {why});
  push.validating.emplace();
  push.validating->id = id;
  push.validating->pusher = from;
  for (const std::string& node : asked.participants())
    push.validating->participants.push_back(node_of(node));
  push.validating->files = files;
  push.validated_by = context.now.mono + kVotePatience;
  context.emit(ValidateConfig{id, std::move(files)});
}

void Node::State::on(Context& context, const ConfigValidated& event) {
  if (!push.validating || push.validating->id != event.id) return;
  Pushed::Prepared checked = *std::exchange(push.validating, std::nullopt);
  const NodeId to = checked.pusher;
  if (!event.faults.empty())
    return vote(context, to, event.id, wire::PushVote::REFUSED, event.faults);
  // What was stored meanwhile may have been another.
  if (push.ticket || !push.kept.may_prepare(event.id)) return;
  Pushed next = push.kept;
  next.prepare(std::move(checked));
  store_push(context, std::move(next), {Step::kVote, event.id, to});
}

// Somebody lacks a decision or the files that were decided on. Whoever has not voted can make sure that nothing comes of it.
void Node::State::receive_push_ask(Context& context, const NodeId& from, const wire::PushAsk& ask) {
  const PushId id = push_id(ask.id());
  wire::Routed reply;
  wire::PushTold& told = *reply.mutable_push_told();
  set_push_id(told.mutable_id(), id);
  if (push.kept.committed() == id) {
    if (!ask.files()) return;  // the record says so
    told.set_pusher(push.kept.pusher().raw());
    set_files(told.mutable_files(), push.kept.files());
    route(context, from, std::move(reply), Priority::kBulk);
  } else if (push.kept.aborted() == id) {
    told.set_aborted(true);
    route(context, from, std::move(reply));
  } else if (!ask.files() && push.kept.may_renounce(id) && !push.ticket &&
             context.now.mono >= push.store_at) {
    if (push.validating && push.validating->id == id) push.validating.reset();
    Pushed next = push.kept;
    next.renounce(id);
    store_push(context, std::move(next), {Step::kRenounced, id, from});
  }
}

void Node::State::receive_push_told(Context& context, const NodeId& from,
                                    const wire::PushTold& told) {
  const PushId id = push_id(told.id());
  if (push.ticket || context.now.mono < push.store_at) return;
  Pushed next = push.kept;
  if (told.aborted()) {
    const auto& prepared = push.kept.prepared();
    if (!prepared || prepared->id != id || prepared->pusher == self) return;
    const auto& all = prepared->participants;
    if (std::find(all.begin(), all.end(), from) == all.end()) return;
    next.abort(id);
    return store_push(context, std::move(next), {Step::kAbort, id, {}});
  }
  const NodeId pusher = node_of(told.pusher());
  PushFiles files = files_of(told.files());
  if (id <= push.kept.committed() || name_push(id.count, pusher, files) != id) return;
  if (push.own && push.own->stage == Stage::kAsking) return;  // which ends first
  next.commit(id, pusher, std::move(files));
  store_push(context, std::move(next), {Step::kCommit, id, {}});
}

// ------------------------------------------------------------------------------ what becomes of a push

// By the records of all hosts, also of those that are away: what was decided once stays so.
PushId Node::State::newest_committed() const {
  PushId newest = push.kept.committed();
  for (const auto& [node, member] : members.all())
    if (member.record.has_push())
      newest = std::max(newest, push_id(member.record.push().committed()));
  return newest;
}

bool Node::State::known_aborted(const Pushed::Prepared& prepared) const {
  for (const auto& [node, member] : members.all()) {
    if (!member.record.has_push()) continue;
    const wire::PushStanding& told = member.record.push();
    const PushId aborted = push_id(told.aborted());
    if (aborted == prepared.id) return true;
    // Its pushes come one after the other, and a decision for one is never forgotten.
    if (node == prepared.pusher && aborted > prepared.id && push_id(told.committed()) < prepared.id)
      return true;
  }
  return false;
}

void Node::State::resolve_prepared(Context& context) {
  const Pushed::Prepared& prepared = *push.kept.prepared();
  Pushed next = push.kept;
  const PushId id = prepared.id;
  if (newest_committed() == id) {
    next.commit(id, prepared.pusher, prepared.files);
    return store_push(context, std::move(next), {Step::kCommit, id, {}});
  }
  // Of this host's own, by an engine that has ended without a decision.
  if (prepared.pusher == self || known_aborted(prepared)) {
    next.abort(id);
    return store_push(context, std::move(next), {Step::kAbort, id, {}});
  }
  if (pusher_is_up() || context.now.mono < push.ask_at) return;
  push.ask_at = context.now.mono + std::max<Duration>(kAskEvery, config.dead_time);
  wire::Routed message;
  set_push_id(message.mutable_push_ask()->mutable_id(), id);
  for (const NodeId& node : prepared.participants) {
    const Member* member = members.find(node);
    if (node != self && member != nullptr && member->up) route(context, node, message);
  }
}

void Node::State::fetch_push(Context& context, PushId id) {
  if (context.now.mono < push.fetch_at) return;
  push.fetch_at = context.now.mono + std::max<Duration>(kAskEvery, config.dead_time);
  std::vector<NodeId> having;
  for (const auto& [node, member] : members.all())
    if (member.up && node != self && push_id(member.record.push().committed()) == id)
      having.push_back(node);
  if (having.empty()) return;
  wire::Routed message;
  set_push_id(message.mutable_push_ask()->mutable_id(), id);
  message.mutable_push_ask()->set_files(true);
  route(context, having[context.rng.below(having.size())], std::move(message));
}

// What is prepared here is not the push that this host is about to decide.
bool Node::State::undecided() const {
  const auto& prepared = push.kept.prepared();
  return prepared && !(push.own && push.own->id == prepared->id);
}

bool Node::State::pusher_is_up() const {
  const Member* pusher = members.find(push.kept.prepared()->pusher);
  return pusher != nullptr && pusher->up;
}

void Node::State::drive_push(Context& context) {
  if (push.validating && context.now.mono >= push.validated_by) push.validating.reset();
  if (push.own) drive_own_push(context);
  if (undecided() && !push.ticket && context.now.mono >= push.store_at) resolve_prepared(context);
  if (push.ticket) return;
  const PushId newest = newest_committed();
  push.newer_known = newest > push.kept.committed();
  if (push.newer_known) fetch_push(context, newest);
  apply_push(context);
}

// A decision that is put in force here, and tried again where that did not do.
void Node::State::apply_push(Context& context) {
  if (!push.kept.outstanding() || !push.apply_due || push.applying || left) return;
  push.apply_due = false;
  push.applying = push.kept.committed();
  context.emit(ApplyConfig{push.applying, push.kept.files()});
}

void Node::State::on(Context& context, const ConfigApplied& event) {
  if (push.applying != event.id) return;
  push.applying = {};
  dirty = true;
  if (event.id != push.kept.committed()) return;
  if (push.ticket || context.now.mono < push.store_at) {
    push.apply_due = true;  // it is in force by then, and so it will be once more
    return;
  }
  Pushed next = push.kept;
  if (event.faults.empty()) {
    next.note_applied();
    context.log(LogLevel::kInfo, numbered(event.id) + " is in force here");
  } else {
    next.note_refused(as_line(event.faults.front(), kMaxReasonBytes));
    if (next.refused() != push.kept.refused())
      context.alert(AlertKind::kConfiguration, name_of(config.self), Severity::kCritical,
                    numbered(event.id) + ", pushed by " + name_of(push.kept.pusher()) +
                        ", cannot be applied here, so this host is on standby: " + next.refused());
  }
  store_push(context, std::move(next), {Step::kApplied, event.id, {}});
}

MonoTime Node::State::next_push(MonoTime now) const {
  MonoTime next = kNever;
  if (push.own && push.own->stage != Stage::kAborting) next = push.own->give_up_at;
  if (push.validating) next = std::min(next, push.validated_by);
  if (push.ticket) return next;
  if (push.store_at > now) next = std::min(next, push.store_at);
  if (push.own && push.own->stage == Stage::kAsking && !push.own->waiting.empty())
    next = std::min(next, std::max(push.own->ask_at, push.store_at));
  if (undecided() && !pusher_is_up()) next = std::min(next, std::max(push.ask_at, push.store_at));
  if (push.newer_known) next = std::min(next, push.fetch_at);
  return next;
}

}  // namespace cluster::core
