#include "daemon/trace.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/push.h"

namespace cluster::daemon {

namespace {

using nlohmann::json;
using namespace core;

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (unsigned char c : bytes) {
    out += kDigits[c >> 4];
    out += kDigits[c & 15];
  }
  return out;
}

std::string unhex(const std::string& text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    throw std::invalid_argument("not a hex digit");
  };
  if (text.size() % 2 != 0) throw std::invalid_argument("half a byte");
  std::string out;
  out.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2)
    out += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  return out;
}

// A number that the type holds: json would cut it silently.
template <class T>
T number(const json& j) {
  if (j.is_number_unsigned() && std::in_range<T>(j.get<uint64_t>()))
    return static_cast<T>(j.get<uint64_t>());
  if (j.is_number_integer() && !j.is_number_unsigned() && std::in_range<T>(j.get<int64_t>()))
    return static_cast<T>(j.get<int64_t>());
  throw std::invalid_argument("not a number of its kind");
}

// The enumeration's values run from 0 to `last`.
template <class Enum>
Enum choice(const json& j, const char* key, Enum last) {
  const int value = number<int>(j.at(key));
  if (value < 0 || value > static_cast<int>(last)) throw std::invalid_argument(key);
  return static_cast<Enum>(value);
}

NodeId node(const json& j) {
  const auto id = NodeId::from_raw(unhex(j.get<std::string>()));
  if (!id) throw std::invalid_argument("not a node ID");
  return *id;
}

json times(const Now& now) {
  return {now.mono.time_since_epoch().count(), now.wall.time_since_epoch().count()};
}

Now times_from(const json& j) {
  return Now{MonoTime(Duration(number<int64_t>(j.at(0)))),
             WallTime(Duration(number<int64_t>(j.at(1))))};
}

json of(const Config& c) {
  json hosts = json::array(), services = json::array();
  for (const HostEntry& h : c.hosts)
    hosts.push_back({{"id", h.id.value},
                     {"name", h.name},
                     {"dynamic", h.dynamic},
                     {"address", h.address},
                     {"port", h.port}});
  for (const ServiceEntry& s : c.services) {
    json preference = json::array();
    for (HostId id : s.preference) preference.push_back(id.value);
    services.push_back({{"name", s.name},
                        {"preference", preference},
                        {"local", s.local},
                        {"runnable", s.runnable},
                        {"unrunnable_why", s.unrunnable_why},
                        {"has_status", s.has_status},
                        {"folder_digest", s.folder_digest},
                        {"ownership", static_cast<int>(s.ownership)},
                        {"fence_margin", s.fence_margin.count()},
                        {"owns_files", s.owns_files},
                        {"max_lag", s.max_lag.value_or(Duration{}).count()},
                        {"fence", static_cast<int>(s.fence)},
                        {"failback_never", s.failback.never},
                        {"failback_stability", s.failback.stability.count()},
                        {"start_timeout", s.start_timeout.count()},
                        {"stop_timeout", s.stop_timeout.count()},
                        {"status_interval", s.status_interval.count()},
                        {"status_timeout", s.status_timeout.count()},
                        {"failure_window", s.failure_window.count()},
                        {"max_failures", s.max_failures},
                        {"fall", s.fall},
                        {"rise", s.rise},
                        {"after", s.after},
                        {"with", s.with}});
  }
  json probe = json::array();
  for (const ProbeTarget& target : c.probe)
    probe.push_back({{"address", target.address}, {"port", target.port}});
  json monitor = c.monitor ? json::array() : json();
  for (HostId id : c.monitor.value_or(std::vector<HostId>())) monitor.push_back(id.value);
  return {{"self", c.self.value},
          {"hosts", hosts},
          {"services", services},
          {"beat_interval", c.beat_interval.count()},
          {"dead_time", c.dead_time.count()},
          {"rekey_interval", c.rekey_interval.count()},
          {"port", c.port},
          {"sends_alerts", c.sends_alerts},
          {"monitor", monitor},
          {"probe", probe}};
}

Config config_from(const json& j) {
  Config c;
  const auto time = [](const json& from, const char* key) {
    return Duration(number<int64_t>(from.at(key)));
  };
  c.self = HostId(number<uint32_t>(j.at("self")));
  c.beat_interval = time(j, "beat_interval");
  c.dead_time = time(j, "dead_time");
  c.rekey_interval = time(j, "rekey_interval");
  c.port = number<uint16_t>(j.at("port"));
  c.sends_alerts = j.value("sends_alerts", false);
  if (const json monitor = j.value("monitor", json()); !monitor.is_null()) {
    c.monitor.emplace();
    for (const json& id : monitor) c.monitor->emplace_back(number<uint32_t>(id));
  }
  for (const json& target : j.at("probe"))
    c.probe.push_back({target.at("address"), number<uint16_t>(target.at("port"))});
  for (const json& h : j.at("hosts")) {
    HostEntry entry;
    entry.id = HostId(number<uint32_t>(h.at("id")));
    h.at("name").get_to(entry.name);
    h.at("dynamic").get_to(entry.dynamic);
    h.at("address").get_to(entry.address);
    entry.port = number<uint16_t>(h.at("port"));
    c.hosts.push_back(std::move(entry));
  }
  for (const json& s : j.at("services")) {
    ServiceEntry entry;
    s.at("name").get_to(entry.name);
    for (const json& id : s.at("preference")) entry.preference.emplace_back(number<uint32_t>(id));
    s.at("local").get_to(entry.local);
    s.at("runnable").get_to(entry.runnable);
    s.at("unrunnable_why").get_to(entry.unrunnable_why);
    s.at("has_status").get_to(entry.has_status);
    entry.folder_digest = number<uint64_t>(s.at("folder_digest"));
    entry.ownership = choice(s, "ownership", Ownership::kMajority);
    entry.fence_margin = time(s, "fence_margin");
    entry.owns_files = s.value("owns_files", false);
    if (s.contains("max_lag") && s.at("max_lag") != 0) entry.max_lag = time(s, "max_lag");
    entry.fence = choice(s, "fence", Fence::kReboot);
    s.at("failback_never").get_to(entry.failback.never);
    entry.failback.stability = time(s, "failback_stability");
    entry.start_timeout = time(s, "start_timeout");
    entry.stop_timeout = time(s, "stop_timeout");
    entry.status_interval = time(s, "status_interval");
    entry.status_timeout = time(s, "status_timeout");
    entry.failure_window = time(s, "failure_window");
    entry.max_failures = number<uint32_t>(s.at("max_failures"));
    entry.fall = number<uint32_t>(s.at("fall"));
    entry.rise = number<uint32_t>(s.at("rise"));
    s.at("after").get_to(entry.after);
    s.at("with").get_to(entry.with);
    c.services.push_back(std::move(entry));
  }
  return c;
}

// A push is not replayed to its end: the hosts file, with its passphrases, is in no log.
json of(const PushId& id) { return {{"count", id.count}, {"hash", id.hash}}; }

PushId push_from(const json& j) {
  return {number<uint64_t>(j.at("count")), number<uint64_t>(j.at("hash"))};
}

json of(const Generation& g) { return {{"count", g.count}, {"hash", g.hash}}; }

Generation generation(const json& j) {
  return {number<uint64_t>(j.at("count")), number<uint64_t>(j.at("hash"))};
}

struct ToJson {
  json operator()(const LinkUp& e) const {
    return {{"event", "link_up"},
            {"link", e.link.value},
            {"node", hex(e.node.raw())},
            {"host", e.host.value},
            {"name", e.name},
            {"dial", e.dial.value},
            {"address", e.address},
            {"generation", of(e.generation)},
            {"relay", e.relay.value}};
  }
  json operator()(const LinkDown& e) const {
    return {{"event", "link_down"}, {"link", e.link.value}, {"reason", e.reason}};
  }
  json operator()(const Received& e) const {
    return {{"event", "received"},
            {"link", e.link.value},
            {"bytes", hex(without_passphrases(e.bytes))}};
  }
  json operator()(const DialFailed& e) const {
    return {{"event", "dial_failed"},
            {"dial", e.dial.value},
            {"outcome", static_cast<int>(e.outcome)},
            {"reason", e.reason}};
  }
  json operator()(const LocalAddresses& e) const {
    return {{"event", "local_addresses"}, {"addresses", e.addresses}};
  }
  json operator()(const ScriptEnded& e) const {
    return {{"event", "script_ended"},
            {"run", e.run.value},
            {"how", static_cast<int>(e.how)},
            {"code", e.code}};
  }
  json operator()(const Persisted& e) const {
    return {{"event", "persisted"}, {"ticket", e.ticket.value}};
  }
  json operator()(const PersistFailed& e) const {
    return {{"event", "persist_failed"}, {"ticket", e.ticket.value}, {"reason", e.reason}};
  }
  json operator()(const ConfigChanged& e) const {
    return {{"event", "config_changed"}, {"config", of(e.config)}};
  }
  json operator()(const Command& e) const {
    return {
        {"event", "command"},   {"request", e.request.value}, {"verb", static_cast<int>(e.verb)},
        {"service", e.service}, {"host", e.host.value},       {"seconds", e.seconds}};
  }
  json operator()(const AlertSent& e) const {
    return {{"event", "alert_sent"}, {"alert", e.alert.value}, {"failed", e.failed}};
  }
  json operator()(const Noticed& e) const {
    return {{"event", "noticed"},   {"kind", static_cast<int>(e.kind)},
            {"subject", e.subject}, {"severity", static_cast<int>(e.severity)},
            {"text", e.text},       {"instance", e.instance}};
  }
  json operator()(const SecretDerived& e) const {
    return {{"event", "secret_derived"},
            {"link", e.link.value},
            {"generation", of(e.secret.generation)},
            {"sealed", hex(e.secret.sealed)}};
  }
  json operator()(const KeyRefused& e) const {
    return {{"event", "key_refused"},
            {"host", e.host.value},
            {"node", hex(e.node.raw())},
            {"address", e.address}};
  }
  json operator()(const RelayOut& e) const {
    return {{"event", "relay_out"}, {"relay", e.relay.value}, {"bytes", hex(e.bytes)}};
  }
  json operator()(const RelayEnded& e) const {
    return {{"event", "relay_ended"}, {"relay", e.relay.value}, {"reason", e.reason}};
  }
  json operator()(const ServiceKilled& e) const {
    return {{"event", "service_killed"}, {"service", e.service}, {"all", e.all}};
  }
  json operator()(const ProbeAnswered&) const { return {{"event", "probe_answered"}}; }
  json operator()(const SleepPlanned& e) const {
    return {{"event", "sleep_planned"}, {"near", e.near}};
  }
  json operator()(const FilesSaid& e) const {
    return {{"event", "files_said"}, {"to", hex(e.to.raw())}, {"bytes", hex(e.bytes)}};
  }
  json operator()(const ConfigPush& e) const {
    return {{"event", "config_push"},
            {"request", e.request.value},
            {"cluster_conf", hex(e.files.cluster_conf)},
            {"services", hex(e.files.services)},
            {"hosts", e.hosts}};
  }
  json operator()(const ConfigValidated& e) const {
    return {{"event", "config_validated"}, {"id", of(e.id)}, {"faults", e.faults}};
  }
  json operator()(const ConfigApplied& e) const {
    return {{"event", "config_applied"}, {"id", of(e.id)}, {"faults", e.faults}};
  }
  json operator()(const Leave&) const { return {{"event", "leave"}}; }
  json operator()(const Tick&) const { return {{"event", "tick"}}; }
};

template <class IdType>
IdType id(const json& j, const char* key) {
  return IdType(number<decltype(IdType::value)>(j.at(key)));
}

Event event_from(const json& j) {
  const std::string kind = j.at("event");
  const auto text = [&](const char* key) { return j.at(key).get<std::string>(); };
  if (kind == "link_up")
    return LinkUp{id<LinkId>(j, "link"),          node(j.at("node")),
                  id<HostId>(j, "host"),          text("name"),
                  id<DialId>(j, "dial"),          text("address"),
                  generation(j.at("generation")), id<RelayId>(j, "relay")};
  if (kind == "link_down") return LinkDown{id<LinkId>(j, "link"), text("reason")};
  if (kind == "received") return Received{id<LinkId>(j, "link"), unhex(text("bytes"))};
  if (kind == "dial_failed")
    return DialFailed{id<DialId>(j, "dial"), choice(j, "outcome", DialOutcome::kNotAdmitted),
                      text("reason")};
  if (kind == "local_addresses")
    return LocalAddresses{j.at("addresses").get<std::vector<std::string>>()};
  if (kind == "script_ended")
    return ScriptEnded{id<RunId>(j, "run"), choice(j, "how", ScriptEnd::kNotStarted),
                       number<int>(j.at("code"))};
  if (kind == "persisted") return Persisted{id<StoreTicket>(j, "ticket")};
  if (kind == "persist_failed") return PersistFailed{id<StoreTicket>(j, "ticket"), text("reason")};
  if (kind == "config_changed") return ConfigChanged{config_from(j.at("config"))};
  if (kind == "command")
    return Command{id<RequestId>(j, "request"), choice(j, "verb", Verb::kSilence), text("service"),
                   id<HostId>(j, "host"), number<uint32_t>(j.value("seconds", json(0)))};
  if (kind == "alert_sent") return AlertSent{id<AlertId>(j, "alert"), text("failed")};
  if (kind == "noticed")
    return Noticed{choice(j, "kind", AlertKind::kDaemon), text("subject"),
                   choice(j, "severity", Severity::kCritical), text("text"),
                   number<uint64_t>(j.at("instance"))};
  if (kind == "secret_derived")
    return SecretDerived{id<LinkId>(j, "link"),
                         {generation(j.at("generation")), unhex(text("sealed"))}};
  if (kind == "key_refused")
    return KeyRefused{id<HostId>(j, "host"), node(j.at("node")), text("address")};
  if (kind == "relay_out") return RelayOut{id<RelayId>(j, "relay"), unhex(text("bytes"))};
  if (kind == "relay_ended") return RelayEnded{id<RelayId>(j, "relay"), text("reason")};
  if (kind == "service_killed") return ServiceKilled{text("service"), j.at("all").get<bool>()};
  if (kind == "probe_answered") return ProbeAnswered{};
  if (kind == "sleep_planned") return SleepPlanned{j.at("near").get<bool>()};
  if (kind == "files_said") return FilesSaid{node(j.at("to")), unhex(text("bytes"))};
  if (kind == "config_push")
    return ConfigPush{id<RequestId>(j, "request"),
                      {unhex(text("cluster_conf")), "", unhex(text("services"))},
                      j.at("hosts").get<std::vector<std::string>>()};
  if (kind == "config_validated")
    return ConfigValidated{push_from(j.at("id")), j.at("faults").get<std::vector<std::string>>()};
  if (kind == "config_applied")
    return ConfigApplied{push_from(j.at("id")), j.at("faults").get<std::vector<std::string>>()};
  if (kind == "leave") return Leave{};
  if (kind == "tick") return Tick{};
  throw std::invalid_argument("no such event: " + kind);
}

std::string dump(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

template <class T, class Read>
Result<T> parse(std::string_view text, Read read) {
  try {
    return read(json::parse(text));
  } catch (const std::exception& error) {
    return Error{std::string("not a traced line: ") + error.what()};
  }
}

}  // namespace

namespace {

json of(const LeftService& left) {
  json j = {{"service", left.service},
            {"epoch", left.epoch},
            {"newest", static_cast<int>(left.newest)},
            {"code", left.code},
            {"run", left.run.value},
            {"dying", left.dying},
            {"killed", left.killed},
            {"stop_at", left.stop_at.time_since_epoch().count()},
            {"kill_at", left.kill_at.time_since_epoch().count()}};
  if (left.how) j["how"] = static_cast<int>(*left.how);
  return j;
}

LeftService left_from(const json& j) {
  LeftService left;
  j.at("service").get_to(left.service);
  left.epoch = number<uint64_t>(j.at("epoch"));
  left.newest = choice(j, "newest", Script::kStop);
  if (j.contains("how")) left.how = choice(j, "how", ScriptEnd::kNotStarted);
  left.code = number<int>(j.at("code"));
  left.run = id<RunId>(j, "run");
  j.at("dying").get_to(left.dying);
  j.at("killed").get_to(left.killed);
  left.stop_at = MonoTime(Duration(number<int64_t>(j.at("stop_at"))));
  left.kill_at = MonoTime(Duration(number<int64_t>(j.at("kill_at"))));
  return left;
}

}  // namespace

std::string to_text(const Now& now, const Boot& boot) {
  json stored = json::object();
  for (const auto& [key, value] : boot.stored)
    stored[hex(key)] = hex(stored_without_passphrases(key, value));
  json left = json::array();
  for (const LeftService& service : boot.left) left.push_back(of(service));
  return dump({{"at", times(now)},
               {"boot",
                {{"node", hex(boot.node.raw())},
                 {"node_key", hex(boot.node_key)},
                 {"version", boot.version},
                 {"config", of(boot.config)},
                 {"stored", std::move(stored)},
                 {"seed", boot.seed},
                 {"accept_renumbering", boot.accept_renumbering},
                 {"left", std::move(left)},
                 {"machine_boot", boot.machine_boot},
                 {"first_run", boot.first_run}}}});
}

std::string to_text(const Now& now, const Event& event, bool more) {
  json j = std::visit(ToJson{}, event);
  if (more) j["more"] = true;
  j["at"] = times(now);
  return dump(j);
}

Result<TracedBoot> boot_from_text(std::string_view text) {
  return parse<TracedBoot>(text, [](const json& j) {
    const json& b = j.at("boot");
    TracedBoot traced;
    traced.now = times_from(j.at("at"));
    traced.boot.node = node(b.at("node"));
    traced.boot.node_key = unhex(b.at("node_key"));
    b.at("version").get_to(traced.boot.version);
    traced.boot.config = config_from(b.at("config"));
    for (const auto& [key, value] : b.at("stored").items())
      traced.boot.stored[unhex(key)] = unhex(value);
    traced.boot.seed = number<uint64_t>(b.at("seed"));
    b.at("accept_renumbering").get_to(traced.boot.accept_renumbering);
    for (const json& left : b.value("left", json::array()))
      traced.boot.left.push_back(left_from(left));
    traced.boot.machine_boot = b.value("machine_boot", std::string());
    traced.boot.first_run = b.value("first_run", uint64_t{1});
    return traced;
  });
}

Result<TracedEvent> event_from_text(std::string_view text) {
  return parse<TracedEvent>(text, [](const json& j) {
    return TracedEvent{times_from(j.at("at")), event_from(j), j.value("more", false)};
  });
}

}  // namespace cluster::daemon
