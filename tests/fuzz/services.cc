// The services file and a service.conf: two files in one input, split by a line "%%".
#include "config/services.h"

#include <set>

#include "config/conf_file.h"
#include "config/hosts.h"
#include "config/keys.h"
#include "tests/fuzz/config.h"

namespace cluster::fuzz {
namespace {

using config::Report;

const config::Hosts& some_hosts() {
  static const config::Hosts hosts = [] {
    Report report;
    return config::parse_hosts(
        config::split_text("hosts", "one passphrase1\ntwo passphrase2\n\nlaptop,passphrase4\n",
                           report),
        report);
  }();
  return hosts;
}

void check_services(const std::string& text, const config::Hosts* hosts) {
  Report report;
  const auto rows =
      config::parse_services(config::split_text("services", text, report), hosts, report);
  check_report(report, text);
  ENSURE(rows.size() <= config::kMaxServices);
  std::set<std::string> names;
  for (const config::ServiceRow& row : rows) {
    ENSURE(config::is_service_name(row.entry.name) && names.insert(row.entry.name).second);
    ENSURE(row.line >= 1 && row.line <= lines_of(text));
    std::set<HostId> once;
    for (const HostId host : row.entry.preference) {
      ENSURE(host && once.insert(host).second);
      ENSURE(hosts == nullptr || hosts->find(host) != nullptr);
    }
    ENSURE(!once.empty());
  }
}

// Every key is asked for as what it is.
void check_service_conf(const std::string& text) {
  Report report;
  const config::ConfValues values = config::parse_conf(
      config::split_text("service.conf", text, report), config::ConfKind::kService, report);
  for (const config::Key& key : config::service_conf_keys()) {
    if (key.built != config::Built::kYes) {
      ENSURE(values.find(key.name) == nullptr || !report.ok());
      continue;
    }
    switch (key.type) {
      case config::KeyType::kTime: {
        const auto time = values.time(key.name, report);
        ENSURE(!time || (time->count() >= key.low && time->count() <= key.high));
        break;
      }
      case config::KeyType::kNumber: {
        const auto number = values.number(key.name, report);
        ENSURE(!number || (*number >= static_cast<uint64_t>(key.low) &&
                           *number <= static_cast<uint64_t>(key.high)));
        break;
      }
      case config::KeyType::kFailback: static_cast<void>(values.failback(key.name, report)); break;
      default:
        if (key.name == "ownership") static_cast<void>(values.ownership(key.name, report));
    }
  }
  check_report(report, text);
}

}  // namespace
}  // namespace cluster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace cluster::fuzz;
  const auto files = split_files({reinterpret_cast<const char*>(bytes), size});
  check_services(files[0], &some_hosts());
  check_services(files[0], nullptr);
  check_service_conf(files.size() > 1 ? files[1] : files[0]);
  return 0;
}
