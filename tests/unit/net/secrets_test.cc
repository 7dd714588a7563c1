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
    secrets.set_lines(HostId(host), std::move(all));
  }
  std::string with(uint32_t host) {
    const auto known = secrets.credentials(HostId(host));
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
  EXPECT_EQ(one.secrets.credentials(HostId(2)).front().generation, Generation{});
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

TEST(SecretsTest, AdmissionIsAsked) {
  Loop loop;
  Store store;
  At one(loop, store, 1);
  EXPECT_EQ(one.secrets.admit(HostId(2), NodeId{}, "key"), std::nullopt);
  one.secrets.set_admission([](HostId host, const NodeId&, const std::string& key) {
    return std::optional(key + " is not for host " + std::to_string(host.value));
  });
  EXPECT_EQ(one.secrets.admit(HostId(2), NodeId{}, "key"), "key is not for host 2");
}

}  // namespace
}  // namespace cluster::net
