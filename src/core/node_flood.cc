// Records: what neighbours tell of themselves and of others, and what of it is news to whom.

#include <algorithm>

#include "core/node_state.h"
#include "wire/framing.h"

namespace cluster::core {

namespace {

// Of one message, where there is more: well below what a peer takes.
constexpr int kRecordsPerFlood = 64;
static_assert(kMaxRecordBytes + kBytesPerMessage < wire::kMaxFrameBytes);
static_assert(kRecordsPerFlood <= kMaxRecordsPerMessage);

// nullopt, or what is wrong with it. Most records have come over another link before, and are not read beyond the head.
std::optional<std::string> read(const Members& members, const wire::Flood& flood,
                                std::vector<HeardRecord>& out) {
  out.reserve(static_cast<size_t>(flood.records_size()));
  wire::RecordHead head;
  for (const std::string& bytes : flood.records()) {
    if (!head.ParseFromString(bytes)) return kUnreadable;
    HeardRecord& heard = out.emplace_back();
    heard.node = node_of(head.node());
    heard.incarnation = head.incarnation();
    heard.sequence = head.sequence();
    if (heard.node != members.self() &&
        members.freshness(heard.node, heard.incarnation, heard.sequence) != Freshness::kNewer)
      continue;
    if (!heard.record.emplace().ParseFromString(bytes)) return kUnreadable;
    if (auto fault = unsound(*heard.record)) return fault;
  }
  return std::nullopt;
}

}  // namespace

// ---------------------------------------------------------------------------------------- hearing

void Node::State::receive_flood(Context& context, Link& link, const wire::Flood& flood) {
  std::vector<HeardRecord> heard;
  if (const auto fault = read(members, flood, heard)) return refuse_message(context, link, *fault);
  std::set<NodeId> older;
  for (HeardRecord& record : heard) hear_record(context, link, record, older);
  if (!flood.more() && !link.synced) {
    link.synced = true;
    answered.insert(link.host);
    dirty = ways.due = true;
  }
  std::vector<const wire::Record*> answer;
  answer.reserve(older.size());
  for (const NodeId& node : older) {
    if (!mesh.crowded())
      answer.push_back(&members.find(node)->record);
    else
      outboxes[link.id].owed.insert(node);
  }
  send_records(context, link, answer, false);
  gathered = true;
}

void Node::State::hear_record(Context& context, Link& link, HeardRecord& heard,
                              std::set<NodeId>& older) {
  const NodeId& node = heard.node;
  if (node == self) return heard_own_record(context, *heard.record);
  const Freshness freshness = heard.record
                                  ? members.apply(context.now, std::move(*heard.record))
                                  : members.freshness(node, heard.incarnation, heard.sequence);
  switch (freshness) {
    case Freshness::kSame: return peer_has(link, node);
    case Freshness::kInvalid: return;
    case Freshness::kOlder: older.insert(node); return;
    case Freshness::kNewer: break;
  }
  const wire::Record& record = members.find(node)->record;
  peer_has(link, node);
  dirty = ways.due = true;
  learn_key_of_record(context, record, node);
  news[node] = link.id;
  if (links.to(node) == nullptr) {
    auto gone = lost.find(node);
    if (gone != lost.end() && gone->second.proof == wire::Lost::REFUSED) lost.erase(gone);
  }
  for (const wire::Holding& holding : record.services()) {
    voter.hear_epoch(holding.service(), std::max(holding.epoch(), holding.highest_epoch()));
    // A grant is over once its holder is seen to run the service.
    if (holds_service(holding.state())) voter.release(holding.service(), node);
  }
  meet_session(context, record);
  hear_ledgers(context, record);
  if (node == link.node) compare_settings(context, link, record.settings_digest());
  const OrdersVersion theirs = version_of(record.configuration());
  if (theirs > orders.version() && (theirs != orders_asked || orders_asked_from != node)) {
    orders_asked = theirs;
    orders_asked_from = node;
    orders_ask_at = context.now.mono + kBeatsToAskAgain * config.beat_interval;
    wire::Routed ask;
    set_version(ask.mutable_orders_ask()->mutable_configuration(), theirs);
    // The way to that node may be known only once this flood is taken in whole.
    wire::Message direct;
    ask.set_from(self.raw());
    ask.set_to(node.raw());
    ask.set_hops(kMaxHops);
    *direct.mutable_routed() = std::move(ask);
    send(context, link, direct);
  }
}

// ---------------------------------------------------------------------------------------- telling

// `greeting`: the last flood of them, if only an empty one, ends what a new link is told.
void Node::State::send_records(Context& context, const Link& link,
                               const std::vector<const wire::Record*>& records, bool greeting) {
  wire::Message message;
  wire::Flood& flood = *message.mutable_flood();
  size_t bytes = 0;
  for (const wire::Record* record : records) {
    std::string one = record->SerializeAsString();
    const size_t size = one.size();
    if (flood.records_size() == kRecordsPerFlood ||
        (flood.records_size() > 0 && bytes + size > kBytesPerMessage)) {
      flood.set_more(greeting);
      send(context, link, message);
      flood.Clear();
      bytes = 0;
    }
    flood.add_records(std::move(one));
    bytes += size;
  }
  if (greeting || flood.records_size() > 0) send(context, link, message);
}

void Node::State::flood_pending(Context& context) {
  tell_digest(context);
  if (mesh.crowded()) queue_news();
  if (!outboxes.empty()) send_news(context);
  if (news.empty() && setting_news.empty()) return;
  for (const auto& [id, link] : links.all()) {
    if (!link.established || link.relay) continue;
    send_settings(context, link, setting_news);
    std::vector<const wire::Record*> records;
    for (const auto& [node, source] : news)
      if (source != id && node != link.node) records.push_back(&members.find(node)->record);
    send_records(context, link, records, false);
  }
  news.clear();
  setting_news.clear();
}

}  // namespace cluster::core
