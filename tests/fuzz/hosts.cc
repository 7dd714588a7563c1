// The hosts file. Each input is one file.
#include "config/hosts.h"

#include "config/address.h"
#include "tests/fuzz/config.h"

namespace cluster::fuzz {
namespace {

using config::Hosts;
using config::Report;

// Stands in passphrases of the corpus: whoever quotes it has quoted one.
constexpr std::string_view kSecret = "opensesame";

void check_secrecy(const Hosts& hosts, const Report& report, std::string_view text) {
  const size_t first = text.find(kSecret);
  if (first == std::string_view::npos || text.find(kSecret, first + 1) != std::string_view::npos)
    return;
  const bool in_passphrase = std::any_of(
      hosts.passphrases.begin(), hosts.passphrases.end(),
      [](const auto& entry) { return entry.second.find(kSecret) != std::string::npos; });
  if (!in_passphrase) return;
  for (const config::Fault& fault : report.faults())
    ENSURE(fault.text.find(kSecret) == std::string::npos, fault.text.c_str());
}

// The same entries, as a file that a person might write.
std::string written(const Hosts& hosts) {
  std::string out;
  uint32_t line = 1;
  for (const core::HostEntry& entry : hosts.entries) {
    for (; line < entry.id.value; ++line) out += "#\n";
    out += entry.name;
    if (!entry.dynamic) out += ":" + std::to_string(entry.port);
    out += (entry.dynamic ? "," : " ") + hosts.passphrases.at(entry.id) + "\n";
    ++line;
  }
  return out;
}

void check(const Hosts& hosts, const Report& report, std::string_view text) {
  check_report(report, text);
  check_secrecy(hosts, report, text);
  ENSURE(hosts.entries.size() <= hosts.named.size() && hosts.named.size() <= config::kMaxHosts);
  ENSURE(!hosts.named.empty() || !report.ok());
  HostId before;
  for (const core::HostEntry& entry : hosts.entries) {
    ENSURE(before < entry.id && hosts.named.contains(entry.id));
    ENSURE(entry.id.value <= hosts.lines);
    ENSURE(hosts.find(entry.id) == &entry && one_line(entry.name) && !entry.name.empty());
    ENSURE(entry.dynamic == entry.address.empty() && entry.dynamic == (entry.port == 0));
    before = entry.id;
  }
  for (const auto& [id, passphrase] : hosts.passphrases)
    ENSURE(passphrase.size() >= config::kMinPassphraseBytes && hosts.named.contains(id));
  ENSURE(hosts.candidates().size() < 8192);
}

}  // namespace
}  // namespace cluster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace cluster;
  using namespace cluster::fuzz;
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  config::Report report;
  const config::Hosts hosts =
      config::parse_hosts(config::split_text("hosts", text, report), report);
  check(hosts, report, text);
  if (!report.ok()) return 0;

  ENSURE(hosts.entries.size() == hosts.named.size());
  ENSURE(hosts.passphrases.size() == hosts.named.size());
  config::Report again;
  const config::Hosts same =
      config::parse_hosts(config::split_text("hosts", written(hosts), again), again);
  ENSURE(again.ok() && same.entries == hosts.entries && same.passphrases == hosts.passphrases);
  return 0;
}
