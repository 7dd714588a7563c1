// How the first set of voters is founded, by hosts of which none knows of any: docs/ownership.md, "A first start".

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

std::set<std::string> Node::State::released_from_vouch() const {
  std::set<std::string> out;
  for (const auto& [name, told] : told_by_name(MonoTime::min()))
    if (told->answer.no_set() && voters_of(told->answer).names != recollection.vouch.list)
      out.insert(name);
  return out;
}

// Whether this host may have no part in that set, as one by the list that it has vouched for may decide without it.
bool Node::State::bound_by_vouch(const Voters& set) const {
  const Vouch& vouch = recollection.vouch;
  if (vouch.list.empty()) return false;
  const uint64_t origin = Voters::first(vouch.list).origin;
  if (set.origin == origin) return false;
  // A host of the list that has another set was not bound itself, so the list comes to nothing.
  for (const auto& [name, told] : told_by_name(MonoTime::min()))
    if (is_among(vouch.list, name) && told->answer.number() > 0 && told->answer.origin() != origin)
      return false;
  return vouch.binds(own_name(), released_from_vouch());
}

bool Node::State::may_found_with(const wire::Recalled& answer) const {
  return answer.memory() || answer.vouched() == succession.file_hash;
}

// Without memory; so that it has no part in a set that does not follow from the same.
bool Node::State::goes_by_our_file(const wire::Recalled& answer, const Voters& set) const {
  return voters_of(answer).names == succession.file &&
         (answer.vouched() == succession.file_hash ||
          (!answer.no_set() && answer.origin() == set.origin));
}

// Of those that the hosts file names nobody knows more than this host does, unless it is that very set.
bool Node::State::is_first_start() const {
  const Names& names = succession.file;
  if (voters.number > 1 || (voters.number == 1 && voters.names != names)) return false;
  const auto told = told_by_name(MonoTime::min());
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    if (name == own_name()) return true;
    const auto its = told.find(name);
    if (its == told.end()) return false;
    const wire::Recalled& answer = its->second->answer;
    return answer.epochs_size() == 0 && voters_of(answer).names == names && answer.number() <= 1 &&
           !answer.has_promised() && may_found_with(answer);
  });
}

// A founding can come to nothing: others had vouched, and were then free to join another. Where so many of its hosts have
// another set that a quorum of it can never be, this host remembers no set, and learns theirs.
bool Node::State::give_up_dead_founding(Context& context) {
  if (!memory || voters.number != 1) return false;
  std::set<std::string> rest(voters.names.begin(), voters.names.end());
  for (const auto& [node, member] : members.all())
    if (member.up && voters.is_foreign(member.record.voters())) rest.erase(member.record.name());
  if (is_quorum(voters.names, rest)) return false;
  context.log(LogLevel::kWarning, "that " + listed(voters.names) +
                                      " vote has come to nothing, as others have gone over to "
                                      "another list: this host learns who votes");
  voters = {};
  succession.stored = {};
  succession.wish.clear();
  succession.begin_anew();
  lose_memory(context);
  return dirty = true;
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
      !are_voters(names) || bound_by_vouch(Voters::first(names)))
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
