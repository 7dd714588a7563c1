// Whether the disk of a voter was put back to what it was earlier: docs/ownership.md, "A disk that was put back".
//
// The ledger is the number of its writes that others count on. Each goes with the number, and records tell it once it is
// stored. Whoever has heard more from a host than that host tells now says so in its own record, for as long as it is so.

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

namespace {

constexpr char kLedgerKey[] = "ledger";

}  // namespace

void Node::State::load_ledger() {
  auto it = boot.stored.find(kLedgerKey);
  wire::StoredLedger kept;
  if (it == boot.stored.end() || !kept.ParseFromString(it->second)) return;
  ledger.length = ledger.stored = kept.length();
}

StoreTicket Node::State::persist_as_voter(Context& context, std::vector<Write> writes) {
  wire::StoredLedger kept;
  kept.set_length(++ledger.length);
  writes.push_back({kLedgerKey, kept.SerializeAsString()});
  const StoreTicket ticket = persist(context, std::move(writes));
  ledger.under_way[ticket] = ledger.length;
  return ticket;
}

// Told with what else is new, within a beat.
void Node::State::ledger_stored(Context& context, StoreTicket ticket) {
  auto it = ledger.under_way.find(ticket);
  if (it == ledger.under_way.end()) return;
  ledger.stored = std::max(ledger.stored, it->second);
  ledger.under_way.erase(it);
  ledger.tell_at = std::min<MonoTime>(ledger.tell_at, context.now.mono + config.beat_interval);
}

bool Node::State::was_put_back(const Member& member) {
  return member.ledger > member.record.ledger();
}

void Node::State::add_ledgers(wire::Record& record) const {
  record.set_ledger(ledger.stored);
  for (const auto& [node, member] : members.all()) {
    if (node == self || !was_put_back(member)) continue;
    if (record.ledgers_size() == kMaxEdges) return;
    wire::Ledger& longer = *record.add_ledgers();
    longer.set_node(node.raw());
    longer.set_length(member.ledger);
  }
}

void Node::State::hear_ledgers(Context& context, const wire::Record& record) {
  for (const wire::Ledger& each : record.ledgers())
    if (node_of(each.node()) == self) hear_own_ledger(context, each.length());
}

// What is missing here others may count on, and the lost writes are to be made good as if all were lost.
void Node::State::hear_own_ledger(Context& context, uint64_t length) {
  if (length <= ledger.length || length - ledger.length > kMaxLeap) return;
  ledger.length = length;
  context.alert(
      AlertKind::kOwnership, name_of(config.self), Severity::kWarning,
      "this host's state was put back to what it was earlier, as others have heard of more; it "
      "asks them what it has granted before it votes again");
  lose_memory(context);
  dirty = true;
}

}  // namespace cluster::core
