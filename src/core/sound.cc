#include "core/sound.h"

#include <algorithm>
#include <set>

#include "base/ids.h"
#include "base/utf8.h"
#include "core/io.h"

namespace cluster::core {

namespace {

constexpr size_t kMaxServiceNameBytes = 64;
using Fault = std::optional<std::string>;

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_node(const std::string& raw) {
  return NodeId::from_raw(raw).value_or(NodeId{}) != NodeId{};
}

bool is_printable(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f;
}

// That it is UTF-8 the parser of the message has seen to.
bool is_line(std::string_view text, size_t bytes) {
  return text.size() <= bytes && std::all_of(text.begin(), text.end(), is_printable);
}

Fault check(const wire::Holding& holding) {
  if (!is_service_name(holding.service())) return "a record's service has no sound name";
  if (!is_line(holding.why(), kMaxReasonBytes)) return "a record's reason is no short line";
  if (!is_line(holding.restarted(), kMaxSettingBytes)) return "a record's token is no short line";
  if (holding.after_size() > kMaxAfter) return "a record's service comes after too many";
  const auto named = [](const std::string& name) { return is_service_name(name); };
  if (!std::all_of(holding.after().begin(), holding.after().end(), named) ||
      (!holding.with().empty() && !named(holding.with())))
    return "a record's service relates to none";
  return std::nullopt;
}

Fault check_counts(const wire::Record& record) {
  if (record.edges_size() > kMaxEdges || record.lost_size() > kMaxLost ||
      record.addresses_size() > kMaxAddresses || record.services_size() > kMaxOrders ||
      record.maintenance_size() > kMaxEdges || record.ledgers_size() > kMaxEdges ||
      record.ByteSizeLong() > kMaxRecordBytes)
    return "a record is too large";
  return std::nullopt;
}

bool is_push(const wire::Version& id) { return id.count() > 0 && id.count() <= kMaxStamp; }

bool is_standing(const wire::PushStanding& push) {
  const auto in_bounds = [](const wire::Version& id) { return id.count() <= kMaxStamp; };
  return in_bounds(push.seen()) && in_bounds(push.committed()) && in_bounds(push.aborted()) &&
         is_line(push.refused(), kMaxReasonBytes);
}

Fault check(const wire::Record& record) {
  if (!is_node(record.node())) return "a record names no node";
  if (record.host() == 0 || record.host() > kMaxHostNumber) return "a record names no host";
  if (record.incarnation() == 0) return "a record has no incarnation";
  if (auto fault = check_counts(record)) return fault;
  if (!is_line(record.name(), kMaxNameBytes) || !is_line(record.version(), kMaxVersionBytes) ||
      record.key().size() > kMaxKeyBytes || record.port() > UINT16_MAX)
    return "a record's name, version, key or port is none";
  for (const std::string& address : record.addresses())
    if (!is_line(address, kMaxAddressBytes)) return "a record's address is none";
  for (const wire::Edge& edge : record.edges())
    if (!is_node(edge.node()) || !is_line(edge.observed(), kMaxAddressBytes))
      return "a record's edge leads nowhere";
  for (const wire::Lost& lost : record.lost())
    if (!is_node(lost.node())) return "a record has lost nobody";
  for (const wire::Holding& holding : record.services())
    if (auto fault = check(holding)) return fault;
  for (const wire::Ledger& ledger : record.ledgers())
    if (!is_node(ledger.node())) return "a record's ledger is nobody's";
  if (!is_standing(record.push())) return "a record's standing with pushes is none";
  return std::nullopt;
}

Fault check(const wire::Flood& flood) {
  if (flood.records_size() > kMaxRecordsPerMessage) return "too many records at once";
  return std::nullopt;
}

Fault check(const wire::Setting& setting) {
  if (setting.key().empty() || setting.key().size() + setting.value().size() > kMaxSettingBytes ||
      !is_line(setting.key(), kMaxSettingBytes) || !is_line(setting.value(), kMaxSettingBytes))
    return "a setting is no short line";
  if (setting.ByteSizeLong() > kMaxWholeSettingBytes) return "a setting is too large";
  if (!is_node(setting.node()) || setting.wall_us() > kMaxStamp || setting.logical() > kMaxStamp)
    return "a setting's stamp is none";
  return std::nullopt;
}

Fault check(const wire::Orders& orders) {
  if (orders.orders_size() > kMaxOrders) return "too many services";
  int places = 0;
  std::set<std::string_view> names;
  for (const auto& order : orders.orders()) {
    if (!is_service_name(order.service()) || !names.insert(order.service()).second)
      return "a service has no name of its own";
    if (order.hosts_size() == 0) return "a service has no host";
    std::set<uint32_t> once;
    for (const uint32_t host : order.hosts())
      if (host == 0 || host > kMaxHostNumber || !once.insert(host).second)
        return "a service is placed on no host, or twice on one";
    places += std::min(order.hosts_size(), kMaxPlaces);
    if (places > kMaxPlaces) return "services are placed on too many hosts";
  }
  return std::nullopt;
}

Fault check(const wire::Renewal& renewal) {
  if (renewal.leases_size() > kMaxOrders) return "too many leases at once";
  for (const auto& lease : renewal.leases())
    if (!is_service_name(lease.service())) return "a lease is of no service";
  return std::nullopt;
}

Fault check(const wire::Renewed& renewed) {
  if (renewed.services_size() > kMaxOrders) return "too many leases at once";
  for (const std::string& service : renewed.services())
    if (!is_service_name(service)) return "a lease is of no service";
  return std::nullopt;
}

using NameList = google::protobuf::RepeatedPtrField<std::string>;

bool are_names(const NameList& names) {
  if (names.size() > kMaxVoters) return false;
  size_t bytes = 0;
  for (int i = 0; i < names.size(); ++i) {
    bytes += names[i].size();
    if (names[i].empty() || !is_line(names[i], kMaxNameBytes)) return false;
    if (i > 0 && names[i] <= names[i - 1]) return false;
  }
  return bytes <= kMaxVotersBytes;
}

bool is_ballot(const wire::Ballot& ballot) {
  return ballot.round() > 0 && ballot.round() <= kMaxStamp;
}

Fault check(const wire::VoterSet& set) {
  if (set.number() == 0 || set.number() > kMaxStamp || set.names().empty() ||
      !are_names(set.names()) || !are_names(set.before()))
    return "a set of voters is none";
  return std::nullopt;
}

Fault check(const wire::Propose& propose) {
  if (auto fault = check(propose.over())) return fault;
  if (!is_ballot(propose.ballot()) || !are_names(propose.next()))
    return "a proposal of voters is none";
  return std::nullopt;
}

Fault check(const wire::Proposed& proposed) {
  const bool other = proposed.has_other() && !is_ballot(proposed.other());
  const bool none = proposed.next().empty() == proposed.has_other();
  if (!is_ballot(proposed.ballot()) || other || !are_names(proposed.next()) ||
      (proposed.verdict() == wire::Proposed::PROMISED && none))
    return "an answer to a proposal of voters is none";
  return std::nullopt;
}

Fault check(const wire::Recalled& recalled) {
  if (recalled.epochs_size() > kMaxOrders) return "too many epochs at once";
  if (!are_names(recalled.voters()) || !are_names(recalled.before()) ||
      !are_names(recalled.next()) || recalled.number() > kMaxStamp ||
      recalled.promised().round() > kMaxStamp || recalled.accepted().round() > kMaxStamp ||
      recalled.next().empty() == recalled.has_accepted())
    return "voters that are none";
  for (const auto& epoch : recalled.epochs())
    if (!is_service_name(epoch.service())) return "an epoch is of no service";
  for (const std::string& voter : recalled.voters())
    if (voter.empty() || !is_line(voter, kMaxNameBytes)) return "a voter has no name";
  return std::nullopt;
}

Fault check(const wire::RaisedAlert& alert) {
  if (alert.kind().empty() || !is_line(alert.kind(), kMaxAlertKindBytes) ||
      !is_line(alert.subject(), kMaxReasonBytes) || !is_line(alert.text(), kMaxReasonBytes) ||
      alert.severity() > static_cast<uint32_t>(Severity::kCritical))
    return "an alert is none";
  return std::nullopt;
}

bool fits(const wire::PushFiles& files) {
  return files.cluster_conf().size() <= kMaxPushBytes && files.hosts().size() <= kMaxPushBytes &&
         files.services().size() <= kMaxPushBytes &&
         files.cluster_conf().size() + files.hosts().size() + files.services().size() <=
             kMaxPushBytes;
}

Fault check(const wire::PushPrepare& asked) {
  if (!is_push(asked.id())) return "a push has no number";
  if (!fits(asked.files())) return "the files of a push are too large";
  const auto& nodes = asked.participants();
  if (nodes.size() > kMaxParticipants || !std::all_of(nodes.begin(), nodes.end(), is_node))
    return "the participants of a push are none, or too many";
  return std::nullopt;
}

Fault check(const wire::PushVote& vote) {
  if (!is_push(vote.id())) return "a vote is on no push";
  if (static_cast<size_t>(vote.faults_size()) > kMaxPushFaults) return "a vote has too many faults";
  for (const std::string& fault : vote.faults())
    if (!is_line(fault, kMaxPushFaultBytes)) return "a vote's fault is no short line";
  if (vote.verdict() == wire::PushVote::BUSY && !is_node(vote.pusher()))
    return "a vote names no other push";
  return std::nullopt;
}

Fault check(const wire::PushTold& told) {
  if (!is_push(told.id())) return "what became of no push is told";
  if (!fits(told.files())) return "the files of a push are too large";
  if (!told.aborted() && !is_node(told.pusher())) return "a push is nobody's";
  return std::nullopt;
}

Fault check(const wire::Routed& routed) {
  if (!is_node(routed.from()) || !is_node(routed.to())) return "it comes from or goes to no node";
  const auto named = [](const std::string& service) -> Fault {
    return is_service_name(service) ? Fault() : "it is about no service";
  };
  switch (routed.body_case()) {
    case wire::Routed::kClaim: return named(routed.claim().service());
    case wire::Routed::kAnswer: return named(routed.answer().service());
    case wire::Routed::kRelease: return named(routed.release().service());
    case wire::Routed::kOrders: return check(routed.orders());
    case wire::Routed::kRenewal: return check(routed.renewal());
    case wire::Routed::kRenewed: return check(routed.renewed());
    case wire::Routed::kRecalled: return check(routed.recalled());
    case wire::Routed::kPropose: return check(routed.propose());
    case wire::Routed::kProposed: return check(routed.proposed());
    case wire::Routed::kVoters: return check(routed.voters());
    case wire::Routed::kRaisedAlert: return check(routed.raised_alert());
    case wire::Routed::kRelayed:
      if (routed.relayed().session() == 0 || routed.relayed().bytes().size() > kMaxRelayBytes)
        return "a piece of a session is too large, or of none";
      return std::nullopt;
    case wire::Routed::kPushPrepare: return check(routed.push_prepare());
    case wire::Routed::kPushVote: return check(routed.push_vote());
    case wire::Routed::kPushTold: return check(routed.push_told());
    case wire::Routed::kPushAsk:
      return is_push(routed.push_ask().id()) ? Fault() : "it asks after no push";
    case wire::Routed::kSettingRefused: return check(routed.setting_refused().setting());
    default: return std::nullopt;
  }
}

Fault check(const wire::Stamped& stamped) {
  if (stamped.settings_size() > kMaxSettingsPerMessage) return "too many settings at once";
  for (const wire::Setting& setting : stamped.settings())
    if (auto fault = check(setting)) return fault;
  return std::nullopt;
}

}  // namespace

bool is_service_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxServiceNameBytes && is_alnum(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

std::optional<std::string> unsound(const wire::Message& message) {
  switch (message.body_case()) {
    case wire::Message::kFlood: return check(message.flood());
    case wire::Message::kRouted: return check(message.routed());
    case wire::Message::kSettings: return check(message.settings());
    default: return std::nullopt;
  }
}

std::optional<std::string> unsound(const wire::Record& record) { return check(record); }

std::optional<std::string> unsound(const wire::Orders& orders) { return check(orders); }

bool are_voters(const std::vector<std::string>& names) {
  return !names.empty() && are_names(NameList(names.begin(), names.end()));
}

std::string as_line(std::string text, size_t bytes) {
  const bool readable = is_utf8(text);
  for (char& c : text)
    if (!is_printable(c) || (!readable && static_cast<unsigned char>(c) >= 0x80)) c = '?';
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  text.resize(bytes);
  return text;
}

}  // namespace cluster::core
