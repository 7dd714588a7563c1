#include "config/services.h"

#include <algorithm>
#include <map>
#include <utility>

#include "config/address.h"
#include "config/values.h"

namespace cluster::config {

namespace {

constexpr const char* kSyntax = "NAME HOST [HOST…] with host IDs, the line numbers in hosts";

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> out;
  size_t i = 0;
  while (i < line.size()) {
    if (is_blank(line[i])) {
      ++i;
      continue;
    }
    const size_t end = std::min(line.find_first_of(" \t", i), line.size());
    out.push_back(line.substr(i, end - i));
    i = end;
  }
  return out;
}

class RowParser {
 public:
  RowParser(const TextFile& text, const Hosts* hosts, Report& report)
      : text_(text), hosts_(hosts), report_(report) {}

  // Whether the row may be used.
  bool parse(const Line& line, const std::vector<std::string_view>& words, ServiceRow& row) {
    line_ = line.number;
    row.line = line.number;
    row.entry.name = words.front();
    bool sound = true;
    if (!is_service_name(words.front())) {
      sound = refuse("the service name is " + in_quotes(words.front()),
                     "1 to 64 of letters, digits, '.', '_' and '-', the first a letter or digit");
    } else {
      const auto [first, fresh] = lines_.try_emplace(row.entry.name, line.number);
      if (!fresh) {
        sound = refuse("service " + in_quotes(row.entry.name) + " stands here again, after line " +
                           std::to_string(first->second),
                       "each service once");
      }
    }
    if (words.size() == 1) {
      return refuse("service " + in_quotes(row.entry.name) + " has no host", kSyntax);
    }
    for (size_t i = 1; i < words.size(); ++i) {
      if (words[i].starts_with('#')) {
        return refuse("a comment stands behind the hosts", "comments on lines of their own");
      }
      sound = host(words[i], row) && sound;
    }
    return sound;
  }

 private:
  bool refuse(const std::string& wrong, const std::string& expected) {
    report_.fault(text_.path, line_, wrong, expected);
    return false;
  }

  bool host(std::string_view word, ServiceRow& row) {
    const auto number = parse_number(word, kMaxHostId);
    if (!number || *number == 0)
      return refuse(in_quotes(word) + " is no host ID" + hint(word), kSyntax);
    const HostId id(static_cast<uint32_t>(*number));
    if (std::find(row.entry.preference.begin(), row.entry.preference.end(), id) !=
        row.entry.preference.end()) {
      return refuse(
          "service " + in_quotes(row.entry.name) + " names host " + std::string(word) + " twice",
          "each host once");
    }
    row.entry.preference.push_back(id);
    if (hosts_ == nullptr || hosts_->named.contains(id)) return true;
    return refuse(
        "host " + std::string(word) + " of service " + in_quotes(row.entry.name) +
            (id.value <= hosts_->lines ? " is a line of hosts without a host" : " is not in hosts"),
        "one of " + hosts_->candidates());
  }

  // For those who write a name where the ID belongs.
  std::string hint(std::string_view word) const {
    if (hosts_ == nullptr) return {};
    for (const core::HostEntry& entry : hosts_->entries) {
      if (comparable_name(entry.name) == comparable_name(word)) {
        return " (the ID of that host is " + std::to_string(entry.id.value) + ")";
      }
    }
    return {};
  }

  const TextFile& text_;
  const Hosts* hosts_;
  Report& report_;
  int line_ = 1;
  std::map<std::string, int> lines_;
};

}  // namespace

std::vector<ServiceRow> parse_services(const TextFile& text, const Hosts* hosts, Report& report) {
  std::vector<ServiceRow> rows;
  RowParser parser(text, hosts, report);
  for (const Line& line : text.lines) {
    if (!line.sound) continue;
    const auto parts = words(line.text);
    if (parts.empty() || parts.front().starts_with('#')) continue;
    if (rows.size() == kMaxServices) {
      report.fault(text.path, line.number, "there is a service too many",
                   "at most " + std::to_string(kMaxServices));
      break;
    }
    ServiceRow row;
    if (parser.parse(line, parts, row)) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace cluster::config
