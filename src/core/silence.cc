#include "core/silence.h"

#include <algorithm>
#include <charconv>

#include "core/hlc.h"

namespace cluster::core {

namespace {

std::optional<WallTime> silenced_until(const Knowledge& known, const std::string& name) {
  const std::string& value = known.settings.get(std::string(kSilencePrefix) + name);
  int64_t us = 0;
  if (std::from_chars(value.data(), value.data() + value.size(), us).ec != std::errc() || us < 0 ||
      static_cast<uint64_t>(us) > kMaxStamp / 1000)
    return std::nullopt;
  return WallTime(microseconds(us));
}

// A host may be named by its ID. Empty: nothing has that name.
std::string silence_name(const Knowledge& known, const std::string& named) {
  if (named == kAllSilent || known.orders.find(named) != nullptr ||
      known.config.host(named) != nullptr)
    return named;
  uint32_t id = 0;
  const char* end = named.data() + named.size();
  const auto [read, fault] = std::from_chars(named.data(), end, id);
  const HostEntry* host =
      fault == std::errc() && read == end ? known.config.host(HostId(id)) : nullptr;
  return host == nullptr ? "" : host->name;
}

}  // namespace

MonoTime silent_until(const Knowledge& known, Now now, const std::string& subject, HostId from) {
  Duration rest{};
  const HostEntry* host = known.config.host(from);
  for (const std::string& name :
       {std::string(kAllSilent), subject, host == nullptr ? std::string() : host->name})
    if (const auto until = silenced_until(known, name); until && *until > now.wall)
      rest = std::max<Duration>(rest, *until - now.wall);
  return now.mono + std::min(rest, kMaxSilence);
}

std::optional<std::pair<Refusal, std::string>> refuse_silence(const Knowledge& known,
                                                              const Command& command) {
  if (silence_name(known, command.service).empty())
    return std::pair(Refusal::kUnknownHost, "no host and no service is named " + command.service +
                                                "; expected one of them, the ID of a host, or " +
                                                std::string(kAllSilent));
  if (seconds(command.seconds) > kMaxSilence)
    return std::pair(Refusal::kNotAble,
                     "alerts are silenced for at most " +
                         std::to_string(std::chrono::duration_cast<seconds>(kMaxSilence).count()) +
                         " s");
  return std::nullopt;
}

std::pair<std::string, std::string> silence(const Knowledge& known, WallTime now,
                                            const Command& command) {
  return {std::string(kSilencePrefix) + silence_name(known, command.service),
          command.seconds == 0 ? std::string()
                               : std::to_string(wall_us(now + seconds(command.seconds)))};
}

std::vector<SilenceView> silences(const Knowledge& known, WallTime now) {
  std::vector<std::string> names = {std::string(kAllSilent)};
  for (const HostEntry& host : known.config.hosts) names.push_back(host.name);
  for (const Order& order : known.orders.all()) names.push_back(order.service);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<SilenceView> out;
  for (std::string& name : names)
    if (const auto until = silenced_until(known, name); until && *until > now)
      out.push_back({std::move(name), *until});
  return out;
}

}  // namespace cluster::core
