#include "alerts/teller.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/ensure.h"

namespace cluster::alerts {

using std::chrono::steady_clock;

struct AlertTeller::Telling {
  AlertId alert;
  size_t running = 0;
  std::string failed;
  std::vector<std::unique_ptr<Process>> processes;
};

AlertTeller::AlertTeller(event_base* base, Done done)
    : base_(base),
      done_(std::move(done)),
      turn_(event_new(
          base, -1, 0,
          [](evutil_socket_t, short, void* self) { static_cast<AlertTeller*>(self)->look(); },
          this)) {
  ENSURE(turn_ != nullptr);
}

AlertTeller::~AlertTeller() = default;

void AlertTeller::set_ways(Teller teller, Ways ways) {
  teller_ = std::move(teller);
  ways_ = std::move(ways);
}

void AlertTeller::tell(const core::SendAlert& alert, WallTime now) {
  if (telling_.size() < kMaxAtOnce && waiting_.empty()) return begin(alert, now, ways_.timeout);
  if (waiting_.size() == kMaxWaiting) return answer(alert.alert, "too many alerts are waiting");
  waiting_.push_back({alert, now, steady_clock::now() + ways_.timeout});
}

void AlertTeller::begin(const core::SendAlert& alert, WallTime at, Duration within) {
  telling_.push_back(std::make_unique<Telling>());
  Telling& telling = *telling_.back();
  telling.alert = alert.alert;
  const auto mail = [&](const std::string& text) {
    return Program{{ways_.sendmail, "-i", "-t"}, {}, text};
  };
  if (!ways_.email.empty())
    run(telling, "mail", mail(letter(alert, teller_, ways_.email, at)), within);
  if (!ways_.text_alerts.empty())
    run(telling, "text alert", mail(short_letter(alert, ways_.text_alerts)), within);
  for (const std::string& path : executables(ways_.folder))
    run(telling, path.substr(path.rfind('/') + 1),
        Program{{path}, environment(alert, teller_, at), ""}, within);
  if (telling.running == 0) event_active(turn_.get(), EV_TIMEOUT, 0);
}

void AlertTeller::run(Telling& telling, const std::string& what, Program program, Duration within) {
  auto process = std::make_unique<Process>(
      base_, [this, &telling, what](const std::string& why) { program_done(telling, what, why); });
  const std::string why = process->start(program, within);
  if (!why.empty()) {
    telling.failed +=
        (telling.failed.empty() ? "" : "; ") + what + ": " + program.words.front() + ": " + why;
    return;
  }
  ++telling.running;
  telling.processes.push_back(std::move(process));
}

void AlertTeller::program_done(Telling& telling, const std::string& what, const std::string& why) {
  if (!why.empty()) telling.failed += (telling.failed.empty() ? "" : "; ") + what + ": " + why;
  if (--telling.running == 0) event_active(turn_.get(), EV_TIMEOUT, 0);
}

void AlertTeller::answer(AlertId alert, const std::string& failed) {
  answers_.emplace_back(alert, failed);
  event_active(turn_.get(), EV_TIMEOUT, 0);
}

void AlertTeller::look() {
  for (auto it = telling_.begin(); it != telling_.end();) {
    if ((*it)->running > 0) {
      ++it;
      continue;
    }
    answers_.emplace_back((*it)->alert, (*it)->failed);
    it = telling_.erase(it);
  }
  while (!waiting_.empty() && telling_.size() < kMaxAtOnce) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    if (const Duration within = next.until - steady_clock::now(); within > Duration{})
      begin(next.alert, next.at, within);
    else
      answers_.emplace_back(next.alert.alert, "others before it took too long");
  }
  for (const auto& [alert, failed] : std::exchange(answers_, {})) done_(alert, failed);
}

}  // namespace cluster::alerts
