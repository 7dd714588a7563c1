// An order, and the death of the engine that has carried it out: rare enough in random runs that the planted bug is
// looked for by itself.
#include "tests/sim/order_checks.h"

#include <gtest/gtest.h>

namespace cluster::sim {
namespace {

class Orders : public testing::TestWithParam<Plant> {
 protected:
  Orders() : world(1, {"A", "B"}) {
    spec.hosts = {{HostId(1), "A", false, "10.0.0.1"}, {HostId(2), "B", false, "10.0.0.2"}};
    ServiceSpec web;
    web.name = "web";
    web.preference = {HostId(1), HostId(2)};
    spec.services = {web};
    for (MachineId m = 0; m < world.size(); ++m) world.machine(m).set_spec(spec);
    world.set_plant(GetParam());
    for (MachineId m = 0; m < world.size(); ++m) world.machine(m).power_on();
    world.run_for(minutes(1));
  }

  World world;
  Spec spec;
  Machine& a = world.machine(0);
  OrderChecks orders{world};
};
INSTANTIATE_TEST_SUITE_P(WithoutAndWithTheBug, Orders,
                         testing::Values(Plant::kNone, Plant::kForgetOrders));

TEST_P(Orders, AreCarriedOutOnce) {
  a.command(core::Verb::kRestart, "web", HostId(), nullptr);
  world.run_for(minutes(1));
  ASSERT_FALSE(world.failed()) << world.violation();
  a.crash_engine();
  a.start_engine();
  world.run_for(minutes(1));
  EXPECT_EQ(world.failed(), GetParam() == Plant::kForgetOrders) << world.violation();
}

}  // namespace
}  // namespace cluster::sim
