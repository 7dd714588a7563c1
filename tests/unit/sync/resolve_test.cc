#include "sync/resolve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/rng.h"

namespace cluster::sync {
namespace {

NodeId node(uint8_t number) {
  NodeId out;
  out.bytes[0] = number;
  return out;
}

Entry entry(uint8_t maker, uint64_t counter, uint64_t time, const std::string& content) {
  Entry out;
  out.vector.set(node(maker), counter);
  out.counter = counter;
  out.edited = out.born = {time, node(maker)};
  out.editor = std::string(1, static_cast<char>('A' + maker - 1));
  out.state.content = content;
  out.state.mode = 0644;
  return out;
}

TEST(Resolve, OneThatKnowsOfTheOtherTakesItsPlace) {
  const Entry old = entry(1, 1, 10, "old");
  Entry fresh = old;
  fresh.vector.set(node(2), 1);
  fresh.edited = {5, node(2)};  // by a clock that is behind
  fresh.counter = 1;
  EXPECT_EQ(resolve(Mode::kNewer, old, fresh).stays, Stays::kTheirs);
  EXPECT_EQ(resolve(Mode::kNewer, fresh, old).stays, Stays::kOurs);
  EXPECT_EQ(resolve(Mode::kNewer, old, old).stays, Stays::kBoth);
}

TEST(Resolve, OfTwoUnknowingTheLaterStaysAndTheOtherIsKept) {
  const Entry early = entry(1, 1, 10, "early"), late = entry(2, 1, 20, "late");
  EXPECT_EQ(resolve(Mode::kNewer, early, late).stays, Stays::kTheirsOfTwo);
  EXPECT_TRUE(resolve(Mode::kNewer, early, late).keep_other);
  EXPECT_EQ(resolve(Mode::kNewer, late, early).stays, Stays::kOursOfTwo);
}

TEST(Resolve, TheCreatorsStaysWhereThatIsAsked) {
  Entry creators = entry(1, 2, 10, "creator's"), others = creators;
  others.vector = {};
  others.vector.set(node(1), 1);
  others.vector.set(node(2), 1);
  others.edited = {90, node(2)};
  others.counter = 1;
  others.state.content = "other's";
  EXPECT_EQ(resolve(Mode::kOlder, creators, others).stays, Stays::kOursOfTwo);
  EXPECT_EQ(resolve(Mode::kNewer, creators, others).stays, Stays::kTheirsOfTwo);
}

TEST(Resolve, AnEditStaysAgainstADeleteWhateverTheClocksSay) {
  const Entry edit = entry(1, 1, 10, "edit");
  Entry gone = entry(2, 1, 99, "was");
  gone.deleted = true;
  EXPECT_EQ(resolve(Mode::kNewer, edit, gone).stays, Stays::kOursOfTwo);
  EXPECT_FALSE(resolve(Mode::kNewer, edit, gone).keep_other);
}

TEST(Resolve, ADeleteStaysAgainstAnOlderFileOfAHostWithoutMemory) {
  Entry found = entry(1, 1, 10, "found");
  found.unsure = true;
  Entry gone = entry(2, 1, 99, "was");
  gone.deleted = true;
  EXPECT_EQ(resolve(Mode::kNewer, found, gone).stays, Stays::kTheirsOfTwo);
  found.edited.wall_us = 100;
  EXPECT_EQ(resolve(Mode::kNewer, found, gone).stays, Stays::kOursOfTwo);
}

TEST(Resolve, EqualContentJoinsSilently) {
  Entry one = entry(1, 1, 10, "same"), other = entry(2, 1, 20, "same");
  other.state.mode = 0600;
  const Resolution resolution = resolve(Mode::kNewer, one, other);
  EXPECT_EQ(resolution.stays, Stays::kTheirsOfTwo);
  EXPECT_FALSE(resolution.keep_other);
}

TEST(Resolve, WhatWasDeletedAfterTheOtherLostStaysDeleted) {
  // A folder won against a file; then whoever made it deleted it, not knowing of the file.
  Entry file = entry(2, 5, 50, "file"), folder = entry(1, 1, 10, "");
  folder.state.type = FileType::kFolder;
  ASSERT_EQ(resolve(Mode::kNewer, folder, file).stays, Stays::kOursOfTwo);
  const Entry both = merged(folder, file);
  Entry gone = folder;
  gone.vector.set(node(1), 2);
  gone.counter = 2;
  gone.edited.wall_us = 60;
  gone.deleted = true;
  EXPECT_EQ(resolve(Mode::kNewer, both, gone).stays, Stays::kTheirsOfTwo);
}

// What a host makes of two edits that were unknowing of each other.
Entry put_together(uint8_t maker, uint64_t counter, uint64_t time, const Entry& one,
                   const Entry& other, const std::string& content) {
  Entry out = entry(maker, counter, time, content);
  out.vector.join(one.vector);
  out.vector.join(other.vector);
  out.born = std::min(one.born, other.born);
  out.merges = {one.dot(), other.dot()};
  return out;
}

TEST(Resolve, WhatTwoHostsPutTogetherIsKeptOnce) {
  const Entry a = entry(1, 1, 10, "a"), b = entry(2, 1, 20, "b");
  const Entry here = put_together(1, 2, 21, a, b, "ab"), there = put_together(2, 2, 22, a, b, "ba");
  EXPECT_EQ(resolve(Mode::kMerge, here, there).stays, Stays::kTheirsOfTwo);
  EXPECT_FALSE(resolve(Mode::kMerge, here, there).keep_other);
  EXPECT_FALSE(resolve(Mode::kMerge, there, here).keep_other);
}

TEST(Resolve, AnEditOfWhatWasPutTogetherKnowsWhatOthersPutTogether) {
  const Entry a = entry(1, 1, 10, "a"), b = entry(2, 1, 20, "b");
  const Entry here = put_together(1, 2, 21, a, b, "ab"), there = put_together(2, 2, 99, a, b, "ab");
  Entry edit = here;
  edit.merges.clear();
  edit.vector.set(node(1), 3);
  edit.counter = 3;
  edit.edited.wall_us = 30;
  edit.state.content = "b alone";
  EXPECT_EQ(resolve(Mode::kMerge, edit, there).stays, Stays::kOursOfTwo);
  EXPECT_FALSE(resolve(Mode::kMerge, edit, there).keep_other);
  EXPECT_EQ(resolve(Mode::kMerge, there, edit).stays, Stays::kTheirsOfTwo);
  EXPECT_FALSE(resolve(Mode::kMerge, there, edit).keep_other);
}

// Hosts that tell each other what they hold, in any order and again and again, end with one version.
TEST(Resolve, WhateverIsPutTogetherWhereAllEndAlike) {
  Rng rng(11);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Entry> hosts;
    for (uint8_t i = 1; i <= 3; ++i)
      hosts.push_back(entry(i, 1, 1 + rng.below(4), std::string(1, static_cast<char>('a' + i))));
    for (uint8_t i = 4; i <= 6; ++i) {
      const size_t one = rng.below(hosts.size()), other = rng.below(hosts.size());
      if (one == other) continue;
      hosts.push_back(put_together(i, 1, 1 + rng.below(9), hosts[one], hosts[other],
                                   std::string(1, static_cast<char>('a' + i))));
    }
    for (int times = 0; times < 400; ++times) {
      Entry& ours = hosts[rng.below(hosts.size())];
      const Entry theirs = hosts[rng.below(hosts.size())];
      const Resolution r = resolve(Mode::kMerge, ours, theirs);
      if (r.stays == Stays::kTheirs) ours = theirs;
      if (r.stays == Stays::kTheirsOfTwo) ours = merged(theirs, ours);
      if (r.stays == Stays::kOursOfTwo) ours = merged(ours, theirs);
    }
    for (const Entry& host : hosts) EXPECT_TRUE(host == hosts[0]) << "round " << round;
  }
}

// Any versions of one path, met in any order, end as one and the same.
TEST(Resolve, WhateverTheOrderAllEndAlike) {
  Rng rng(7);
  for (int round = 0; round < 2000; ++round) {
    const Mode mode = std::array{Mode::kNewer, Mode::kOlder, Mode::kMerge}[rng.below(3)];
    std::vector<Entry> versions;
    for (uint8_t i = 1; i <= 4; ++i) {
      Entry one = entry(i, 1 + rng.below(3), 1 + rng.below(4),
                        std::string(1, static_cast<char>('a' + rng.below(3))));
      one.deleted = rng.chance(0.2);
      one.unsure = rng.chance(0.2);
      if (rng.chance(0.2)) one.state.type = FileType::kFolder, one.state.content.clear();
      versions.push_back(one);
    }
    const auto met = [&](const std::vector<Entry>& order) {
      Entry ours = order[0];
      for (size_t i = 1; i < order.size(); ++i) {
        const Resolution r = resolve(mode, ours, order[i]);
        if (r.stays == Stays::kTheirs) ours = order[i];
        if (r.stays == Stays::kTheirsOfTwo) ours = merged(order[i], ours);
        if (r.stays == Stays::kOursOfTwo) ours = merged(ours, order[i]);
      }
      return ours;
    };
    const Entry first = met(versions);
    for (int shuffle = 0; shuffle < 6; ++shuffle) {
      for (size_t i = versions.size() - 1; i > 0; --i)
        std::swap(versions[i], versions[rng.below(i + 1)]);
      const Entry other = met(versions);
      EXPECT_TRUE(other == first) << "round " << round << ", " << to_string(mode) << ": "
                                  << other.editor << " born " << other.born.wall_us << " or "
                                  << first.editor << " born " << first.born.wall_us;
    }
  }
}

TEST(Resolve, ACopyIsTheSameWhereverItIsMade) {
  Entry lost = entry(3, 7, 1'764'374'400'123'456, "lost");
  EXPECT_EQ(copy_path("etc/zone", lost), "etc/zone.conflict-C-20251129T000000.123456Z");
  EXPECT_EQ(copy_of(lost), copy_of(lost));
  EXPECT_FALSE(copy_of(lost).vector.knows(lost.vector));
  EXPECT_EQ(copy_path(std::string(255, 'x'), lost).size(), 255u);
  lost.editor = "a/b";
  EXPECT_EQ(copy_path("zone", lost), "zone.conflict-a_b-20251129T000000.123456Z");
}

TEST(Resolve, TwoCopiesOfOneNameDoNotTakeEachOthersPlace) {
  const Entry one = entry(3, 7, 1'764'374'400'123'456, "one");
  const Entry two = entry(3, 8, 1'764'374'400'123'456, "two");
  ASSERT_EQ(copy_path("zone", one), copy_path("zone", two));
  const Resolution resolution = resolve(Mode::kNewer, copy_of(one), copy_of(two));
  EXPECT_TRUE(resolution.stays == Stays::kOursOfTwo || resolution.stays == Stays::kTheirsOfTwo);
  EXPECT_TRUE(resolution.keep_other);
}

TEST(Resolve, OfOneEditThatWasStampedAnewTheEarlierStampStays) {
  Entry ahead = entry(1, 1, 900, "edit"), anew = ahead;
  anew.vector.set(node(2), 5);
  anew.edited.wall_us = 20;
  EXPECT_EQ(resolve(Mode::kNewer, ahead, anew).stays, Stays::kTheirs);
  ahead.vector.set(node(3), 1);
  EXPECT_EQ(resolve(Mode::kNewer, ahead, anew).stays, Stays::kTheirsOfTwo);
  EXPECT_EQ(resolve(Mode::kNewer, anew, ahead).stays, Stays::kOursOfTwo);
  EXPECT_FALSE(resolve(Mode::kNewer, anew, ahead).keep_other);
}

}  // namespace
}  // namespace cluster::sync
