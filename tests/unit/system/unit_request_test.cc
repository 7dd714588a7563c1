#include "system/unit_request.h"

#include <event2/event.h>
#include <gtest/gtest.h>

#include <optional>

namespace cluster::system {
namespace {

// As systemd-escape(1) prints them.
TEST(EscapeUnit, AsSystemdDoes) {
  EXPECT_EQ(escape_unit("web"), "web");
  EXPECT_EQ(escape_unit("my-db_1.x:y"), "my\\x2ddb_1.x:y");
  EXPECT_EQ(escape_unit(".a/b c"), "\\x2ea-b\\x20c");
  EXPECT_EQ(escape_unit("\xc3\xa9"), "\\xc3\\xa9");
}

std::string outcome(const std::string& where) {
  event_base* base = event_base_new();
  std::optional<std::string> why;
  {
    UnitRequest request(base, where, {"a.scope", "", "b.slice", "", 1},
                        [&](const std::string& text) {
                          why = text;
                          event_base_loopbreak(base);
                        });
    EXPECT_FALSE(why.has_value()) << "from the loop alone";
    event_base_dispatch(base);
  }
  event_base_free(base);
  return why.value_or("never");
}

TEST(UnitRequest, WithoutABus) {
  EXPECT_EQ(outcome("unix:path=/nonexistent/bus"), "no bus: No such file or directory");
}

TEST(UnitRequest, ABusOfAnotherMachineIsNotAsked) {
  EXPECT_EQ(outcome("tcp:host=127.0.0.1,port=1"), "no bus: Protocol not supported");
}

}  // namespace
}  // namespace cluster::system
