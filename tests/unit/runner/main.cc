#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "tests/unit/runner/cmocka_output.h"

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  using namespace cluster::runner;
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  if (const auto format = parse_format(environment("CMOCKA_MESSAGE_OUTPUT"))) {
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(make_output(*format, environment("CMOCKA_XML_FILE")).release());
  }
  // After the output, which is to have said what failed.
  if (environment("CMOCKA_TEST_ABORT") == "1") listeners.Append(make_aborter().release());
  return RUN_ALL_TESTS();
}
