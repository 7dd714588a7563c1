// What edits that did not know of each other make of one text, in mode `merge`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sync/hosts.h"

namespace cluster::sync {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Merge : public testing::Test {
 protected:
  explicit Merge(size_t count = 2) : hosts_(count, Mode::kMerge) {
    hosts_[0].write("zone", "one two three");
    hosts_.pass(seconds(5));
  }

  void meet() {
    hosts_.link(0, 1);
    hosts_.pass(seconds(5));
  }

  void expect_on_all(size_t count, const std::string& text) {
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(hosts_[i].read("zone"), text) << i;
      EXPECT_THAT(hosts_[i].copies("zone"), IsEmpty()) << i;
    }
  }

  Hosts hosts_;
};

class MergeOfThree : public Merge {
 protected:
  MergeOfThree() : Merge(3) {}
};

TEST_F(Merge, WhatTwoHaveEditedApartIsPutTogether) {
  hosts_.cut(0, 1);
  hosts_[0].write("zone", "ONE two three");
  hosts_[1].write("zone", "one two THREE");
  meet();
  expect_on_all(2, "ONE two THREE");
  EXPECT_TRUE(hosts_[0].retained("ONE two three"));
  EXPECT_TRUE(hosts_[1].retained("one two THREE"));
  EXPECT_THAT(hosts_[0].logs(), HasSubstr("zone: what was edited here and on B is put together"));
}

TEST_F(Merge, SeveralEditsOnEachSideHaveOneBase) {
  hosts_.cut(0, 1);
  hosts_[0].write("zone", "ONE two three");
  hosts_[0].write("zone", "FIRST two three");
  hosts_[1].write("zone", "one two THREE");
  hosts_[1].write("zone", "one two THIRD");
  meet();
  expect_on_all(2, "FIRST two THIRD");
}

TEST_F(Merge, WhatTouchesTheSameIsKeptAsACopy) {
  hosts_.cut(0, 1);
  hosts_[0].write("zone", "ONE two three");
  hosts_.pass(seconds(1));
  hosts_[1].write("zone", "FIRST two three");
  meet();
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(hosts_[i].read("zone"), "FIRST two three") << "the later stays";
    EXPECT_THAT(hosts_[i].logs(), HasSubstr("is not put together: the two touch the same lines"));
    EXPECT_THAT(hosts_[i].copies("zone"), UnorderedElementsAre("ONE two three"));
  }
}

TEST_F(Merge, WithoutWhatBothWereMadeOfTheLaterStays) {
  hosts_.cut(0, 1);
  hosts_[0].write("zone", "ONE two three");
  hosts_.pass(seconds(1));
  hosts_[1].write("zone", "one two THREE");
  for (size_t i = 0; i < 2; ++i) hosts_[i].forget_bases();
  meet();
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(hosts_[i].read("zone"), "one two THREE");
    EXPECT_THAT(hosts_[i].copies("zone"), UnorderedElementsAre("ONE two three"));
  }
}

TEST_F(Merge, TheBaseIsKnownAfterARestart) {
  hosts_.cut(0, 1);
  for (size_t i = 0; i < 2; ++i) hosts_[i].stop();
  hosts_[0].write_unseen("zone", "ONE two three");
  hosts_[1].write_unseen("zone", "one two THREE");
  for (size_t i = 0; i < 2; ++i) hosts_[i].start();
  for (size_t i = 0; i < 2; ++i) hosts_[i].stop();
  for (size_t i = 0; i < 2; ++i) hosts_[i].start();
  meet();
  expect_on_all(2, "ONE two THREE");
}

TEST_F(Merge, AFurtherEditOfOneSideIsPutTogetherOnceMore) {
  hosts_.cut(0, 1);
  hosts_[0].write("zone", "ONE two three");
  hosts_[1].write("zone", "one two THREE");
  meet();
  hosts_.cut(0, 1);
  hosts_[0].write("zone", "ONE TWO THREE");
  hosts_[1].write("zone", "ONE two THIRD");
  meet();
  expect_on_all(2, "ONE TWO THIRD");
}

TEST_F(MergeOfThree, ThreeEditsArePutTogetherInWhateverOrderTheyMeet) {
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < i; ++j) hosts_.cut(j, i);
  hosts_[0].write("zone", "ONE two three");
  hosts_[1].write("zone", "one TWO three");
  hosts_[2].write("zone", "one two THREE");
  hosts_.link(1, 2);
  hosts_.pass(seconds(5));
  hosts_.link(0, 1);
  hosts_.link(0, 2);
  hosts_.pass(seconds(5));
  expect_on_all(3, "ONE TWO THREE");
}

TEST_F(Merge, ADeleteAgainstAnEditKeepsTheEdit) {
  hosts_.cut(0, 1);
  hosts_[0].write("zone", "ONE two three");
  hosts_[1].remove("zone");
  hosts_.pass(seconds(5));
  meet();
  expect_on_all(2, "ONE two three");
}

}  // namespace
}  // namespace cluster::sync
