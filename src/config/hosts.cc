#include "config/hosts.h"

#include <sys/stat.h>

#include <cstdio>
#include <utility>

#include "base/result.h"
#include "config/address.h"
#include "config/values.h"

namespace cluster::config {

namespace {

constexpr size_t kMaxCandidates = 16;  // shown in one message
constexpr std::string_view kSyntax = "ADDRESS[:PORT] PASSPHRASE or NAME,PASSPHRASE";

void check_mode(const TextFile& text, Report& report) {
  if ((text.mode & (S_IROTH | S_IWOTH)) == 0) return;
  char mode[16];
  std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(text.mode));
  const bool readable = (text.mode & S_IROTH) != 0;
  report.warn(text.path, 1,
              std::string("every user of this host may ") + (readable ? "read" : "write") +
                  " this file and its passphrases (mode " + mode +
                  "); expected mode 0600, or 0640 with a group of its own");
}

Result<core::HostEntry> parse_entry(HostId id, std::string_view address, bool dynamic) {
  core::HostEntry entry;
  entry.id = id;
  entry.dynamic = dynamic;
  if (dynamic) {
    if (!is_host_name(address)) {
      return Error{in_quotes(address) +
                   " before a comma is no name of a dynamic host; expected letters, digits, "
                   "'-', '_' and '.', or a blank after the address instead of the comma"};
    }
    entry.name = address;
    return entry;
  }
  auto parsed = parse_host_address(address);
  if (!parsed) return Error{parsed.error()};
  entry.name = std::move(parsed->name);
  entry.address = std::move(parsed->address);
  entry.port = parsed->port;
  return entry;
}

}  // namespace

const core::HostEntry* Hosts::find(HostId id) const {
  for (const core::HostEntry& entry : entries) {
    if (entry.id == id) return &entry;
  }
  return nullptr;
}

std::optional<HostId> Hosts::named_by(const std::string& word) const {
  if (const auto number = parse_number(word, kMaxHostId)) {
    const HostId id(static_cast<uint32_t>(*number));
    if (named.contains(id)) return id;
  }
  for (const core::HostEntry& host : entries)
    if (comparable_name(host.name) == comparable_name(word)) return host.id;
  return std::nullopt;
}

std::string Hosts::candidates() const {
  std::string out;
  size_t shown = 0;
  for (const core::HostEntry& entry : entries) {
    if (shown++ == kMaxCandidates) return out + ", …";
    if (!out.empty()) out += ", ";
    out += std::to_string(entry.id.value) + " " + entry.name;
  }
  return out;
}

Hosts parse_hosts(const TextFile& text, Report& report) {
  Hosts hosts;
  hosts.path = text.path;
  hosts.lines = text.lines.size();
  check_mode(text, report);

  std::map<std::string, HostId> known;
  for (const Line& line : text.lines) {
    if (line.sound && (line.text.empty() || line.text.starts_with('#'))) continue;
    const HostId id(static_cast<uint32_t>(line.number));
    if (id.value > kMaxHostId || hosts.named.size() == kMaxHosts) {
      report.fault(text.path, line.number, "there is a host too many",
                   "at most " + std::to_string(kMaxHosts) + " hosts, within the first " +
                       std::to_string(kMaxHostId) + " lines");
      break;
    }
    hosts.named.insert(id);
    if (!line.sound) continue;
    auto refuse = [&](const std::string& wrong, const std::string& expected) {
      report.fault(text.path, line.number, wrong, expected);
    };

    if (is_blank(line.text.front()) || line.text.front() == ',') {
      refuse("the line does not start with an address or a name",
             std::string(kSyntax) + " from the first column");
      continue;
    }
    const size_t separator = line.text.find_first_of(" \t,");
    const std::string_view whole = line.text;
    const std::string_view address = whole.substr(0, separator);
    const bool missing = separator == std::string::npos || separator + 1 == whole.size();
    const std::string_view passphrase = missing ? std::string_view() : whole.substr(separator + 1);
    const bool dynamic = separator != std::string::npos && whole[separator] == ',';

    auto entry = parse_entry(id, address, dynamic);
    if (!entry) {
      report.fault(text.path, line.number, Error{entry.error()});
    } else {
      const auto [first, fresh] = known.try_emplace(comparable_name(entry->name), id);
      if (fresh) {
        hosts.entries.push_back(*entry);
      } else {
        refuse(in_quotes(entry->name) + " stands here again, after line " +
                   std::to_string(first->second.value),
               "each host once");
      }
    }

    if (missing) {
      refuse("the passphrase of " + in_quotes(address) + " is missing", kSyntax.data());
    } else if (passphrase.size() < kMinPassphraseBytes) {
      refuse("the passphrase of " + in_quotes(address) + " has " +
                 std::to_string(passphrase.size()) + (passphrase.size() == 1 ? " byte" : " bytes"),
             "at least " + std::to_string(kMinPassphraseBytes));
    } else {
      hosts.passphrases.emplace(id, passphrase);
      if (is_blank(passphrase.front())) {
        report.warn(
            text.path, line.number,
            "the passphrase of " + in_quotes(address) +
                " starts with a blank, which is part of it; expected one blank or comma between");
      }
    }
  }
  if (hosts.named.empty()) {
    report.fault(text.path, 1, "the file names no host", std::string("lines of ") + kSyntax.data());
  }
  return hosts;
}

}  // namespace cluster::config
