// What a host remembers of pushes, and what it promises.
#include "core/push.h"

#include <gtest/gtest.h>

#include "core/sound.h"
#include "tests/unit/core/lone_host.h"

namespace cluster::core {
namespace {

using testing_core::node;

const PushFiles kFiles = {"verbosity = 1\n", "one secret passphrase\n", "web 1\n"};

Pushed after(const Stored& stored) {
  Pushed out;
  out.load(stored);
  return out;
}

void put(Stored& stored, const std::vector<Write>& writes) {
  for (const Write& write : writes) {
    if (write.value) {
      stored[write.key] = *write.value;
    } else {
      stored.erase(write.key);
    }
  }
}

TEST(Pushed, ANameTellsPushersAndFilesApart) {
  const PushId id = name_push(3, node(1), kFiles);
  EXPECT_EQ(id, name_push(3, node(1), kFiles));
  EXPECT_NE(id, name_push(3, node(2), kFiles));
  EXPECT_NE(id, name_push(3, node(1), {kFiles.cluster_conf, kFiles.hosts, "web 2\n"}));
  EXPECT_NE(id, name_push(3, node(1), {kFiles.cluster_conf + kFiles.hosts, "", kFiles.services}));
}

TEST(Pushed, WhatWasVotedForIsNeverRenounced) {
  Pushed host;
  host.prepare({{5, 1}, node(1), {node(1), node(2)}, kFiles});
  EXPECT_FALSE(host.may_renounce({5, 1}));
  host.abort({5, 1});
  EXPECT_FALSE(host.may_renounce({5, 1}));
  EXPECT_TRUE(host.may_renounce({5, 2}));
  host.renounce({6, 1});
  EXPECT_FALSE(host.may_prepare({6, 1}));
  EXPECT_FALSE(host.may_prepare({5, 9}));
  EXPECT_TRUE(host.may_prepare({6, 2}));
  EXPECT_TRUE(host.may_renounce({6, 1})) << "it may say so again";
}

TEST(Pushed, EverythingComesBackFromTheDisk) {
  Stored stored;
  Pushed before, host;
  host.commit({2, 7}, node(3), kFiles);
  host.note_refused("cluster.conf:1: no");
  host.prepare({{5, 1}, node(1), {node(1), node(2)}, {"a", "b", "c"}});
  put(stored, host.to_writes(&before));
  Pushed back = after(stored);
  EXPECT_EQ(back.committed(), (PushId{2, 7}));
  EXPECT_EQ(back.pusher(), node(3));
  EXPECT_EQ(back.files(), kFiles);
  EXPECT_EQ(back.refused(), "cluster.conf:1: no");
  EXPECT_TRUE(back.outstanding());
  ASSERT_TRUE(back.prepared());
  EXPECT_EQ(back.prepared()->files, (PushFiles{"a", "b", "c"}));
  EXPECT_EQ(back.prepared()->participants, (std::vector<NodeId>{node(1), node(2)}));
  EXPECT_FALSE(back.may_renounce({5, 1}));

  before = back;
  back.commit({5, 1}, node(1), {"a", "b", "c"});
  back.note_applied();
  put(stored, back.to_writes(&before));
  const Pushed at_last = after(stored);
  EXPECT_EQ(at_last.files(), (PushFiles{"a", "b", "c"}));
  EXPECT_FALSE(at_last.outstanding());
  EXPECT_FALSE(at_last.prepared());
  EXPECT_FALSE(stored.contains(kPushPreparedKey));
}

// A storing that failed may have been done all the same: the next leaves nothing of it behind.
TEST(Pushed, WhatWasStoredInVainIsOverwritten) {
  Stored stored;
  Pushed host;
  host.commit({2, 7}, node(3), kFiles);
  put(stored, host.to_writes(nullptr));
  Pushed in_vain = host;
  in_vain.commit({3, 1}, node(1), {"x", "y", "z"});
  put(stored, in_vain.to_writes(&host));
  put(stored, host.to_writes(nullptr));
  EXPECT_EQ(after(stored).files(), kFiles);
}

TEST(Pushed, TheRecordTellsNoPassphrase) {
  Pushed host;
  host.commit({2, 7}, node(3), kFiles);
  EXPECT_EQ(host.standing().SerializeAsString().find("secret"), std::string::npos);
}

class PushMessage : public testing::Test {
 protected:
  PushMessage() {
    wire::Routed& routed = *message_.mutable_routed();
    routed.set_from(node(1).raw());
    routed.set_to(node(2).raw());
    asked_ = routed.mutable_push_prepare();
    asked_->mutable_id()->set_count(1);
    asked_->add_participants(node(1).raw());
  }
  wire::Message message_;
  wire::PushPrepare* asked_ = nullptr;
};

TEST_F(PushMessage, IsBounded) {
  EXPECT_EQ(unsound(message_), std::nullopt);
  asked_->mutable_files()->set_hosts(std::string(kMaxPushBytes, 'h'));
  EXPECT_EQ(unsound(message_), std::nullopt);
  asked_->mutable_files()->set_services("s");
  EXPECT_NE(unsound(message_), std::nullopt);
}

TEST_F(PushMessage, NamesNodesAndANumber) {
  asked_->add_participants("short");
  EXPECT_NE(unsound(message_), std::nullopt);
  asked_->clear_participants();
  asked_->mutable_id()->set_count(0);
  EXPECT_NE(unsound(message_), std::nullopt);
  asked_->mutable_id()->set_count(kMaxStamp + 1);
  EXPECT_NE(unsound(message_), std::nullopt);
}

TEST_F(PushMessage, AVoteIsBoundedToo) {
  wire::PushVote& vote = *message_.mutable_routed()->mutable_push_vote();
  vote.mutable_id()->set_count(1);
  vote.add_faults("cluster.conf:1: no");
  EXPECT_EQ(unsound(message_), std::nullopt);
  vote.add_faults("two\nlines");
  EXPECT_NE(unsound(message_), std::nullopt);
}

}  // namespace
}  // namespace cluster::core
