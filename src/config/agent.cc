#include "config/agent.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

namespace cluster::config {

namespace {

constexpr size_t kMaxUnitBytes = 255;
constexpr std::string_view kUnitTypes[] = {".service", ".socket", ".mount", ".target",
                                           ".timer",   ".path",   ".swap"};

bool is_word(std::string_view text, std::string_view besides) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           besides.find(c) != besides.npos;
  });
}

std::optional<Agent> read_unit(const ConfValues& conf, const ConfValues::Value& value,
                               Report& report) {
  const std::string& name = value.texts.front();
  const bool known = std::any_of(
      std::begin(kUnitTypes), std::end(kUnitTypes),
      [&](std::string_view type) { return name.ends_with(type) && name.size() > type.size(); });
  Agent agent;
  agent.unit = name;
  if (known && name.size() <= kMaxUnitBytes && is_word(name, ":-_.\\@")) return agent;
  report.fault(
      conf.file(), value.line, "systemd is " + in_quotes(name),
      "a unit that can be started, as \"nginx.service\" or \"postgresql@15-main.service\"");
  return std::nullopt;
}

}  // namespace

std::optional<Agent> read_agent(const ConfValues& conf, Report& report) {
  const ConfValues::Value* ocf = conf.find("ocf");
  const ConfValues::Value* unit = conf.find("systemd");
  const ConfValues::Value* parameters = conf.find("parameters");
  if (parameters != nullptr && ocf == nullptr)
    report.fault(conf.file(), parameters->line,
                 "parameters are those of an OCF agent, and none is named", "ocf beside them");
  if (unit != nullptr && ocf != nullptr)
    report.fault(conf.file(), unit->line, "systemd stands beside ocf", "one of them");
  if (unit != nullptr) return read_unit(conf, *unit, report);
  if (ocf == nullptr) return std::nullopt;
  std::string name = ocf->texts.front();
  if (name.starts_with("ocf:")) name.erase(0, 4);
  const size_t colon = name.find(':');
  Agent agent;
  agent.provider = name.substr(0, colon);
  agent.type = colon == std::string::npos ? "" : name.substr(colon + 1);
  const auto sound = [](const std::string& part) {
    return is_word(part, "_-.") && part.front() != '.';
  };
  if (!sound(agent.provider) || !sound(agent.type)) {
    report.fault(conf.file(), ocf->line, "ocf is " + in_quotes(ocf->texts.front()),
                 "PROVIDER:TYPE, as \"heartbeat:IPaddr2\"");
    return std::nullopt;
  }
  bool fine = true;
  for (const std::string& text :
       parameters == nullptr ? std::vector<std::string>() : parameters->texts) {
    const size_t equals = text.find('=');
    const std::string parameter = text.substr(0, equals);
    const bool twice = std::any_of(agent.parameters.begin(), agent.parameters.end(),
                                   [&](const auto& other) { return other.first == parameter; });
    if (equals == std::string::npos || !is_word(parameter, "_") || twice) {
      report.fault(
          conf.file(), parameters->line,
          "parameters has " + in_quotes(text) + (twice ? " besides another of this name" : ""),
          "NAME=VALUE, each name once");
      fine = false;
    }
    if (equals != std::string::npos)
      agent.parameters.emplace_back(parameter, text.substr(equals + 1));
  }
  agent.path = std::string(kOcfRoot) + "/resource.d/" + agent.provider + "/" + agent.type;
  if (::access(agent.path.c_str(), X_OK) != 0) {
    report.fault(conf.file(), ocf->line, agent.path + ": " + ::strerror(errno),
                 "an agent of this host; Debian's are in the package resource-agents");
    fine = false;
  }
  return fine ? std::optional(agent) : std::nullopt;
}

bool names_agent(const ConfValues& conf) {
  return conf.find("ocf") != nullptr || conf.find("systemd") != nullptr;
}

bool names_agent(const std::string& folder) {
  Report ignored;
  const auto text = read_text(folder + "/service.conf", Need::kOptional, ignored);
  return text && names_agent(parse_conf(*text, ConfKind::kService, ignored));
}

std::optional<Agent> load_agent(const std::string& folder, Report& report) {
  const auto text = read_text(folder + "/service.conf", Need::kOptional, report);
  if (!text) return std::nullopt;
  return read_agent(parse_conf(*text, ConfKind::kService, report), report);
}

}  // namespace cluster::config
