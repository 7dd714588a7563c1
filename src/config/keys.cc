#include "config/keys.h"

#include "base/ensure.h"
#include "config/values.h"

namespace cluster::config {

namespace {

constexpr int64_t ns(Duration time) { return time.count(); }
constexpr int64_t kShortest = ns(milliseconds(10));

using enum KeyType;

constexpr Key kClusterConf[] = {
    {"id", kNumber, "", 1, 65535, "", Restart::kYes, Built::kYes,
     "the line of hosts that is this host; without it the line is found by host name or address",
     Scope::kHost},
    {"port", kNumber, "", 1, 65535, "", Restart::kYes, Built::kYes,
     "the TCP port to listen on; without it that of this host's line, else 35790", Scope::kHost},
    {"listen", kList, "", 0, 0, "", Restart::kYes, Built::kYes,
     "the addresses to listen on, IPv4 or IPv6; without it all of them", Scope::kHost},
    {"beat_interval", kTime, "1", kShortest, ns(minutes(10)), "", Restart::kNo, Built::kYes,
     "how often a keepalive is sent on every link; a link uses the slower of both ends"},
    {"dead_time", kTime, "5", kShortest, ns(hours(1)), "", Restart::kNo, Built::kYes,
     "how long a link may be silent before it is closed; more than beat_interval"},
    {"rekey_interval", kTime, "1h", ns(seconds(1)), ns(hours(24 * 30)), "", Restart::kNo,
     Built::kYes, "how often a pair of hosts replaces the secret by which they know each other"},
    {"verbosity", kNumber, "3", 0, 5, "", Restart::kNo, Built::kYes,
     "how much is logged: 0 nothing, 1 errors, 2 warnings, 3 what happens, 4 details, 5 "
     "everything"},
    {"failback", kFailback, "immediate", ns(milliseconds(1)), ns(hours(24 * 30)), "", Restart::kNo,
     Built::kYes,
     "for services that do not set it: when a preferred host that returns takes over; in majority "
     "never"},
    {"ownership", kChoice, "peers", 0, 0, "peers|majority", Restart::kNo, Built::kYes,
     "for services that do not set it: how a host gains the right to run one"},
    {"probe", kList, "", 0, 0, "", Restart::kNo, Built::kYes,
     "addresses outside, asked while no other host is heard: where they are silent as well for "
     "dead_time, this host is offline",
     Scope::kHost},
    {"status_listen", kList, "", 0, 0, "", Restart::kNo, Built::kYes,
     "where the status page, /status.json and /metrics may be read over HTTP: IPV4:PORT or "
     "[IPV6]:PORT; without it nowhere",
     Scope::kHost},
    {"service_dir", kPath, "", 0, 0, "", Restart::kYes, Built::kYes,
     "the folder with the services' folders; without it services.d beside cluster.conf",
     Scope::kHost},
    {"critical_files", kList, "", 0, 0, "", Restart::kNo, Built::kYes,
     "files that are kept alike on all hosts"},
    {"critical_dirs", kList, "", 0, 0, "", Restart::kNo, Built::kYes,
     "folders that are kept alike on all hosts"},
    {"sync", kSection, "", 0, 0, "", Restart::kNo, Built::kYes,
     "a folder that is kept alike on some or all hosts, wherever each has it"},
    {"retain", kTime, "7d", 0, ns(kMaxTime), "", Restart::kNo, Built::kYes,
     "how long versions of files that were replaced or deleted are kept"},
    {"tombstone_keep", kTime, "90d", ns(seconds(1)), ns(kMaxTime), "", Restart::kNo, Built::kYes,
     "how long deletes are remembered for hosts that are away; one that was away for longer only "
     "takes what the others have"},
    {"email", kList, "", 0, 0, "", Restart::kNo, Built::kYes,
     "addresses to which alerts are mailed"},
    {"text_alerts", kList, "", 0, 0, "", Restart::kNo, Built::kYes,
     "addresses to which alerts are mailed as one line of at most 160 characters"},
    {"monitor", kList, "all", 0, 0, "", Restart::kNo, Built::kYes,
     "the hosts, by ID or name, of whose coming and going people are told; all: every one"},
    {"sendmail", kPath, "/usr/sbin/sendmail", 0, 0, "", Restart::kNo, Built::kYes,
     "the program that takes mail"},
    {"alert_timeout", kTime, "30", ns(seconds(1)), ns(seconds(50)), "", Restart::kNo, Built::kYes,
     "how long what tells people of an alert may take before it is killed"},
};

constexpr Key kServiceConf[] = {
    {"start_timeout", kTime, "60", kShortest, ns(hours(24)), "", Restart::kNo, Built::kYes,
     "how long start may take before it is killed"},
    {"stop_timeout", kTime, "60", kShortest, ns(hours(24)), "", Restart::kNo, Built::kYes,
     "how long stop may take before it is killed"},
    {"status_interval", kTime, "10", kShortest, ns(hours(24)), "", Restart::kNo, Built::kYes,
     "how often status runs, where there is one"},
    {"status_timeout", kTime, "10", kShortest, ns(hours(24)), "", Restart::kNo, Built::kYes,
     "how long status may take before it is killed and counts as failed"},
    {"max_failures", kNumber, "3", 1, 1000, "", Restart::kNo, Built::kYes,
     "the failure within failure_window that moves the service; those before restart it in place"},
    {"fall", kNumber, "1", 1, 1000, "", Restart::kNo, Built::kYes,
     "how many failed checks are one failure, unless rise good ones in a row have come between"},
    {"rise", kNumber, "1", 1, 1000, "", Restart::kNo, Built::kYes,
     "how many good checks in a row make good what failed ones there were"},
    {"failure_window", kTime, "10m", kShortest, ns(hours(24 * 30)), "", Restart::kNo, Built::kYes,
     "how long a failure counts"},
    {"failback", kFailback, "immediate", ns(milliseconds(1)), ns(hours(24 * 30)), "", Restart::kNo,
     Built::kYes,
     "when a preferred host that returns takes over; without it as in cluster.conf, in majority "
     "never"},
    {"ownership", kChoice, "peers", 0, 0, "peers|majority", Restart::kNo, Built::kYes,
     "how a host gains the right to run the service; without it as in cluster.conf"},

    {"fence_margin", kTime, "5", kShortest, ns(hours(1)), "", Restart::kNo, Built::kYes,
     "in majority: how long stop may take where a majority is lost, before all is killed"},
    {"fence", kChoice, "kill", 0, 0, "kill|reboot", Restart::kNo, Built::kYes,
     "in majority: restart this host where what was killed cannot be shown to be dead"},
    {"after", kList, "", 0, 0, "", Restart::kNo, Built::kYes,
     "services that run before this one starts; on a host that it leaves it stops before them"},
    {"with", kText, "", 0, 0, "", Restart::kNo, Built::kYes,
     "the service on whose host alone this one runs, after it"},
    {"ocf", kText, "", 0, 0, "", Restart::kNo, Built::kYes,
     "the OCF resource agent that runs the service in the place of scripts, as PROVIDER:TYPE"},
    {"parameters", kList, "", 0, 0, "", Restart::kNo, Built::kYes,
     "what that agent is told, each as NAME=VALUE"},
    {"systemd", kText, "", 0, 0, "", Restart::kNo, Built::kYes,
     "the unit of systemd that is the service, in the place of scripts"},
    {"max_lag", kTime, "", kShortest, ns(hours(24 * 365)), "", Restart::kNo, Built::kYes,
     "how far the files that it owns may be behind where it starts; without it as far as they are"},
};

constexpr Key kSyncSection[] = {
    {"path", kPath, "", 0, 0, "", Restart::kNo, Built::kYes, "the folder on this host",
     Scope::kHost},
    {"mode", kChoice, "newer", 0, 0, "newer|older|merge|owner", Restart::kNo, Built::kYes,
     "which of two edits that did not know of each other stays: the later one, that of the host "
     "that made the file, both, where they touch different lines of a text, or that of the host "
     "which runs the service"},
    {"include", kList, "", 0, 0, "", Restart::kNo, Built::kYes,
     "patterns of the files that are kept alike; without it all"},
    {"exclude", kList, "", 0, 0, "", Restart::kNo, Built::kYes,
     "patterns of files and folders that are not"},
    {"hosts", kList, "", 0, 0, "", Restart::kNo, Built::kYes,
     "the hosts that take part, by ID or name; without it all, in mode owner those of the service"},
    {"allow_setuid", kChoice, "no", 0, 0, "yes|no", Restart::kNo, Built::kYes,
     "whether files from others may be setuid or setgid here"},
    {"service", kText, "", 0, 0, "", Restart::kNo, Built::kYes,
     "in mode owner: the service whose host writes, and the others follow"},
};

std::string time_range(const Key& key) {
  return "a time from " + format_time(Duration(key.low)) + " to " + format_time(Duration(key.high));
}

void append_rows(std::string& out, std::string_view file, std::span<const Key> keys) {
  for (const Key& key : keys) {
    out += file;
    out += '\t';
    out += key.name;
    out += '\t' + expected_value(key) + '\t';
    out += key.initial;
    out += key.restart == Restart::kYes ? "\trestart" : "\treload";
    out += key.built == Built::kYes ? "\tbuilt\t" : "\tlater\t";
    out += key.effect;
    out += '\n';
  }
}

}  // namespace

std::span<const Key> cluster_conf_keys() { return kClusterConf; }
std::span<const Key> service_conf_keys() { return kServiceConf; }
std::span<const Key> sync_section_keys() { return kSyncSection; }

const Key* find_key(std::span<const Key> keys, std::string_view name) {
  for (const Key& key : keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string expected_value(const Key& key) {
  switch (key.type) {
    case kTime:
      if (key.built == Built::kNotYet) return "a time";
      return time_range(key) + ", such as 0.25, \"250ms\", \"1.5s\", \"10m\" or \"1h\"";
    case kNumber:
      return "a whole number from " + std::to_string(key.low) + " to " + std::to_string(key.high);
    case kChoice: return "one of " + std::string(key.choices);
    case kFailback: return "immediate, never, or " + time_range(key);
    case kPath: return "an absolute path";
    case kText: return "a text";
    case kList: return "one value or a list {\"a\", \"b\"}";
    case kSection: return "a section NAME { KEY = VALUE }";
  }
  ENSURE(false, "a key type without its words");
}

std::string names_of(std::span<const Key> keys) {
  std::string out;
  for (const Key& key : keys) {
    if (key.built == Built::kNotYet) continue;
    if (!out.empty()) out += ", ";
    out += key.name;
  }
  return out;
}

std::string key_table() {
  std::string out;
  append_rows(out, "cluster.conf", kClusterConf);
  append_rows(out, "sync", kSyncSection);
  append_rows(out, "service.conf", kServiceConf);
  return out;
}

}  // namespace cluster::config
