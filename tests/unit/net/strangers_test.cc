#include "net/strangers.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace cluster::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string address(int i) {
  return "192.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
}

NodeId node(uint8_t first) {
  NodeId id;
  id.bytes[0] = first;
  return id;
}

const HostId kWeb(3);
const HostId kMail(4);

class StrangersTest : public ::testing::Test {
 protected:
  Strangers strangers;
  Strangers::Time now = Strangers::Time() + std::chrono::hours(1);

  Strangers::Slot enter(const std::string& from) { return strangers.enter(from).slot; }
  bool guess(const std::string& from, HostId host = kWeb, NodeId with = node(66)) {
    return strangers.may_guess(0, from, host, with, now).empty();
  }
  int guesses(const std::string& from, int tries, HostId host = kWeb) {
    int made = 0;
    for (int i = 0; i < tries; ++i) made += guess(from, host);
    return made;
  }
};

// ---------------------------------------------------------------------------------------------- slots

TEST_F(StrangersTest, OfOneAddressTheOldestMakesRoom) {
  std::vector<Strangers::Slot> slots;
  for (size_t i = 0; i < kMaxStrangersPerAddress; ++i) {
    const Strangers::Place place = strangers.enter("a");
    EXPECT_EQ(place.evicted, 0u);
    slots.push_back(place.slot);
  }
  enter("b");
  EXPECT_EQ(strangers.enter("a").evicted, slots[0]);
  EXPECT_EQ(strangers.enter("a").evicted, slots[1]);
  strangers.leave(slots[2]);
  EXPECT_EQ(strangers.enter("a").evicted, 0u);
  EXPECT_EQ(strangers.size(), kMaxStrangersPerAddress + 1);
}

TEST_F(StrangersTest, WhoIsFartherStaysLonger) {
  const Strangers::Slot answered = enter("a");
  const Strangers::Slot shaking = enter("a");
  for (const Strangers::Slot slot : {answered, shaking})
    EXPECT_TRUE(strangers.may_shake(slot, now));
  EXPECT_EQ(strangers.may_guess(answered, "a", kWeb, node(1), now), "");
  std::vector<Strangers::Slot> silent;
  while (strangers.size() < kMaxStrangersPerAddress) silent.push_back(enter("a"));
  const Strangers::Slot ending = silent.back();
  silent.pop_back();
  strangers.ending(ending);

  EXPECT_EQ(strangers.enter("a").evicted, ending);
  for (const Strangers::Slot slot : silent) {
    const Strangers::Place place = strangers.enter("a");
    EXPECT_EQ(place.evicted, slot);
    EXPECT_TRUE(strangers.may_shake(place.slot, now));
  }
  // One silent connection is left; then the one that shook hands first, and never the one answered.
  EXPECT_NE(strangers.enter("a").evicted, shaking);
  for (int i = 0; i < 20; ++i) {
    const Strangers::Place place = strangers.enter("a");
    EXPECT_NE(place.evicted, answered);
    EXPECT_TRUE(strangers.may_shake(place.slot, now));
  }
}

TEST_F(StrangersTest, HalfOfTheSlotsAreKeptForKnownAddresses) {
  strangers.know("known", now);
  std::set<Strangers::Slot> unknown;
  for (size_t i = 0; i < 3 * kMaxStrangers; ++i) {
    const Strangers::Place place = strangers.enter(address(static_cast<int>(i)));
    ASSERT_NE(place.slot, 0u);
    unknown.insert(place.slot);
    EXPECT_EQ(place.evicted != 0, i >= kMaxUnknownStrangers);
    unknown.erase(place.evicted);
    EXPECT_EQ(strangers.size(), unknown.size());
  }
  EXPECT_EQ(unknown.size(), kMaxUnknownStrangers);
  for (size_t i = 0; i < kMaxStrangersPerAddress; ++i)
    EXPECT_EQ(strangers.enter("known").evicted, 0u);
}

TEST_F(StrangersTest, WhenAllIsFullAnUnknownOneGoesFirst) {
  const Strangers::Slot first_unknown = enter("unknown");
  for (size_t i = 0; strangers.size() < kMaxStrangers; ++i) {
    const std::string from = address(static_cast<int>(i / kMaxStrangersPerAddress));
    strangers.know(from, now);
    EXPECT_EQ(strangers.enter(from).evicted, 0u);
  }
  strangers.know("another", now);
  EXPECT_EQ(strangers.enter("another").evicted, first_unknown);
  // Known ones everywhere: an unknown one finds nobody to take the place of.
  const Strangers::Place place = strangers.enter("unknown");
  EXPECT_EQ(place.slot, 0u);
  EXPECT_EQ(place.evicted, 0u);
  EXPECT_NE(strangers.enter("another").evicted, 0u);
  EXPECT_EQ(strangers.size(), kMaxStrangers);
}

// ------------------------------------------------------------------------------------------ handshakes

TEST_F(StrangersTest, AnAddressShakesHandsSoOftenASecond) {
  const auto shake = [&](const std::string& from, int tries) {
    int done = 0;
    for (int i = 0; i < tries; ++i) done += strangers.may_shake(enter(from), now);
    return done;
  };
  EXPECT_EQ(shake("a", 1000), int{kMaxHellosPerSecondPerAddress});
  EXPECT_EQ(shake("b", 10), 10);
  now += milliseconds(500);
  EXPECT_EQ(shake("a", 1000), int{kMaxHellosPerSecondPerAddress} / 2);
  now += seconds(60);
  EXPECT_EQ(shake("a", 1000), int{kMaxHellosPerSecondPerAddress});
  EXPECT_FALSE(strangers.may_shake(12345, now));
}

TEST_F(StrangersTest, ManyUnknownAddressesTogetherAreBoundedAndKnownOnesAreNot) {
  int done = 0;
  for (int i = 0; i < 10 * static_cast<int>(kMaxMeteredAddresses); ++i)
    done += strangers.may_shake(enter(address(i)), now);
  EXPECT_EQ(done, int{kMaxUnknownHellosPerSecond});
  strangers.know("known", now);
  EXPECT_TRUE(strangers.may_shake(enter("known"), now));
}

TEST_F(StrangersTest, WhoAuthenticatesIsNotLimited) {
  for (int i = 0; i < 5000; ++i) {
    const Strangers::Slot slot = enter("a");
    ASSERT_TRUE(strangers.may_shake(slot, now)) << i;
    ASSERT_EQ(strangers.may_guess(slot, "a", kWeb, node(3), now), "") << i;
    strangers.met(slot, "a", kWeb, node(3), now);
  }
  EXPECT_EQ(strangers.size(), 0u);
}

// --------------------------------------------------------------------------------------------- guesses

TEST_F(StrangersTest, GuessesAreSlowedMoreAndMore) {
  EXPECT_EQ(guesses("a", 100), int{kMaxFreeGuesses});
  for (seconds delay = kFirstGuessDelay; delay < 4 * kMaxGuessDelay; delay *= 2) {
    const seconds expected = std::min(delay, kMaxGuessDelay);
    now += expected - milliseconds(1);
    EXPECT_EQ(guesses("a", 100), 0) << delay.count();
    now += milliseconds(1);
    EXPECT_EQ(guesses("a", 100), 1) << delay.count();
  }
  EXPECT_NE(strangers.may_guess(0, "a", kWeb, node(66), now).find(" 30 s"), std::string::npos);
  now += kGuessMemory;
  EXPECT_EQ(guesses("a", 100), int{kMaxFreeGuesses});
}

TEST_F(StrangersTest, WaitingIsForOneClaimedHostAndOneAddress) {
  EXPECT_EQ(guesses("a", 100), int{kMaxFreeGuesses});
  EXPECT_TRUE(guess("a", kMail));
  EXPECT_TRUE(guess("b"));
}

TEST_F(StrangersTest, WhoProvesItIsForgiven) {
  EXPECT_EQ(guesses("a", 100), int{kMaxFreeGuesses});
  strangers.met(0, "a", kWeb, node(3), now);
  EXPECT_EQ(guesses("a", 100), int{kMaxFreeGuesses});
}

TEST_F(StrangersTest, NewSecretsForgiveAll) {
  EXPECT_EQ(guesses("a", 100), int{kMaxFreeGuesses});
  strangers.forgive();
  EXPECT_EQ(guesses("a", 100), int{kMaxFreeGuesses});
}

// A flood against one name from a few addresses, for an hour.
TEST_F(StrangersTest, AFloodAgainstOneNameKeepsAFreshAddressIn) {
  uint64_t made = 0;
  for (int second = 0; second < 3600; ++second, now += seconds(1))
    for (int i = 0; i < 50; ++i) made += static_cast<uint64_t>(guesses(address(i), 2));
  // All first guesses, then what all that have failed share.
  EXPECT_LE(made, 2 * (kMaxUnknownGuessesPerHost + 3600 / kUnknownGuessInterval.count()));
  EXPECT_TRUE(guess("192.0.9.9"));
}

// From so many addresses that each is fresh.
TEST_F(StrangersTest, AFloodFromEverywhereKeepsKnownAddressesAndKnownKeysIn) {
  strangers.know("home", now);
  strangers.met(0, "once", kWeb, node(3), now);
  uint64_t made = 0;
  for (int i = 0; i < 60'000; ++i, now += milliseconds(10)) made += guess(address(i));
  EXPECT_LE(made, kMaxUnknownGuessesPerHost + 600 / kUnknownGuessInterval.count() + 1);
  guess("elsewhere");  // takes what may just have become free
  EXPECT_FALSE(guess("nowhere"));
  EXPECT_TRUE(guess("home"));
  EXPECT_TRUE(guess("nowhere", kWeb, node(3)));
  EXPECT_TRUE(guess("nowhere", kMail)) << "another name is not concerned";
}

TEST_F(StrangersTest, FromTheAddressOfAFloodTheKnownKeyGetsIn) {
  strangers.met(0, "nat", kWeb, node(3), now);
  EXPECT_EQ(guesses("nat", 1000), int{kMaxFreeGuesses});
  EXPECT_FALSE(guess("nat"));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(guess("nat", kWeb, node(3)));
  // The key of one host opens no door to another's name.
  EXPECT_EQ(guesses("nat", 1000, kMail), int{kMaxFreeGuesses});
  EXPECT_FALSE(guess("nat", kMail, node(3)));
}

TEST_F(StrangersTest, KnownAddressesAreForgottenByAge) {
  for (int i = 0; i < static_cast<int>(kMaxKnownAddresses); ++i, now += milliseconds(1))
    strangers.know(address(i), now);
  strangers.know(address(0), now);
  strangers.know("new", now + milliseconds(1));
  EXPECT_TRUE(strangers.knows(address(0)) && strangers.knows("new"));
  EXPECT_FALSE(strangers.knows(address(1)));
}

}  // namespace
}  // namespace cluster::net
