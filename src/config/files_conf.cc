#include "config/files_conf.h"

#include <algorithm>
#include <set>
#include <utility>

#include "config/hosts.h"
#include "config/services.h"

namespace cluster::config {

namespace {

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t end = path.find('/');
    out.push_back(path.substr(0, end));
    if (end == std::string_view::npos) return out;
    path.remove_prefix(end + 1);
  }
}

bool dots(std::string_view component) { return component == "." || component == ".."; }

// The values of a list, if it has any: each once and at most so many. `one` names what they are.
std::vector<std::string> values_of(const ConfValues& conf, const std::string& key,
                                   const std::string& one, size_t most, Report& report) {
  const ConfValues::Value* value = conf.find(key);
  if (value == nullptr) return {};
  if (value->texts.empty())
    report.fault(conf.file(), value->line, key + " is an empty list",
                 "at least one " + one + ", or no such key");
  if (value->texts.size() > most) {
    report.fault(conf.file(), value->line,
                 key + " has " + std::to_string(value->texts.size()) + " values",
                 "at most " + std::to_string(most));
    return {};
  }
  std::vector<std::string> out;
  std::set<std::string> once;
  for (const std::string& text : value->texts) {
    if (once.insert(text).second) {
      out.push_back(text);
    } else {
      report.fault(conf.file(), value->line, key + " names " + path_in_quotes(text) + " twice",
                   "each " + one + " once");
    }
  }
  return out;
}

PathList paths_of(const ConfValues& conf, const std::string& key, bool folders, Report& report) {
  PathList out;
  out.line = conf.line_of(key);
  std::set<std::string> once;
  for (const std::string& text : values_of(conf, key, "path", kMaxListedPaths, report)) {
    const auto path = clean_path(text);
    const std::string names = key + " names " + path_in_quotes(text);
    if (!path) {
      report.fault(conf.file(), out.line, Error{names + path.error()});
    } else if (!folders && text.ends_with('/')) {
      report.fault(conf.file(), out.line, names + ", which ends in a slash", "the path of a file");
    } else if (!once.insert(*path).second) {
      report.fault(conf.file(), out.line, names + " twice", "each path once");
    } else {
      out.paths.push_back(*path);
    }
  }
  return out;
}

std::vector<std::string> patterns_of(const ConfValues& conf, const std::string& key,
                                     Report& report) {
  std::vector<std::string> out;
  for (std::string& pattern : values_of(conf, key, "pattern", kMaxPatterns, report)) {
    const std::string_view whole = pattern;
    const auto parts = components(whole.starts_with('/') ? whole.substr(1) : whole);
    if (std::any_of(parts.begin(), parts.end(),
                    [](std::string_view part) { return part.empty() || dots(part); })) {
      report.fault(conf.file(), conf.line_of(key),
                   key + " has " + in_quotes(pattern) + ", which matches no path",
                   "a pattern such as '*.tmp', '/cache' or 'logs/**'");
    } else {
      out.push_back(std::move(pattern));
    }
  }
  return out;
}

sync::Mode mode_of(const ConfValues& conf, Report& report) {
  const ConfValues::Value* value = conf.find("mode");
  if (value == nullptr || value->texts.front() == "newer") return sync::Mode::kNewer;
  const std::string& text = value->texts.front();
  if (text == "older") return sync::Mode::kOlder;
  if (text == "merge") return sync::Mode::kMerge;
  if (text == "owner") return sync::Mode::kOwner;
  conf.refuse(*value, "mode", report);
  return sync::Mode::kNewer;
}

void read_service(const ConfValues& conf, SyncSection& out, Report& report) {
  const ConfValues::Value* value = conf.find("service");
  const bool owned = out.mode == sync::Mode::kOwner;
  if (owned && value == nullptr)
    report.fault(conf.file(), conf.line_of("mode"), "mode is owner, and no service is named",
                 "service = NAME, whose host writes what the others follow");
  if (value == nullptr) return;
  out.service = value->texts.front();
  out.service_line = value->line;
  if (!owned)
    report.fault(conf.file(), value->line,
                 "service is " + in_quotes(out.service) + ", and mode is " + to_string(out.mode),
                 "mode = owner with it, or no service");
}

std::optional<std::string> path_of(const ConfValues& conf, Report& report) {
  const ConfValues::Value* value = conf.find("path");
  if (value == nullptr) {
    report.fault(conf.file(), conf.line(),
                 "the section 'sync' " + in_quotes(conf.title()) + " has no path",
                 "path = \"/the/folder\" in it");
    return std::nullopt;
  }
  const auto path = clean_path(value->texts.front());
  if (path) return *path;
  report.fault(conf.file(), value->line,
               Error{"path is " + path_in_quotes(value->texts.front()) + path.error()});
  return std::nullopt;
}

// nullopt: it has no name that it could be called by.
std::optional<SyncSection> section_of(const ConfValues& conf, Report& report) {
  SyncSection out;
  out.name = conf.title();
  out.line = conf.line();
  out.path = path_of(conf, report);
  out.path_line = conf.find("path") == nullptr ? out.line : conf.line_of("path");
  out.mode = mode_of(conf, report);
  out.filter.include = patterns_of(conf, "include", report);
  out.filter.exclude = patterns_of(conf, "exclude", report);
  out.allow_setuid = conf.yes("allow_setuid", report).value_or(false);
  read_service(conf, out, report);
  if (conf.find("hosts") != nullptr) {
    out.hosts = values_of(conf, "hosts", "host", kMaxHosts, report);
    out.hosts_line = conf.line_of("hosts");
  }
  if (is_service_name(out.name)) return out;
  report.fault(conf.file(), conf.line(),
               out.name.empty() ? "the section 'sync' has no name"
                                : "the name of a section 'sync' is " + in_quotes(out.name),
               "1 to 64 of letters, digits, '.', '_' and '-', the first a letter or digit");
  return std::nullopt;
}

}  // namespace

Result<std::string> clean_path(std::string_view path) {
  if (!path.starts_with('/')) return Error{"; expected an absolute path"};
  std::string out;
  for (const std::string_view part : components(path)) {
    if (part.empty()) continue;
    if (dots(part))
      return Error{", which has " + in_quotes(part) + " in it; expected a path without"};
    out += '/';
    out += part;
  }
  return out.empty() ? "/" : out;
}

FilesConf read_files(const ConfValues& conf, Report& report) {
  FilesConf out;
  out.critical_files = paths_of(conf, "critical_files", false, report);
  out.critical_dirs = paths_of(conf, "critical_dirs", true, report);
  out.retain = conf.time("retain", report).value_or(out.retain);
  out.tombstone_keep = conf.time("tombstone_keep", report).value_or(out.tombstone_keep);
  for (const ConfValues& section : conf.sections()) {
    if (out.sections.size() == kMaxSyncSections) {
      report.fault(conf.file(), section.line(), "there is a section 'sync' too many",
                   "at most " + std::to_string(kMaxSyncSections));
      break;
    }
    if (auto sound = section_of(section, report)) out.sections.push_back(std::move(*sound));
  }
  return out;
}

}  // namespace cluster::config
