#include "config/needs.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/sound.h"
#include "tests/unit/config/temp_config.h"

namespace cluster::config {
namespace {

using Names = std::vector<std::string>;

// Services web, db, cache and far, of which the last has no folder here.
class NeedsTest : public testing::Test {
 protected:
  NeedsTest() {
    config.write("services", "web 1 2\ndb 1 2\ncache 2 1\nfar 3\n");
    for (const char* service : {"db", "cache"})
      for (const char* script : {"start", "stop"}) config.script(service, script);
  }
  void conf(const std::string& service, const std::string& text) const {
    config.write(path_of(service), text);
  }
  static std::string path_of(const std::string& service) {
    return "services.d/" + service + "/service.conf";
  }

  TempConfig config;
};

TEST_F(NeedsTest, AreReadAsAListOrAsOne) {
  conf("web", "after = {\"db\", \"far\"}\nwith = cache\nfall = 3\nrise = 2\n");
  conf("cache", "after = db\n");
  const Outcome outcome = config.load();
  ASSERT_TRUE(outcome.loaded) << joined(outcome.faults);
  EXPECT_TRUE(outcome.warnings.empty()) << joined(outcome.warnings);
  const auto& services = outcome.loaded->core.services;
  EXPECT_EQ(services[0].after, (Names{"db", "far"}));
  EXPECT_EQ(services[0].with, "cache");
  EXPECT_EQ(services[0].fall, 3u);
  EXPECT_EQ(services[0].rise, 2u);
  EXPECT_EQ(services[2].after, Names{"db"});
  EXPECT_TRUE(services[1].after.empty() && services[1].with.empty());
}

TEST_F(NeedsTest, EachFaultIsRefusedWithItsLine) {
  std::string many = "after = {";
  for (int i = 0; i <= core::kMaxAfter; ++i)
    many += (i ? ", \"s" : "\"s") + std::to_string(i) + "\"";
  const std::vector<FaultCase> cases = {
      {"unknown", "\nafter = {\"db\", \"dbb\"}\n", 2,
       "after = dbb, which the services file does not have", "a service in the services file"},
      {"unknown leader", "with = dbb\n", 1, "with = dbb, which the services file does not have",
       "a service in the services file"},
      {"itself", "after = {\"db\", \"web\"}\n", 1, "after names the service itself",
       "another service"},
      {"its own leader", "\n\nwith = web\n", 3, "with names the service itself", "another service"},
      {"no name", "after = \"a/b\"\n", 1, "after names 'a/b'", "another service"},
      {"empty", "with = \"\"\n", 1, "with names ''", "another service"},
      {"named twice", "after = {\"db\", \"db\"}\n", 1, "after names 'db' twice", "once"},
      {"two leaders", "with = {\"db\", \"cache\"}\n", 1, "'with' is given a list", "one value"},
      {"a second leader", "with = db\nwith = cache\n", 2, "again, after line 1", "once"},
      {"too many", many + "}\n", 1, "after names 33 services", "at most 32"},
      {"fall", "fall = 0\n", 1, "fall is '0'", "from 1 to 1000"},
      {"rise", "rise = many\n", 1, "rise is 'many'", "from 1 to 1000"},
  };
  for (const FaultCase& one : cases) {
    expect_only_fault(config, path_of("web"), one);
    const Outcome at_start = config.load(Mode::kStart);
    ASSERT_TRUE(at_start.loaded) << one.what;
    EXPECT_FALSE(at_start.loaded->core.services[0].runnable) << one.what;
    EXPECT_TRUE(at_start.loaded->core.services[1].runnable) << one.what;
  }
}

TEST_F(NeedsTest, ACircleIsRefusedOverSeveralServicesAndBothKinds) {
  conf("db", "after = cache\n");
  conf("cache", "after = web\n");
  expect_only_fault(config, path_of("web"),
                    {"three", "after = db\n", 1, "after = db closes a circle: web, db, cache, web",
                     "none comes after itself"});
  conf("web", "\nwith = db\n");
  Outcome outcome = config.load();
  ASSERT_EQ(outcome.faults.size(), 1u) << joined(outcome.faults);
  EXPECT_TRUE(has(outcome.faults, config.path(path_of("db")), 1,
                  "after = cache closes a circle: db, cache, web, db"));
  outcome = config.load(Mode::kStart);
  ASSERT_TRUE(outcome.loaded);
  EXPECT_TRUE(outcome.loaded->core.services[0].runnable);
  EXPECT_FALSE(outcome.loaded->core.services[1].runnable) << "whose relation closes it";
  EXPECT_NE(outcome.loaded->core.services[1].unrunnable_why.find("closes a circle"),
            std::string::npos);
}

TEST_F(NeedsTest, TwoWithEachOtherAreACircle) {
  conf("db", "with = web\n");
  expect_only_fault(config, path_of("web"),
                    {"two", "\nwith = db\n", 2, "with = db closes a circle: web, db, web", "none"});
}

TEST_F(NeedsTest, AFollowerThatCanNeverRunIsAWarning) {
  conf("web", "\nwith = far\n");
  const Outcome outcome = config.load();
  ASSERT_TRUE(outcome.loaded) << joined(outcome.faults);
  EXPECT_TRUE(
      has(outcome.warnings, config.path(path_of("web")), 2, "no host is on the lines of both"));
}

}  // namespace
}  // namespace cluster::config
