// Tells people of alerts, in every way that this host has, at once. Bounded in time and number: what comes while too much
// is under way waits, and no longer than a program may take; what finds no room fails at once.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "alerts/letter.h"
#include "alerts/process.h"
#include "alerts/ways.h"
#include "core/io.h"

namespace cluster::alerts {

inline constexpr size_t kMaxAtOnce = 4;  // alerts that are being told
inline constexpr size_t kMaxWaiting = 64;

class AlertTeller {
 public:
  // Of each alert once, later: why it could not be told in some way, one line; empty: it was told.
  using Done = std::function<void(AlertId alert, const std::string& failed)>;

  AlertTeller(event_base* base, Done done);
  // Kills what is under way; nothing more is said of it.
  ~AlertTeller();

  void set_ways(Teller teller, Ways ways);
  void tell(const core::SendAlert& alert, WallTime now);

 private:
  struct Telling;
  struct Waiting {
    core::SendAlert alert;
    WallTime at;
    std::chrono::steady_clock::time_point until;
  };

  void begin(const core::SendAlert& alert, WallTime at, Duration within);
  void run(Telling& telling, const std::string& what, Program program, Duration within);
  void program_done(Telling& telling, const std::string& what, const std::string& why);
  void answer(AlertId alert, const std::string& failed);
  void look();

  event_base* base_;
  Done done_;
  Teller teller_;
  Ways ways_;
  std::list<std::unique_ptr<Telling>> telling_;
  std::deque<Waiting> waiting_;
  std::deque<std::pair<AlertId, std::string>> answers_;
  EventPtr turn_;  // what may not be done within a callback, or within tell()
};

}  // namespace cluster::alerts
