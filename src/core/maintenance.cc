#include "core/maintenance.h"

#include <algorithm>
#include <charconv>

#include "core/members.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

namespace {

constexpr std::string_view kMaintenancePrefix = "maintenance/";
constexpr std::string_view kKeptPrefix = "kept/";
constexpr std::string_view kOn = "on", kKept = "kept", kEnding = "ending", kRefused = "refused";
constexpr char kUpkeepKey[] = "upkeep";

const Maintenance kNoMaintenance;
const std::string kNobody;

// Up to the next blank, which is cut.
std::string_view next_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

template <class Number>
std::optional<Number> parse_number(std::string_view word, int base) {
  Number out = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out, base);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return out;
}

std::string hex(uint64_t token) {
  char text[2 * sizeof token];
  const auto [end, error] = std::to_chars(text, text + sizeof text, token, 16);
  return {text, end};
}

struct KeptService {
  uint64_t token = 0;
  std::string host;
};

std::optional<KeptService> parse_kept(std::string_view value) {
  const auto token = parse_number<uint64_t>(next_word(value), 16);
  if (!token || *token == 0 || value.empty()) return std::nullopt;
  return KeptService{*token, std::string(value)};
}

}  // namespace

Maintenance parse_maintenance(const std::string& value) {
  std::string_view rest = value;
  const std::string_view word = next_word(rest);
  Maintenance out;
  if (word == kOn) {
    out.phase = Maintenance::Phase::kWanted;
  } else if (word == kRefused) {
    out.refused = rest;
  } else if (word == kKept || word == kEnding) {
    const auto token = parse_number<uint64_t>(next_word(rest), 16);
    const auto count = parse_number<size_t>(rest, 10);
    if (!token || *token == 0 || !count) return out;
    out.phase = word == kKept ? Maintenance::Phase::kKept : Maintenance::Phase::kEnding;
    out.token = *token;
    out.services = *count;
  }
  return out;
}

std::string to_value(const Maintenance& maintenance) {
  const auto with_token = [&](std::string_view word) {
    return std::string(word) + " " + hex(maintenance.token) + " " +
           std::to_string(maintenance.services);
  };
  switch (maintenance.phase) {
    case Maintenance::Phase::kNone: break;
    case Maintenance::Phase::kWanted: return std::string(kOn);
    case Maintenance::Phase::kKept: return with_token(kKept);
    case Maintenance::Phase::kEnding: return with_token(kEnding);
  }
  return maintenance.refused.empty() ? "" : std::string(kRefused) + " " + maintenance.refused;
}

std::string maintenance_key(const std::string& host) {
  return std::string(kMaintenancePrefix) + host;
}

std::string kept_key(const std::string& service) { return std::string(kKeptPrefix) + service; }

std::string kept_value(uint64_t token, const std::string& host) { return hex(token) + " " + host; }

bool about_maintenance(std::string_view key) {
  return key.starts_with(kMaintenancePrefix) || key.starts_with(kKeptPrefix);
}

void Upkeeps::read(const Settings& settings) {
  *this = {};
  const std::vector<wire::Setting> all = settings.all();
  for (const wire::Setting& setting : all)
    if (setting.key().starts_with(kMaintenancePrefix) && !setting.value().empty())
      hosts_[setting.key().substr(kMaintenancePrefix.size())] = parse_maintenance(setting.value());
  for (const wire::Setting& setting : all) {
    if (!setting.key().starts_with(kKeptPrefix)) continue;
    const auto kept = parse_kept(setting.value());
    if (!kept || !of(kept->host).keeps() || of(kept->host).token != kept->token) continue;
    const std::string service = setting.key().substr(kKeptPrefix.size());
    keepers_[service] = kept->host;
    nodes_[service] = node_of(setting.node());
  }
}

const Maintenance& Upkeeps::of(const std::string& host) const {
  auto it = hosts_.find(host);
  return it == hosts_.end() ? kNoMaintenance : it->second;
}

std::vector<std::string> Upkeeps::kept_by(const std::string& host) const {
  std::vector<std::string> out;
  for (const auto& [service, keeper] : keepers_)
    if (keeper == host) out.push_back(service);
  return out;
}

bool Upkeeps::complete(const std::string& host) const {
  return of(host).keeps() && kept_by(host).size() == of(host).services;
}

const std::string& Upkeeps::keeper(const std::string& service) const {
  auto it = keepers_.find(service);
  return it == keepers_.end() ? kNobody : it->second;
}

BegunMaintenance begun_maintenance(const Stored& stored) {
  auto it = stored.find(kUpkeepKey);
  wire::StoredUpkeep kept;
  if (it == stored.end() || !kept.ParseFromString(it->second)) return {};
  return {kept.token(), kept.machine_boot()};
}

Write to_write(const BegunMaintenance& begun) {
  if (begun.token == 0) return Write{kUpkeepKey, std::nullopt};
  wire::StoredUpkeep kept;
  kept.set_token(begun.token);
  kept.set_machine_boot(begun.machine_boot);
  return Write{kUpkeepKey, kept.SerializeAsString()};
}

std::vector<std::string> services_left_alone(const Stored& stored) {
  const BegunMaintenance begun = begun_maintenance(stored);
  if (begun.token == 0) return {};
  Settings settings{NodeId{}};
  settings.load(stored);
  Upkeeps upkeeps;
  upkeeps.read(settings);
  for (const auto& [host, maintenance] : upkeeps.all())
    if (maintenance.keeps() && maintenance.token == begun.token) return upkeeps.kept_by(host);
  return {};
}

}  // namespace cluster::core
