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

// Links that were closed because their handshake had begun before the pair replaced its secret.
class Overtaken final : public Watcher {
 public:
  void stepped(Machine&, const core::Event*, const core::Actions& actions) override {
    for (const core::Action& action : actions) {
      const auto* close = std::get_if<core::CloseLink>(&action);
      count += close != nullptr && close->reason == "the secret that it used has been replaced";
    }
  }
  int count = 0;
};

// The pair's first secret, agreed on over the session through S, would undo the handshake on a slower direct way.
class Meeting : public Moving, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(ByDirectLatency, Meeting, testing::Values(5, 20, 35, 50, 70, 90, 120));
TEST_P(Meeting, UndoesNoDirectLink) {
  Overtaken overtaken;
  world.watch(overtaken);
  world.network().set_latency(l.index(), p.index(), milliseconds(GetParam()));
  EXPECT_TRUE(world.run_until([&] { return on(core::Path::kDirect); }, seconds(10)));
  world.run_for(seconds(5));
  EXPECT_TRUE(on(core::Path::kDirect));
  EXPECT_EQ(overtaken.count, 0);
  EXPECT_FALSE(world.failed()) << world.violation();
}

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
