#include "tests/unit/runner/cmocka_output.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace cluster::runner {
namespace {

using testing::TestInfo;
using testing::TestPartResult;
using testing::TestResult;
using testing::TestSuite;
using testing::UnitTest;

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

// As cmocka words it: what differed, then where.
std::string describe(const TestPartResult& part) {
  std::ostringstream out;
  out << trimmed(part.message()) << '\n';
  if (part.file_name()) out << part.file_name() << ':' << part.line_number() << ": ";
  out << "error: Failure!";
  return out.str();
}

std::string describe(const TestResult& result) {
  std::string text;
  for (int i = 0; i < result.total_part_count(); ++i) {
    const auto& part = result.GetTestPartResult(i);
    if (!part.failed()) continue;
    if (!text.empty()) text += '\n';
    text += describe(part);
  }
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string full_name(const TestInfo& test) {
  return std::string(test.test_suite_name()) + "." + test.name();
}

// What SetUpTestSuite and TearDownTestSuite left.
bool suite_failed(const TestSuite& suite) { return suite.ad_hoc_test_result().Failed(); }

template <class Function>
void for_each_run(const TestSuite& suite, Function function) {
  for (int i = 0; i < suite.total_test_count(); ++i) {
    if (suite.GetTestInfo(i)->should_run()) function(*suite.GetTestInfo(i));
  }
}

enum class Verdict { kPassed, kFailed, kSkipped };

// GoogleTest calls a test skipped whose suite could not be set up: for cmocka it could not be run,
// which fails it.
Verdict verdict_of(const TestSuite& suite, const TestInfo& test) {
  if (test.result()->Failed()) return Verdict::kFailed;
  if (!test.result()->Skipped()) return Verdict::kPassed;
  return suite_failed(suite) ? Verdict::kFailed : Verdict::kSkipped;
}
Verdict verdict_of(const TestInfo& test) {
  return verdict_of(*UnitTest::GetInstance()->current_test_suite(), test);
}

std::string why_failed(const TestSuite& suite, const TestInfo& test) {
  if (test.result()->Failed()) return describe(*test.result());
  return "Could not run test: " + describe(suite.ad_hoc_test_result());
}
std::string why_failed(const TestInfo& test) {
  return why_failed(*UnitTest::GetInstance()->current_test_suite(), test);
}

int count(const TestSuite& suite, Verdict verdict) {
  int n = 0;
  for_each_run(suite, [&](const TestInfo& test) { n += verdict_of(suite, test) == verdict; });
  return n;
}

class Standard : public testing::EmptyTestEventListener {
  void OnTestSuiteStart(const TestSuite& suite) override {
    std::printf("[==========] %s: Running %d test(s).\n", suite.name(), suite.test_to_run_count());
  }
  void OnTestStart(const TestInfo& test) override {
    std::printf("[ RUN      ] %s\n", full_name(test).c_str());
    std::fflush(stdout);
  }
  void OnTestEnd(const TestInfo& test) override {
    const auto name = full_name(test);
    if (verdict_of(test) == Verdict::kFailed) {
      std::printf("[  ERROR   ] --- %s\n", why_failed(test).c_str());
      std::printf("[  FAILED  ] %s\n", name.c_str());
    } else if (verdict_of(test) == Verdict::kSkipped) {
      std::printf("[  SKIPPED ] %s\n", name.c_str());
    } else {
      std::printf("[       OK ] %s\n", name.c_str());
    }
    std::fflush(stdout);
  }
  void OnTestSuiteEnd(const TestSuite& suite) override {
    if (suite_failed(suite)) {
      std::printf("%s\n[  ERROR   ] %s\n", describe(suite.ad_hoc_test_result()).c_str(),
                  suite.name());
    }
    std::printf("[==========] %s: %d test(s) run.\n", suite.name(), suite.test_to_run_count());
    std::printf("[  PASSED  ] %d test(s).\n", count(suite, Verdict::kPassed));
    list(suite, Verdict::kSkipped, "SKIPPED");
    list(suite, Verdict::kFailed, "FAILED");
    std::fflush(stdout);
  }

  static void list(const TestSuite& suite, Verdict verdict, const char* word) {
    const int n = count(suite, verdict);
    if (n == 0) return;
    std::printf("[  %-7s ] %s: %d test(s), listed below:\n", word, suite.name(), n);
    for_each_run(suite, [&](const TestInfo& test) {
      if (verdict_of(suite, test) != verdict) return;
      std::printf("[  %-7s ] %s\n", word, full_name(test).c_str());
    });
    std::printf("\n %d %s TEST(S)\n", n, word);
  }
};

class Tap : public testing::EmptyTestEventListener {
  void OnTestIterationStart(const UnitTest& unit, int) override {
    number_ = 0;
    std::printf("TAP version 13\n1..%d\n", unit.test_to_run_count());
  }
  void OnTestEnd(const TestInfo& test) override {
    const auto name = full_name(test);
    ++number_;
    if (verdict_of(test) == Verdict::kFailed) {
      std::printf("not ok %d - %s\n", number_, name.c_str());
      comment(why_failed(test));
    } else if (verdict_of(test) == Verdict::kSkipped) {
      std::printf("ok %d - %s # SKIP\n", number_, name.c_str());
    } else {
      std::printf("ok %d - %s\n", number_, name.c_str());
    }
    std::fflush(stdout);
  }
  void OnTestSuiteEnd(const TestSuite& suite) override {
    if (suite_failed(suite)) comment(describe(suite.ad_hoc_test_result()));
    std::printf("# %s - %s\n", suite.Passed() ? "ok" : "not ok", suite.name());
    std::fflush(stdout);
  }

  static void comment(const std::string& text) {
    for (const auto& line : lines_of(text)) std::printf("# %s\n", line.c_str());
  }

  int number_ = 0;
};

class Subunit : public testing::EmptyTestEventListener {
  void OnTestStart(const TestInfo& test) override {
    std::printf("test: %s\n", full_name(test).c_str());
    std::fflush(stdout);
  }
  void OnTestEnd(const TestInfo& test) override {
    const auto name = full_name(test);
    if (verdict_of(test) == Verdict::kFailed) {
      std::printf("failure: %s [\n%s\n]\n", name.c_str(), why_failed(test).c_str());
    } else if (verdict_of(test) == Verdict::kSkipped) {
      std::printf("skip: %s\n", name.c_str());
    } else {
      std::printf("success: %s\n", name.c_str());
    }
    std::fflush(stdout);
  }
  void OnTestSuiteEnd(const TestSuite& suite) override {
    if (!suite_failed(suite)) return;
    std::printf("error: %s [ %s ]\n", suite.name(), describe(suite.ad_hoc_test_result()).c_str());
  }
};

std::string attribute(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&apos;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out += c;
    }
  }
  return out;
}

// XML 1.0 knows no control characters but these three, not even escaped; and "]]>" ends the
// section.
std::string cdata(const std::string& text) {
  std::string out;
  for (char c : text) {
    const bool allowed =
        static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t' || c == '\r';
    out += allowed ? c : '?';
    if (out.ends_with("]]>")) out.insert(out.size() - 1, "]]><![CDATA[");
  }
  return "<![CDATA[" + out + "]]>";
}

std::string seconds_of(testing::TimeInMillis ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(ms) / 1000);
  return text;
}

std::string suite_xml(const TestSuite& suite) {
  std::ostringstream out;
  out << "  <testsuite name=\"" << attribute(suite.name()) << "\" time=\""
      << seconds_of(suite.elapsed_time()) << "\" tests=\"" << suite.test_to_run_count()
      << "\" failures=\"" << suite.failed_test_count() << "\" errors=\"" << suite_failed(suite)
      << "\" skipped=\"" << count(suite, Verdict::kSkipped) << "\" >\n";
  for_each_run(suite, [&](const TestInfo& test) {
    out << "    <testcase name=\"" << attribute(test.name()) << "\" time=\""
        << seconds_of(test.result()->elapsed_time()) << "\" >\n";
    if (verdict_of(suite, test) == Verdict::kFailed) {
      out << "      <failure>" << cdata(why_failed(suite, test)) << "</failure>\n";
    } else if (verdict_of(suite, test) == Verdict::kSkipped) {
      out << "      <skipped/>\n";
    }
    out << "    </testcase>\n";
  });
  if (suite_failed(suite)) {
    out << "    <system-err>" << cdata(describe(suite.ad_hoc_test_result())) << "</system-err>\n";
  }
  out << "  </testsuite>\n";
  return out.str();
}

class Xml : public testing::EmptyTestEventListener {
 public:
  explicit Xml(std::string file) : file_(std::move(file)) {}

 private:
  void OnTestSuiteEnd(const TestSuite& suite) override {
    const auto at = file_.find("%g");
    if (at == std::string::npos) {
      suites_ += suite_xml(suite);
      return;
    }
    std::string group = suite.name();
    std::replace(group.begin(), group.end(), '/', '_');
    write(std::string(file_).replace(at, 2, group), suite_xml(suite));
  }
  void OnTestIterationEnd(const UnitTest&, int) override {
    if (file_.find("%g") == std::string::npos) write(file_, std::exchange(suites_, {}));
  }

  static void write(const std::string& file, const std::string& suites) {
    const auto document =
        "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<testsuites>\n" + suites + "</testsuites>\n";
    std::fflush(stdout);
    if (file.empty()) {
      std::cout << document << std::flush;
      return;
    }
    if (!std::ifstream(file).good()) {
      std::ofstream out(file);
      if (out << document << std::flush) return;
    }
    std::cerr << document << std::flush;
  }

  std::string file_;
  std::string suites_;
};

class Aborter : public testing::EmptyTestEventListener {
  void OnTestPartResult(const TestPartResult& part) override {
    if (!part.failed()) return;
    std::fflush(stdout);
    std::cerr << describe(part) << std::endl;
    std::abort();
  }
};

}  // namespace

std::optional<Format> parse_format(const std::string& text) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "stdout" || lower == "standard") return Format::kStandard;
  if (lower == "tap") return Format::kTap;
  if (lower == "xml") return Format::kXml;
  if (lower == "subunit") return Format::kSubunit;
  return std::nullopt;
}

std::unique_ptr<testing::TestEventListener> make_output(Format format, std::string xml_file) {
  switch (format) {
    case Format::kStandard: return std::make_unique<Standard>();
    case Format::kTap: return std::make_unique<Tap>();
    case Format::kXml: return std::make_unique<Xml>(std::move(xml_file));
    case Format::kSubunit: return std::make_unique<Subunit>();
  }
  return nullptr;
}

std::unique_ptr<testing::TestEventListener> make_aborter() { return std::make_unique<Aborter>(); }

}  // namespace cluster::runner
