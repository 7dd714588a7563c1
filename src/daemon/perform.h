// Does what the core decided: each action goes to the part that can do it, in order.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "alerts/teller.h"
#include "bus/bus.h"
#include "core/io.h"
#include "daemon/clock.h"
#include "daemon/file_links.h"
#include "daemon/requests.h"
#include "files/keeper.h"
#include "http/metrics.h"
#include "net/prober.h"
#include "net/secrets.h"
#include "net/transport.h"
#include "scripts/runner.h"
#include "store/store.h"
#include "system/sleep_lock.h"

namespace cluster::daemon {

inline constexpr size_t kMaxHappenings = 256;

// What happened last, for operators: the oldest makes room.
class Happenings {
 public:
  void add(WallTime at, core::Severity severity, std::string text);
  std::vector<bus::Happening> list() const { return {kept_.begin(), kept_.end()}; }

 private:
  std::deque<bus::Happening> kept_;
};

// The parts outlive the Performer.
struct Parts {
  net::Transport& transport;
  net::Secrets& secrets;
  scripts::Runner& runner;
  store::Store& store;
  bus::Bus& bus;
  WakeTimer& wake;
  net::Prober& prober;
  files::Keeper& files;
  FileLinks& file_links;
  system::SleepLock& sleep_lock;
  alerts::AlertTeller& alerts;
  Requests& requests;
  Happenings& happenings;
  http::Tally& tally;
  std::function<void(const core::ValidateConfig&)> validate_config;
  std::function<void(const core::ApplyConfig&)> apply_config;
};

class Performer {
 public:
  Performer(Parts parts, std::function<void()> left)
      : parts_(std::move(parts)), left_(std::move(left)) {}

  void perform(const core::Actions& actions);

  // To be told of each event as well: so it knows the links and the runs that there are.
  void heard(const core::Event& event);
  void close_all_links(const std::string& reason);

  // Since the last call something happened that people are told of.
  bool take_news() { return std::exchange(news_, false); }

 private:
  struct Visitor;

  void happened(core::Severity severity, const std::string& text);

  const Parts parts_;
  const std::function<void()> left_;
  std::set<LinkId> links_;
  std::map<RunId, std::string> runs_;  // "web/start", for the log
  bool news_ = false;
};

}  // namespace cluster::daemon
