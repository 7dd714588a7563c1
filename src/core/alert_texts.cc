#include "core/alert_texts.h"

namespace cluster::core {

namespace {

struct Words {
  AlertKind down, up, flaps;
  std::string subject;
  Severity when_down = Severity::kCritical;
  std::string is_down, is_down_for_good, is_back, was_away, is_stable;
};

SendAlert alert_of(const std::string& name, const Watch& watch, Watch::News what,
                   const Words& words) {
  const SendAlert down{
      {}, to_string(words.down), name, words.when_down, words.subject + words.is_down};
  SendAlert up{{}, to_string(words.up), name, Severity::kInfo, words.subject};
  switch (what) {
    case Watch::News::kBad: return down;
    case Watch::News::kGood: up.text += words.is_back; return up;
    case Watch::News::kBlip: up.text += words.was_away; return up;
    case Watch::News::kFlaps: break;
    case Watch::News::kSettled:
      up.text += words.is_stable;
      if (watch.good()) return up;
      return {{}, down.kind, name, down.severity, words.subject + words.is_down_for_good};
  }
  return {{},
          to_string(words.flaps),
          name,
          Severity::kCritical,
          words.subject + " flaps: it has changed " + std::to_string(watch.changes()) +
              " times within " + in_minutes(kFlapWindow) +
              "; no more of it is told until it has not for " + in_minutes(kStableTime)};
}

}  // namespace

std::string in_minutes(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(time).count()) + " min";
}

SendAlert host_alert(const Knowledge& known, const std::string& name, const Watch& watch,
                     Watch::News what) {
  const Member* member = known.members.of(known.config.host(name)->id);
  const bool gone = member != nullptr && member->record.leaving();
  const std::string down = gone ? " has left the cluster" : " is down: it cannot be reached";
  return alert_of(name, watch, what,
                  {.down = AlertKind::kHostDown,
                   .up = AlertKind::kHostUp,
                   .flaps = AlertKind::kHostFlaps,
                   .subject = "host " + name,
                   .when_down = gone ? Severity::kWarning : Severity::kCritical,
                   .is_down = down,
                   .is_down_for_good = down + ", for good",
                   .is_back = " is up again",
                   .was_away = " was down for a moment, and is up again",
                   .is_stable = " is up, and no longer flaps"});
}

SendAlert service_alert(const Knowledge& known, const std::string& name, const Watch& watch,
                        Watch::News what) {
  const std::string down = " runs nowhere: " + known.choices.at(name).reason;
  SendAlert out = alert_of(name, watch, what,
                           {.down = AlertKind::kServiceDown,
                            .up = AlertKind::kServiceUp,
                            .flaps = AlertKind::kServiceFlaps,
                            .subject = "service " + name,
                            .is_down = down,
                            .is_down_for_good = down,
                            .is_back = " runs again",
                            .was_away = " ran nowhere for a while, and runs again",
                            .is_stable = " runs, and no longer flaps"});
  out.text = as_line(out.text, kMaxReasonBytes);
  return out;
}

}  // namespace cluster::core
