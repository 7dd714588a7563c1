#include "scripts/line_cutter.h"

#include <gtest/gtest.h>

#include <vector>

namespace cluster::scripts {
namespace {

struct Cut {
  LineCutter cutter;
  OutputBudget budget;
  std::vector<std::string> lines, notices;

  LineCutter::Emit emit() {
    return [this](std::string text, bool notice) {
      (notice ? notices : lines).push_back(std::move(text));
    };
  }
  void feed(std::string_view bytes, Duration at = {}) {
    cutter.feed(MonoTime(at), bytes, budget, emit());
  }
  void finish(Duration at = {}) { cutter.finish(MonoTime(at), budget, emit()); }
};

using Lines = std::vector<std::string>;

TEST(Printable, KeepsTextAndShowsTheRestAsHex) {
  EXPECT_EQ(printable("plain\ttext"), "plain\ttext");
  EXPECT_EQ(printable("Zürich – 東京 😀"), "Zürich – 東京 😀");
  EXPECT_EQ(printable(std::string_view("a\0b\x1b[2J\x7f", 8)), "a\\x00b\\x1b[2J\\x7f");
  EXPECT_EQ(printable("\xff\xc0\x80\xed\xa0\x80\xe2\x82"),
            "\\xff\\xc0\\x80\\xed\\xa0\\x80\\xe2\\x82");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(LineCutter, CutsAtNewlinesHoweverTheBytesCome) {
  Cut cut;
  for (char c : std::string("one\ntwo\r\n\nlast")) cut.feed({&c, 1});
  EXPECT_EQ(cut.lines, (Lines{"one", "two", ""}));
  cut.finish();
  EXPECT_EQ(cut.lines, (Lines{"one", "two", "", "last"}));
  EXPECT_TRUE(cut.notices.empty());
}

TEST(LineCutter, SaysHowMuchOfALongLineIsMissing) {
  Cut cut;
  cut.feed(std::string(kMaxLineBytes + 10, 'x') + "\nnext\n");
  ASSERT_EQ(cut.lines.size(), 2u);
  EXPECT_TRUE(cut.lines[0].starts_with(std::string(kMaxLineBytes, 'x') + " [... 10 more bytes"));
  EXPECT_EQ(cut.lines[1], "next");
}

TEST(LineCutter, DropsAFloodAndSaysSoOnce) {
  Cut cut;
  for (uint32_t i = 0; i < kMaxLinesPerWindow + 100; ++i) cut.feed("line\n");
  EXPECT_EQ(cut.lines.size(), kMaxLinesPerWindow);
  EXPECT_TRUE(cut.notices.empty());
  cut.feed("begun before");
  cut.feed(" and ended after\nheard\n", kOutputWindow);
  ASSERT_EQ(cut.notices.size(), 1u);
  EXPECT_TRUE(cut.notices[0].starts_with("101 lines (")) << cut.notices[0];
  EXPECT_EQ(cut.lines.back(), "heard");
}

TEST(LineCutter, BoundsMemoryWithoutANewline) {
  Cut cut;
  for (int i = 0; i < 1000; ++i) cut.feed(std::string(64 * 1024, 'y'));
  EXPECT_TRUE(cut.lines.empty());
  cut.finish();
  ASSERT_EQ(cut.lines.size(), 1u);
  EXPECT_LT(cut.lines[0].size(), kMaxLineBytes + 200);
}

TEST(OutputBudget, IsSharedByVolumeToo) {
  OutputBudget budget;
  EXPECT_TRUE(budget.take(MonoTime{}, kMaxBytesPerWindow));
  EXPECT_FALSE(budget.exhausted(MonoTime{}));
  EXPECT_FALSE(budget.take(MonoTime{}, 1));
  EXPECT_TRUE(budget.exhausted(MonoTime{}));
  EXPECT_FALSE(budget.exhausted(MonoTime(kOutputWindow)));
  EXPECT_TRUE(budget.take(MonoTime(kOutputWindow), 1));
}

}  // namespace
}  // namespace cluster::scripts
