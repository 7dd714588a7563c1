#include "config/conf_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/ensure.h"
#include "config/confuse.h"
#include "config/scan.h"
#include "config/values.h"

namespace cluster::config {

namespace {

class Checker {
 public:
  Checker(const std::string& file, ConfKind kind, Report& report)
      : file_(file), kind_(kind), report_(report) {}

  // The statements that may be read for their values.
  std::vector<const Statement*> check(const std::vector<Statement>& statements,
                                      std::span<const Key> keys, const std::string& where) {
    std::vector<const Statement*> sound;
    std::map<std::pair<std::string, std::string>, int> seen;
    for (const Statement& statement : statements) {
      const auto [first, fresh] =
          seen.try_emplace({statement.key, statement.title}, statement.line);
      if (!fresh) {
        report_.fault(
            file_, statement.line,
            named(statement) + " stands here again, after line " + std::to_string(first->second),
            "it once");
      }
      if (usable(statement, find_key(keys, statement.key), keys, where) && fresh) {
        sound.push_back(&statement);
      }
    }
    return sound;
  }

  static std::string named(const Statement& statement) {
    const std::string kind = statement.section ? "the section " : "the key ";
    return kind + in_quotes(statement.key) +
           (statement.title.empty() ? "" : " " + in_quotes(statement.title));
  }

 private:
  bool usable(const Statement& statement, const Key* key, std::span<const Key> keys,
              const std::string& where) {
    if (key == nullptr) {
      const bool cluster = kind_ == ConfKind::kCluster;
      std::string hint;
      if (where.empty() &&
          find_key(cluster ? service_conf_keys() : cluster_conf_keys(), statement.key) != nullptr) {
        hint = cluster ? " (it belongs into a service.conf)" : " (it belongs into cluster.conf)";
      }
      std::string built = names_of(keys);
      if (built.empty()) {
        for (const Key& other : keys)
          built += (built.empty() ? "" : ", ") + std::string(other.name);
      }
      const std::string kind = statement.section ? "unknown section " : "unknown key ";
      report_.fault(file_, statement.line, kind + in_quotes(statement.key) + where + hint,
                    "one of " + built);
      return false;
    }
    const bool wants_section = key->type == KeyType::kSection;
    if (statement.section != wants_section) {
      report_.fault(
          file_, statement.line,
          in_quotes(statement.key) + (wants_section ? " is a section" : " is not a section"),
          statement.key + (wants_section ? " NAME { KEY = VALUE }" : " = VALUE"));
      return false;
    }
    if (!statement.section && key->type != KeyType::kList && statement.list) {
      report_.fault(file_, statement.line, in_quotes(statement.key) + " is given a list",
                    "one value");
      return false;
    }
    if (key->built == Built::kNotYet) {
      report_.fault(file_, statement.line,
                    named(statement) + where + " is not supported by this version",
                    "no such " + std::string(statement.section ? "section" : "key"));
      return false;
    }
    return true;
  }

  const std::string& file_;
  ConfKind kind_;
  Report& report_;
};

// The text with everything but these statements blanked, so that libconfuse meets only what was
// checked.
std::string only(const std::string& text, const std::vector<const Statement*>& statements) {
  std::string out(text.size(), ' ');
  for (const Statement* statement : statements) {
    std::copy(text.begin() + static_cast<std::ptrdiff_t>(statement->begin),
              text.begin() + static_cast<std::ptrdiff_t>(statement->end),
              out.begin() + static_cast<std::ptrdiff_t>(statement->begin));
    if (statement->end < out.size()) out[statement->end] = '\n';
  }
  return out;
}

// What of these are values; sections are read on their own.
void read_values(const std::string& text, std::vector<const Statement*> sound, ConfValues& values,
                 Report& report) {
  std::erase_if(sound, [](const Statement* statement) { return statement->section; });
  std::vector<std::string> names;
  names.reserve(sound.size());
  for (const Statement* statement : sound) names.push_back(statement->key);
  auto read = read_with_libconfuse(only(text, sound), names);
  if (!read) {
    report.fault(values.file(), values.line(), "libconfuse does not read this: " + read.error(),
                 "KEY = VALUE, one a line");
    return;
  }
  for (const Statement* statement : sound) {
    std::vector<std::string>& texts = (*read)[statement->key];
    if (texts.size() != statement->values) {
      report.fault(values.file(), statement->line,
                   "libconfuse reads another number of values for " + in_quotes(statement->key),
                   "a plain value, in quotes where it holds more than letters and digits");
      continue;
    }
    values.set(statement->key, {statement->line, std::move(texts)});
  }
}

}  // namespace

ConfValues parse_conf(const TextFile& text, ConfKind kind, Report& report) {
  const auto keys = kind == ConfKind::kCluster ? cluster_conf_keys() : service_conf_keys();
  ConfValues values(text.path, keys);
  if (!text.sound) return values;
  const Scan scanned = scan(text.path, text.joined(), report);
  Checker checker(text.path, kind, report);
  const auto sound = checker.check(scanned.statements, keys, std::string());
  read_values(scanned.text, sound, values, report);
  for (const Statement& statement : scanned.statements) {
    const Key* key = find_key(keys, statement.key);
    // In a section that never ends, what follows it would be taken for its keys.
    if (key == nullptr || key->type != KeyType::kSection || !statement.section || !statement.whole)
      continue;
    ConfValues section(text.path, sync_section_keys());
    section.name(statement.title, statement.line);
    read_values(
        scanned.text,
        checker.check(statement.inner, sync_section_keys(), " in " + Checker::named(statement)),
        section, report);
    if (std::find(sound.begin(), sound.end(), &statement) != sound.end())
      values.add(std::move(section));
  }
  return values;
}

const ConfValues::Value* ConfValues::find(std::string_view key) const {
  const auto it = values_.find(key);
  return it == values_.end() ? nullptr : &it->second;
}

int ConfValues::line_of(std::string_view key) const {
  const Value* value = find(key);
  return value == nullptr ? 1 : value->line;
}

const Key& ConfValues::known(std::string_view key) const {
  const Key* known = find_key(keys_, key);
  ENSURE(known != nullptr, "a key that its table does not have");
  return *known;
}

void ConfValues::refuse(const Value& value, std::string_view key, Report& report) const {
  report.fault(file_, value.line, std::string(key) + " is " + in_quotes(value.texts.front()),
               expected_value(known(key)));
}

std::optional<Duration> ConfValues::time(std::string_view key, Report& report) const {
  const Key& row = known(key);
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto time = parse_time(value->texts.front());
  if (time && time->count() >= row.low && time->count() <= row.high) return time;
  refuse(*value, key, report);
  return std::nullopt;
}

std::optional<uint64_t> ConfValues::number(std::string_view key, Report& report) const {
  const Key& row = known(key);
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto number = parse_number(value->texts.front(), static_cast<uint64_t>(row.high));
  if (number && *number >= static_cast<uint64_t>(row.low)) return number;
  refuse(*value, key, report);
  return std::nullopt;
}

std::optional<std::string> ConfValues::path(std::string_view key, Report& report) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->texts.front().starts_with('/')) return value->texts.front();
  refuse(*value, key, report);
  return std::nullopt;
}

std::optional<core::Failback> ConfValues::failback(std::string_view key, Report& report) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  const std::string& text = value->texts.front();
  if (text == "immediate") return core::Failback{};
  if (text == "never") return core::Failback{.never = true, .stability = {}};
  if (const auto stable = time(key, report))
    return core::Failback{.never = false, .stability = *stable};
  return std::nullopt;
}

std::optional<core::Ownership> ConfValues::ownership(std::string_view key, Report& report) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  const std::string& text = value->texts.front();
  if (text == "peers") return core::Ownership::kPeers;
  if (text == "majority") return core::Ownership::kMajority;
  if (text == "etcd" || text == "zookeeper") {
    report.fault(
        file_, value->line,
        std::string(key) + " is " + in_quotes(text) + ", which is not supported by this version",
        "peers or majority");
  } else {
    refuse(*value, key, report);
  }
  return std::nullopt;
}

std::optional<core::Fence> ConfValues::fence(std::string_view key, Report& report) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  const std::string& text = value->texts.front();
  if (text == "kill") return core::Fence::kKill;
  if (text == "reboot") return core::Fence::kReboot;
  refuse(*value, key, report);
  return std::nullopt;
}

std::optional<bool> ConfValues::yes(std::string_view key, Report& report) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  const std::string& text = value->texts.front();
  if (text == "yes" || text == "no") return text == "yes";
  refuse(*value, key, report);
  return std::nullopt;
}

}  // namespace cluster::config
