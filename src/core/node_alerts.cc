// Who tells people of what, so that one alert is sent for what many hosts see: the host of lowest ID that has a way to
// tell, and after a while whoever is next.

#include <algorithm>

#include "base/digest.h"
#include "core/alert_texts.h"
#include "core/node_state.h"
#include "core/silence.h"

namespace cluster::core {

namespace {

const std::string kHostWatch = std::string(kAlertPrefix) + "host/";
const std::string kServiceWatch = std::string(kAlertPrefix) + "service/";

// Of what is no trouble people hear where it is the end of some.
bool worth_sending(const Alert& alert) {
  return alert.severity != Severity::kInfo || alert.kind == AlertKind::kStorage ||
         alert.kind == AlertKind::kOffline;
}

}  // namespace

// ------------------------------------------------------------------------------------ whose turn it is

wire::Record::AlertDuty Node::State::alert_duty() const {
  if (leaving) return wire::Record::NONE;
  if (!config.sends_alerts) return wire::Record::BUS_ONLY;
  return alerts.failed ? wire::Record::FAILED : wire::Record::ABLE;
}

// In their turn, without that host: none tells of its own coming. Who can only tell the bus is among them where nobody can
// do more.
std::vector<NodeId> Node::State::alert_senders(HostId but) {
  if (!alerts.senders) {
    alerts.senders.emplace();
    for (const auto& [node, member] : members.all()) {
      const auto duty = node == self ? alert_duty() : member.record.alerts();
      if (duty == wire::Record::NONE || (node != self && !member.up)) continue;
      alerts.senders->push_back({static_cast<int>(duty), member.host, node});
    }
    std::sort(alerts.senders->begin(), alerts.senders->end());
  }
  std::vector<NodeId> out;
  bool more_than_bus = false;
  for (const AlertSender& sender : *alerts.senders) {
    if (sender.host == but) continue;
    more_than_bus = more_than_bus || sender.duty != wire::Record::BUS_ONLY;
    if (sender.duty != wire::Record::BUS_ONLY || !more_than_bus) out.push_back(sender.node);
  }
  return out;
}

// When this host sends what has been news of that host since then, if nobody has before; kNever: it does not. After all
// senders comes whoever is none: what they have not seen is told to the bus at least.
Turn Node::State::alert_turn(MonoTime since, HostId about) {
  if (alert_duty() == wire::Record::NONE) return {};
  const std::vector<NodeId> senders = alert_senders(about);
  const auto place = std::find(senders.begin(), senders.end(), self);
  const MonoTime turn = since + (place - senders.begin()) * kAlertPatience;
  return {alerts.failed ? std::max(turn, alerts.again_at) : turn, place != senders.end()};
}

// --------------------------------------------------------------------------- what all hosts see alike

void Node::State::watch_hosts(Context& context) {
  const MonoTime now = context.now.mono;
  alerts.hosts.done(kNever);
  for (const HostEntry& host : config.hosts) {
    if (host.id == config.self) continue;
    const bool watched =
        !config.monitor ||
        std::find(config.monitor->begin(), config.monitor->end(), host.id) != config.monitor->end();
    const std::string key = kHostWatch + host.name;
    if (!watched) {
      alerts.watches.erase(key);
      continue;
    }
    Watch& watch = alerts.watches.try_emplace(key, Duration{}).first->second;
    const LastTold told = Telling::parse(settings.get(key)).last;
    if (!settled || upkeeps.of(host.name).keeps()) {
      watch.lose_sight();
    } else if (const bool up = members.up(host.id); up || watch.known()) {
      watch.see(now, up, told);
    }
    tell_news(context, key, watch, told, {host.name, host.id}, alerts.hosts.at);
    alerts.hosts.due = alerts.hosts.due || (watch.has_news() && !watch.sending);
  }
}

void Node::State::watch_service(Context& context, const Order& order, const Standing& seen) {
  const std::string key = kServiceWatch + order.service;
  Watch& watch = alerts.watches.try_emplace(key, config.dead_time).first->second;
  const LastTold told = Telling::parse(settings.get(key)).last;
  const bool wanted =
      settings.get("disable/" + order.service).empty() && !stopped_by_operator(order.service);
  const Choice& choice = choices[order.service];
  if (!settled || !wanted) {
    watch.lose_sight();
  } else if (seen.state == ServiceState::kRunning) {
    watch.see(context.now.mono, true, told);
  } else if (watch.known() && seen.weight == 0 && choice.host == HostId{}) {
    watch.see(context.now.mono, false, told);
  }
  tell_news(context, key, watch, told, {order.service, HostId{}}, alerts.at);
  const Service* local = service(order.service);
  const auto failover = alerts.failovers.find(order.service);
  if (failover == alerts.failovers.end() || local == nullptr || !local->running()) return;
  if (local->epoch() == failover->second.epoch)
    context.alert(AlertKind::kFailover, order.service, Severity::kWarning,
                  "service " + order.service + " runs here now instead of on " +
                      name_of(failover->second.from) + ", which " + failover->second.why);
  alerts.failovers.erase(failover);
}

void Node::State::tell_news(Context& context, const std::string& key, Watch& watch, LastTold told,
                            const std::pair<std::string, HostId>& about, MonoTime& again_at) {
  const MonoTime now = context.now.mono;
  const auto what = watch.news(now, told);
  again_at = std::min(again_at, watch.next(now, told));
  if (!what || watch.sending) return;
  if (const MonoTime silent = silent_until(*this, context.now, about.first, HostId{});
      silent > now) {
    if (what == Watch::News::kBlip) watch.was_told(told);
    watch.put_off(silent);
    again_at = std::min(again_at, silent);
    return;
  }
  const Turn turn = alert_turn(watch.news_since(), about.second);
  if (turn.at > now) {
    // Nobody whose turn it is has seen it.
    const bool passed = !turn.sender && told == LastTold::kGood && watch.good();
    const MonoTime forget_at = passed ? watch.news_since() + kAlertPatience : kNever;
    if (now >= forget_at) watch.was_told(told);
    again_at = std::min({again_at, turn.at, now >= forget_at ? now : forget_at});
    return;
  }
  SendAlert alert = key.starts_with(kHostWatch) ? host_alert(*this, about.first, watch, *what)
                                                : service_alert(*this, about.first, watch, *what);
  alert.alert = AlertId(alerts.next_alert++);
  const LastTold then = *what == Watch::News::kFlaps ? LastTold::kFlaps
                        : watch.good()               ? LastTold::kGood
                                                     : LastTold::kBad;
  alerts.outgoing[alert.alert] = {key, then, 0};
  watch.sending = true;
  context.emit(std::move(alert));
}

// ------------------------------------------------------------------------------- what a host notices

void Node::State::raise(AlertKind kind, const std::string& subject, Severity severity,
                        const std::string& text, MonoTime now, uint64_t instance) {
  OwnAlert ours;
  ours.since = now;
  Digest key;
  key.add(to_string(kind)).add(subject);
  if (instance != 0)
    key.add(instance);
  else
    key.add(self.raw()).add(incarnation).add(alerts.next_instance++);
  const bool known =
      std::any_of(alerts.raised.begin(), alerts.raised.end(),
                  [&](const OwnAlert& other) { return other.alert.key == key.value(); });
  if (known) return;
  ours.alert = {key.value(), to_string(kind), as_line(subject, kMaxReasonBytes), severity,
                as_line(name_of(config.self) + ": " + text, kMaxReasonBytes)};
  if (alerts.raised.size() == kMaxRaisedAlerts) alerts.raised.pop_front();
  alerts.raised.push_back(std::move(ours));
  alerts.at = now;
}

void Node::State::raise_what_was_said(const Context& context) {
  for (size_t i = context.begin; i < context.out.size(); ++i)
    if (const auto* alert = std::get_if<Alert>(&context.out[i]);
        alert != nullptr && worth_sending(*alert))
      raise(alert->kind, alert->subject, alert->severity, alert->text, context.now.mono,
            alert->instance);
}

void Node::State::ask_to_send(Context& context, const NodeId& sender, OwnAlert& ours) {
  ours.asked = sender;
  ours.asked_at = context.now.mono;
  wire::Routed message;
  wire::RaisedAlert& told = *message.mutable_raised_alert();
  told.set_key(ours.alert.key);
  told.set_kind(ours.alert.kind);
  told.set_subject(ours.alert.subject);
  told.set_severity(static_cast<uint32_t>(ours.alert.severity));
  told.set_text(ours.alert.text);
  route(context, sender, std::move(message));
}

void Node::State::drive_raised(Context& context) {
  if (alerts.raised.empty()) return;
  const std::vector<NodeId> senders = alert_senders(HostId{});
  if (senders.empty()) return;
  const MonoTime now = context.now.mono;
  std::vector<OwnAlert*> ours;  // what is sent here at once is taken off the list meanwhile
  for (OwnAlert& each : alerts.raised) ours.push_back(&each);
  for (OwnAlert* each : ours) {
    if (!settled && now < each->since + kAlertPatience) {
      alerts.at = std::min(alerts.at, each->since + kAlertPatience);
      continue;
    }
    const auto turns = static_cast<size_t>((now - each->since) / kAlertPatience);
    const NodeId sender = senders[turns % senders.size()];
    alerts.at = std::min(alerts.at, each->since + static_cast<int64_t>(turns + 1) * kAlertPatience);
    if (sender == self) {
      if (!alerts.failed || now >= alerts.again_at) take_alert(context, self, each->alert);
    } else if (each->asked != sender || now >= each->asked_at + kAskAgain) {
      ask_to_send(context, sender, *each);
    }
    if (sender != self) alerts.at = std::min(alerts.at, each->asked_at + kAskAgain);
  }
}

// A host that leaves waits for no answer.
void Node::State::hand_over_alerts(Context& context) {
  raise_what_was_said(context);
  alerts.senders.reset();
  const std::vector<NodeId> senders = alert_senders(HostId{});
  if (senders.empty()) return;
  for (OwnAlert& ours : alerts.raised) ask_to_send(context, senders.front(), ours);
}

void Node::State::hear_alert(Context& context, const NodeId& from,
                             const wire::RaisedAlert& message) {
  if (alert_duty() == wire::Record::NONE) return;
  take_alert(context, from,
             {message.key(), message.kind(), message.subject(),
              static_cast<Severity>(message.severity()), message.text()});
}

void Node::State::take_alert(Context& context, const NodeId& from, const RaisedAlert& alert) {
  const MonoTime now = context.now.mono;
  std::erase_if(alerts.heard, [&](const auto& entry) {
    return entry.second.sent && now >= entry.second.at + kHeardAlert;
  });
  const auto known = alerts.heard.find(alert.key);
  if (known != alerts.heard.end()) {
    if (known->second.sent) return answer_alert(context, from, alert.key);
    known->second.waiting.insert(from);
    return;
  }
  if (alerts.heard.size() == kMaxHeardAlerts) return;
  HeardAlert& heard = alerts.heard[alert.key];
  heard.at = now;
  const Member* member = members.find(from);
  const HostId host = member == nullptr ? HostId{} : member->host;
  if (alerts.dampers.size() == kMaxDampers) alerts.dampers.clear();
  const bool silent = silent_until(*this, context.now, alert.subject, host) > now;
  const Damper::Verdict verdict = alerts.dampers[{alert.kind, alert.subject}].note(now);
  if (silent || verdict == Damper::Verdict::kQuiet) {
    heard.sent = true;
    return answer_alert(context, from, alert.key);
  }
  heard.waiting.insert(from);
  SendAlert send{AlertId(alerts.next_alert++),
                 alert.kind,
                 alert.subject,
                 alert.severity,
                 alert.text,
                 host,
                 from == self};
  if (verdict == Damper::Verdict::kSendAsLast)
    send.text =
        as_line(send.text + " (there were " + std::to_string(kFlapChanges) + " of these within " +
                    in_minutes(kFlapWindow) + "; no more are told until none has come for " +
                    in_minutes(kStableTime) + ")",
                2 * kMaxReasonBytes);
  alerts.outgoing[send.alert] = {"", LastTold::kGood, alert.key};
  context.emit(std::move(send));
}

void Node::State::answer_alert(Context& context, const NodeId& to, uint64_t key) {
  if (to == self) return alerts.done(key);
  wire::Routed message;
  message.mutable_done_alert()->set_key(key);
  route(context, to, std::move(message));
}

// ------------------------------------------------------------------------------------------ sending

void Node::State::on(Context& context, const AlertSent& event) {
  const auto found = alerts.outgoing.find(event.alert);
  if (found == alerts.outgoing.end()) return;
  const Outgoing sent = std::move(found->second);
  alerts.outgoing.erase(found);
  dirty = alerts.hosts.due = true;
  if (auto watch = alerts.watches.find(sent.watch); watch != alerts.watches.end())
    watch->second.sending = false;
  if (!event.failed.empty()) {
    alerts.heard.erase(sent.key);
    return sending_failed(context, event.failed);
  }
  alerts.failed = false;
  alerts.pause = Duration{};
  if (!sent.watch.empty()) return set_told(context, sent.watch, sent.told);
  const auto heard = alerts.heard.find(sent.key);
  if (heard == alerts.heard.end()) return;
  heard->second.sent = true;
  for (const NodeId& node : std::exchange(heard->second.waiting, {}))
    answer_alert(context, node, sent.key);
}

void Node::State::sending_failed(Context& context, const std::string& why) {
  if (alerts.pause == Duration{})
    context.alert(AlertKind::kAlerts, name_of(config.self), Severity::kWarning,
                  "this host cannot send alerts: " + why);
  alerts.failed = true;
  alerts.pause = std::clamp<Duration>(2 * alerts.pause, kFirstAlertPause, kLongestAlertPause);
  alerts.again_at = context.now.mono + alerts.pause;
}

void Node::State::on(Context& context, const Noticed& event) {
  context.alert(event.kind, event.subject, event.severity, event.text, event.instance);
}

void Node::State::drive_alerts(Context& context) {
  alerts.senders.reset();
  alerts.at = alerts.again_at;
  if (alerts.hosts.is_due(context.now.mono)) watch_hosts(context);
  announce_services(context);
  drive_raised(context);
}

// What is no longer in the files of this cluster.
void Node::State::forget_watches() {
  std::erase_if(alerts.watches, [&](const auto& entry) {
    const std::string& key = entry.first;
    return key.starts_with(kHostWatch) ? config.host(key.substr(kHostWatch.size())) == nullptr
                                       : orders.find(key.substr(kServiceWatch.size())) == nullptr;
  });
  alerts.hosts.due = true;
}

}  // namespace cluster::core
