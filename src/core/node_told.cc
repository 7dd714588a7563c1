// What people were told of last: settings, of which each says what it knows to have been told.
//
// Where hosts cannot reach each other, one may tell that a host is gone while another, which knows nothing of that, tells
// that it is there. The later stamp wins, whichever clock made it, and people might be left with bad news that no host
// knows of. So whatever bad is told has a number, and goes on being told by later entries; whoever told it, and finds
// something better that does not name it, says it again.

#include <cstdio>

#include "base/digest.h"
#include "core/node_state.h"

namespace cluster::core {

void Node::State::set_told(Context& context, const std::string& key, LastTold last) {
  Telling told = Telling::parse(settings.get(key));
  told.last = last;
  if (last != LastTold::kGood) {
    Digest digest;
    digest.add(self.raw()).add(incarnation).add(alerts.next_instance++);
    char number[kToldNumberBytes + 1];
    std::snprintf(number, sizeof number, "%08x", static_cast<unsigned>(digest.value()));
    told.add(number);
    alerts.unanswered[key] = told;
  } else {
    alerts.unanswered.erase(key);
  }
  write_told(context, key, told);
}

void Node::State::write_told(Context& context, const std::string& key, const Telling& told) {
  const wire::Setting setting = settings.write(context.now.wall, key, told.value());
  if (settings.merge(context.now.wall, setting) != Merged::kApplied)
    return sending_failed(context,
                          "that they were sent cannot be noted: there are too many settings");
  apply_setting(context, setting, false);
}

// Of another host, or of this one itself.
void Node::State::note_told(Context& context, const std::string& key) {
  if (!key.starts_with(kAlertPrefix)) return;
  const Telling now = Telling::parse(settings.get(key));
  if (auto watch = alerts.watches.find(key); watch != alerts.watches.end())
    watch->second.was_told(now.last);
  const auto ours = alerts.unanswered.find(key);
  if (ours == alerts.unanswered.end() || settings.stamp(key).node == self) return;
  Telling again = std::move(ours->second);
  alerts.unanswered.erase(ours);
  if (now.last != LastTold::kGood || now.names(again.numbers.back())) return;
  const std::string number = again.numbers.back();
  again.numbers = now.numbers;
  again.add(number);
  alerts.unanswered[key] = again;
  write_told(context, key, again);
}

}  // namespace cluster::core
