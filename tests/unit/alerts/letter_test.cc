#include "alerts/letter.h"

#include <gtest/gtest.h>

namespace cluster::alerts {
namespace {

core::SendAlert alert(const std::string& text) {
  return {AlertId(1), "failover", "web", core::Severity::kWarning, text, HostId(2), false};
}

TEST(Letter, TheShortLineIsAtMost160CharactersOfAscii) {
  EXPECT_EQ(short_line(alert(std::string(200, 'x'))), std::string(160, 'x'));
  EXPECT_EQ(short_line(alert("web\nruns\xc3\xa9 on \xe2\x82\xac")), "web?runs? on ?");
  EXPECT_EQ(
      short_letter(alert("web runs on B"), {"a@example.com", "b@example.com"}),
      "To: a@example.com,\n b@example.com\nAuto-Submitted: auto-generated\n\nweb runs on B\n");
}

TEST(Letter, NothingInATextMakesAHeader) {
  const std::string mail =
      letter(alert("x\nBcc: evil@example.com"), {HostId(1), "one"}, {"root"}, WallTime(seconds(0)));
  EXPECT_EQ(mail.substr(0, mail.find("\n\n")).find("\nBcc"), std::string::npos) << mail;
}

TEST(Letter, TellsAllThatIsKnown) {
  EXPECT_EQ(letter(alert("caf\xc3\xa9 runs on B"), {HostId(1), "one"}, {"root"},
                   WallTime(seconds(1'700'000'000))),
            "To: root\n"
            "Subject: [cluster] warning: caf? runs on B\n"
            "Auto-Submitted: auto-generated\n"
            "MIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=utf-8\n"
            "Content-Transfer-Encoding: 8bit\n"
            "\n"
            "caf\xc3\xa9 runs on B\n"
            "\n"
            "severity  warning\n"
            "kind      failover\n"
            "subject   web\n"
            "time      2023-11-14T22:13:20Z\n"
            "sent by   host 1 (one)\n");
}

}  // namespace
}  // namespace cluster::alerts
