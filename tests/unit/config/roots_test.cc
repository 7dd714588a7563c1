#include "config/roots.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "config/load.h"
#include "tests/unit/config/temp_config.h"

namespace cluster::config {
namespace {

using sync::LocalRoot;
using Names = std::vector<std::string>;
using Ids = std::vector<HostId>;

const Ids kAll = {HostId{1}, HostId{2}, HostId{3}};

// Config in DIR/etc, state in DIR/state, and folders DIR/srv/{a,b} that may be kept alike.
class RootsTest : public ::testing::Test {
 protected:
  RootsTest() {
    etc("cluster.conf", "id = 1\n");
    etc("hosts",
        "server1.example.com password1\nserver2.example.com:35791 password2\nlaptop1,open "
        "password3\n");
    etc("services", "");
    for (const char* folder : {"state", "srv/a", "srv/b"})
      std::filesystem::create_directories(config_.path(folder));
  }

  void etc(const std::string& name, const std::string& bytes) const {
    config_.write("etc/" + name, here(bytes));
  }

  void service(const std::string& name, const std::string& hosts) {
    services_ += name + " " + hosts + "\n";
    etc("services", services_);
    for (const char* script : {"start", "stop"})
      config_.write("etc/services.d/" + name + "/" + script, "#!/bin/sh\n", 0755);
  }

  // "TOP" stands for the folder of this test.
  void list_of_web(const std::string& list) const {
    config_.write("etc/services.d/web/files", replaced(list, "TOP", config_.folder()));
  }

  // "DIR" stands for the folder of this test.
  std::string here(const std::string& text) const {
    return replaced(text, "DIR", config_.folder());
  }
  std::string from_here(const std::string& text) const {
    return replaced(replaced(text, config_.path("etc/cluster.conf"), "cluster.conf"),
                    config_.folder(), "DIR");
  }

  Outcome load(const std::string& conf, uint64_t id = 1) const {
    etc("cluster.conf", conf);
    Options options = config_.options();
    options.id = id;
    options.config_dir = config_.path("etc");
    options.state_dir = config_.path("state");
    return config::load(options);
  }

  std::vector<LocalRoot> roots(const std::string& conf, uint64_t id = 1) const {
    const Outcome outcome = load(conf, id);
    EXPECT_TRUE(outcome.loaded) << joined(outcome.faults);
    EXPECT_EQ(from_here(joined(outcome.warnings)), "");
    return outcome.loaded.value_or(Loaded{}).roots;
  }

  std::string faults(const std::string& conf) const { return from_here(joined(load(conf).faults)); }

  TempConfig config_;

 private:
  static std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
      text.replace(at, what.size(), by);
    return text;
  }

  std::string services_;
};

TEST_F(RootsTest, WithoutAKeyThereAreNone) {
  EXPECT_EQ(roots(""), std::vector<LocalRoot>());
  EXPECT_EQ(load("").loaded->retain, hours(24 * 7));
}

TEST_F(RootsTest, ASectionSaysWhereAndWithWhom) {
  const std::vector<LocalRoot> expected = {
      {{"www",
        sync::Mode::kOlder,
        {HostId{1}, HostId{3}},
        {{}, {"*.html", "/img/**"}, {"/cache", "*.tmp"}}},
       config_.path("srv/a"),
       true},
      {{"b.2", sync::Mode::kNewer, kAll, {}}, config_.path("srv/b"), false}};
  EXPECT_EQ(roots("retain = \"1h\"\n"
                  "sync www {\n  path = \"DIR/srv//a/\"\n  mode = older\n"
                  "  include = {\"*.html\", \"/img/**\"}\n  exclude = {\"/cache\", \"*.tmp\"}\n"
                  "  hosts = {3, Server1.example.com}\n  allow_setuid = yes\n}\n"
                  "sync \"b.2\" { path = \"DIR/srv/b\" mode = newer allow_setuid = no }\n"),
            expected);
  EXPECT_EQ(load("retain = \"1h\"\n").loaded->retain, hours(1));
  EXPECT_EQ(load("").loaded->tombstone_keep, hours(24 * 90));
  EXPECT_EQ(load("tombstone_keep = \"30d\"\n").loaded->tombstone_keep, hours(24 * 30));
}

TEST_F(RootsTest, WhatAServiceOwnsIsOnItsHostsAndWhereItIsSaid) {
  service("db", "3 1");
  const std::string section =
      "sync data {\n  path = \"DIR/srv/a\"\n  mode = owner\n  service = db\n";
  const std::vector<LocalRoot> owned = roots(section + "}\n");
  ASSERT_EQ(owned.size(), 2u);  // and the folder of the service
  EXPECT_EQ(owned[1].config.mode, sync::Mode::kOwner);
  EXPECT_EQ(owned[1].config.hosts, (Ids{HostId{1}, HostId{3}}));
  EXPECT_EQ(owned[1].service, "db");
  EXPECT_EQ(roots(section + "  hosts = {1, 2, 3}\n}\n", 2).at(0).config.hosts, kAll);
  EXPECT_EQ(
      faults(section + "  hosts = {1, 2}\n}\n"),
      "cluster.conf:5: hosts does not name host 3, where service 'db' may run; expected every "
      "host of its line\n");
}

TEST_F(RootsTest, AServicesListNamesWhatIsKeptAlikeWithIt) {
  service("web", "3 1");
  list_of_web("DIRS\nTOP/srv/a 1\n\nFILES\nTOP/srv/with a blank 2\nTOP/srv/c 0\nEND\n");
  const std::vector<LocalRoot> here = roots("");
  ASSERT_EQ(here.size(), 4u);
  EXPECT_EQ(here[0].config.name, config_.path("srv/a"));
  EXPECT_EQ(here[0].config.mode, sync::Mode::kOlder);
  EXPECT_EQ(here[0].config.hosts, (Ids{HostId{1}, HostId{3}}));
  EXPECT_EQ(here[1].path, config_.path("srv"));
  EXPECT_EQ(here[1].config.mode, sync::Mode::kMerge);
  EXPECT_EQ(here[1].config.filter.only, (std::vector<std::string>{"with a blank"}));
  EXPECT_EQ(here[2].config.mode, sync::Mode::kNewer);
  EXPECT_EQ(here[3].config.name, "services.d/web");
  EXPECT_EQ(roots("", 2), std::vector<LocalRoot>()) << "it is off the line";
}

TEST_F(RootsTest, FaultsOfAServicesListHaveTheirLine) {
  service("web", "1");
  const std::pair<const char*, const char*> lists[] = {
      {"TOP/srv/a 1\nEND\n", "1: 'DIR/srv/a 1' stands before DIRS and FILES; expected DIRS\n"},
      {"DIRS\nTOP/srv/a\nEND\n",
       "2: 'DIR/srv/a' has no mode; expected PATH MODE, where MODE is 0 newer, 1 older or 2 "
       "merge\n"},
      {"DIRS\nTOP/srv/a 3\nEND\n",
       "2: the mode is '3'; expected 0 (newer), 1 (older) or 2 (merge)\n"},
      {"DIRS\nsrv/a 0\nEND\n", "2: the list names 'srv/a'; expected an absolute path\n"},
      {"FILES\nTOP/srv/a/ 0\nEND\n",
       "2: the list names 'DIR/srv/a/', which ends in a slash; expected the path of a file\n"},
      {"DIRS\nTOP/srv/a 0\nTOP/srv/a 0\nEND\n",
       "3: the list names 'DIR/srv/a' twice; expected each path once\n"},
      {"DIRS\nTOP/srv/a 0\n", "2: the list has no end; expected a line END\n"},
      {"DIRS\nEND\nTOP/srv/a 0\n", "3: something follows END; expected nothing\n"},
      {"DIRS\nTOP/state 0\nEND\n",
       "2: 'DIR/state' is the state folder 'DIR/state'; expected a folder outside\n"},
  };
  for (const auto& [list, fault] : lists) {
    list_of_web(list);
    EXPECT_EQ(faults(""), std::string("DIR/etc/services.d/web/files:") + fault) << list;
  }
}

TEST_F(RootsTest, AHostThatIsNotAmongItsHostsHasNoRoot) {
  const std::string conf =
      "sync www {\n  path = \"DIR/srv/a\"\n  hosts = {server2.example.com, laptop1}\n}\n";
  EXPECT_EQ(roots(conf, 1), std::vector<LocalRoot>());
  EXPECT_EQ(roots(conf, 2).size(), 1u);
  EXPECT_EQ(roots(conf, 3).at(0).config.hosts, (Ids{HostId{2}, HostId{3}}));
}

TEST_F(RootsTest, WhatIsNotHereIsNotHeldAgainstThisHostsFolders) {
  EXPECT_EQ(roots("sync x {\n  path = \"DIR/state\"\n  hosts = 2\n}\n"
                  "sync y {\n  path = \"DIR/not/there\"\n  hosts = 2\n}\n"),
            std::vector<LocalRoot>());
}

TEST_F(RootsTest, CriticalDirsAndFilesAreNamedByTheirPaths) {
  config_.write("srv/motd", "");
  const std::string a = config_.path("srv/a");
  const std::string motd = config_.path("srv/motd");
  const std::string issue = config_.path("srv/issue");
  const std::vector<LocalRoot> expected = {
      {{motd, sync::Mode::kNewer, kAll, {{"motd"}, {}, {}}}, config_.path("srv"), false},
      {{issue, sync::Mode::kNewer, kAll, {{"issue"}, {}, {}}}, config_.path("srv"), false},
      {{a, sync::Mode::kNewer, kAll, {}}, a, false}};
  EXPECT_EQ(roots("critical_files = {\"DIR/srv/motd\", \"DIR/srv//issue\"}\n"
                  "critical_dirs = \"DIR/srv/a/\"\n"),
            expected);
}

TEST_F(RootsTest, AServicesFolderIsARootOnTheHostsOfItsLine) {
  service("web", "3 1");
  service("db", "2");
  const std::vector<LocalRoot> expected = {{{"services.d/web",
                                             sync::Mode::kNewer,
                                             {HostId{1}, HostId{3}},
                                             {{}, {}, {"/start", "/stop", "/status"}}},
                                            config_.path("etc/services.d/web"),
                                            false}};
  EXPECT_EQ(roots(""), expected);
}

TEST_F(RootsTest, AScriptThatIsACriticalFileIsKeptAlikeWithItsFolder) {
  service("web", "1 2");
  service("db", "2");
  const auto got = roots(
      "critical_files = {\"DIR/etc/services.d/web/stop\", "
      "\"DIR/etc/services.d/db/start\"}\n");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].config.filter.exclude, (Names{"/start", "/status"}));
}

TEST_F(RootsTest, AServiceDirElsewhereIsWhereTheRootIs) {
  service("web", "1 2");
  std::filesystem::copy(config_.path("etc/services.d"), config_.path("elsewhere"),
                        std::filesystem::copy_options::recursive);
  const auto got = roots(
      "service_dir = \"DIR/srv/../elsewhere/\"\n"
      "critical_files = \"DIR/elsewhere/web/status\"\n");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].path, config_.path("elsewhere/web"));
  EXPECT_EQ(got[0].config.filter.exclude, (Names{"/start", "/stop"}));
}

TEST_F(RootsTest, WhatIsWrongWithAValueIsSaidWithItsLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"critical_dirs = etc\n", "1: critical_dirs names 'etc'; expected an absolute path\n"},
      {"\ncritical_files = {\"/etc/motd\", \"/etc/../x\"}\n",
       "2: critical_files names '/etc/../x', which has '..' in it; expected a path without\n"},
      {"critical_dirs = \"/srv/./x\"\n",
       "1: critical_dirs names '/srv/./x', which has '.' in it; expected a path without\n"},
      {"critical_files = \"/etc/motd/\"\n",
       "1: critical_files names '/etc/motd/', which ends in a slash; expected the path of a "
       "file\n"},
      {"critical_files = {}\n",
       "1: critical_files is an empty list; expected at least one path, or no such key\n"},
      {"critical_dirs = {\"/srv/x\", \"/srv/x\"}\n",
       "1: critical_dirs names '/srv/x' twice; expected each path once\n"},
      {"critical_dirs = {\"/srv/x\", \"/srv//x/\"}\n",
       "1: critical_dirs names '/srv//x/' twice; expected each path once\n"},
      {"tombstone_keep = 0\n",
       "1: tombstone_keep is '0'; expected a time from 1s to 365d, such as 0.25, \"250ms\", "
       "\"1.5s\", \"10m\" or \"1h\"\n"},
      {"retain = never\n",
       "1: retain is 'never'; expected a time from 0s to 365d, such as 0.25, \"250ms\", \"1.5s\", "
       "\"10m\" or \"1h\"\n"},
      {"sync {\n  path = \"/srv/x\"\n}\n",
       "1: the section 'sync' has no name; expected 1 to 64 of letters, digits, '.', '_' and '-', "
       "the first a letter or digit\n"},
      {"sync -x {\n  path = \"/srv/x\"\n}\n",
       "1: the name of a section 'sync' is '-x'; expected 1 to 64 of letters, digits, '.', '_' and "
       "'-', the first a letter or digit\n"},
      {"\nsync x {\n}\n",
       "2: the section 'sync' 'x' has no path; expected path = \"/the/folder\" in it\n"},
      {"sync x {\n  path = srv\n}\n", "2: path is 'srv'; expected an absolute path\n"},
      {"sync x {\n  path = \"/srv/..\"\n}\n",
       "2: path is '/srv/..', which has '..' in it; expected a path without\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  mode = owner\n}\n",
       "3: mode is owner, and no service is named; expected service = NAME, whose host writes what "
       "the others follow\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  mode = owner\n  service = none\n}\n",
       "4: service is 'none', which the services file does not have; expected a service that it "
       "has\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  mode = oldest\n}\n",
       "3: mode is 'oldest'; expected one of newer|older|merge|owner\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  service = web\n}\n",
       "3: service is 'web', and mode is newer; expected mode = owner with it, or no service\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  keep = 1\n}\n",
       "3: unknown key 'keep' in the section 'sync' 'x'; expected one of path, mode, include, "
       "exclude, hosts, allow_setuid, service\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  allow_setuid = maybe\n}\n",
       "3: allow_setuid is 'maybe'; expected one of yes|no\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  hosts = {1, 9}\n}\n",
       "3: hosts names '9', which is not in hosts; expected one of 1 server1.example.com, 2 "
       "server2.example.com, 3 laptop1\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  hosts = {1, laptop1, 3}\n}\n",
       "3: hosts names '3', which is host 3 again; expected each host once\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  hosts = {1, 1}\n}\n",
       "3: hosts names '1' twice; expected each host once\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  hosts = {}\n}\n",
       "3: hosts is an empty list; expected at least one host, or no such key\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  exclude = {\"*.tmp\", \"cache/\"}\n}\n",
       "3: exclude has 'cache/', which matches no path; expected a pattern such as '*.tmp', "
       "'/cache' or 'logs/**'\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  include = {\"../x\", \"a//b\", \"\", \"/\"}\n}\n",
       "3: include has '../x', which matches no path; expected a pattern such as '*.tmp', '/cache' "
       "or 'logs/**'\n"
       "cluster.conf:3: include has 'a//b', which matches no path; expected a pattern such as "
       "'*.tmp', '/cache' or 'logs/**'\n"
       "cluster.conf:3: include has '', which matches no path; expected a pattern such as '*.tmp', "
       "'/cache' or 'logs/**'\n"
       "cluster.conf:3: include has '/', which matches no path; expected a pattern such as "
       "'*.tmp', '/cache' or 'logs/**'\n"},
      {"sync x {\n  path = \"DIR/srv/a\"\n  include = {\"*.a\", \"*.a\"}\n}\n",
       "3: include names '*.a' twice; expected each pattern once\n"},
  };
  for (const auto& [conf, told] : cases) EXPECT_EQ(faults(conf), "cluster.conf:" + told) << conf;
}

TEST_F(RootsTest, ListsAndSectionsAreBounded) {
  std::string paths = "critical_dirs = {";
  for (size_t i = 0; i <= kMaxListedPaths; ++i) paths += "\n  \"/srv/" + std::to_string(i) + "\",";
  EXPECT_EQ(faults(paths + "}\n"),
            "cluster.conf:1: critical_dirs has 1025 values; expected at most 1024\n");
  std::string sections;
  for (size_t i = 0; i <= kMaxSyncSections; ++i)
    sections += "sync s" + std::to_string(i) + " { path = \"/srv/" + std::to_string(i) + "\" }\n";
  EXPECT_EQ(faults(sections),
            "cluster.conf:1025: there is a section 'sync' too many; expected at most 1024\n");
}

TEST_F(RootsTest, RootsDoNotNest) {
  service("web", "1 2");
  const std::string apart = "; expected folders and files that do not lie in each other\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"critical_dirs = {\"DIR/srv\", \"DIR/srv/a\"}\n",
       "1: critical_dirs: 'DIR/srv/a' lies in critical_dirs: 'DIR/srv'"},
      {"sync x { path = \"DIR/srv/a\" }\nsync y { path = \"DIR/srv/a\" }\n",
       "2: sync y: 'DIR/srv/a' is the same as sync x: 'DIR/srv/a'"},
      {"critical_dirs = \"DIR/srv\"\n\ncritical_files = \"DIR/srv/b/file\"\n",
       "3: critical_files: 'DIR/srv/b/file' lies in critical_dirs: 'DIR/srv'"},
      {"sync x {\n  path = \"DIR/srv\"\n}\ncritical_dirs = \"DIR/srv/a/b/c\"\n",
       "4: critical_dirs: 'DIR/srv/a/b/c' lies in sync x: 'DIR/srv'"},
      {"\ncritical_files = \"DIR/etc/services.d/web/settings\"\n",
       "2: critical_files: 'DIR/etc/services.d/web/settings' lies in the folder of service 'web'"},
      {"critical_dirs = \"DIR/etc/services.d/web\"\n",
       "1: critical_dirs: 'DIR/etc/services.d/web' is the same as the folder of service 'web'"},
  };
  for (const auto& [conf, told] : cases)
    EXPECT_EQ(faults(conf), std::string("cluster.conf:").append(told).append(apart)) << conf;
}

TEST_F(RootsTest, AFolderAroundServicesIsRefusedWhereItIsNamed) {
  service("web", "1 2");
  std::filesystem::copy(config_.path("etc/services.d"), config_.path("srv/a"),
                        std::filesystem::copy_options::recursive);
  EXPECT_EQ(faults("service_dir = \"DIR/srv/a\"\ncritical_dirs = \"DIR/srv\"\n"),
            "cluster.conf:2: the folder of service 'web' lies in critical_dirs: 'DIR/srv'; "
            "expected folders and files that do not lie in each other\n");
}

TEST_F(RootsTest, RootsDoNotNestThroughLinksEither) {
  std::filesystem::create_directory_symlink(config_.path("srv/a"), config_.path("link"));
  EXPECT_EQ(faults("critical_dirs = {\"DIR/srv\", \"DIR/link\"}\n"),
            "cluster.conf:1: critical_dirs: 'DIR/link' lies in critical_dirs: 'DIR/srv'; expected "
            "folders and files that do not lie in each other\n");
  EXPECT_EQ(faults("critical_dirs = {\"DIR/srv/b\"}\ncritical_files = {\"DIR/link/x\"}\n"), "");
}

TEST_F(RootsTest, TheDaemonsOwnFoldersAreNotKeptAlike) {
  std::filesystem::create_directory_symlink(config_.path("state"), config_.path("link"));
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"critical_dirs = \"/\"\n",
       "1: critical_dirs: '/' contains the configuration folder 'DIR/etc'; expected a folder "
       "outside\n"},
      {"critical_dirs = \"DIR/etc\"\n",
       "1: critical_dirs: 'DIR/etc' is the configuration folder 'DIR/etc'; expected a folder "
       "outside\n"},
      {"critical_files = \"DIR/etc/hosts\"\n",
       "1: critical_files: 'DIR/etc/hosts' lies in the configuration folder 'DIR/etc'; expected a "
       "path outside: what is there is sent by `clusterctl push config`\n"},
      {"critical_dirs = \"DIR/etc/services.d\"\n",
       "1: critical_dirs: 'DIR/etc/services.d' lies in the configuration folder 'DIR/etc'; "
       "expected a path outside: what is there is sent by `clusterctl push config`\n"},
      {"sync x {\n  path = \"DIR/state\"\n}\n",
       "2: sync x: 'DIR/state' is the state folder 'DIR/state'; expected a folder outside\n"},
      {"critical_files = \"DIR/state/x\"\n",
       "1: critical_files: 'DIR/state/x' lies in the state folder 'DIR/state'; expected a path "
       "outside\n"},
      {"critical_dirs = \"DIR/link/x\"\n",
       "1: critical_dirs: 'DIR/link/x' lies in the state folder 'DIR/state'; expected a path "
       "outside\n"},
  };
  for (const auto& [conf, told] : cases) EXPECT_EQ(faults(conf), "cluster.conf:" + told) << conf;
}

TEST_F(RootsTest, AServicesFolderLiesOutsideOfTheState) {
  service("web", "1 2");
  std::filesystem::copy(config_.path("etc/services.d"), config_.path("state/services.d"),
                        std::filesystem::copy_options::recursive);
  EXPECT_EQ(faults("service_dir = \"DIR/state/services.d\"\n"),
            "DIR/etc/services:1: the folder of service 'web' lies in the state folder 'DIR/state'; "
            "expected a path outside\n");
}

TEST_F(RootsTest, SomethingElseInItsPlaceIsAFault) {
  config_.write("srv/file", "");
  ASSERT_EQ(::mkfifo(config_.path("srv/pipe").c_str(), 0600), 0);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"critical_dirs = \"DIR/srv/file\"\n",
       "1: critical_dirs: 'DIR/srv/file' is not a folder; expected a folder, or nothing there "
       "yet\n"},
      {"critical_files = \"DIR/srv/a\"\n",
       "1: critical_files: 'DIR/srv/a' is a folder; expected a file, or critical_dirs with this "
       "folder\n"},
      {"critical_files = \"DIR/srv/pipe\"\n",
       "1: critical_files: 'DIR/srv/pipe' is a device, socket or pipe; expected a file\n"},
  };
  for (const auto& [conf, told] : cases) EXPECT_EQ(faults(conf), "cluster.conf:" + told) << conf;
}

TEST_F(RootsTest, AFolderThatIsNotThereYetIsAWarning) {
  config_.write("srv/file", "");
  const Outcome outcome = load(
      "critical_dirs = \"DIR/srv/c\"\ncritical_files = {\"DIR/srv/d/x\", \"DIR/srv/none\"}\n"
      "sync x {\n  path = \"DIR/srv/file/x\"\n}\n");
  ASSERT_TRUE(outcome.loaded) << joined(outcome.faults);
  EXPECT_EQ(outcome.loaded->roots.size(), 4u);
  EXPECT_EQ(from_here(joined(outcome.warnings)),
            "cluster.conf:2: critical_files: 'DIR/srv/d/x' is in a folder that does not exist; it "
            "is not kept alike until there is a folder\n"
            "cluster.conf:1: critical_dirs: 'DIR/srv/c' is a folder that does not exist; it is not "
            "kept alike until there is a folder\n"
            "cluster.conf:4: sync x: 'DIR/srv/file/x' is a folder that does not exist; it is not "
            "kept alike until there is a folder\n");
}

TEST_F(RootsTest, AChangedRootNeedsNoRestart) {
  const Outcome before = load("");
  const Outcome after = load("critical_dirs = \"DIR/srv/a\"\nretain = \"1h\"\n");
  ASSERT_TRUE(before.loaded && after.loaded);
  EXPECT_NE(before.loaded, after.loaded);
  EXPECT_TRUE(restart_needed(*before.loaded, *after.loaded).empty());
}

}  // namespace
}  // namespace cluster::config
