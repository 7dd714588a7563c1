#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "config/keys.h"
#include "config/load.h"
#include "config/values.h"
#include "tests/unit/config/temp_config.h"

namespace cluster::config {
namespace {

Loaded loaded(const TempConfig& config, const std::string& conf) {
  config.write("cluster.conf", conf);
  const Outcome outcome = config.load();
  EXPECT_TRUE(outcome.loaded) << conf << joined(outcome.faults);
  return outcome.loaded.value_or(Loaded{});
}

TEST(ClusterConf, HasItsDefaults) {
  const TempConfig config;
  const Loaded got = loaded(config, "id = 1");
  EXPECT_EQ(got.core.self, HostId(1));
  EXPECT_EQ(got.core.beat_interval, seconds(1));
  EXPECT_EQ(got.core.dead_time, seconds(5));
  EXPECT_EQ(got.port, 35790);
  EXPECT_EQ(got.core.port, 35790);
  EXPECT_EQ(got.verbosity, 3);
  EXPECT_TRUE(got.listen.empty());
  EXPECT_EQ(got.service_dir, config.path("services.d"));
  EXPECT_EQ(got.core.services.at(0).failback, core::Failback{});
  EXPECT_EQ(got.core.services.at(0).ownership, core::Ownership::kPeers);
}

TEST(ClusterConf, TheTablesDefaultsAreThoseInForce) {
  const TempConfig config;
  const Loaded got = loaded(config, "id = 1");
  const auto initial = [](std::span<const Key> keys, const char* name) {
    return std::string(find_key(keys, name)->initial);
  };
  const auto cluster = cluster_conf_keys();
  EXPECT_EQ(parse_time(initial(cluster, "beat_interval")), got.core.beat_interval);
  EXPECT_EQ(parse_time(initial(cluster, "dead_time")), got.core.dead_time);
  EXPECT_EQ(initial(cluster, "verbosity"), std::to_string(got.verbosity));
  EXPECT_EQ(initial(cluster, "failback"), "immediate");
  EXPECT_EQ(parse_time(initial(cluster, "retain")), got.retain);
  EXPECT_EQ(parse_time(initial(cluster, "tombstone_keep")), got.tombstone_keep);
  const core::ServiceEntry& service = got.core.services.at(0);
  const auto keys = service_conf_keys();
  EXPECT_EQ(parse_time(initial(keys, "start_timeout")), service.start_timeout);
  EXPECT_EQ(parse_time(initial(keys, "stop_timeout")), service.stop_timeout);
  EXPECT_EQ(parse_time(initial(keys, "status_interval")), service.status_interval);
  EXPECT_EQ(parse_time(initial(keys, "status_timeout")), service.status_timeout);
  EXPECT_EQ(parse_time(initial(keys, "failure_window")), service.failure_window);
  EXPECT_EQ(initial(keys, "max_failures"), std::to_string(service.max_failures));
  EXPECT_EQ(initial(keys, "fall"), std::to_string(service.fall));
  EXPECT_EQ(initial(keys, "rise"), std::to_string(service.rise));
}

TEST(ClusterConf, ReadsEveryKeyInEveryForm) {
  const TempConfig config;
  std::filesystem::create_directories(config.path("elsewhere"));
  std::filesystem::copy(config.path("services.d"), config.path("elsewhere"),
                        std::filesystem::copy_options::recursive);
  const Loaded got = loaded(config,
                            "# a comment\n// another\n/* and\n one more */\r\n"
                            "id=2   port = \"4000\" # behind\n"
                            "listen = {\"127.0.0.1\", # in the list\n  '[::1]', 10.0.0.1,}\n"
                            "beat_interval = 0.25\ndead_time=\"1.5s\"verbosity = '5'\n"
                            "failback = \"10m\"\nownership = peers\n"
                            "probe = {192.0.2.1, \"192.0.2.1:53\", \"2001:db8::1\", "
                            "\"[2001:db8::1]:443\"}\n"
                            "status_listen = {\"127.0.0.1:80\", \"[0::1]:81\"}\n"
                            "service_dir = \"" +
                                config.path("elsewhere") + "\"");
  EXPECT_EQ(got.core.self, HostId(2));
  EXPECT_EQ(got.port, 4000);
  EXPECT_EQ(got.listen, (std::vector<std::string>{"127.0.0.1", "::1", "10.0.0.1"}));
  EXPECT_EQ(got.core.probe,
            (std::vector<core::ProbeTarget>{
                {"192.0.2.1", 0}, {"192.0.2.1", 53}, {"2001:db8::1", 0}, {"2001:db8::1", 443}}));
  EXPECT_EQ(got.status_listen, (std::vector<PortAddress>{{"127.0.0.1", 80}, {"::1", 81}}));
  EXPECT_EQ(got.core.beat_interval, milliseconds(250));
  EXPECT_EQ(got.core.dead_time, milliseconds(1500));
  EXPECT_EQ(got.verbosity, 5);
  EXPECT_EQ(got.core.services.at(0).failback, (core::Failback{false, minutes(10)}));
  EXPECT_EQ(got.service_dir, config.path("elsewhere"));
}

TEST(ClusterConf, TakesOneListenAddressOrAList) {
  const TempConfig config;
  EXPECT_EQ(loaded(config, "id = 1\nlisten = 127.0.0.1\n").listen,
            std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(loaded(config, "id = 1\nlisten = {\"127.0.0.1\"}\n").listen,
            std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(loaded(config, "id = 1\nlisten = \"::\"\n").listen, std::vector<std::string>{"::"});
}

TEST(ClusterConf, AMissingFinalNewlineAndCarriageReturnsAreFine) {
  const TempConfig config;
  EXPECT_EQ(loaded(config, "id = 1\r\ndead_time = 7\r\n").core.dead_time, seconds(7));
  EXPECT_EQ(loaded(config, "id = 1\ndead_time = 8").core.dead_time, seconds(8));
}

TEST(ClusterConf, RefusesEachFaultWithItsLine) {
  const std::vector<FaultCase> cases = {
      {"unknown key", "id = 1\n\nbeat_intervall = 1\n", 3, "unknown key 'beat_intervall'",
       "beat_interval"},
      {"capitals", "id = 1\nPort = 1\n", 2, "unknown key 'Port'", "port"},
      {"unknown section", "id = 1\nfolder x {\n path = \"/x\"\n}\n", 2, "unknown section 'folder'",
       "one of"},
      {"key of a service", "id = 1\nstart_timeout = 5\n", 2, "belongs into a service.conf",
       "one of"},
      {"repeated key", "id = 1\ndead_time = 6\n# x\ndead_time = 6\n", 4, "again, after line 2",
       "once"},
      {"repeated list", "id = 1\nlisten = {\"::\"}\nlisten = {\"127.0.0.1\"}\n", 3,
       "again, after line 2", "once"},
      {"repeated on one line", "id = 1\nport = 1 port = 1\n", 2, "again, after line 2", "once"},
      {"comment not closed", "id = 1\n/* for ever\nport = 5\n", 2, "comment that starts here",
       "*/"},
      {"string not closed", "id = 1\nlisten = \"127.0.0.1\nport = 35790\n", 2,
       "string that starts here", "\""},
      {"apostrophe not closed", "id = 1\nlisten = '127.0.0.1\n", 2, "string that starts here", "'"},
      {"list not closed", "id = 1\nlisten = {\"127.0.0.1\"\ndead_time = 6\n", 2, "not closed",
       "'}'"},
      {"list not closed at the end", "id = 1\nlisten = {\"127.0.0.1\",", 2, "not closed", "'}'"},
      {"list without comma", "id = 1\nlisten = {\"127.0.0.1\" \"::1\"}\n", 2, "goes on with",
       "','"},
      {"list without value", "id = 1\nlisten = {,}\n", 2, "goes on with ','", "a value"},
      {"empty list", "id = 1\nlisten = {}\n", 2, "empty list", "at least one"},
      {"stray brace", "id = 1\n}\n", 2, "stray '}'", "KEY = VALUE"},
      {"no equals sign", "id = 1\ndead_time 6\n", 2, "after 'dead_time' comes '6'", "'='"},
      {"no value", "id = 1\ndead_time =\nverbosity = 1\n", 2, "'dead_time' has no value",
       "on its line"},
      {"no value at the end", "id = 1\ndead_time =", 2, "'dead_time' has no value", "on its line"},
      {"two values", "id = 1\ndead_time = 6 7\n", 2, "'7' stands where a key", "KEY = VALUE"},
      {"stray star", "id = 1\ndead_time = 6*\n", 2, "stray '*'", "KEY = VALUE"},
      {"appending", "id = 1\nlisten += \"127.0.0.1\"\n", 2, "'+='", "the whole list"},
      {"function", "id = 1\ninclude(\"/etc/passwd\")\n", 2, "like a function", "KEY = VALUE"},
      {"environment", "id = 1\nverbosity = ${HOME}\n", 2, "environment", "the value itself"},
      {"environment in a string", "id = 1\nservice_dir = \"/${HOME}\"\n", 2, "environment",
       "value itself"},
      {"escaped NUL", "id = 1\nservice_dir = \"/a\\0b\"\n", 2, "escape by number",
       "character itself"},
      {"quoted key", "id = 1\n\"dead_time\" = 6\n", 2, "stands where a key should", "KEY = VALUE"},
      {"key by path", "id = 1\nsync|path = 6\n", 2, "stands where a key should", "KEY = VALUE"},
      {"section for a key", "id = 1\ndead_time {\n}\n", 2, "is not a section", "dead_time = VALUE"},
      {"key for a section", "id = 1\nsync = 1\n", 2, "is a section", "sync NAME {"},
      {"list for one value", "id = 1\ndead_time = {6}\n", 2, "is given a list", "one value"},

      {"negative", "id = 1\nbeat_interval = -1\n", 2, "beat_interval is '-1'",
       "a time from 10ms to 10m"},
      {"zero", "id = 1\nbeat_interval = 0\n", 2, "beat_interval is '0'", "a time from 10ms"},
      {"absurd", "id = 1\ndead_time = \"300d\"\n", 2, "dead_time is '300d'", "to 1h"},
      {"enormous", "id = 1\ndead_time = 1e99\n", 2, "dead_time is '1e99'", "a time from"},
      {"unit unknown", "id = 1\ndead_time = \"5 parsecs\"\n", 2, "'5 parsecs'", "\"250ms\""},
      {"empty text", "id = 1\ndead_time = \"\"\n", 2, "dead_time is ''", "a time from"},
      {"not a number", "id = 1\nverbosity = much\n", 2, "verbosity is 'much'", "from 0 to 5"},
      {"verbosity over 5", "id = 1\nverbosity = 6\n", 2, "verbosity is '6'", "from 0 to 5"},
      {"port 0", "id = 1\nport = 0\n", 2, "port is '0'", "from 1 to 65535"},
      {"port 65536", "id = 1\nport = 65536\n", 2, "port is '65536'", "from 1 to 65535"},
      {"dead equals beat", "id = 1\nbeat_interval = 5\n", 2, "beat_interval 5s",
       "greater than beat_interval"},
      {"dead below beat", "id = 1\ndead_time = 0.5\n", 2, "dead_time is 500ms",
       "greater than beat_interval"},
      {"failback", "id = 1\nfailback = sometimes\n", 2, "failback is 'sometimes'",
       "immediate, never"},
      {"ownership later", "id = 1\nownership = etcd\n", 2, "not supported", "peers or majority"},
      {"ownership unknown", "id = 1\nownership = mine\n", 2, "ownership is 'mine'", "one of peers"},
      {"listen name", "id = 1\nlisten = localhost\n", 2, "listen names 'localhost'",
       "IPv4 or IPv6"},
      {"listen with port", "id = 1\nlisten = \"127.0.0.1:80\"\n", 2, "'127.0.0.1:80'",
       "without port"},
      {"listen twice", "id = 1\nlisten = {\"::1\", \"[0:0::1]\"}\n", 2, "twice", "once"},
      {"listen multicast", "id = 1\nlisten = 224.0.0.1\n", 2, "multicast", "address of this host"},
      {"probe name", "id = 1\nprobe = router.example.com\n", 2, "probe names 'router.example.com'",
       "IPv4 or IPv6"},
      {"probe port", "id = 1\nprobe = \"192.0.2.1:99999\"\n", 2, "'192.0.2.1:99999'", "IPV4:PORT"},
      {"probe twice", "id = 1\nprobe = {\"192.0.2.1\", \"192.0.2.1\"}\n", 2, "twice", "once"},
      {"status_listen without a port", "id = 1\nstatus_listen = \"127.0.0.1\"\n", 2, "'127.0.0.1'",
       "IPV4:PORT"},
      {"status_listen by name", "id = 1\nstatus_listen = \"localhost:80\"\n", 2, "'localhost:80'",
       "IPV4:PORT"},
      {"status_listen twice", "id = 1\nstatus_listen = {\"[::1]:80\", \"[0::1]:80\"}\n", 2, "twice",
       "once"},
      {"probe itself", "id = 1\nprobe = \"[::1]:22\"\n", 2, "this host itself", "outside"},
      {"probe nowhere", "id = 1\nprobe = 0.0.0.0\n", 2, "address of no host", "outside"},
      {"relative service_dir", "id = 1\nservice_dir = services\n", 2, "'services'",
       "an absolute path"},
      {"service_dir nowhere", "id = 1\nservice_dir = /no/such/folder\n", 2, "no folder is",
       "existing folder"},
      {"id of no line", "id = 7\n", 1, "id is 7",
       "1 server1.example.com, 2 server2.example.com, 3 laptop1"},

      {"NUL", std::string("id = 1\nport = 1\0\n", 17), 2, "NUL", "text"},
      {"not UTF-8", "id = 1\n# caf\xe9\n", 2, "UTF-8", "UTF-8"},
      {"overlong UTF-8", "id = 1\n# \xc0\xaf\n", 2, "UTF-8", "UTF-8"},
      {"surrogate", "id = 1\n# \xed\xa0\x80\n", 2, "UTF-8", "UTF-8"},
      {"control character", "id = 1\n# \x07\n", 2, "0x07", "text"},
      {"CR within a line", "id = 1\n# a\rid = 2\n", 2, "carriage return", "newline"},
      {"byte order mark", "\xef\xbb\xbfid = 1\n", 1, "byte order mark", "without one"},
      {"long line", "id = 1\n#" + std::string(5000, 'x') + "\n", 2, "5001 bytes", "at most 4096"},
      {"large file", std::string(2 * 1024 * 1024, '\n'), 1, "more than", "configuration file"},
  };
  for (const FaultCase& one : cases) {
    const TempConfig config;
    // What is not readable has no id; by name the host is found all the same.
    config.write(
        "hosts",
        "server1.example.com password1\nserver2.example.com password2\nlaptop1,open password3\n");
    SCOPED_TRACE(one.what);
    config.write("cluster.conf", one.content);
    Options options = config.options();
    options.local = [] { return LocalIdentity{"server1", "server1.example.com", {}}; };
    const Outcome outcome = load(options);
    ASSERT_EQ(outcome.faults.size(), 1u) << joined(outcome.faults);
    const Fault& fault = outcome.faults.front();
    EXPECT_EQ(fault.file, config.path("cluster.conf"));
    EXPECT_EQ(fault.line, one.line) << fault.text;
    const size_t middle = fault.text.find("; expected ");
    ASSERT_NE(middle, std::string::npos) << fault.text;
    EXPECT_NE(fault.text.substr(0, middle).find(one.wrong), std::string::npos) << fault.text;
    EXPECT_NE(fault.text.substr(middle).find(one.expected), std::string::npos) << fault.text;
    EXPECT_FALSE(outcome.loaded);
  }
}

TEST(ClusterConf, WhoIsToldOfWhat) {
  const TempConfig config;
  config.write("cluster.conf",
               "id = 1\nemail = \"admin@example.com\"\ntext_alerts = {\"555@sms.example.com\", "
               "root}\nmonitor = {2, \"laptop1\"}\nsendmail = /bin/true\nalert_timeout = 5\n");
  const Outcome outcome = load(config.options());
  ASSERT_TRUE(outcome.loaded) << joined(outcome.faults);
  EXPECT_EQ(outcome.loaded->email, std::vector<std::string>{"admin@example.com"});
  EXPECT_EQ(outcome.loaded->text_alerts, (std::vector<std::string>{"555@sms.example.com", "root"}));
  EXPECT_EQ(outcome.loaded->core.monitor, (std::vector<HostId>{HostId(2), HostId(3)}));
  EXPECT_EQ(outcome.loaded->sendmail, "/bin/true");
  EXPECT_EQ(outcome.loaded->alert_timeout, seconds(5));
  EXPECT_EQ(outcome.loaded->alerts_dir, config.path("alerts.d"));
  EXPECT_TRUE(outcome.warnings.empty());
  config.write("cluster.conf", "id = 1\nmonitor = all\n");
  EXPECT_FALSE(load(config.options()).loaded->core.monitor);
}

TEST(ClusterConf, AMailerThatIsNotThereIsAWarning) {
  const TempConfig config;
  config.write("cluster.conf", "id = 1\nemail = root\nsendmail = /nonexistent/sendmail\n");
  const Outcome outcome = load(config.options());
  EXPECT_TRUE(outcome.loaded);
  ASSERT_EQ(outcome.warnings.size(), 1U);
  EXPECT_EQ(outcome.warnings.front().line, 3);
}

TEST(ClusterConf, WhatIsNoAddressOrNoHostIsAFault) {
  for (const char* text : {"\"a b@example.com\"", "\"-oQ/tmp@example.com\"", "\"a@b@c\"", "\"@x\"",
                           "\"a@\"", "\"a@b,c@d\"", "{}", "{root, root}"}) {
    const TempConfig config;
    SCOPED_TRACE(text);
    config.write("cluster.conf",
                 std::string("id = 1\nsendmail = /bin/true\nemail = ") + text + "\n");
    const Outcome outcome = load(config.options());
    ASSERT_EQ(outcome.faults.size(), 1U) << joined(outcome.faults);
    EXPECT_EQ(outcome.faults.front().line, 3);
  }
  for (const char* text : {"9", "nobody", "{1, server1.example.com}", "{}"}) {
    const TempConfig config;
    SCOPED_TRACE(text);
    config.write("cluster.conf", std::string("id = 1\n\nmonitor = ") + text + "\n");
    const Outcome outcome = load(config.options());
    ASSERT_EQ(outcome.faults.size(), 1U) << joined(outcome.faults);
    EXPECT_EQ(outcome.faults.front().line, 3);
  }
}

TEST(ClusterConf, RefusesWhatIsNotBuiltYetAsUnsupported) {
  for (const char* key : {"ownership = zookeeper", "ownership = etcd"}) {
    const TempConfig config;
    expect_only_fault(
        config, "services.d/web/service.conf",
        {key, std::string("\n") + key + "\n", 2, "not supported by this version", ""});
  }
}

TEST(ClusterConf, TheInsideOfASectionIsReadWhateverIsWrongWithIt) {
  const TempConfig config;
  config.write("cluster.conf",
               "id = 1\nsync \"w w\" {\n  path = \"/srv\"\n  pathh = \"/srv\"\n  path = "
               "\"/x\"\n}\ndead_time = x\nsync www {\n  path = \"/srv/a\"\n}\nsync 'www' {\n"
               "  path = \"/srv/b\"\n  sync c {\n  }\n}\n");
  const Outcome outcome = config.load();
  const std::string path = config.path("cluster.conf");
  EXPECT_EQ(outcome.faults.size(), 6u) << joined(outcome.faults);
  EXPECT_TRUE(has(outcome.faults, path, 2, "the name of a section 'sync' is 'w w'"));
  EXPECT_TRUE(has(outcome.faults, path, 4, "unknown key 'pathh' in the section 'sync' 'w w'"));
  EXPECT_TRUE(has(outcome.faults, path, 5, "the key 'path' stands here again, after line 3"));
  EXPECT_TRUE(has(outcome.faults, path, 7, "dead_time is 'x'"));
  EXPECT_TRUE(
      has(outcome.faults, path, 11, "the section 'sync' 'www' stands here again, after line 8"));
  EXPECT_TRUE(has(outcome.faults, path, 13, "unknown section 'sync' in the section 'sync' 'www'"));
}

TEST(ClusterConf, AnUnclosedSectionIsAFaultAtItsOwnLine) {
  const TempConfig config;
  config.write("cluster.conf", "id = 1\n\nsync www {\n  path = \"/srv\"\ndead_time = 7\n");
  EXPECT_EQ(joined(config.load().faults),
            config.path("cluster.conf") +
                ":3: the section 'sync' is not closed; expected '}' after it\n");
}

TEST(ClusterConf, DeepNestingEnds) {
  const TempConfig config;
  std::string deep = "id = 1\n";
  for (int i = 0; i < 1000; ++i) deep += "sync a {\n";
  config.write("cluster.conf", deep);
  EXPECT_TRUE(has(config.load().faults, config.path("cluster.conf"), 10, "nested too deeply"))
      << joined(config.load().faults);
}

TEST(ClusterConf, GathersEveryFault) {
  const TempConfig config;
  config.write(
      "cluster.conf",
      "id = 1\nbeat_interval = no\nnonsense = 1\nverbosity = 9\nlisten = \"x\nport = 70000\n");
  const Outcome outcome = config.load();
  for (int line = 2; line <= 6; ++line) {
    EXPECT_TRUE(has(outcome.faults, config.path("cluster.conf"), line, "; expected ")) << line;
  }
  EXPECT_EQ(outcome.faults.size(), 5u) << joined(outcome.faults);
}

TEST(ClusterConf, AFaultInOneFileDoesNotSpoilTheNextRead) {
  const TempConfig config;
  for (const char* broken : {"id = '", "id = \"", "id = \"\\777\"", "/*", "sync x {", "id = {"}) {
    config.write("cluster.conf", broken);
    EXPECT_FALSE(config.load().loaded) << broken;
    EXPECT_EQ(loaded(config, "id = 2\n").core.self, HostId(2)) << broken;
  }
}

TEST(ClusterConf, WarnsOfADeadTimeUnderTwoBeats) {
  const TempConfig config;
  config.write("cluster.conf", "id = 1\ndead_time = 1.5\n");
  const Outcome outcome = config.load();
  EXPECT_TRUE(outcome.loaded);
  EXPECT_TRUE(has(outcome.warnings, config.path("cluster.conf"), 2, "one late keepalive"));
}

TEST(Keys, TheTableTellsEachKeyOnce) {
  const std::string table = key_table();
  EXPECT_NE(table.find("cluster.conf\tdead_time\ta time from 10ms to 1h"), std::string::npos)
      << table;
  EXPECT_NE(
      table.find("service.conf\tmax_failures\ta whole number from 1 to 1000\t3\treload\tbuilt\t"),
      std::string::npos);
  for (const auto keys : {cluster_conf_keys(), service_conf_keys(), sync_section_keys()}) {
    for (const Key& key : keys) EXPECT_EQ(find_key(keys, key.name), &key) << key.name;
  }
}

}  // namespace
}  // namespace cluster::config
