#include "net/secrets.h"

#include <gtest/gtest.h>

#include "net/crypto.h"
#include "support.h"

namespace cluster::net {
namespace {

using testing::cache;
using testing::identity;
using testing::lines;
using testing::Loop;

using Store = std::map<std::string, std::string>;

struct At {
  Secrets secrets;
  At(Loop& loop, Store& store, uint32_t host, std::vector<HostLine> all = lines())
      : secrets(loop.base(), identity(host), cache(host, &store)) {
    testing::let_all_in(secrets, all);
    secrets.set_lines(HostId(host), std::move(all));
  }
  std::string with(uint32_t host) {
    const auto known = secrets.credentials(HostId(host), NodeId{});
    return known.empty() ? "" : known.front().secret;
  }
};

TEST(SecretsTest, BothEndsOfAPairHaveTheSameAndNobodyElse) {
  Loop loop;
  Store store;
  At one(loop, store, 1);
  At two(loop, store, 2);
  EXPECT_FALSE(one.secrets.ready());
  EXPECT_EQ(one.with(2), "");
  ASSERT_TRUE(loop.until([&] { return one.secrets.ready() && two.secrets.ready(); }));
  EXPECT_GE(one.with(2).size(), 40u);
  EXPECT_EQ(one.with(2), two.with(1));
  EXPECT_NE(one.with(2), one.with(3));
  EXPECT_NE(two.with(3), one.with(3));
  EXPECT_EQ(one.with(1), "");
  EXPECT_EQ(one.with(4), "");
  EXPECT_EQ(one.secrets.credentials(HostId(2), NodeId{}).front().generation, Generation{});
  EXPECT_EQ(one.secrets.name(HostId(3)), "three");
  EXPECT_EQ(one.secrets.name(HostId(4)), std::nullopt);
}

TEST(SecretsTest, ARestartFindsAllInTheCacheAndAChangedLineDoesNot) {
  Loop loop;
  Store store;
  std::string before;
  {
    At one(loop, store, 1);
    ASSERT_TRUE(loop.until([&] { return one.secrets.ready(); }));
    before = one.with(2);
  }
  EXPECT_EQ(store.size(), 3u);
  for (const auto& [key, value] : store) EXPECT_EQ(value.find("password"), std::string::npos);
  {
    At one(loop, store, 1);
    EXPECT_TRUE(one.secrets.ready());
    EXPECT_EQ(one.with(2), before);
  }
  std::vector<HostLine> changed = lines();
  changed[1].passphrase = "password9";
  {
    At one(loop, store, 1, changed);
    EXPECT_FALSE(one.secrets.ready());
    ASSERT_TRUE(loop.until([&] { return one.secrets.ready(); }));
    EXPECT_NE(one.with(2), before);
    // Back again, at a reload; a line that is gone takes its entry with it.
    std::vector<HostLine> fewer = lines();
    fewer.pop_back();
    one.secrets.set_lines(HostId(1), fewer);
    ASSERT_TRUE(loop.until([&] { return one.secrets.ready(); }));
    EXPECT_EQ(one.with(2), before);
    EXPECT_EQ(one.with(3), "");
    EXPECT_EQ(store.size(), 2u);
  }
  // Damage, or the cache of another node key: made anew.
  for (auto& [key, value] : store)
    value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
  At one(loop, store, 1);
  EXPECT_FALSE(one.secrets.ready());
  ASSERT_TRUE(loop.until([&] { return one.secrets.ready(); }));
  EXPECT_EQ(one.with(2), before);
}

// Of a long file what is needed: its own line, those that the core expects, and whoever comes.
TEST(SecretsTest, OfManyLinesOnlyThoseThatAreNeededAreDerived) {
  Loop loop;
  Store store;
  std::vector<HostLine> many;
  for (uint32_t id = 1; id <= Secrets::kDerivedAtOnce + 1; ++id)
    many.push_back({HostId(id), "host" + std::to_string(id), "password" + std::to_string(id)});
  At one(loop, store, 1, many);
  core::SetAccess access;
  access.host = HostId(2);
  access.expected = true;
  one.secrets.set_access(access);
  EXPECT_FALSE(one.secrets.ready());
  ASSERT_TRUE(loop.until([&] { return one.secrets.ready(); }));
  // But for its own line none keeps others waiting.
  EXPECT_TRUE(one.secrets.deriving(HostId(2)));
  ASSERT_TRUE(loop.until([&] { return !one.secrets.deriving(HostId(2)); }));
  EXPECT_EQ(store.size(), 2u);
  EXPECT_NE(one.with(2), "");
  EXPECT_FALSE(one.secrets.deriving(HostId(3)));
  EXPECT_EQ(one.with(3), "");
  EXPECT_TRUE(one.secrets.ready());
  EXPECT_TRUE(one.secrets.deriving(HostId(3)));
  ASSERT_TRUE(loop.until([&] { return store.size() == 3; }));
  EXPECT_NE(one.with(3), "");
  Store of_two;
  At two(loop, of_two, 2, many);
  core::SetAccess back;
  back.host = HostId(1);
  back.expected = true;
  two.secrets.set_access(back);
  ASSERT_TRUE(loop.until([&] { return two.with(1) != ""; }));
  EXPECT_EQ(two.with(1), one.with(2));
}

TEST(SecretsTest, AReloadWhileDerivingEndsWithTheNewLines) {
  Loop loop;
  Store store;
  At one(loop, store, 1);
  std::vector<HostLine> changed = lines();
  changed[2].passphrase = "password9";
  one.secrets.set_lines(HostId(1), changed);
  At fresh(loop, store, 2, changed);
  ASSERT_TRUE(loop.until([&] { return one.secrets.ready() && fresh.secrets.ready(); }));
  EXPECT_EQ(one.with(2), fresh.with(1));
  EXPECT_NE(one.with(3), "");
}

TEST(SecretsTest, DestroyedWhileDerivingItLeavesNothingBehind) {
  Loop loop;
  Store store;
  { At one(loop, store, 1); }
  loop.spin(std::chrono::milliseconds(200));
  EXPECT_TRUE(store.empty());
}

Handshake::Peer peer_with(const NodeId& node, const std::string& next_secret_key) {
  Handshake::Peer peer;
  peer.node = node;
  peer.next_secret_key = next_secret_key;
  return peer;
}

TEST(SecretsTest, BothEndsDeriveTheSameNextSecretFromTheSameSession) {
  Loop loop;
  Store store;
  At one(loop, store, 1), two(loop, store, 2);
  ASSERT_TRUE(loop.until([&] { return one.secrets.ready() && two.secrets.ready(); }));
  const NodeId first = identity(1).node(), second = identity(2).node();
  const core::PairSecret here = one.secrets.derive_next(peer_with(second, std::string(32, 's')), 1);
  const core::PairSecret there = two.secrets.derive_next(peer_with(first, std::string(32, 's')), 1);
  EXPECT_EQ(here.generation, there.generation);
  EXPECT_EQ(here.generation.count, 1u);
  EXPECT_NE(here.sealed, there.sealed);
  one.secrets.set_access({HostId(2), second, {here}, false});
  two.secrets.set_access({HostId(1), first, {there}, false});
  const auto at_one = one.secrets.credentials(HostId(2), second);
  const auto at_two = two.secrets.credentials(HostId(1), first);
  ASSERT_EQ(at_one.size(), 1u);
  ASSERT_EQ(at_two.size(), 1u);
  EXPECT_EQ(at_one[0].secret, at_two[0].secret);
  EXPECT_GE(at_one[0].secret.size(), 40u);
  const core::PairSecret later =
      one.secrets.derive_next(peer_with(second, std::string(32, 's')), 2);
  const core::PairSecret other =
      one.secrets.derive_next(peer_with(second, std::string(32, 't')), 1);
  EXPECT_NE(later.generation.hash, here.generation.hash);
  EXPECT_NE(other.generation.hash, here.generation.hash);
}

TEST(SecretsTest, ASealedSecretOpensForItsNodeAndGenerationAlone) {
  Loop loop;
  Store store;
  At one(loop, store, 1);
  ASSERT_TRUE(loop.until([&] { return one.secrets.ready(); }));
  const NodeId second = identity(2).node(), third = identity(3).node();
  const core::PairSecret secret =
      one.secrets.derive_next(peer_with(second, std::string(32, 's')), 1);
  one.secrets.set_access({HostId(2), third, {secret}, false});
  EXPECT_TRUE(one.secrets.credentials(HostId(2), third).empty());
  core::PairSecret renamed = secret;
  renamed.generation.count = 2;
  one.secrets.set_access({HostId(2), second, {renamed}, false});
  EXPECT_TRUE(one.secrets.credentials(HostId(2), second).empty());
}

TEST(SecretsTest, WhatAuthenticatesComesInTheOrderThatTheCoreSays) {
  Loop loop;
  Store store;
  At one(loop, store, 1);
  ASSERT_TRUE(loop.until([&] { return one.secrets.ready(); }));
  const NodeId second = identity(2).node(), third = identity(3).node();
  const core::PairSecret secret =
      one.secrets.derive_next(peer_with(second, std::string(32, 's')), 1);
  one.secrets.set_access({HostId(2), second, {core::PairSecret{}, secret}, false});
  const auto both = one.secrets.credentials(HostId(2), second);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].generation, Generation{});
  EXPECT_EQ(both[1].generation, secret.generation);
  one.secrets.set_access({HostId(2), second, {secret}, false});
  EXPECT_EQ(one.secrets.credentials(HostId(2), second).size(), 1u);
  EXPECT_EQ(one.secrets.credentials(HostId(2), third).front().generation, Generation{});
}

TEST(SecretsTest, NobodyComesInBeforeTheCoreHasSaidWhoMay) {
  Loop loop;
  Store store;
  Secrets secrets(loop.base(), identity(1), cache(1, &store));
  secrets.set_lines(HostId(1), lines());
  ASSERT_TRUE(loop.until([&] { return secrets.ready(); }));
  const NodeId second = identity(2).node();
  EXPECT_TRUE(secrets.credentials(HostId(2), second).empty());
  EXPECT_TRUE(secrets.admit(HostId(2), second));
  secrets.set_access({HostId(2), {}, {}, false});
  EXPECT_FALSE(secrets.credentials(HostId(2), second).empty());
  EXPECT_FALSE(secrets.admit(HostId(2), second));
}

TEST(SecretsTest, AnotherKeyThanTheKnownOneIsRefusedUnlessOpen) {
  Loop loop;
  Store store;
  At one(loop, store, 1);
  const NodeId known = identity(2).node(), fresh = identity(3).node();
  EXPECT_EQ(one.secrets.admit(HostId(2), fresh), std::nullopt);
  one.secrets.set_access({HostId(2), known, {}, false});
  EXPECT_EQ(one.secrets.admit(HostId(2), known), std::nullopt);
  const auto why = one.secrets.admit(HostId(2), fresh);
  ASSERT_TRUE(why);
  EXPECT_NE(why->find(fresh.brief()), std::string::npos);
  EXPECT_NE(why->find("clusterctl readmit two"), std::string::npos);
  one.secrets.set_access({HostId(2), known, {}, true});
  EXPECT_EQ(one.secrets.admit(HostId(2), fresh), std::nullopt);
}

}  // namespace
}  // namespace cluster::net
