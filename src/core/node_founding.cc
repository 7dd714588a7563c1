// How the first set of voters is founded, by hosts of which none knows of any: docs/ownership.md, "A first start".

#include "core/node_state.h"

namespace cluster::core {

std::set<std::string> Node::State::released_from_vouch() const {
  std::set<std::string> out;
  for (const auto& [name, told] : told_by_name(MonoTime::min())) {
    const wire::Recalled& its = told->answer;
    const Names list(its.voters().begin(), its.voters().end());
    if (its.no_set() && list != recollection.vouch.list) out.insert(name);
  }
  return out;
}

bool Node::State::bound_by_vouch() const {
  const Vouch& vouch = recollection.vouch;
  return vouch.list != succession.file && vouch.binds(own_name(), released_from_vouch());
}

bool Node::State::may_found_with(const wire::Recalled& answer) const {
  return answer.memory() || answer.vouched() == succession.file_hash;
}

bool Node::State::vouches_to(const NodeId& node) const {
  const Vouch& stored = recollection.stored_vouch;
  const Member* member = members.find(node);
  return voters.number == 0 && stored.list == succession.file && member != nullptr &&
         stored.to.contains(member->record.name());
}

// Whoever can be reached is going to ask as well.
void Node::State::vouch_to(Context& context, const NodeId& node, const wire::Recall& recall) {
  const Names& names = succession.file;
  const Member* member = members.find(node);
  if (voters.number != 0 || member == nullptr || !is_among(names, member->record.name()) ||
      !are_voters(names) || bound_by_vouch())
    return;
  recollection.to_be_vouched[node] = recall;
  if (std::exchange(recollection.storing_vouch, true)) return;
  Vouch& vouch = recollection.vouch;
  if (vouch.list != names) vouch = {names, {}};
  for (const auto& [other, its] : members.all())
    if (other != self && (its.up || other == node) && is_among(names, its.record.name()))
      vouch.to.insert(its.record.name());
  continuations[persist(context, {memory_to_write(false)})] = StoredVouch{vouch};
}

void Node::State::vouch_stored(Context& context, const StoredVouch& stored) {
  recollection.storing_vouch = false;
  if (!memory) recollection.stored_vouch = stored.vouch;
  for (const auto& [node, recall] : std::exchange(recollection.to_be_vouched, {}))
    receive_recall(context, node, recall);
}

void Node::State::vouch_not_stored() {
  recollection.storing_vouch = false;
  recollection.to_be_vouched.clear();
}

}  // namespace cluster::core
