// Valid files with random damage: whatever is read, nothing crashes, every fault is one line of text with a
// real line number, and there is a configuration exactly where there is no fault.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/rng.h"
#include "config/cluster_conf.h"
#include "config/conf_file.h"
#include "config/hosts.h"
#include "config/scan.h"
#include "config/services.h"
#include "tests/unit/config/temp_config.h"

namespace cluster::config {
namespace {

constexpr int kRounds = 8'000;
constexpr int kRoundsOnDisk = 300;

const std::string kConf =
    "# settings\nid = 1\nport = 35790 // here\nlisten = {\"127.0.0.1\", '::1'}\nbeat_interval = "
    "0.25\n"
    "dead_time = \"1.5s\"\n/* more\n   of it */\nverbosity = 4\nfailback = \"10m\"\nownership = "
    "peers\n"
    "sync www {\n  path = \"/srv\\\"x\"\n  hosts = {1, 2}\n}\n";
const std::string kHosts =
    "server1.example.com password1\n# no\n\n[2001:db8::1]:4000 password2\r\nlaptop1,open "
    "password3\n";
const std::string kServices = "# s\nweb 1 4 5\nmail 5 1\n";
const std::string kServiceConf = "start_timeout = 5\nfailback = never\nmax_failures = 2\n";

std::string damaged(std::string text, Rng& rng) {
  static const std::string kPieces[] = {"{",
                                        "}",
                                        "\"",
                                        "'",
                                        "/*",
                                        "*/",
                                        "#",
                                        "=",
                                        "+=",
                                        ",",
                                        "(",
                                        ")",
                                        "\\",
                                        "\n",
                                        "${",
                                        "\xff",
                                        std::string(1, '\0'),
                                        "\r",
                                        "id",
                                        "sync x {",
                                        "\t",
                                        "0",
                                        "\\0",
                                        "\xef\xbb\xbf",
                                        "[",
                                        "]",
                                        ":",
                                        "//",
                                        "|",
                                        "*"};
  for (uint64_t n = 1 + rng.below(4); n > 0; --n) {
    const size_t at = rng.below(text.size() + 1);
    switch (rng.below(5)) {
      case 0: text.insert(at, kPieces[rng.below(std::size(kPieces))]); break;
      case 1: text.erase(at, 1 + rng.below(8)); break;
      case 2: text.resize(at); break;
      case 3: text.insert(at, text.substr(rng.below(text.size() + 1), rng.below(40))); break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(rng.below(256));
    }
  }
  return text;
}

void expect_sane(const Report& report, const std::string& text) {
  const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  for (const Fault& fault : report.faults()) {
    EXPECT_GE(fault.line, 1);
    EXPECT_LE(fault.line, lines) << text;
    EXPECT_NE(fault.text.find("; expected "), std::string::npos) << fault.text;
    EXPECT_TRUE(is_utf8(fault.text)) << text;
    for (const char c : fault.text)
      EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20) << fault.text;
    // The scan must have found by itself whatever libconfuse refuses.
    EXPECT_EQ(fault.text.find("libconfuse"), std::string::npos) << fault.text << "\n" << text;
  }
}

TEST(Mutation, TheParsersTakeAnything) {
  Rng rng(20'251'120);
  for (int i = 0; i < kRounds && !::testing::Test::HasFailure(); ++i) {
    Report conf;
    const std::string conf_text = damaged(kConf, rng);
    parse_cluster_conf(split_text("c", conf_text, conf), conf);
    expect_sane(conf, conf_text);

    Report service;
    const std::string service_text = damaged(kServiceConf, rng);
    parse_conf(split_text("s", service_text, service), ConfKind::kService, service);
    expect_sane(service, service_text);

    Report hosts_report;
    const std::string hosts_text = damaged(kHosts, rng);
    const Hosts hosts = parse_hosts(split_text("h", hosts_text, hosts_report), hosts_report);
    expect_sane(hosts_report, hosts_text);
    for (const core::HostEntry& entry : hosts.entries) EXPECT_TRUE(hosts.named.contains(entry.id));

    Report services_report;
    const std::string services_text = damaged(kServices, rng);
    for (const ServiceRow& row :
         parse_services(split_text("v", services_text, services_report), &hosts, services_report)) {
      EXPECT_TRUE(is_service_name(row.entry.name));
      EXPECT_FALSE(row.entry.preference.empty());
    }
    expect_sane(services_report, services_text);
  }
}

TEST(Mutation, AConfigurationExistsExactlyWithoutFaults) {
  Rng rng(7);
  const TempConfig config;
  int sound = 0;
  for (int i = 0; i < kRoundsOnDisk; ++i) {
    const auto maybe = [&](const std::string& text) {
      return rng.chance(0.4) ? damaged(text, rng) : text;
    };
    config.write("cluster.conf", maybe("id = 1\nlisten = {\"127.0.0.1\"}\ndead_time = 6\n"));
    config.write("hosts", maybe(kHosts));
    config.write("services", maybe("web 1 4 5\n"));
    config.write("services.d/web/service.conf", maybe(kServiceConf));
    for (const Mode mode : {Mode::kCheck, Mode::kStart}) {
      const Outcome outcome = config.load(mode);
      EXPECT_EQ(outcome.loaded.has_value(), outcome.faults.empty());
      if (!outcome.loaded) continue;
      ++sound;
      EXPECT_NE(outcome.loaded->core.host(outcome.loaded->core.self), nullptr);
      EXPECT_EQ(outcome.loaded->passphrases.size(), outcome.loaded->core.hosts.size());
      EXPECT_GT(outcome.loaded->core.dead_time, outcome.loaded->core.beat_interval);
    }
  }
  EXPECT_GT(sound, 0);
}

}  // namespace
}  // namespace cluster::config
