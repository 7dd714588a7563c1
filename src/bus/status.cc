#include "bus/status.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

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
  out["stop_failed_on"] = ids(service.stop_failed_on);
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

const char* state_of(const sync::PeerOfRoot& peer) {
  if (!peer.linked) return "down";
  if (!peer.apart.empty()) return "apart";
  return peer.behind_files > 0 ? "behind" : "in sync";
}

// In sync are all hosts that are linked, as far as this one knows.
const char* state_of(const sync::RootView& root) {
  if (!root.paused.empty()) return "paused";
  if (!root.scanned) return "scanning";
  const bool same =
      root.missing_files == 0 && root.held_back == 0 && root.failing.empty() &&
      std::all_of(root.peers.begin(), root.peers.end(), [](const sync::PeerOfRoot& peer) {
        return !peer.linked || (peer.apart.empty() && peer.behind_files == 0);
      });
  return same ? "in sync" : "behind";
}

Json peer_json(const sync::PeerOfRoot& peer, WallTime now) {
  const Duration behind =
      peer.behind_files > 0 ? std::max(now - peer.behind_since, Duration{}) : Duration{};
  Json out;
  out["id"] = peer.host.value;
  out["name"] = peer.name;
  out["state"] = state_of(peer);
  out["apart_why"] = peer.apart;
  out["behind_files"] = peer.known ? Json(peer.behind_files) : Json(nullptr);
  out["behind_bytes"] = peer.known ? Json(peer.behind_bytes) : Json(nullptr);
  out["behind_seconds"] =
      peer.known ? Json(std::round(to_seconds(behind) * 1e3) / 1e3) : Json(nullptr);
  out["last_seen"] = peer.last_seen ? Json(iso8601(*peer.last_seen)) : Json(nullptr);
  return out;
}

Json transfer_json(const sync::Transfer& transfer) {
  const double seconds = to_seconds(transfer.since);
  const double rate = seconds > 0 ? static_cast<double>(transfer.here) / seconds : 0;
  const uint64_t left = transfer.bytes - std::min(transfer.here, transfer.bytes);
  Json out;
  out["path"] = transfer.path;
  out["bytes"] = transfer.bytes;
  out["here"] = transfer.here;
  out["bytes_per_second"] = static_cast<uint64_t>(rate);
  out["seconds_left"] =
      rate >= 1 ? Json(static_cast<uint64_t>(std::ceil(static_cast<double>(left) / rate)))
                : Json(nullptr);
  return out;
}

Json root_json(const sync::RootView& root, WallTime now) {
  Json out;
  out["name"] = root.name;
  out["path"] = root.path;
  out["mode"] = root.mode;
  if (root.mode == "owner") out["owner"] = root.owner.value;
  out["state"] = state_of(root);
  out["paused_why"] = root.paused;
  out["files"] = root.files;
  out["bytes"] = root.bytes;
  out["held_back"] = root.held_back;
  out["missing_files"] = root.missing_files;
  out["missing_bytes"] = root.missing_bytes;
  out["failing"] = root.failing;
  out["transfers"] = Json::array();
  for (const sync::Transfer& transfer : root.transfers)
    out["transfers"].push_back(transfer_json(transfer));
  out["hosts"] = Json::array();
  for (const sync::PeerOfRoot& peer : root.peers) out["hosts"].push_back(peer_json(peer, now));
  return out;
}

Json roots_json(const FilesNow& files) {
  Json out;
  out["roots"] = Json::array();
  for (const sync::RootView& root : files.roots) out["roots"].push_back(root_json(root, files.now));
  return out;
}

// Script output, names of files and peers' words may hold anything; what is no UTF-8 is replaced, never thrown at.
Json push_json(const core::PushView& push) {
  return {{"count", push.count},     {"pusher", push.pusher},       {"applied", push.applied},
          {"refused", push.refused}, {"undecided", push.undecided}, {"behind", push.behind}};
}

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
                        const Strangers& strangers, const RelayCounts& relayed,
                        const FilesNow& files) {
  Json out;
  out["host"] = {{"id", view.self.value}, {"name", view.self_name}};
  out["version"] = version;
  out["settled"] = view.settled;
  out["hosts"] = Json::array();
  for (const core::HostView& host : view.hosts) out["hosts"].push_back(host_json(host));
  out["links"] = Json::array();
  for (const auto& [one, other] : view.links) out["links"].push_back({one.value, other.value});
  out["services"] = Json::array();
  for (const core::ServiceView& service : view.services) {
    out["services"].push_back(service_json(service));
  }
  out["voters"] = voters_json(view.voters);
  out["silences"] = Json::array();
  for (const core::SilenceView& silence : view.silences)
    out["silences"].push_back({{"name", silence.name}, {"until", iso8601(silence.until)}});
  out["push"] = push_json(view.push);
  out["files"] = roots_json(files);
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

FilesNow files_now(std::vector<sync::RootView> roots, WallTime now, const core::View& view) {
  for (sync::RootView& root : roots) {
    std::erase_if(root.peers, [&](sync::PeerOfRoot& peer) {
      if (peer.linked) return false;
      const auto host = std::find_if(view.hosts.begin(), view.hosts.end(),
                                     [&](const core::HostView& h) { return h.id == peer.host; });
      if (host == view.hosts.end() || host->up) return true;
      peer.name = host->name;
      if (!peer.last_seen) peer.last_seen = host->last_seen;
      return false;
    });
  }
  return {std::move(roots), now};
}

std::string files_json(const FilesNow& files) { return dump(roots_json(files)); }

std::string file_log_json(const std::vector<FileVersion>& versions) {
  Json out = Json::array();
  for (const FileVersion& each : versions) {
    out.push_back({{"version", each.version},
                   {"kept", iso8601(each.kept)},
                   {"edited", iso8601(each.edited)},
                   {"type", each.type},
                   {"size", each.size},
                   {"label", each.label}});
  }
  return dump(out);
}

}  // namespace cluster::bus
