#include "core/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/dialer.h"

namespace cluster::core {
namespace {

class LinksTest : public testing::Test {
 protected:
  LinksTest() { links_.configure(seconds(1), seconds(5)); }

  Link& link(uint32_t n) {
    LinkUp up;
    up.link = LinkId(n);
    up.node.bytes[0] = static_cast<uint8_t>(n);
    up.host = HostId(n);
    Link& link = links_.add(now_, up);
    link.greeted = link.heard_hello = link.established = true;
    return link;
  }
  std::vector<LinkId> tick(Duration time) {
    now_.mono += time;
    out_.clear();
    Context context{now_, out_, rng_};
    return links_.tick(context);
  }
  size_t beats() const {
    return static_cast<size_t>(std::count_if(out_.begin(), out_.end(), [](const Action& a) {
      const Send* send = std::get_if<Send>(&a);
      wire::Message message;
      return send != nullptr && message.ParseFromString(send->bytes) && message.has_beat();
    }));
  }

  Now now_{MonoTime{hours(1)}, WallTime{hours(1)}};
  Actions out_;
  Rng rng_{1};
  Links links_;
};

TEST_F(LinksTest, AnEchoOfWhatWasNeverSentMeasuresNothing) {
  Link& peer = link(2);
  tick(seconds(3));
  Context context{now_, out_, rng_};
  wire::Beat beat;
  for (const uint64_t echo : {uint64_t{3'000'001}, uint64_t{1} << 63, UINT64_MAX}) {
    beat.set_echo_us(echo);
    links_.hear_beat(context, peer, beat);
    EXPECT_FALSE(peer.rtt) << echo;
  }
  beat.set_echo_us(2'900'000);
  links_.hear_beat(context, peer, beat);
  EXPECT_EQ(peer.rtt, milliseconds(100));
}

TEST_F(LinksTest, SendsABeatEachInterval) {
  link(2);
  tick(milliseconds(999));
  EXPECT_EQ(beats(), 0u);
  tick(milliseconds(1));
  EXPECT_EQ(beats(), 1u);
  tick(milliseconds(500));
  EXPECT_EQ(beats(), 0u);
}

TEST_F(LinksTest, BeatsOfAllLinksGoOutInOneWakeUp) {
  link(2);
  tick(milliseconds(300));
  link(3);
  tick(milliseconds(700));
  EXPECT_EQ(beats(), 2u);
}

TEST_F(LinksTest, ClosesALinkThatIsSilentForTheDeadTime) {
  link(2);
  EXPECT_TRUE(tick(seconds(5) - milliseconds(1)).empty());
  EXPECT_EQ(tick(milliseconds(1)), std::vector<LinkId>{LinkId(2)});
}

TEST_F(LinksTest, DoubtsItselfOnceWhenMostLinksAreLate) {
  link(2);
  link(3);
  EXPECT_TRUE(tick(seconds(5)).empty());
  EXPECT_TRUE(tick(seconds(1) - milliseconds(1)).empty());
  EXPECT_EQ(tick(milliseconds(1)).size(), 2u);
}

TEST_F(LinksTest, DoesNotDoubtItselfWhileTheOthersAreHeard) {
  link(2);
  Link& alive = link(3);
  tick(seconds(4));
  Links::hear(now_, alive);
  EXPECT_EQ(tick(seconds(1)), std::vector<LinkId>{LinkId(2)});
}

TEST_F(LinksTest, UsesTheSlowerOfBothEnds) {
  Link& slow = link(2);
  wire::Hello hello;
  hello.set_beat_us(3'000'000);
  hello.set_dead_us(1'000'000);
  links_.hear_hello(now_, slow, hello);
  EXPECT_EQ(slow.beat, seconds(3));
  EXPECT_EQ(slow.dead, seconds(5));
}

TEST_F(LinksTest, MeasuresTheRoundTripWithoutTheTimeThatThePeerHeldTheBeat) {
  Link& to = link(2);
  tick(seconds(1));
  ASSERT_EQ(beats(), 1u);
  now_.mono += milliseconds(400);
  wire::Beat answer;
  answer.set_sent_us(1);
  answer.set_echo_us(1'000'000);
  answer.set_held_us(370'000);
  Context context{now_, out_, rng_};
  links_.hear_beat(context, to, answer);
  EXPECT_EQ(to.rtt, milliseconds(30));
}

TEST_F(LinksTest, AnswersABeatWhenItsOwnIsNearlyDue) {
  Link& to = link(2);
  now_.mono += milliseconds(600);
  Context context{now_, out_, rng_};
  links_.hear_beat(context, to, {});
  EXPECT_EQ(beats(), 1u);
  links_.hear_beat(context, to, {});
  EXPECT_EQ(beats(), 1u) << "never answers an answer";
}

TEST(ParseAddress, TakesBothFamiliesAndNothingElse) {
  auto v4 = parse_address("10.0.0.1:35790");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->address, "10.0.0.1");
  EXPECT_EQ(v4->port, 35790);
  auto v6 = parse_address("[2001:db8::1]:7");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->address, "2001:db8::1");
  for (const char* bad :
       {"", ":1", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "[]:1", "a:1x"})
    EXPECT_FALSE(parse_address(bad)) << bad;
}

// How long TCP may take at each of so many dials, which all fail by that.
std::vector<Duration> patience_of_dials(Dialer& dialer, const DialTarget& target, int dials) {
  std::vector<Duration> patience;
  Actions out;
  Rng rng(3);
  Now now{MonoTime{hours(1)}, WallTime{}};
  for (int i = 0; i < dials; ++i) {
    Context context{now, out, rng};
    dialer.dial_if_due(context, HostId(2), target);
    patience.push_back(std::get<Dial>(out.back()).connect_within);
    now.mono += patience.back();
    Context later{now, out, rng};
    dialer.failed(later, HostId(2));
    EXPECT_LE(dialer.due_at(HostId(2)) - now.mono,
              std::max<Duration>(milliseconds(50), seconds(1) - patience.back()));
    now.mono = dialer.due_at(HostId(2));
  }
  return patience;
}

TEST(DialerTest, ASilentHostIsDialledAnewSoonButNotEachTime) {
  const DialTarget target{"10.0.0.2", 35790, true};
  Dialer dialer;
  dialer.configure(milliseconds(100), seconds(2));
  EXPECT_THAT(patience_of_dials(dialer, target, 3), testing::Each(kLongestConnect))
      << "how far it is nobody knows";
  dialer.link_lost(HostId(2), milliseconds(3));
  auto patience = patience_of_dials(dialer, target, 8);
  EXPECT_EQ(patience.back(), kLongestConnect);
  patience.pop_back();
  EXPECT_THAT(patience, testing::Each(milliseconds(200)));
  dialer.link_lost(HostId(2), milliseconds(300));
  EXPECT_EQ(patience_of_dials(dialer, target, 1)[0], milliseconds(1200));
  dialer.link_lost(HostId(2), milliseconds(3));
  EXPECT_EQ(patience_of_dials(dialer, {"203.0.113.2", 40000, false}, 1)[0], kLongestConnect)
      << "a router on the way lets it in late";
}

TEST(DialerTest, PausesGrowUpToHalfTheDeadTime) {
  Actions out;
  Rng rng(3);
  Now now{MonoTime{hours(1)}, WallTime{}};
  Dialer dialer;
  dialer.configure(seconds(1), seconds(5));
  const DialTarget target{"10.0.0.2", 35790, true};
  Duration longest{};
  for (int i = 0; i < 12; ++i) {
    Context context{now, out, rng};
    out.clear();
    dialer.dial_if_due(context, HostId(2), target);
    ASSERT_EQ(out.size(), 1u);
    dialer.failed(context, HostId(2));
    const Duration pause = dialer.due_at(HostId(2)) - now.mono;
    EXPECT_LE(pause, milliseconds(2500));
    longest = std::max(longest, pause);
    out.clear();
    dialer.dial_if_due(context, HostId(2), target);
    EXPECT_TRUE(out.empty()) << "not before the pause is over";
    now.mono += pause;
  }
  EXPECT_GE(longest, milliseconds(1250));
  dialer.at_once(HostId(2));
  Context context{now, out, rng};
  out.clear();
  dialer.dial_if_due(context, HostId(2), target);
  EXPECT_EQ(out.size(), 1u);
}

}  // namespace
}  // namespace cluster::core
