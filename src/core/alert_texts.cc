#include "core/alert_texts.h"

namespace cluster::core {

namespace {

std::string flapping(const std::string& what, size_t changes) {
  return what + " flaps: it has changed " + std::to_string(changes) + " times within " +
         in_minutes(kFlapWindow) + "; no more of it is told until it has not for " +
         in_minutes(kStableTime);
}

}  // namespace

std::string in_minutes(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(time).count()) + " min";
}

SendAlert host_alert(const Knowledge& known, const std::string& name, const Watch& watch,
                     Watch::News what) {
  SendAlert out{{}, to_string(AlertKind::kHostDown), name, Severity::kCritical, "host " + name};
  const Member* member = known.members.of(known.config.host(name)->id);
  const bool gone = member != nullptr && member->record.leaving();
  if (gone) out.severity = Severity::kWarning;
  const char* down = gone ? " has left the cluster" : " is down: it cannot be reached";
  switch (what) {
    case Watch::News::kBad: out.text += down; return out;
    case Watch::News::kGood: out.text += " is up again"; break;
    case Watch::News::kBlip: out.text += " was down for a moment, and is up again"; break;
    case Watch::News::kFlaps:
      return {{},
              to_string(AlertKind::kHostFlaps),
              name,
              Severity::kCritical,
              flapping(out.text, watch.changes())};
    case Watch::News::kSettled:
      out.text += watch.good() ? " is up, and no longer flaps" : down + std::string(", for good");
      if (!watch.good()) return out;
      break;
  }
  out.kind = to_string(AlertKind::kHostUp);
  out.severity = Severity::kInfo;
  return out;
}

SendAlert service_alert(const Knowledge& known, const std::string& name, const Watch& watch,
                        Watch::News what) {
  SendAlert out{
      {}, to_string(AlertKind::kServiceDown), name, Severity::kCritical, "service " + name};
  const std::string down = " runs nowhere: " + known.choices.at(name).reason;
  switch (what) {
    case Watch::News::kBad: out.text = as_line(out.text + down, kMaxReasonBytes); return out;
    case Watch::News::kGood: out.text += " runs again"; break;
    case Watch::News::kBlip: out.text += " ran nowhere for a while, and runs again"; break;
    case Watch::News::kFlaps:
      return {{},
              to_string(AlertKind::kServiceFlaps),
              name,
              Severity::kCritical,
              flapping(out.text, watch.changes())};
    case Watch::News::kSettled:
      if (!watch.good()) {
        out.text = as_line(out.text + down, kMaxReasonBytes);
        return out;
      }
      out.text += " runs, and no longer flaps";
      break;
  }
  out.kind = to_string(AlertKind::kServiceUp);
  out.severity = Severity::kInfo;
  return out;
}

}  // namespace cluster::core
