#include "tests/sim/describe.h"

#include <cstdlib>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "wire/cluster.pb.h"

namespace cluster::sim {

namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

std::string brief(const std::string& raw) {
  auto node = NodeId::from_raw(raw);
  return node ? node->brief() : "?";
}

template <class Tag, class Rep>
std::string number(Id<Tag, Rep> id) {
  return std::to_string(id.value);
}

const char* to_string(core::DialOutcome outcome) {
  switch (outcome) {
    case core::DialOutcome::kRefused: return "refused";
    case core::DialOutcome::kUnreachable: return "unreachable";
    case core::DialOutcome::kRejected: return "rejected";
    case core::DialOutcome::kNotAdmitted: return "not admitted";
  }
  return "?";
}

std::string describe_record(const wire::Record& r) {
  static const char* const kStates[] = {"stopped", "claiming", "starting",
                                        "running", "stopping", "stop-failed"};
  std::string out = r.name() + " " + std::to_string(r.incarnation()) + "." +
                    std::to_string(r.sequence()) + " {" + (r.settled() ? "settled" : "unsettled") +
                    (r.leaving() ? " leaving" : "") + " edges";
  for (const auto& e : r.edges()) out += " " + brief(e.node());
  for (const auto& l : r.lost())
    out += " lost " + brief(l.node()) + "(" + std::to_string(l.proof()) + ")";
  for (const auto& s : r.services()) {
    out += "; " + s.service() + " " + (s.state() <= 5 ? kStates[s.state()] : "?") + " e" +
           std::to_string(s.epoch());
    if (!s.able()) out += " unable: " + s.why();
  }
  return out + "}";
}

std::string describe_routed(const wire::Routed& r) {
  std::string out = brief(r.from()) + "→" + brief(r.to()) + " ";
  if (r.has_claim())
    return out + "claim " + r.claim().service() + " e" + std::to_string(r.claim().epoch()) +
           " attempt " + std::to_string(r.claim().attempt());
  if (r.has_answer()) {
    static const char* const kVerdicts[] = {
        "granted", "runs",      "rival",        "old epoch", "old configuration",
        "lifted",  "no memory", "other voters", "not stored"};
    const auto verdict = static_cast<size_t>(r.answer().verdict());
    return out + "answer " + r.answer().service() + " e" + std::to_string(r.answer().epoch()) +
           " attempt " + std::to_string(r.answer().attempt()) + " " +
           (verdict < std::size(kVerdicts) ? kVerdicts[verdict] : "?") +
           (r.answer().rival().empty() ? "" : " " + brief(r.answer().rival()));
  }
  if (r.has_release())
    return out + "release " + r.release().service() + " e" + std::to_string(r.release().epoch());
  if (r.has_relayed())
    return out + (r.relayed().ended()
                      ? "end of a session"
                      : std::to_string(r.relayed().bytes().size()) + " bytes of a session");
  if (r.has_opening()) return out + "opening";
  if (r.has_raised_alert()) return out + "alert " + r.raised_alert().kind();
  if (r.has_done_alert()) return out + "alert done";
  if (r.has_push_prepare())
    return out + "prepare push " + std::to_string(r.push_prepare().id().count());
  if (r.has_push_vote()) {
    static const char* const kVotes[] = {"refused", "prepared", "busy"};
    const int verdict = r.push_vote().verdict();
    return out + "push " + std::to_string(r.push_vote().id().count()) + " " +
           (verdict <= 2 ? kVotes[verdict] : "?");
  }
  if (r.has_push_ask()) return out + "ask after push " + std::to_string(r.push_ask().id().count());
  if (r.has_push_told())
    return out + "push " + std::to_string(r.push_told().id().count()) +
           (r.push_told().aborted() ? " was aborted" : " was committed");
  return out + "other";
}

}  // namespace

const char* to_string(core::Verb verb) {
  static const char* const kNames[] = {
      "start",        "stop",    "restart", "enable",         "disable",         "move",
      "clear",        "standby", "online",  "maintenance-on", "maintenance-off", "readmit",
      "readmit-self", "silence"};
  return kNames[static_cast<size_t>(verb)];
}

const char* to_string(Life life) {
  static const char* const kNames[] = {"engine started", "engine died", "power lost",
                                       "frozen",         "thawed",      "asleep",
                                       "awake",          "left",        "configuration reloaded"};
  return kNames[static_cast<size_t>(life)];
}

std::string to_string(const core::ScriptEnded& end) {
  switch (end.how) {
    case core::ScriptEnd::kExited: return "exit " + std::to_string(end.code);
    case core::ScriptEnd::kSignal: return "signal " + std::to_string(end.code);
    case core::ScriptEnd::kNotStarted: return "could not be executed";
  }
  return "?";
}

std::string describe_message(const std::string& bytes) {
  wire::Message m;
  if (!m.ParseFromString(bytes)) return "malformed";
  if (m.has_beat()) return "beat";
  if (m.has_hello())
    return "hello incarnation " + std::to_string(m.hello().incarnation()) +
           (m.hello().dialling() ? " dialling" : "");
  if (m.has_flood()) {
    std::string out = "flood";
    for (const std::string& told : m.flood().records()) {
      wire::Record record;
      out += " " + (record.ParseFromString(told) ? describe_record(record) : "malformed");
    }
    return out;
  }
  if (m.has_routed()) return describe_routed(m.routed());
  if (m.has_rotation()) {
    static const char* const kSteps[] = {"offer", "accepted", "settled"};
    const int step = m.rotation().step();
    return std::string("rotation ") + (step <= 2 ? kSteps[step] : "?") + " " +
           std::to_string(m.rotation().count());
  }
  if (m.has_settings()) {
    std::string out = "settings";
    for (const auto& s : m.settings().settings()) out += " " + s.key() + "=" + s.value();
    return out;
  }
  return "other";
}

std::string describe(const core::Event& event) {
  return std::visit(
      Overloaded{
          [](const core::LinkUp& e) {
            return "link " + number(e.link) + " up to " + e.name + " (" + e.address + ")" +
                   (e.dial ? " by our dial" : "") + (e.relay ? " through others" : "");
          },
          [](const core::LinkDown& e) { return "link " + number(e.link) + " down: " + e.reason; },
          [](const core::Received& e) {
            return "received on " + number(e.link) + ": " + describe_message(e.bytes);
          },
          [](const core::DialFailed& e) {
            return "dial " + number(e.dial) + " " + to_string(e.outcome) + ": " + e.reason;
          },
          [](const core::LocalAddresses& e) {
            return "local address " + (e.addresses.empty() ? "none" : e.addresses.front());
          },
          [](const core::ScriptEnded& e) {
            return "run " + number(e.run) + " ended: " + to_string(e);
          },
          [](const core::ServiceKilled& e) {
            return "killed " + e.service + (e.all ? "" : ", perhaps not all of it");
          },
          [](const core::ProbeAnswered&) { return std::string("probe answered"); },
          [](const core::SleepPlanned& e) {
            return std::string(e.near ? "sleep is near" : "awake");
          },
          [](const core::AlertSent& e) {
            return e.failed.empty() ? std::string("people are told")
                                    : "people cannot be told: " + e.failed;
          },
          [](const core::Noticed& e) { return "noticed: " + e.text; },
          [](const core::FilesSaid& e) { return "files said to " + e.to.brief(); },
          [](const core::Persisted& e) { return "persisted " + number(e.ticket); },
          [](const core::PersistFailed& e) { return "persist failed " + number(e.ticket); },
          [](const core::ConfigChanged&) { return std::string("configuration changed"); },
          [](const core::Command& e) {
            return std::string("command ") + to_string(e.verb) + " " + e.service +
                   (e.host ? " " + number(e.host) : "");
          },
          [](const core::ConfigPush& e) { return "push of " + e.files.services; },
          [](const core::ConfigValidated& e) {
            return "push " + std::to_string(e.id.count) +
                   (e.faults.empty() ? " would do" : " would not do: " + e.faults.front());
          },
          [](const core::ConfigApplied& e) {
            return "push " + std::to_string(e.id.count) +
                   (e.faults.empty() ? " applied" : " not applied: " + e.faults.front());
          },
          [](const core::Leave&) { return std::string("leave"); },
          [](const core::Tick&) { return std::string("tick"); },
          [](const core::KeyRefused& e) {
            return "host " + number(e.host) + " comes with the refused key " + e.node.brief();
          },
          [](const core::SecretDerived& e) {
            return "secret " + std::to_string(e.secret.generation.count) + " derived from " +
                   number(e.link);
          },
          [](const core::RelayOut& e) {
            return "relay " + number(e.relay) + " says " + std::to_string(e.bytes.size()) +
                   " bytes";
          },
          [](const core::RelayEnded& e) {
            return "relay " + number(e.relay) + " ended: " + e.reason;
          },
      },
      event);
}

std::string describe(const core::Action& action) {
  return std::visit(
      Overloaded{
          [](const core::Send& a) {
            return "send on " + number(a.link) + ": " + describe_message(a.bytes);
          },
          [](const core::Dial& a) {
            return "dial " + number(a.dial) + " of host " + number(a.host) + " at " + a.address +
                   ":" + std::to_string(a.port);
          },
          [](const core::CancelDial& a) { return "cancel dial " + number(a.dial); },
          [](const core::CloseLink& a) { return "close link " + number(a.link) + ": " + a.reason; },
          [](const core::RunScript& a) {
            std::string out = "run " + number(a.run) + ": " + to_string(a.script) + " " + a.service;
            for (const auto& [key, value] : a.environment)
              if (key == "CLUSTER_REASON" || key == "CLUSTER_EPOCH") out += " " + value;
            return out;
          },
          [](const core::KillScript& a) { return "kill run " + number(a.run); },
          [](const core::KillService& a) { return "kill all of " + a.service; },
          [](const core::Guard& a) {
            return "guard " + a.service + " until " +
                   std::to_string(to_seconds(a.stop_at.time_since_epoch()));
          },
          [](const core::Unguard& a) { return "unguard " + a.service; },
          [](const core::Probe&) { return std::string("probe"); },
          [](const core::DelaySleep& a) {
            return std::string(a.wanted ? "delay sleep" : "sleep is not delayed");
          },
          [](const core::FilesPeerUp& a) { return "files peer up " + a.node.brief(); },
          [](const core::FilesPeerDown& a) { return "files peer down " + a.node.brief(); },
          [](const core::FilesHeard& a) { return "files heard from " + a.from.brief(); },
          [](const core::ValidateConfig& a) {
            return "look at push " + std::to_string(a.id.count) + " of " + a.files.services;
          },
          [](const core::ApplyConfig& a) {
            return "apply push " + std::to_string(a.id.count) + " of " + a.files.services;
          },
          [](const core::Reboot& a) { return "reboot: " + a.why; },
          [](const core::Persist& a) {
            std::string out = "persist " + number(a.ticket) + ":";
            for (const auto& w : a.writes) out += " " + w.key;
            return out;
          },
          [](const core::Wake& a) {
            return "wake at " + std::to_string(to_seconds(a.at.time_since_epoch()));
          },
          [](const core::Reply& a) {
            return "reply " + std::string(a.refusal == core::Refusal::kNone ? "done" : "refused") +
                   ": " + a.text;
          },
          [](const core::HostOnline& a) { return "host online: " + a.name; },
          [](const core::HostOffline& a) { return "host offline: " + a.name; },
          [](const core::ServiceChanged& a) {
            return "service " + a.service + " " + core::to_string(a.state) +
                   (a.host ? " on " + number(a.host) : "");
          },
          [](const core::Alert& a) {
            return std::string("alert ") + core::to_string(a.severity) + ": " + a.text;
          },
          [](const core::SendAlert& a) {
            return "sends the alert " + a.kind + " of " + a.subject + ": " + a.text;
          },
          [](const core::Log& a) { return "log: " + a.text; },
          [](const core::Left&) { return std::string("left"); },
          [](const core::SetAccess& a) {
            std::string out = "host " + number(a.host) + " is let in";
            if (a.node) out += " as " + a.node->brief();
            for (const core::PairSecret& s : a.secrets)
              out += s == core::PairSecret{} ? " by the passphrases"
                                             : " by secret " + std::to_string(s.generation.count);
            return out + (a.open ? ", and any new key" : "");
          },
          [](const core::DeriveSecret& a) {
            return "derive secret " + std::to_string(a.count) + " from " + number(a.link);
          },
          [](const core::OpenRelay& a) {
            return "open relay " + number(a.relay) + (a.dials ? " to host " : " from host ") +
                   number(a.host);
          },
          [](const core::RelayIn& a) {
            return "relay " + number(a.relay) + " hears " + std::to_string(a.bytes.size()) +
                   " bytes";
          },
          [](const core::RelayRoom& a) {
            return "relay " + number(a.relay) + " has room for " + std::to_string(a.bytes) +
                   " bytes more";
          },
          [](const core::CloseRelay& a) {
            return "close relay " + number(a.relay) + ": " + a.reason;
          },
      },
      action);
}

std::string value_of(const core::RunScript& run, const std::string& name) {
  for (const auto& [key, value] : run.environment)
    if (key == name) return value;
  return "";
}

uint64_t epoch_of(const core::RunScript& run) {
  return std::strtoull(value_of(run, "CLUSTER_EPOCH").c_str(), nullptr, 10);
}

void mix(Digest& digest, const core::Event& event) {
  digest.add(uint64_t{event.index()});
  std::visit(Overloaded{
                 [&](const core::LinkUp& e) { digest.add(e.link.value).add(e.address); },
                 [&](const core::LinkDown& e) { digest.add(e.link.value).add(e.reason); },
                 // The sender's action has brought the bytes in already.
                 [&](const core::Received& e) { digest.add(e.link.value); },
                 [&](const core::DialFailed& e) { digest.add(e.dial.value).add(e.reason); },
                 [&](const core::ScriptEnded& e) {
                   digest.add(e.run.value).add(static_cast<uint64_t>(e.code));
                 },
                 [&](const core::Persisted& e) { digest.add(e.ticket.value); },
                 [&](const core::PersistFailed& e) { digest.add(e.ticket.value); },
                 [&](const core::Command& e) { digest.add(e.request.value).add(e.service); },
                 [&](const core::RelayOut& e) { digest.add(e.relay.value).add(e.bytes); },
                 [&](const core::RelayEnded& e) { digest.add(e.relay.value).add(e.reason); },
                 [](const auto&) {},
             },
             event);
}

void mix(Digest& digest, const core::Action& action) {
  digest.add(uint64_t{action.index()});
  std::visit(Overloaded{
                 // Most of what is digested, so by words at a time.
                 [&](const core::Send& a) {
                   digest.add(a.link.value).add(uint64_t{std::hash<std::string_view>{}(a.bytes)});
                 },
                 [&](const core::Wake& a) {
                   digest.add(static_cast<uint64_t>(a.at.time_since_epoch().count()));
                 },
                 [&](const core::Dial& a) { digest.add(a.dial.value).add(a.address); },
                 [&](const core::OpenRelay& a) { digest.add(a.relay.value).add(a.host.value); },
                 [&](const core::CloseRelay& a) { digest.add(a.relay.value).add(a.reason); },
                 [&](const core::CloseLink& a) { digest.add(a.link.value).add(a.reason); },
                 [&](const core::Persist& a) {
                   for (const auto& w : a.writes) digest.add(w.key).add(w.value.value_or(""));
                 },
                 [&](const core::RunScript& a) {
                   digest.add(a.run.value).add(a.service);
                   for (const auto& [key, value] : a.environment) digest.add(key).add(value);
                 },
                 [&](const core::Reply& a) { digest.add(a.request.value).add(a.text); },
                 [&](const core::Alert& a) { digest.add(a.text); },
                 [&](const core::SendAlert& a) { digest.add(a.alert.value).add(a.text); },
                 [&](const core::Log& a) { digest.add(a.text); },
                 [&](const core::ServiceChanged& a) { digest.add(a.service).add(a.host.value); },
                 [](const auto&) {},
             },
             action);
}

}  // namespace cluster::sim
