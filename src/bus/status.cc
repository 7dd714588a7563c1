#include "bus/status.h"

#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace cluster::bus {
namespace {

using Json = nlohmann::ordered_json;

Json id_or_null(HostId id) { return id ? Json(id.value) : Json(nullptr); }

Json ids(const std::vector<HostId>& hosts) {
  Json out = Json::array();
  for (HostId host : hosts) out.push_back(host.value);
  return out;
}

// Microseconds are the finest that means anything between hosts.
Json milliseconds_or_null(const std::optional<Duration>& time) {
  if (!time) return nullptr;
  return std::round(to_seconds(*time) * 1e6) / 1e3;
}

Json host_json(const core::HostView& host) {
  Json out;
  out["id"] = host.id.value;
  out["name"] = host.name;
  out["state"] = host.up ? "up" : "down";
  out["standby"] = host.standby;
  out["maintenance"] = host.maintenance;
  out["settled"] = host.settled;
  out["votes"] = host.votes;
  out["address"] = host.address;
  const bool reached = host.up && host.path != core::Path::kNone;
  out["path"] = reached ? Json(core::to_string(host.path)) : Json(nullptr);
  out["via"] = reached ? id_or_null(host.via) : Json(nullptr);
  out["rtt_ms"] = reached ? milliseconds_or_null(host.rtt) : Json(nullptr);
  out["last_seen"] = host.last_seen ? Json(iso8601(*host.last_seen)) : Json(nullptr);
  out["version"] = host.version;
  out["key"] = host.key ? Json(host.key.brief()) : Json(nullptr);
  out["generation"] = host.generation;
  return out;
}

Json service_json(const core::ServiceView& service) {
  Json out;
  out["name"] = service.name;
  out["state"] = core::to_string(service.state);
  out["host"] = id_or_null(service.host);
  out["running_on"] = ids(service.running_on);
  out["epoch"] = service.epoch;
  out["reason"] = service.reason;
  out["ownership"] = core::to_string(service.ownership);
  if (service.ownership == core::Ownership::kMajority) {
    out["dead_time"] = to_seconds(service.dead_time);
    out["fence_margin"] = to_seconds(service.fence_margin);
  }
  out["preference"] = ids(service.preference);
  out["disabled"] = service.disabled;
  out["stopped"] = service.stopped_by_operator;
  out["moved_to"] = id_or_null(service.moved_to);
  out["after"] = service.after;
  out["with"] = service.with.empty() ? Json(nullptr) : Json(service.with);
  return out;
}

Json voters_json(const core::VotersView& voters) {
  if (voters.number == 0) return nullptr;
  return {{"number", voters.number},
          {"names", voters.names},
          {"before", voters.before},
          {"change", voters.change},
          {"differ", voters.differ}};
}

// All bad input in one place: what ended connections, by kind, and what ended links.
Json strangers_json(const Strangers& strangers, uint64_t malformed_messages) {
  Json out;
  out["connections"] = strangers.connections;
  out["waiting"] = strangers.waiting;
  out["authenticated"] = strangers.authenticated;
  out["guesses"] = strangers.guesses;
  out["refused"] = Json::object();
  for (const auto& [kind, count] : strangers.refused) out["refused"][kind] = count;
  out["refused"]["message"] = malformed_messages;
  return out;
}

// Script output and peers' words may hold anything; what is no UTF-8 is replaced, never thrown at.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string iso8601(WallTime time) {
  const auto ms = std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
  const int64_t fraction = ((ms % 1000) + 1000) % 1000;
  const auto whole = static_cast<time_t>((ms - fraction) / 1000);
  std::tm parts{};
  gmtime_r(&whole, &parts);
  char date[48];
  char out[64];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(out, sizeof out, "%s.%03dZ", date, static_cast<int>(fraction));
  return out;
}

std::string status_json(const core::View& view, const std::string& version,
                        const Strangers& strangers, const RelayCounts& relayed) {
  Json out;
  out["host"] = {{"id", view.self.value}, {"name", view.self_name}};
  out["version"] = version;
  out["settled"] = view.settled;
  out["hosts"] = Json::array();
  for (const core::HostView& host : view.hosts) out["hosts"].push_back(host_json(host));
  out["services"] = Json::array();
  for (const core::ServiceView& service : view.services) {
    out["services"].push_back(service_json(service));
  }
  out["voters"] = voters_json(view.voters);
  out["files"] = Json::object();
  out["strangers"] = strangers_json(strangers, view.malformed_messages);
  out["relay"] = {
      {"frames", relayed.frames}, {"bytes", relayed.bytes}, {"dropped", relayed.dropped}};
  return dump(out);
}

std::string events_json(const std::vector<Happening>& events) {
  Json out = Json::array();
  for (const Happening& event : events) {
    out.push_back({{"time", iso8601(event.at)},
                   {"severity", core::to_string(event.severity)},
                   {"text", event.text}});
  }
  return dump(out);
}

}  // namespace cluster::bus
