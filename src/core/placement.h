// Where one service should run: a pure function, so that every host that knows the same decides alike,
// and so that it can be asked "what if". The reason comes with the choice.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config.h"
#include "core/context.h"

namespace cluster::core {

// What is known of one host on the service's line.
struct Candidate {
  HostId host;
  std::string name;
  bool up = false;
  bool settled = false;
  bool standby = false;
  bool able = false;
  std::string why_not;        // where not able
  bool holds = false;         // starting, running or stopping it
  bool stopping = false;      // of these the last: it is no rival to make way for
  uint64_t run_since_us = 0;  // by its clock; 0: not told, as the service owns no files
  MonoTime up_since;
  uint32_t returns = 0;  // after having been down, within failure_window and since the last clear
  std::string leader;    // the service on whose host alone this one runs it; empty: none
  HostId leader_host;    // where that belongs; 0: nowhere
  std::string leader_place;     // the name of that host, or why it belongs nowhere
  bool leader_settles = false;  // nowhere, but only until a host has settled
};

struct PlacementInput {
  std::vector<Candidate> candidates;  // in order of preference
  bool disabled = false;
  bool stopped = false;
  HostId moved_to;    // 0: no move in force
  HostId kept_on;     // whose maintenance keeps it there; 0: nobody's
  Failback failback;  // as the present holder has it
  Duration dead_time = seconds(5);
  Duration failure_window = minutes(10);
};

struct Choice {
  HostId host;         // 0: nobody
  std::string reason;  // of the choice, one sentence without a full stop
  std::vector<std::pair<HostId, std::string>>
      hosts;                    // each candidate, and what speaks for or against it
  MonoTime review_at = kNever;  // the choice may change by itself then
  bool settles = false;         // nobody, but only until a host has settled
};

using Placed = std::map<std::string, Choice>;  // by service

Choice place(const PlacementInput& input, MonoTime now);

// Empty, or that its leader does not belong on this host.
std::string bound_elsewhere(const Candidate& host);

// For how long a host that has returned so many times must have been stable before it takes over.
Duration required_stability(uint32_t returns, Duration dead_time, Duration failure_window);

}  // namespace cluster::core
