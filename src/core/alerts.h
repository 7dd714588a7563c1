// What people are told of, and what they are spared.
//
// That a host or a service has gone or come back every host sees alike. What people were told of it last is a setting
// ("alert/host/NAME", "alert/service/NAME"), so all hosts know of it whichever of them told. Whatever differs from
// what a host sees is news, until some host has told it: nothing is lost where the one whose turn it is goes away.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/context.h"

namespace cluster::core {

class Settings;

// With so many changes within that time something flaps; once it has not changed for the last, it is stable.
inline constexpr size_t kFlapChanges = 6;
inline constexpr Duration kFlapWindow = minutes(10);
inline constexpr Duration kStableTime = minutes(5);
// Who is next in line waits so long for the one before.
inline constexpr Duration kAlertPatience = minutes(1);
// A raised alert is said again to the host that sends them, until it answers.
inline constexpr Duration kAskAgain = seconds(10);
// After a failure a host leaves sending to others for so long at first, and at most.
inline constexpr Duration kFirstAlertPause = minutes(1), kLongestAlertPause = hours(1);
// How long the same alert from another host is known for the same.
inline constexpr Duration kHeardAlert = minutes(10);
inline constexpr size_t kMaxRaisedAlerts = 64;
inline constexpr size_t kMaxHeardAlerts = 1024;
inline constexpr size_t kMaxDampers = 1024;
inline constexpr Duration kMaxSilence = hours(24 * 30);

inline constexpr std::string_view kAlertPrefix = "alert/";      // of settings, as above
inline constexpr std::string_view kSilencePrefix = "silence/";  // likewise; value: until when
inline constexpr std::string_view kAllSilent = "all";

// What people were told of last.
enum class LastTold : uint8_t { kGood, kBad, kFlaps };

// As the value of a setting: "", "up", "down" or "flaps", then the numbers of what bad was told before and with it, as
// far as the one that wrote it knew: node_told.cc.
struct Telling {
  LastTold last = LastTold::kGood;
  std::vector<std::string> numbers;  // newest last

  static Telling parse(std::string_view value);
  std::string value() const;
  void add(std::string number);
  bool names(const std::string& number) const;

  bool operator==(const Telling&) const = default;
};
inline constexpr size_t kMaxToldNumbers = 4;
inline constexpr size_t kToldNumberBytes = 8;

// One host, or one service, as this host sees it.
class Watch {
 public:
  enum class News : uint8_t {
    kBad,
    kGood,
    kBlip,     // it was bad, and is good again before anybody was told
    kFlaps,    // and is not told of any more
    kSettled,  // it has flapped, and does no more
  };

  // Bad counts once it has lasted for `hold`.
  explicit Watch(Duration hold) : hold_(hold) {}

  void see(MonoTime now, bool good, LastTold told);
  // What it is now cannot be told: nothing that follows is a change.
  void lose_sight() {
    good_.reset();
    news_.reset();
    blip_ = false;
  }
  // It has been good, so that it can be missed.
  bool known() const { return known_; }
  bool good() const { return good_.value_or(true); }
  size_t changes() const { return changes_.size(); }

  // Some host has told people of it, this one or another.
  void was_told(LastTold told);

  std::optional<News> news(MonoTime now, LastTold told);
  MonoTime news_since() const { return since_; }
  // As if it were news from then on, unless it is looked at before.
  void put_off(MonoTime until) { since_ = until; }
  bool has_news() const { return news_.has_value(); }
  // When there may be news without anything that is seen.
  MonoTime next(MonoTime now, LastTold told) const;

  bool sending = false;  // by this host, now

 private:
  void forget_changes(MonoTime now);
  std::optional<News> judge(MonoTime now, LastTold told) const;

  Duration hold_;
  bool known_ = false, blip_ = false;
  std::optional<bool> good_;
  MonoTime changed_at_, changed_before_;
  std::deque<MonoTime> changes_;
  std::optional<News> news_;
  MonoTime since_;
};

// Of alerts of one kind about one thing.
class Damper {
 public:
  enum class Verdict : uint8_t { kSend, kSendAsLast, kQuiet };
  Verdict note(MonoTime now);

 private:
  std::deque<MonoTime> times_;
  bool quiet_ = false;
};

// Noticed by one host, or by each for itself.
struct RaisedAlert {
  uint64_t key = 0;
  std::string kind, subject;
  Severity severity = Severity::kWarning;
  std::string text;
};

// One of this host, until it hears that people have been told.
struct OwnAlert {
  RaisedAlert alert;
  MonoTime since;
  NodeId asked;  // the host that is to send it; 0: none yet
  MonoTime asked_at;
};

// One that this host sends, or has sent.
struct HeardAlert {
  MonoTime at;
  bool sent = false;
  std::set<NodeId> waiting;  // for the answer
};

// What AlertSent answers.
struct Outgoing {
  std::string watch;  // the setting that tells of it; empty: a raised one
  LastTold told = LastTold::kGood;
  uint64_t key = 0;
};

struct AlertSender {
  int duty = 0;  // as in its record
  HostId host;
  NodeId node;

  auto operator<=>(const AlertSender&) const = default;
};

struct Turn {
  MonoTime at = kNever;
  bool sender = false;
};

struct Failover {
  uint64_t epoch = 0;
  HostId from;
  std::string why;
};

struct Alerts {
  std::map<std::string, Watch> watches;  // by their settings
  std::list<OwnAlert> raised;            // oldest first
  std::map<uint64_t, HeardAlert> heard;  // by key
  std::map<AlertId, Outgoing> outgoing;
  // By setting: what bad this host told last, until another host writes there.
  std::map<std::string, Telling> unanswered;
  std::map<std::pair<std::string, std::string>, Damper> dampers;  // by kind and subject
  std::map<std::string, Failover> failovers;  // to this host, until the service runs
  uint64_t next_alert = 1;
  uint64_t next_instance = 1;
  bool failed = false;  // lately
  MonoTime again_at = kNever;
  Duration pause{};
  std::optional<std::vector<AlertSender>> senders;  // since the last decision; in their turn
  Chore hosts;
  MonoTime at = kNever;  // there may be something to do then, besides

  void load(const Settings& settings, const NodeId& self);
  // People were told of the raised alert of that key.
  void done(uint64_t key);
  // Whether this host can send is tried again where it is time to.
  void try_again(MonoTime now);
};

}  // namespace cluster::core
