#include "core/alerts.h"

#include <algorithm>
#include <utility>

#include "core/members.h"
#include "core/settings.h"

namespace cluster::core {

namespace {

constexpr std::string_view kUp = "up", kDown = "down", kFlapping = "flaps";

}  // namespace

Telling Telling::parse(std::string_view value) {
  Telling out;
  bool first = true;
  while (!value.empty()) {
    const std::string_view word = value.substr(0, value.find(' '));
    value.remove_prefix(std::min(value.size(), word.size() + 1));
    if (!std::exchange(first, false)) {
      out.add(std::string(word.substr(0, kToldNumberBytes)));
    } else if (word == kDown) {
      out.last = LastTold::kBad;
    } else if (word == kFlapping) {
      out.last = LastTold::kFlaps;
    }
  }
  return out;
}

std::string Telling::value() const {
  std::string out;
  switch (last) {
    case LastTold::kGood: out = numbers.empty() ? "" : kUp; break;
    case LastTold::kBad: out = kDown; break;
    case LastTold::kFlaps: out = kFlapping; break;
  }
  for (const std::string& number : numbers) out += " " + number;
  return out;
}

void Telling::add(std::string number) {
  if (numbers.size() == kMaxToldNumbers) numbers.erase(numbers.begin());
  numbers.push_back(std::move(number));
}

bool Telling::names(const std::string& number) const {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

void Watch::see(MonoTime now, bool good, LastTold told) {
  known_ = known_ || good;
  if (!known_ || good_ == good) return;
  const bool change = good_.has_value();
  good_ = good;
  if (change && good && now < changed_at_ + hold_) {
    if (!changes_.empty()) changes_.pop_back();  // they are forgotten once it is told to flap
    changed_at_ = changed_before_;
    return;
  }
  changed_before_ = changed_at_;
  changed_at_ = now;
  if (!change) return;
  forget_changes(now);
  changes_.push_back(now);
  if (changes_.size() > kFlapChanges) changes_.pop_front();
  blip_ = good && told == LastTold::kGood;
}

void Watch::was_told(LastTold told) {
  blip_ = false;
  if (told == LastTold::kFlaps) changes_.clear();
}

void Watch::forget_changes(MonoTime now) {
  while (!changes_.empty() && changes_.front() + kFlapWindow < now) changes_.pop_front();
}

std::optional<Watch::News> Watch::judge(MonoTime now, LastTold told) const {
  if (!good_ || !known_) return std::nullopt;
  if (told == LastTold::kFlaps)
    return now >= changed_at_ + kStableTime ? std::optional(News::kSettled) : std::nullopt;
  std::optional<News> news;
  if (!*good_ && told == LastTold::kGood && now >= changed_at_ + hold_) news = News::kBad;
  if (*good_ && told == LastTold::kBad) news = News::kGood;
  if (*good_ && told == LastTold::kGood && blip_) news = News::kBlip;
  if (news && changes_.size() >= kFlapChanges) news = News::kFlaps;
  return news;
}

std::optional<Watch::News> Watch::news(MonoTime now, LastTold told) {
  forget_changes(now);
  const std::optional<News> news = judge(now, told);
  if (news != news_ || since_ > now) since_ = now;
  news_ = news;
  return news;
}

MonoTime Watch::next(MonoTime now, LastTold told) const {
  if (!good_ || !known_) return kNever;
  const MonoTime then = told == LastTold::kFlaps ? changed_at_ + kStableTime
                        : *good_                 ? kNever
                                                 : changed_at_ + hold_;
  return then > now ? then : kNever;
}

Damper::Verdict Damper::note(MonoTime now) {
  if (!times_.empty() && now >= times_.back() + kStableTime) {
    quiet_ = false;
    times_.clear();
  }
  while (!times_.empty() && times_.front() + kFlapWindow < now) times_.pop_front();
  times_.push_back(now);
  if (times_.size() > kFlapChanges) times_.pop_front();
  if (quiet_) return Verdict::kQuiet;
  quiet_ = times_.size() >= kFlapChanges;
  return quiet_ ? Verdict::kSendAsLast : Verdict::kSend;
}

void Alerts::load(const Settings& settings, const NodeId& self) {
  for (const wire::Setting& setting : settings.all()) {
    if (!setting.key().starts_with(kAlertPrefix) || node_of(setting.node()) != self) continue;
    Telling told = Telling::parse(setting.value());
    if (told.last != LastTold::kGood) unanswered[setting.key()] = std::move(told);
  }
}

void Alerts::done(uint64_t key) {
  raised.remove_if([&](const OwnAlert& ours) { return ours.alert.key == key; });
}

void Alerts::try_again(MonoTime now) {
  if (now < again_at) return;
  failed = false;
  again_at = kNever;
  hosts.due = true;
}

}  // namespace cluster::core
