// Ten thousand secrets of each pair, one a second, with all that goes on in a cluster meanwhile: no link is lost
// for it, no message, no order. A story could tell it, but not count.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/scenarios/losses.h"
#include "tests/sim/checks.h"
#include "tests/sim/key_checks.h"
#include "tests/sim/world.h"

namespace cluster::sim {
namespace {

constexpr uint64_t kRotations = 10'000;
// A second each, the round trips and stores, and what the first contact and the last order take.
constexpr Duration kWithin = seconds(kRotations + kRotations / 5);
constexpr Duration kOrderEvery = seconds(60), kOrderWithin = seconds(30);
struct Order {
  core::Verb verb;
  const char* at;
  const char* service;
  const char* host;
  const char* runs_on;  // from then on
};

constexpr std::array kOrders = {
    Order{core::Verb::kMove, "B", "web", "C", "C"},
    Order{core::Verb::kClear, "C", "web", "", "A"},
    Order{core::Verb::kDisable, "A", "web", "", ""},
    Order{core::Verb::kEnable, "C", "web", "", "A"},
    Order{core::Verb::kStandby, "C", "", "A", "C"},
    Order{core::Verb::kOnline, "B", "", "A", "A"},
};

// A and C are joined through B alone, so what they say to each other passes two links that rotate, within a session
// that rotates too.
class TenThousandRotations : public testing::Test {
 protected:
  TenThousandRotations() : world(1, {"A", "B", "C"}) {
    for (uint32_t line = 1; line <= world.size(); ++line)
      spec.hosts.push_back(
          {HostId(line), world.machine(line - 1).name(), false, "10.0.0." + std::to_string(line)});
    ServiceSpec web;
    web.name = "web";
    web.preference = {HostId(1), HostId(3)};
    spec.services = {web};
    spec.rekey_interval = seconds(1);
    for (MachineId m = 0; m < world.size(); ++m) {
      world.machine(m).set_spec(spec);
      world.machine(m).power_on();
    }
    world.network().set_latency(b.index(), c.index(), milliseconds(30));
    world.network().cut(a.index(), c.index());
  }

  bool runs_on(const std::string& host) {
    const std::vector<MachineId> on = world.copies("web");
    if (host.empty() ? !on.empty() : on != std::vector<MachineId>{world.machine(host).index()})
      return false;
    for (MachineId m = 0; m < world.size(); ++m) {
      const core::ServiceView seen = world.machine(m).view().services.front();
      const core::ServiceState wanted =
          host.empty() ? core::ServiceState::kStopped : core::ServiceState::kRunning;
      if (seen.state != wanted || seen.host != (host.empty() ? HostId() : world.machine(host).id()))
        return false;
    }
    return true;
  }

  void carry_out(const Order& order) {
    SCOPED_TRACE("after " + std::to_string(losses.rotations(a, b)) + " rotations");
    std::optional<core::Reply> reply;
    const std::string host = order.host;
    world.machine(order.at).command(order.verb, order.service,
                                    host.empty() ? HostId() : world.machine(host).id(),
                                    [&](const core::Reply& given) { reply = given; });
    EXPECT_TRUE(world.run_until([&] { return reply && runs_on(order.runs_on); }, kOrderWithin));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->refusal, core::Refusal::kNone) << reply->text;
  }

  uint64_t fewest() const {
    return std::min({losses.rotations(a, b), losses.rotations(b, a), losses.rotations(b, c),
                     losses.rotations(c, b)});
  }

  World world;
  Machine &a = world.machine(0), &b = world.machine(1), &c = world.machine(2);
  Spec spec;
  CopyChecks one_copy{world};
  NumberChecks numbers{world};
  KeyChecks keys{world};
  Losses losses{world};
};

TEST_F(TenThousandRotations, CostNoLinkAndNoMessage) {
  const auto path = [&] { return a.view().hosts[2].path; };
  ASSERT_TRUE(world.run_until(
      [&] { return runs_on("A") && fewest() > 0 && path() == core::Path::kRelay; }, seconds(60)));
  losses.count_from_now();
  uint64_t orders = 0;
  while (fewest() < kRotations && world.now() < kWithin) {
    const Instant next = world.now() + kOrderEvery;
    carry_out(kOrders[orders++ % kOrders.size()]);
    if (HasFailure() || world.failed()) break;
    world.run_for(next - world.now());
  }
  EXPECT_FALSE(world.failed()) << world.violation();
  EXPECT_GE(fewest(), kRotations) << "in " << to_ms(world.now()) << " ms";
  EXPECT_EQ(losses.leaps, 0u);
  EXPECT_EQ(losses.links_lost, 0u);
  EXPECT_EQ(losses.links_made, 0u);
  EXPECT_EQ(losses.hosts_lost, 0u);
  EXPECT_EQ(losses.mangled, 0u);
  EXPECT_EQ(losses.outstanding(), 0u);
  EXPECT_GT(losses.messages, 4 * kRotations);
  EXPECT_EQ(path(), core::Path::kRelay);
  RecordProperty("orders", static_cast<int>(orders));

  // The newest of them opens the next link, nothing else does.
  EXPECT_EQ(keys.locked_out(), std::nullopt);
  world.network().reset(a.index(), b.index());
  EXPECT_TRUE(world.run_until(
      [&] { return losses.links_made > 1 && world.network().linked(a.index(), b.index()); },
      seconds(30)));
  const uint64_t before = fewest();
  EXPECT_TRUE(world.run_until([&] { return fewest() > before; }, seconds(30)));
  EXPECT_EQ(losses.leaps, 0u);
}

}  // namespace
}  // namespace cluster::sim
