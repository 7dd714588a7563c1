#include "core/keyring.h"

#include <gtest/gtest.h>

namespace cluster::core {
namespace {

NodeId node(uint8_t number) {
  NodeId id;
  id.bytes.fill(number);
  return id;
}

PairSecret secret(uint64_t count) { return {{count, count * 7}, "sealed"}; }

// As the store has it after these writes.
void store(Stored& stored, const std::vector<Write>& writes) {
  for (const Write& write : writes) {
    if (write.value)
      stored[write.key] = *write.value;
    else
      stored.erase(write.key);
  }
}

class KeyringTest : public testing::Test {
 protected:
  KeyringTest() { store(stored_, keyring_.bind("laptop", {node(1), 0})); }

  // A rotation carried out to its end.
  void rotate(uint64_t count) {
    store(stored_, keyring_.with_candidate("laptop", node(1), secret(count)));
    keyring_.add_candidate(node(1), secret(count));
    keyring_.promote("laptop", node(1));
    store(stored_, keyring_.writes_of("laptop", node(1)));
  }
  Keyring restarted() const {
    Keyring again;
    again.load(stored_);
    return again;
  }

  Keyring keyring_;
  Stored stored_;
};

TEST_F(KeyringTest, WhoWasNeverMetMayUseThePassphrases) {
  EXPECT_EQ(keyring_.binding("stranger"), nullptr);
  EXPECT_TRUE(keyring_.passphrases_open("stranger"));
  EXPECT_TRUE(keyring_.passphrases_open("laptop"));
}

TEST_F(KeyringTest, ACandidateShutsNothingUntilItIsProved) {
  keyring_.add_candidate(node(1), secret(1));
  EXPECT_TRUE(keyring_.passphrases_open("laptop"));
  EXPECT_EQ(keyring_.pair(node(1)).count(), 0u);
  keyring_.promote("laptop", node(1));
  EXPECT_FALSE(keyring_.passphrases_open("laptop"));
  EXPECT_EQ(keyring_.pair(node(1)).count(), 1u);
  EXPECT_FALSE(keyring_.pair(node(1)).candidate);
}

TEST_F(KeyringTest, WhatWasStoredIsThereAfterARestart) {
  rotate(1);
  store(stored_, keyring_.with_candidate("laptop", node(1), secret(2)));
  const Keyring again = restarted();
  ASSERT_NE(again.binding("laptop"), nullptr);
  EXPECT_EQ(again.binding("laptop")->node, node(1));
  EXPECT_EQ(again.pair(node(1)).kept, secret(1));
  EXPECT_EQ(again.pair(node(1)).candidate, secret(2));
  EXPECT_FALSE(again.passphrases_open("laptop"));
}

TEST_F(KeyringTest, APairIsStoredWithItsBindingWhereThatCouldNotBeStoredBefore) {
  stored_.clear();
  rotate(1);
  ASSERT_NE(restarted().binding("laptop"), nullptr);
  EXPECT_FALSE(restarted().passphrases_open("laptop"));
}

TEST_F(KeyringTest, AReadmissionOpensThePassphrasesUntilThePairHasRotated) {
  rotate(1);
  store(stored_, keyring_.bind("laptop", {node(1), 1}));
  EXPECT_TRUE(keyring_.passphrases_open("laptop"));
  EXPECT_EQ(keyring_.pair(node(1)).kept, secret(1));
  EXPECT_TRUE(restarted().passphrases_open("laptop"));
  rotate(2);
  EXPECT_FALSE(keyring_.passphrases_open("laptop"));
  EXPECT_FALSE(restarted().passphrases_open("laptop"));
}

TEST_F(KeyringTest, WhoComesByThePassphrasesBeginsAnew) {
  rotate(1);
  store(stored_, keyring_.bind("laptop", {node(1), 1}));
  store(stored_, keyring_.begin_anew("laptop"));
  EXPECT_EQ(keyring_.pair(node(1)).count(), 0u);
  EXPECT_EQ(restarted().pair(node(1)).count(), 0u);
}

TEST_F(KeyringTest, AnotherKeyTakesTheSecretsOfTheFormerAway) {
  rotate(1);
  store(stored_, keyring_.bind("laptop", {node(2), 1}));
  EXPECT_EQ(keyring_.pair(node(1)).count(), 0u);
  EXPECT_TRUE(keyring_.passphrases_open("laptop"));
  EXPECT_EQ(restarted().pair(node(1)).count(), 0u);
  EXPECT_EQ(restarted().binding("laptop")->node, node(2));
}

TEST_F(KeyringTest, ForgottenPairsAreGoneFromTheDiskToo) {
  rotate(1);
  store(stored_, keyring_.forget_all_pairs());
  EXPECT_EQ(restarted().pair(node(1)).count(), 0u);
  EXPECT_NE(restarted().binding("laptop"), nullptr);
}

TEST(BindingText, ComesBackOrIsRefused) {
  const Keyring::Binding binding{node(0xab), 3};
  EXPECT_EQ(parse_binding(to_text(binding)), binding);
  for (const char* bad :
       {"", "abab", "zz 1", "0102030405060708090a0b0c0d0e0f10",
        "0102030405060708090a0b0c0d0e0f10 0", "0102030405060708090a0b0c0d0e0f10 1x"})
    EXPECT_EQ(parse_binding(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace cluster::core
