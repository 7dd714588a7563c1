#include "files/placing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/rng.h"
#include "files/delta.h"
#include "tests/unit/files/disk.h"

namespace cluster::files {
namespace {

constexpr size_t kFileBytes = 24 << 20;
const NodeId kOther{{7}}, kThird{{8}};

// A file whose former version is here; another host has the new one.
class PlacingTest : public DiskTest {
 protected:
  PlacingTest() {
    Rng rng(1);
    for (size_t i = 0; i < kFileBytes / 8; ++i) {
      const uint64_t word = rng.next();
      old_.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    fresh_ = old_;
    fresh_[kFileBytes / 2] = static_cast<char>(fresh_[kFileBytes / 2] ^ 1);
    write("f", old_);
    tick();
    Hasher hasher(tree(), "f");
    while (hasher.step(1 << 20) == Hasher::Step::kMore) {
    }
    before_ = hasher.take_found();
    keep(hasher.take_content());
    ContentBuilder builder;
    builder.feed(fresh_);
    after_ = builder.finish();
  }

  void keep(const Content& content) {
    for (const Node& node : content.nodes) nodes_[node.digest] = node.bytes;
  }

  Placing::World world() {
    return {.nodes =
                [this](const std::string& content) {
                  return content == before_.state.content ? nodes_ : NodeMap{};
                },
            .keep_nodes = [](const std::string&, const std::string&) {},
            .sources = [this](const sync::Place&) -> std::vector<Placing::Source> {
              if (first_copy_) return {};
              return {{&tree(), "f", before_.state.content, kFileBytes, before_.signature}};
            },
            .ask =
                [this](NodeId to, wire::ContentAsk ask, uint64_t) {
                  asked_of_.push_back(to);
                  asks_.push_back(std::move(ask));
                  return asks_.size();
                },
            .linked = [](NodeId) { return true; },
            .wall = [] { return WallTime{}; }};
  }

  sync::Place order() const {
    sync::Place out;
    out.root = "data";
    out.path = out.source_path = "f";
    out.expected = before_;
    out.entry.state = before_.state;
    out.entry.state.content = after_.digest;
    out.sources = {kOther, kThird};
    return out;
  }

  // As the other host would; the bytes that it had to send.
  uint64_t answer(Placing& placing) {
    uint64_t bytes = 0;
    for (; answered_ < asks_.size(); ++answered_) {
      wire::ContentGiven given;
      given.set_request(answered_ + 1);
      given.set_last(true);
      std::string beside;
      for (const auto& asked : asks_[answered_].parts()) {
        auto& part = *given.add_parts();
        part.set_digest(asked.digest());
        std::string content =
            asked.size() != 0 ? fresh_.substr(asked.offset(), asked.size()) : node(asked.digest());
        if (asked.has_basis() && gives_deltas_) {
          part.set_delta(true);
          content = delta_spoilt_ ? "spoilt" : *delta_of(content, asked.basis());
        }
        part.set_length(static_cast<uint32_t>(content.size()));
        beside += content;
      }
      bytes += beside.size();
      if (beside.size() >= spoilt_from_) {
        beside[beside.size() / 2] = static_cast<char>(beside[beside.size() / 2] ^ 1);
        spoilt_from_ = SIZE_MAX;
        spoilt_ = answered_;
        asked_then_ = asks_.size();
      }
      placing.given(MonoTime{}, given, beside);
    }
    return bytes;
  }
  uint64_t bytes_until_placed() {
    Retained retained = *Retained::open((root_.parent_path() / "kept").string());
    Bases bases((root_.parent_path() / "bases").string());
    Placing placing(order(), tree(), {}, retained, bases, world());
    uint64_t sent = 0;
    for (Placing::Step step = Placing::Step::kMore; step != Placing::Step::kReady;) {
      step = placing.step(MonoTime{});
      EXPECT_NE(step, Placing::Step::kDone);
      if (step == Placing::Step::kDone) return sent;
      sent += answer(placing);
    }
    while (placing.finish(false) != Placing::Step::kDone) {
    }
    EXPECT_EQ(placing.take_answer().outcome, sync::Outcome::kDone);
    EXPECT_TRUE(read("f") == fresh_);
    return sent;
  }
  std::string node(const std::string& digest) const {
    for (const Node& node : after_.nodes)
      if (node.digest == digest) return node.bytes;
    return "";
  }

  std::string old_, fresh_;
  sync::Found before_;
  Content after_;
  NodeMap nodes_;
  std::vector<wire::ContentAsk> asks_;
  std::vector<NodeId> asked_of_;  // each of them
  bool first_copy_ = false;
  size_t spoilt_from_ = SIZE_MAX;  // the first message of so many bytes
  size_t spoilt_ = SIZE_MAX;       // which that was
  size_t asked_then_ = 0;          // how many had been asked for
  size_t answered_ = 0;
  bool gives_deltas_ = false, delta_spoilt_ = false;
};

TEST_F(PlacingTest, WhatItHasInCommonWithTheFormerVersionIsNotAskedFor) {
  EXPECT_LT(bytes_until_placed(), 600'000u);
}

TEST_F(PlacingTest, OfAChunkThatHasChangedALittleThatIsEnough) {
  gives_deltas_ = true;
  EXPECT_LT(bytes_until_placed(), 50'000u) << "most of it nodes";
}

TEST_F(PlacingTest, ADifferenceThatDoesNotFitIsNoReasonToDoWithoutThatHost) {
  gives_deltas_ = delta_spoilt_ = true;
  EXPECT_GT(bytes_until_placed(), kMinChunkBytes) << "it is asked for as a whole";
}

TEST_F(PlacingTest, AHostThatGivesAChunkWhichWasNotAskedForIsAskedNoMore) {
  first_copy_ = true;
  spoilt_from_ = 256 << 10;
  EXPECT_GT(bytes_until_placed(), kFileBytes);
  ASSERT_LT(spoilt_, asked_then_);
  ASSERT_LT(asked_then_, asked_of_.size());
  EXPECT_EQ(std::count(asked_of_.begin() + static_cast<ptrdiff_t>(asked_then_), asked_of_.end(),
                       asked_of_[spoilt_]),
            0);
}

TEST_F(PlacingTest, AFormerVersionThatChangesWhileItIsCopiedDoesNotGetIntoTheNewOne) {
  Retained retained = *Retained::open((root_.parent_path() / "kept").string());
  Bases bases((root_.parent_path() / "bases").string());
  Placing placing(order(), tree(), {}, retained, bases, world());
  Placing::Step step = Placing::Step::kMore;
  bool edited = false;
  while (step != Placing::Step::kReady) {
    step = placing.step(MonoTime{});
    ASSERT_NE(step, Placing::Step::kDone);
    answer(placing);
    if (edited || placing.bytes_here() == 0) continue;
    edited = true;
    ASSERT_LT(placing.bytes_here(), kFileBytes / 2);
    std::fstream file(root_ / "f", std::ios::in | std::ios::out | std::ios::binary);
    for (size_t at = 0; at < kFileBytes; at += 1 << 20) {
      file.seekp(static_cast<std::streamoff>(at));
      file << "an edit of this host";
    }
  }
  ASSERT_TRUE(edited);
  ASSERT_NE(placing.staged(), nullptr);
  std::string staged(kFileBytes, '\0');
  ASSERT_EQ(pread(placing.staged()->fd(), staged.data(), staged.size(), 0),
            static_cast<ssize_t>(kFileBytes));
  EXPECT_TRUE(staged == fresh_);
  ASSERT_EQ(placing.finish(false), Placing::Step::kDone);
  EXPECT_EQ(placing.take_answer().outcome, sync::Outcome::kChanged) << "and the edit stays";
}

}  // namespace
}  // namespace cluster::files
