#include "ctl/status_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "ctl/files_text.h"

namespace cluster::ctl {
namespace {

constexpr size_t kNameWidth = 12;  // to which long names are cut on narrow terminals
constexpr size_t kReasonWidth = 16;

std::string ago(WallTime then, WallTime now) {
  const int64_t seconds = std::max<int64_t>(0, to_ms(now - then) / 1000);
  return time_text(static_cast<uint64_t>(seconds)) + " ago";
}

std::string rtt_text(const Json& host) {
  const auto found = host.find("rtt_ms");
  if (found == host.end() || !found->is_number()) return "";
  const double ms = found->get<double>();
  char out[48];
  std::snprintf(out, sizeof out, ms < 10 ? "%.2f ms" : ms < 100 ? "%.1f ms" : "%.0f ms", ms);
  return out;
}

Cell host_state(const Json& host) {
  const bool up = text_at(host, "state") == "up";
  const bool standby = flag_at(host, "standby");
  const bool maintenance = flag_at(host, "maintenance");
  std::string text = up ? "up" : "DOWN";
  if (standby) text = joined(text, "standby");
  if (maintenance) text = joined(text, "maintenance");
  return {text, !up ? Tone::kBad : standby || maintenance ? Tone::kWarning : Tone::kGood};
}

std::string path_text(const Json& status, const Json& host) {
  const std::string path = text_at(host, "path");
  const uint32_t via = id_at(host, "via");
  return via == 0 ? path : path + " via " + host_label(status, via);
}

std::vector<Cell> host_row(const Json& status, const Json& host, WallTime now) {
  const bool up = text_at(host, "state") == "up";
  const auto seen = parse_iso8601(text_at(host, "last_seen"));
  const std::string last = up ? "" : seen ? ago(*seen, now) : "never";
  const Tone tone = up ? Tone::kPlain : Tone::kBad;
  return {{up ? "" : "!", Tone::kBad},
          {std::to_string(id_at(host, "id")), tone},
          {text_at(host, "name"), tone},
          host_state(host),
          {path_text(status, host), Tone::kPlain},
          {up ? rtt_text(host) : "", Tone::kPlain},
          {text_at(host, "address"), Tone::kPlain},
          {last, tone}};
}

bool wanted(const Json& service) {
  return !flag_at(service, "disabled") && !flag_at(service, "stopped");
}

Cell service_state(const Json& service) {
  const std::string state = text_at(service, "state");
  if (state == "running") return {state, Tone::kGood};
  if (state == "failed" || state == "stop-failed") {
    std::string shouted = state;
    std::transform(shouted.begin(), shouted.end(), shouted.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return {shouted, Tone::kBad};
  }
  if (state == "stopped") {
    if (flag_at(service, "disabled")) return {"disabled", Tone::kWarning};
    if (flag_at(service, "stopped")) return {"stopped", Tone::kWarning};
    return {"STOPPED", Tone::kBad};
  }
  return {state, Tone::kWarning};
}

// In every state but running nobody has it for sure, so what runs counts more than who owns it.
std::string where_text(const Json& status, const Json& service) {
  const auto running = ids_at(service, "running_on");
  const uint32_t owner = id_at(service, "host");
  if (running.empty()) return host_label(status, owner);
  std::string out;
  for (uint32_t id : running) out = joined(out, host_label(status, id));
  return out;
}

std::vector<Cell> service_row(const Json& status, const Json& service) {
  const Cell state = service_state(service);
  const bool twice = ids_at(service, "running_on").size() > 1;
  const bool stuck = !ids_at(service, "stop_failed_on").empty();
  const bool bad = state.tone == Tone::kBad || twice || stuck;
  std::string reason = text_at(service, "reason");
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  const std::string moved = host_label(status, id_at(service, "moved_to"));
  const bool told = reason.find("moved to ") != std::string::npos;
  if (!moved.empty() && !told) reason = joined(reason, "moved to " + moved);
  return {{bad ? "!" : "", Tone::kBad},
          {text_at(service, "name"), bad ? Tone::kBad : Tone::kPlain},
          state,
          {where_text(status, service), twice ? Tone::kBad : Tone::kPlain},
          {std::to_string(number_at(service, "epoch")), Tone::kPlain},
          {reason, bad ? Tone::kBad : Tone::kPlain}};
}

// Kinds of refusal that come of hosts that should be let in, or of floods; whoever merely looks what
// listens on the port is no news.
constexpr std::array kTelling = {"wrong-secret", "guesses",   "unknown-host", "wrong-name",
                                 "self",         "no-secret", "not-admitted", "frame",
                                 "message",      "room",      "rate"};

std::string refusals_line(const Json& status) {
  const auto strangers = status.find("strangers");
  if (strangers == status.end() || !strangers->is_object()) return "";
  const auto refused = strangers->find("refused");
  if (refused == strangers->end() || !refused->is_object()) return "";
  std::string out;
  for (const char* kind : kTelling) {
    if (const uint64_t times = number_at(*refused, kind); times > 0)
      out = joined(out, std::string(kind) + " " + std::to_string(times));
  }
  return out.empty() ? out : "connections refused since the start: " + out;
}

std::string names_at(const Json& object, const char* key) {
  std::string out;
  for (const Json& name : list_at(object, key))
    if (name.is_string()) out = joined(out, name.get<std::string>());
  return out;
}

std::string silence_lines(const Json& status) {
  std::string out;
  for (const Json& silence : status.value("silences", Json::array()))
    out +=
        "no alerts of " + text_at(silence, "name") + " until " + text_at(silence, "until") + "\n";
  return out;
}

// Who votes, and what is in the way where that is to change.
std::string voters_lines(const Json& status) {
  const auto voters = status.find("voters");
  if (voters == status.end() || !voters->is_object()) return "";
  std::string out = "votes on services with ownership majority: " + names_at(*voters, "names") +
                    " (set " + std::to_string(number_at(*voters, "number")) + ")\n";
  if (const std::string before = names_at(*voters, "before"); !before.empty())
    out += "  together with those that voted before: " + before + "\n";
  if (const std::string change = text_at(*voters, "change"); !change.empty())
    out += "  " + change + "\n";
  if (const std::string differ = names_at(*voters, "differ"); !differ.empty())
    out += "  the hosts file names others on: " + differ + "\n";
  return out;
}

// Of a pushed configuration: where it is not in place.
std::string push_lines(const Json& status) {
  const auto push = status.find("push");
  if (push == status.end() || !push->is_object()) return "";
  const std::string which = "configuration " + std::to_string(number_at(*push, "count")) + " of " +
                            text_at(*push, "pusher");
  std::string out;
  if (std::string why = text_at(*push, "refused"); !why.empty()) {
    std::replace(why.begin(), why.end(), '\n', ' ');
    out += which + " cannot be applied here, so this host is on standby: " + why + "\n";
  }
  if (const std::string behind = names_at(*push, "behind"); !behind.empty())
    out += which + " is not in place yet on: " + behind + "\n";
  if (const std::string pusher = text_at(*push, "undecided"); !pusher.empty())
    out += "a configuration of " + pusher + " is prepared here, and not decided yet\n";
  return out;
}

size_t count(const Json& list, const char* key, const char* value) {
  return static_cast<size_t>(std::count_if(
      list.begin(), list.end(), [&](const Json& item) { return text_at(item, key) == value; }));
}

}  // namespace

Result<Json> parse_status(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  const auto is_list = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_array() &&
           std::all_of(found->begin(), found->end(),
                       [](const Json& item) { return item.is_object(); });
  };
  if (!json.is_object() || !is_list("hosts") || !is_list("services")) {
    return Error{"the daemon's answer is no status document"};
  }
  return json;
}

std::string host_label(const Json& status, uint32_t id) {
  if (id == 0) return "";
  for (const Json& host : list_at(status, "hosts")) {
    if (id_at(host, "id") == id) return std::to_string(id) + " " + text_at(host, "name");
  }
  return std::to_string(id);
}

uint32_t own_host(const Json& status) {
  const auto host = status.find("host");
  return host == status.end() ? 0 : id_at(*host, "id");
}

uint32_t find_host(const Json& status, const std::string& id_or_name) {
  uint32_t id = 0;
  const char* end = id_or_name.data() + id_or_name.size();
  if (const auto read = std::from_chars(id_or_name.data(), end, id);
      read.ec == std::errc() && read.ptr == end) {
    return id;
  }
  uint32_t begins = 0;
  size_t found = 0;
  for (const Json& host : list_at(status, "hosts")) {
    const std::string name = text_at(host, "name");
    if (name == id_or_name) return id_at(host, "id");
    if (name.starts_with(id_or_name + ".")) {
      begins = id_at(host, "id");
      ++found;
    }
  }
  return found == 1 ? begins : 0;
}

std::string summary_line(const Json& status) {
  const Json& hosts = list_at(status, "hosts");
  const Json& services = list_at(status, "services");
  std::string out = std::to_string(count(hosts, "state", "up")) + " of " +
                    std::to_string(hosts.size()) + " hosts up, " +
                    std::to_string(count(services, "state", "running")) + " of " +
                    std::to_string(services.size()) + " services running";
  const size_t failed =
      count(services, "state", "failed") + count(services, "state", "stop-failed");
  if (failed > 0) out += ", " + std::to_string(failed) + " failed";
  const auto off = std::count_if(services.begin(), services.end(),
                                 [](const Json& service) { return !wanted(service); });
  if (off > 0) out += ", " + std::to_string(off) + " switched off";
  if (status.contains("settled") && !flag_at(status, "settled"))
    out += "; this host is not settled yet";
  return out;
}

std::string hosts_table(const Json& status, WallTime now, const Style& style) {
  const std::vector<Column> columns = {
      {"", false, 0, 0},        {"ID", true, 0, 0},        {"HOST", false, kNameWidth, 0},
      {"STATE", false, 0, 0},   {"PATH", false, 0, 2},     {"RTT", true, 0, 4},
      {"ADDRESS", false, 0, 3}, {"LAST SEEN", false, 0, 1}};
  std::vector<std::vector<Cell>> rows;
  for (const Json& host : list_at(status, "hosts")) rows.push_back(host_row(status, host, now));
  return render_table(columns, rows, style);
}

std::string services_table(const Json& status, const Style& style) {
  const std::vector<Column> columns = {{"", false, 0, 0},      {"SERVICE", false, kNameWidth, 0},
                                       {"STATE", false, 0, 0}, {"ON", false, kNameWidth, 0},
                                       {"EPOCH", true, 0, 2},  {"WHY", false, kReasonWidth, 1}};
  std::vector<std::vector<Cell>> rows;
  for (const Json& service : list_at(status, "services"))
    rows.push_back(service_row(status, service));
  return render_table(columns, rows, style);
}

std::string status_text(const Json& status, WallTime now, const Style& style) {
  const Json& hosts = list_at(status, "hosts");
  const Json& services = list_at(status, "services");
  const bool well = count(hosts, "state", "up") == hosts.size() &&
                    std::all_of(services.begin(), services.end(), [](const Json& service) {
                      return !wanted(service) || text_at(service, "state") == "running";
                    });
  std::string line = summary_line(status);
  if (style.width > 0) line = fit(line, style.width);
  std::string out = paint(line, well ? Tone::kGood : Tone::kBad, style) + "\n";
  if (!hosts.empty()) out += "\n" + hosts_table(status, now, style);
  if (!services.empty()) out += "\n" + services_table(status, style);
  if (const std::string files = files_line(status); !files.empty())
    out += "\n" + paint(style.width > 0 ? fit(files, style.width) : files, Tone::kWarning, style) +
           "\n";
  for (const auto& lines : {push_lines, voters_lines, silence_lines})
    if (const std::string text = lines(status); !text.empty()) out += "\n" + text;
  if (const std::string refusals = refusals_line(status); !refusals.empty())
    out += "\n" + (style.width > 0 ? fit(refusals, style.width) : refusals) + "\n";
  return out;
}

std::optional<WallTime> parse_iso8601(const std::string& text) {
  std::tm parts{};
  int ms = 0;
  int end = 0;
  const int read =
      std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%d.%dZ%n", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &ms, &end);
  if (read != 7 || static_cast<size_t>(end) != text.size()) return {};
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return WallTime(seconds(timegm(&parts)) + milliseconds(ms));
}

}  // namespace cluster::ctl
