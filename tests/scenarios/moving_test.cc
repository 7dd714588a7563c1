// A pair behind routers goes from its session through others to a direct link and back, again and again: whenever it
// moves on, nothing that was said over the session is lost, and nobody goes down.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/scenarios/losses.h"
#include "tests/sim/checks.h"
#include "tests/sim/key_checks.h"
#include "tests/sim/world.h"

namespace cluster::sim {
namespace {

constexpr int kMoves = 30;
constexpr Duration kToDirect = minutes(4), kToRelay = seconds(10), kOrderWithin = seconds(30);

class Moving : public testing::Test {
 protected:
  Moving() : world(1, {"S", "L", "P"}) {
    spec.hosts = {{HostId(1), "S", false, "10.0.0.1"},
                  {HostId(2), "L", true, ""},
                  {HostId(3), "P", true, ""}};
    ServiceSpec web;
    web.name = "web";
    web.preference = {HostId(2), HostId(3)};
    spec.services = {web};
    world.network().set_address(l.index(), world.fresh_address(), Nat::kCone);
    world.network().set_address(p.index(), world.fresh_address(), Nat::kCone);
    for (MachineId m = 0; m < world.size(); ++m) {
      world.machine(m).set_spec(spec);
      world.machine(m).power_on();
    }
    world.network().set_latency(s.index(), l.index(), milliseconds(30));
    world.network().set_latency(s.index(), p.index(), milliseconds(20));
  }

  bool on(core::Path path) const {
    return l.view().hosts[2].path == path && p.view().hosts[1].path == path;
  }
  void move_web(HostId host) {
    std::optional<core::Reply> reply;
    l.command(core::Verb::kMove, "web", host, [&](const core::Reply& given) { reply = given; });
    EXPECT_TRUE(world.run_until([&] { return reply.has_value(); }, kOrderWithin));
    EXPECT_TRUE(reply && reply->refusal == core::Refusal::kNone);
  }

  World world;
  Machine &s = world.machine(0), &l = world.machine(1), &p = world.machine(2);
  Spec spec;
  CopyChecks one_copy{world};
  NumberChecks numbers{world};
  KeyChecks keys{world};
  Losses losses{world};
};

TEST_F(Moving, LosesNothingOfWhatWasSaidOverTheSession) {
  ASSERT_TRUE(world.run_until([&] { return on(core::Path::kDirect); }, kToDirect));
  losses.count_from_now();
  for (int i = 0; i < kMoves && !world.failed(); ++i) {
    SCOPED_TRACE("move " + std::to_string(i));
    world.network().cut(l.index(), p.index());
    ASSERT_TRUE(world.run_until([&] { return on(core::Path::kRelay); }, kToRelay));
    move_web(HostId(2 + static_cast<uint32_t>(i) % 2));
    EXPECT_TRUE(on(core::Path::kRelay));
    world.network().heal(l.index(), p.index());
    ASSERT_TRUE(world.run_until([&] { return on(core::Path::kDirect); }, kToDirect));
    world.run_for(seconds(5));
  }
  EXPECT_FALSE(world.failed()) << world.violation();
  EXPECT_EQ(losses.lost_with_sessions(), 0u);
  EXPECT_EQ(losses.outstanding(), 0u);
  EXPECT_EQ(losses.mangled, 0u);
  EXPECT_EQ(losses.hosts_lost, 0u);
  EXPECT_EQ(keys.locked_out(), std::nullopt);
}

}  // namespace
}  // namespace cluster::sim
