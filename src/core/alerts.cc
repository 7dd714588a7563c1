#include "core/alerts.h"

#include <algorithm>

namespace cluster::core {

LastTold told_from(std::string_view value) {
  if (value == to_setting(LastTold::kBad)) return LastTold::kBad;
  return value == to_setting(LastTold::kFlaps) ? LastTold::kFlaps : LastTold::kGood;
}

const char* to_setting(LastTold told) {
  switch (told) {
    case LastTold::kGood: return "";
    case LastTold::kBad: return "down";
    case LastTold::kFlaps: return "flaps";
  }
  return "";
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
  if (news != news_) since_ = now;
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

}  // namespace cluster::core
