#include "core/maintenance.h"

#include <gtest/gtest.h>

#include "wire/cluster.pb.h"

namespace cluster::core {
namespace {

using Phase = Maintenance::Phase;
const WallTime kNow{hours(1'000'000)};

NodeId node(uint8_t n) {
  NodeId id;
  id.bytes.fill(n);
  return id;
}

TEST(Maintenance, SaysItsPhaseInASettingAndReadsItBack) {
  for (Phase phase : {Phase::kNone, Phase::kWanted, Phase::kKept, Phase::kEnding}) {
    Maintenance maintenance;
    maintenance.phase = phase;
    if (maintenance.keeps()) maintenance.token = 0xfeedfacecafe0001, maintenance.services = 12;
    EXPECT_EQ(parse_maintenance(to_value(maintenance)), maintenance) << to_value(maintenance);
  }
  Maintenance refused;
  refused.refused = "db could not be stopped here";
  EXPECT_EQ(parse_maintenance(to_value(refused)), refused);
}

TEST(Maintenance, OfWhatMakesNoSenseThereIsNone) {
  for (const char* value : {"", "kept", "kept 0 1", "kept x 1", "kept 1", "kept 1 ", "kept 1 -1",
                            "kept 1 1 1", "kept 11111111111111111 1", "paused 1 1", "ON"})
    EXPECT_EQ(parse_maintenance(value).phase, Phase::kNone) << value;
}

// What operators and hosts have said, one setting after the other.
struct Said {
  Settings settings{node(1)};
  Stored stored;

  void say(const std::string& key, const std::string& value) {
    const wire::Setting setting = settings.write(kNow, key, value);
    ASSERT_EQ(settings.merge(kNow, setting), Merged::kApplied);
    const Write write = Settings::to_write(setting);
    stored[write.key] = *write.value;
  }
  Upkeeps upkeeps() const {
    Upkeeps out;
    out.read(settings);
    return out;
  }
};

TEST(Maintenance, KeepsWhatItsTokenNamesAndNothingElse) {
  Said said;
  said.say(maintenance_key("A"), "kept 2a 2");
  said.say(kept_key("db"), kept_value(0x2a, "A"));
  said.say(kept_key("old"), kept_value(0x29, "A"));
  said.say(kept_key("odd"), "rubbish");
  EXPECT_EQ(said.upkeeps().keeper("db"), "A");
  EXPECT_EQ(said.upkeeps().keeper("old"), "");
  EXPECT_EQ(said.upkeeps().keeper("odd"), "");
  EXPECT_EQ(said.upkeeps().nodes().at("db"), node(1));
  EXPECT_FALSE(said.upkeeps().complete("A")) << "one of two is still on its way";
  said.say(kept_key("web"), kept_value(0x2a, "A"));
  EXPECT_TRUE(said.upkeeps().complete("A"));
  EXPECT_FALSE(said.upkeeps().complete("B"));
  said.say(maintenance_key("A"), "ending 2a 2");
  EXPECT_EQ(said.upkeeps().kept_by("A"), (std::vector<std::string>{"db", "web"}));
  said.say(maintenance_key("A"), "");
  EXPECT_EQ(said.upkeeps().keeper("db"), "") << "one word ends all of it";
}

TEST(Maintenance, WhoeverCleansUpSparesWhatHasBegunAndIsNotOver) {
  Said said;
  said.say(maintenance_key("A"), "kept 2a 1");
  said.say(kept_key("db"), kept_value(0x2a, "A"));
  EXPECT_TRUE(services_left_alone(said.stored).empty()) << "it has not begun";
  const Write begun = to_write(BegunMaintenance{0x2a, "boot 1"});
  said.stored[begun.key] = *begun.value;
  EXPECT_EQ(begun_maintenance(said.stored).machine_boot, "boot 1");
  EXPECT_EQ(services_left_alone(said.stored), std::vector<std::string>{"db"});
  said.say(maintenance_key("A"), "kept 2b 1");
  EXPECT_TRUE(services_left_alone(said.stored).empty()) << "that is another one";
  said.say(maintenance_key("A"), "");
  EXPECT_TRUE(services_left_alone(said.stored).empty());
  EXPECT_FALSE(to_write(BegunMaintenance{}).value);
}

}  // namespace
}  // namespace cluster::core
