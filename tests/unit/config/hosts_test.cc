#include "config/hosts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/address.h"
#include "config/identity.h"
#include "tests/unit/config/temp_config.h"

namespace cluster::config {
namespace {

Hosts parse(const std::string& bytes, Report& report) {
  return parse_hosts(split_text("hosts", bytes, report), report);
}

TEST(HostsFile, ThePhysicalLineIsTheId) {
  Report report;
  const Hosts hosts = parse(
      "# first\n\nserver1.example.com password1\n#server2 password2\n\tlost\n[2001:DB8::1]:4000 "
      "pass,word 3 \t\r\n"
      "laptop1,open password3\n192.0.2.7 with,comma and blank",
      report);
  EXPECT_EQ(report.faults().size(), 1u) << joined(report.faults());
  EXPECT_TRUE(has(report.faults(), "hosts", 5, "does not start with an address"));
  ASSERT_EQ(hosts.entries.size(), 4u);
  EXPECT_EQ(hosts.entries[0], (core::HostEntry{HostId(3), "server1.example.com", false,
                                               "server1.example.com", 35790}));
  EXPECT_EQ(hosts.entries[1],
            (core::HostEntry{HostId(6), "[2001:DB8::1]", false, "2001:db8::1", 4000}));
  EXPECT_EQ(hosts.entries[2], (core::HostEntry{HostId(7), "laptop1", true, "", 0}));
  EXPECT_EQ(hosts.entries[3], (core::HostEntry{HostId(8), "192.0.2.7", false, "192.0.2.7", 35790}));
  EXPECT_EQ(hosts.passphrases.at(HostId(3)), "password1");
  EXPECT_EQ(hosts.passphrases.at(HostId(6)), "pass,word 3");
  EXPECT_EQ(hosts.passphrases.at(HostId(7)), "open password3");
  EXPECT_EQ(hosts.passphrases.at(HostId(8)), "with,comma and blank");
}

TEST(HostsFile, RefusesEachFaultWithItsLine) {
  const std::string good = "server1.example.com password1\n";
  const std::vector<FaultCase> cases = {
      {"short passphrase", good + "b short77\n", 2, "the passphrase of 'b' has 7 bytes",
       "at least 8"},
      {"missing passphrase", good + "server2.example.com\n", 2, "'server2.example.com' is missing",
       "PASSPHRASE"},
      {"blanks for a passphrase", good + "server2  \t \n", 2, "'server2' is missing", "PASSPHRASE"},
      {"empty after the comma", good + "laptop1,\n", 2, "'laptop1' is missing", "PASSPHRASE"},
      {"no name", good + ",password1\n", 2, "does not start", "from the first column"},
      {"blank first", good + "  server2 password2\n", 2, "does not start", "from the first column"},
      {"same name", good + "b password2\nSERVER1.example.com. password3\n", 3,
       "again, after line 1", "each host once"},
      {"same address", good + "[::1] password2\n[0:0::1]:80 password3\n", 3, "again, after line 2",
       "each host once"},
      {"port 0", good + "b:0 password2\n", 2, "the port is '0'", "1 to 65535"},
      {"port too high", good + "b:65536 password2\n", 2, "the port is '65536'", "1 to 65535"},
      {"port of letters", good + "b:http password2\n", 2, "the port is 'http'", "1 to 65535"},
      {"port missing", good + "b: password2\n", 2, "the port is ''", "1 to 65535"},
      {"bare IPv6", good + "2001:db8::1 password2\n", 2, "has no brackets", "[ADDRESS]"},
      {"two colons", good + "b:1:2 password2\n", 2, "more than one colon", "[ADDRESS]"},
      {"bracket open", good + "[::1 password2\n", 2, "no closing bracket", "[IPv6]"},
      {"bracket empty", good + "[] password2\n", 2, "is no IPv6 address",
       "IPv6 address in the brackets"},
      {"IPv4 in brackets", good + "[192.0.2.1] password2\n", 2, "is no IPv6 address", "IPv6"},
      {"behind the bracket", good + "[::1]x password2\n", 2, "comes 'x'", "':' and a port"},
      {"IPv4 out of range", good + "300.1.1.1 password2\n", 2, "'300.1.1.1' is no address",
       "an IPv4 address"},
      {"short IPv4", good + "10.1 password2\n", 2, "'10.1' is no address", "an IPv4 address"},
      {"odd characters", good + "a/b password2\n", 2, "'a/b' is no address", "a host name"},
      {"empty label", good + "a..b password2\n", 2, "'a..b' is no address", "a host name"},
      {"any address", good + "0.0.0.0 password2\n", 2, "no host", "can be reached"},
      {"multicast", good + "[ff02::1] password2\n", 2, "multicast", "can be reached"},
      {"dynamic with port", good + "laptop1:80,password2\n", 2, "no name of a dynamic host",
       "blank after the address"},
      {"dynamic with address", good + "192.0.2.1,password2\n", 2, "no name of a dynamic host",
       "blank after"},
      {"NUL", good + std::string("b pass\0word\n", 12), 2, "NUL", "text"},
      {"not UTF-8", good + "b p\xe4ssword\n", 2, "UTF-8", "UTF-8"},
      {"byte order mark", "\xef\xbb\xbf" + good, 1, "byte order mark", "without one"},
      {"old line ends", "server1.example.com password1\rb password2\r", 1, "carriage return",
       "newline"},
      {"empty", "", 1, "names no host", "NAME,PASSPHRASE"},
      {"comments only", "# nobody\n\n", 1, "names no host", "NAME,PASSPHRASE"},
  };
  for (const FaultCase& one : cases) {
    const TempConfig config;
    config.write("services", "");
    expect_only_fault(config, "hosts", one);
  }
}

TEST(HostsFile, NeverShowsAPassphrase) {
  Report report;
  parse("a secret\nb:0 hush-hush\nb secret-too\n[::1 secret-three\n,secret-four\n secret-five x\n",
        report);
  const std::string told = joined(report.faults()) + joined(report.warnings());
  EXPECT_EQ(told.find("secret"), std::string::npos) << told;
  EXPECT_EQ(told.find("hush"), std::string::npos) << told;
}

TEST(HostsFile, WarnsWhenEveryUserMayReadIt) {
  const TempConfig config;
  config.chmod("hosts", 0644);
  const Outcome outcome = config.load();
  EXPECT_TRUE(outcome.loaded) << joined(outcome.faults);
  EXPECT_TRUE(has(outcome.warnings, config.path("hosts"), 1,
                  "may read this file and its passphrases (mode 0644)"));
  config.chmod("hosts", 0640);
  EXPECT_TRUE(config.load().warnings.empty());
}

TEST(HostsFile, WarnsOfABlankBeforeAPassphrase) {
  Report report;
  const Hosts hosts = parse("server1   password1\n", report);
  EXPECT_EQ(hosts.passphrases.at(HostId(1)), "  password1");
  EXPECT_TRUE(has(report.warnings(), "hosts", 1, "starts with a blank"));
}

class FindSelf : public ::testing::Test {
 protected:
  std::optional<HostId> find(const std::string& bytes, const LocalIdentity& local,
                             std::optional<GivenId> given = std::nullopt) {
    report_ = Report();
    const Hosts hosts = parse(bytes, report_);
    return find_self(
        hosts, given, [&] { return local; }, report_);
  }
  Report report_;
  const std::string hosts_ =
      "server1.example.com password1\n192.0.2.7 password2\nlaptop1,password3\n[2001:db8::1] "
      "password4\n";
};

TEST_F(FindSelf, ByShortOrFullNameOrAddress) {
  EXPECT_EQ(find(hosts_, {"server1", "SERVER1.example.com", {}}), HostId(1));
  EXPECT_EQ(find(hosts_, {"laptop1", "laptop1.lan", {"10.0.0.1"}}), HostId(3));
  EXPECT_EQ(find(hosts_, {"x", "x", {"10.0.0.1", "192.0.2.7"}}), HostId(2));
  EXPECT_EQ(find(hosts_, {"x", "x", {"2001:DB8:0::1"}}), HostId(4));
  EXPECT_EQ(find("127.0.0.2 password1\n", {"x", "x", {}}), HostId(1));
  EXPECT_TRUE(report_.ok());
}

TEST_F(FindSelf, ByTheFirstLabelWhereItKnowsNoDomain) {
  EXPECT_EQ(find(hosts_, {"server1", "server1", {"10.0.0.1"}}), HostId(1));
  const std::string two =
      "server1.one.example password1\nserver1.two.example password2\nserver1 password3\n";
  EXPECT_EQ(find(two, {"server1", "server1", {}}), HostId(3));
  EXPECT_EQ(find(two.substr(0, two.rfind("server1")), {"server1", "server1", {}}), std::nullopt);
  EXPECT_TRUE(has(report_.faults(), "hosts", 2, "several lines name this host"));
  EXPECT_EQ(find("10.0.0.1 password1\n", {"10", "10", {}}), std::nullopt)
      << "no label of an address";
}

TEST_F(FindSelf, NoLineListsTheCandidates) {
  EXPECT_EQ(find(hosts_, {"server1", "server1.elsewhere", {"10.0.0.1"}}), std::nullopt);
  EXPECT_TRUE(has(
      report_.faults(), "hosts", 1,
      "no line names this host (host name 'server1' or 'server1.elsewhere', addresses 10.0.0.1)"))
      << joined(report_.faults());
  EXPECT_TRUE(has(report_.faults(), "hosts", 1,
                  "1 server1.example.com, 2 192.0.2.7, 3 laptop1, 4 [2001:db8::1]"));
}

TEST_F(FindSelf, SeveralLinesAreListed) {
  EXPECT_EQ(find(hosts_, {"laptop1", "laptop1", {"192.0.2.7"}}), std::nullopt);
  ASSERT_EQ(report_.faults().size(), 1u);
  EXPECT_TRUE(has(report_.faults(), "hosts", 3, "several lines name this host"));
  EXPECT_TRUE(has(report_.faults(), "hosts", 3, "one of 2 192.0.2.7, 3 laptop1"));
}

TEST_F(FindSelf, AGivenIdIsNotAskedTwice) {
  EXPECT_EQ(find(hosts_, {"laptop1", "laptop1", {}}, GivenId{2, "", 1}), HostId(2));
  EXPECT_EQ(find(hosts_, {"laptop1", "laptop1", {}}, GivenId{9, "", 1}), std::nullopt);
  EXPECT_TRUE(has(report_.faults(), "hosts", 1, "--id is 9"));
  EXPECT_EQ(find(hosts_, {"laptop1", "laptop1", {}}, GivenId{0, "", 1}), std::nullopt);
  EXPECT_EQ(find(hosts_, {"laptop1", "laptop1", {}}, GivenId{UINT64_MAX, "", 1}), std::nullopt);
  EXPECT_EQ(find("# \n" + hosts_, {"x", "x", {}}, GivenId{1, "cluster.conf", 4}), std::nullopt);
  EXPECT_TRUE(
      has(report_.faults(), "cluster.conf", 4, "id is 1, and that line of hosts names no host"));
}

TEST_F(FindSelf, AFaultyLineIsNotToldTwice) {
  EXPECT_EQ(find("server1:0 password1\nb password2\n", {"server1", "server1", {}}), std::nullopt);
  EXPECT_EQ(report_.faults().size(), 1u) << joined(report_.faults());
}

TEST(CanonicalIp, WhatFollowsANulCounts) {
  EXPECT_EQ(canonical_ip(std::string("127.0.0.1\0.2", 12)), "");
  EXPECT_EQ(canonical_ip(std::string("::1\0", 4)), "");
}

TEST(LocalIdentityOfThisMachine, HasANameAndAddresses) {
  const LocalIdentity local = local_identity();
  EXPECT_FALSE(local.short_name.empty());
  EXPECT_FALSE(local.full_name.empty());
  EXPECT_EQ(local.short_name.find('.'), std::string::npos);
  for (const std::string& address : local.addresses)
    EXPECT_FALSE(canonical_ip(address).empty()) << address;
}

}  // namespace
}  // namespace cluster::config
