#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/unit/runner/cmocka_output.h"
#include "tests/unit/temp_folder.h"

namespace cluster::runner {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Outcome {
  int status = -1;  // as wait() gives it
  std::string out;  // stdout, then stderr
};

// The program `sample` beside this one, with `environment` in the words of a shell.
Outcome run_sample(const std::string& environment, const std::string& arguments = "") {
  const auto sample = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "sample";
  const auto command =
      "unset CMOCKA_MESSAGE_OUTPUT CMOCKA_XML_FILE CMOCKA_TEST_ABORT GTEST_OUTPUT; "
      "ulimit -c 0; errors=$(mktemp); " +
      environment + " '" + sample.string() + "' " + arguments +
      " 2>\"$errors\"; code=$?; cat \"$errors\"; "
      "rm -f \"$errors\"; exit $code";
  Outcome outcome;
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return outcome;
  std::array<char, 4096> buffer;
  for (size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    outcome.out.append(buffer.data(), n);
  }
  outcome.status = pclose(pipe);
  return outcome;
}

std::string contents(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(Runner, WithoutVariablesIsGoogleTest) {
  const auto outcome = run_sample("");
  EXPECT_EQ(WEXITSTATUS(outcome.status), 1);
  EXPECT_THAT(outcome.out, HasSubstr("[==========] Running 9 tests from 5 test suites."));
  EXPECT_THAT(outcome.out, HasSubstr("[  PASSED  ] 5 tests."));
}

TEST(Runner, GoogleTestsFlagsStillWork) {
  const auto outcome = run_sample("CMOCKA_MESSAGE_OUTPUT=tap", "--gtest_filter='Second.*'");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "TAP version 13\n1..1\nok 1 - Second.Passes\n# ok - Second\n");
}

TEST(Runner, UnknownFormatKeepsTheDefault) {
  EXPECT_THAT(run_sample("CMOCKA_MESSAGE_OUTPUT=html").out, HasSubstr("from 5 test suites"));
}

TEST(Runner, ReadsFormatsInAnyCase) {
  EXPECT_EQ(parse_format("StdOut"), Format::kStandard);
  EXPECT_EQ(parse_format("TAP"), Format::kTap);
  EXPECT_EQ(parse_format("Xml"), Format::kXml);
  EXPECT_EQ(parse_format("SUBUNIT"), Format::kSubunit);
  EXPECT_EQ(parse_format(""), std::nullopt);
}

TEST(Runner, Standard) {
  const auto outcome = run_sample("CMOCKA_MESSAGE_OUTPUT=STDOUT", "--gtest_filter='First.*'");
  EXPECT_EQ(WEXITSTATUS(outcome.status), 1);
  EXPECT_THAT(outcome.out, StartsWith("[==========] First: Running 4 test(s).\n"
                                      "[ RUN      ] First.Passes\n"
                                      "[       OK ] First.Passes\n"
                                      "[ RUN      ] First.Fails\n"
                                      "[  ERROR   ] --- Expected equality of these values:\n"));
  EXPECT_THAT(outcome.out, HasSubstr(": error: Failure!\n[  FAILED  ] First.Fails\n"));
  EXPECT_THAT(outcome.out, HasSubstr("[  SKIPPED ] First.Skips\n"
                                     "[==========] First: 4 test(s) run.\n"
                                     "[  PASSED  ] 1 test(s).\n"
                                     "[  SKIPPED ] First: 1 test(s), listed below:\n"
                                     "[  SKIPPED ] First.Skips\n\n 1 SKIPPED TEST(S)\n"
                                     "[  FAILED  ] First: 2 test(s), listed below:\n"
                                     "[  FAILED  ] First.Fails\n"
                                     "[  FAILED  ] First.FailsTwice\n\n 2 FAILED TEST(S)\n"));
}

TEST(Runner, Tap) {
  const auto outcome = run_sample("CMOCKA_MESSAGE_OUTPUT=tap");
  EXPECT_EQ(WEXITSTATUS(outcome.status), 1);
  EXPECT_THAT(outcome.out, StartsWith("TAP version 13\n1..9\nok 1 - First.Passes\n"
                                      "not ok 2 - First.Fails\n"
                                      "# Expected equality of these values:\n"));
  EXPECT_THAT(outcome.out, HasSubstr(": error: Failure!\nok 4 - First.Skips # SKIP\n"
                                     "# not ok - First\nok 5 - Second.Passes\n# ok - Second\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("not ok 6 - Broken.Passes\n# Could not run test: Failed\n# no"));
  EXPECT_THAT(outcome.out, HasSubstr("# not ok - Broken\n"));
  EXPECT_THAT(outcome.out, HasSubstr("ok 9 - Small/Numbers.ArePositive/1\n"));
}

TEST(Runner, Subunit) {
  const auto outcome = run_sample("CMOCKA_MESSAGE_OUTPUT=subunit");
  EXPECT_EQ(WEXITSTATUS(outcome.status), 1);
  EXPECT_THAT(outcome.out, StartsWith("test: First.Passes\nsuccess: First.Passes\n"
                                      "test: First.Fails\nfailure: First.Fails [\n"
                                      "Expected equality of these values:\n"));
  EXPECT_THAT(outcome.out, HasSubstr(": error: Failure!\n]\ntest: First.FailsTwice\n"));
  EXPECT_THAT(outcome.out, HasSubstr("test: First.Skips\nskip: First.Skips\n"));
  EXPECT_THAT(outcome.out, HasSubstr("error: Broken [ Failed\nno ground\n"));
}

TEST(Runner, XmlIsOneDocument) {
  const auto outcome = run_sample("CMOCKA_MESSAGE_OUTPUT=xml");
  EXPECT_EQ(WEXITSTATUS(outcome.status), 1);
  const auto at = outcome.out.find("<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<testsuites>\n");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(outcome.out.find("<?xml", at + 1), std::string::npos);
  const auto document = outcome.out.substr(at);
  EXPECT_THAT(
      document,
      testing::ContainsRegex(
          "<testsuite name=\"First\" time=\"[0-9.]+\" tests=\"4\" failures=\"2\" errors=\"0\" "
          "skipped=\"1\" >"));
  EXPECT_THAT(document, testing::ContainsRegex("<testcase name=\"Skips\" time=\"[0-9.]+\" >\n"
                                               "      <skipped/>\n    </testcase>"));
  EXPECT_THAT(document, HasSubstr("<failure><![CDATA[Expected equality of these values:\n"));
  EXPECT_THAT(document, HasSubstr("a <b> & ]]]]><![CDATA[> end"));
  EXPECT_THAT(document, testing::ContainsRegex("name=\"Broken\" .* errors=\"1\""));
  EXPECT_THAT(document, testing::EndsWith("</testsuites>\n"));
}

TEST(Runner, XmlFileAGroup) {
  const testing_files::TempFolder folder;
  const auto variables =
      "CMOCKA_MESSAGE_OUTPUT=xml CMOCKA_XML_FILE='" + (folder / "t-%g.xml").string() + "'";
  const auto outcome = run_sample(variables);
  EXPECT_THAT(outcome.out, Not(HasSubstr("<testsuite")));
  EXPECT_THAT(contents(folder / "t-Second.xml"), HasSubstr("<testsuite name=\"Second\""));
  EXPECT_THAT(contents(folder / "t-Second.xml"), Not(HasSubstr("First")));
  EXPECT_THAT(contents(folder / "t-First.xml"), StartsWith("<?xml"));
  EXPECT_THAT(contents(folder / "t-Small_Numbers.xml"), HasSubstr("name=\"ArePositive/0\""));
}

TEST(Runner, XmlFileThatExistsIsLeftAlone) {
  const testing_files::TempFolder folder;
  const auto file = folder / "all.xml";
  const auto variables = "CMOCKA_MESSAGE_OUTPUT=xml CMOCKA_XML_FILE='" + file.string() + "'";
  EXPECT_THAT(run_sample(variables).out, Not(HasSubstr("<testsuite")));
  const auto first = contents(file);
  EXPECT_THAT(first, HasSubstr("</testsuites>\n"));
  EXPECT_THAT(run_sample(variables).out, HasSubstr("<testsuites>"));
  EXPECT_EQ(contents(file), first);
}

TEST(Runner, AbortsAtTheFirstFailure) {
  for (const char* format : {"stdout", "tap", "none"}) {
    const auto outcome =
        run_sample(std::string("CMOCKA_TEST_ABORT=1 CMOCKA_MESSAGE_OUTPUT=") + format);
    EXPECT_EQ(WEXITSTATUS(outcome.status), 128 + SIGABRT);
    EXPECT_THAT(outcome.out, HasSubstr("error: Failure!"));
    EXPECT_THAT(outcome.out, Not(HasSubstr("FailsTwice")));
    EXPECT_THAT(outcome.out, Not(HasSubstr("after the first failure")));
  }
}

TEST(Runner, AbortWantsOne) {
  EXPECT_THAT(run_sample("CMOCKA_TEST_ABORT=0").out, HasSubstr("after the first failure"));
}

}  // namespace
}  // namespace cluster::runner
