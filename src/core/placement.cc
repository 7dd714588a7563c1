#include "core/placement.h"

#include <algorithm>

namespace cluster::core {

namespace {

// Why this host cannot run the service; empty: it can. A host that holds the service already need
// not be settled to keep it.
std::string against(const Candidate& host) {
  if (!host.up) return "is down";
  if (host.standby) return "is on standby";
  if (!host.able) return host.why_not.empty() ? "is not able" : host.why_not;
  if (!host.settled && !host.holds) return "has not settled since it started";
  return "";
}

// Both lists are in order of preference. Whoever runs it counts before who is about to have stopped it.
const Candidate* first_holder(const std::vector<const Candidate*>& holders) {
  for (const Candidate* holder : holders)
    if (!holder->stopping) return holder;
  return holders.empty() ? nullptr : holders.front();
}

// Whoever runs it by mistake, as it did not hear of the maintenance, makes way for the keeper that runs it, but not for
// one of which nobody knows whether it does.
bool keeps(const Candidate& keeper, const std::vector<const Candidate*>& holders) {
  return (keeper.up && keeper.holds) || first_holder(holders) == nullptr;
}

struct Chooser {
  const PlacementInput& input;
  MonoTime now;
  Choice choice;

  void choose(const Candidate* host, std::string reason) {
    choice.host = host == nullptr ? HostId{} : host->host;
    choice.reason = std::move(reason);
  }

  // A better host is up again: does the present holder give the service back?
  void weigh_return(const Candidate& holder, const Candidate& better) {
    if (input.failback.never) {
      choose(&holder, "runs on " + holder.name + "; " + better.name +
                          " is preferred, but failback is \"never\"");
      return;
    }
    const Duration damping =
        required_stability(better.returns, input.dead_time, input.failure_window);
    const MonoTime from = better.up_since + std::max(input.failback.stability, damping);
    if (now >= from) {
      choose(&better, better.name + " is the most preferred host that is up and able");
      return;
    }
    choice.review_at = from;
    choose(&holder, "runs on " + holder.name + "; " + better.name +
                        " is preferred and takes over once it has been up for " +
                        in_seconds(from - better.up_since));
  }
};

}  // namespace

Duration required_stability(uint32_t returns, Duration dead_time, Duration failure_window) {
  if (returns <= 1) return Duration{};
  Duration stability = dead_time;
  for (uint32_t i = 2; i < returns && stability < failure_window; ++i) stability *= 2;
  return std::min(stability, failure_window);
}

Choice place(const PlacementInput& input, MonoTime now) {
  Chooser chooser{input, now, {}};
  std::vector<const Candidate*> able, holders;
  const Candidate *moved = nullptr, *keeper = nullptr;
  for (const Candidate& candidate : input.candidates) {
    const std::string obstacle = against(candidate);
    chooser.choice.hosts.emplace_back(
        candidate.host, obstacle.empty() ? (candidate.holds ? "holds it" : "is able") : obstacle);
    if (candidate.host == input.kept_on) keeper = &candidate;
    if (!obstacle.empty()) continue;
    able.push_back(&candidate);
    if (candidate.holds) holders.push_back(&candidate);
    if (candidate.host == input.moved_to) moved = &candidate;
  }
  if (keeper != nullptr && keeps(*keeper, holders)) {
    chooser.choose(keeper, "stays on " + keeper->name + ", which is in maintenance");
  } else if (input.disabled) {
    chooser.choose(nullptr, "disabled by the operator until \"enable\"");
  } else if (input.stopped) {
    chooser.choose(nullptr, "stopped by the operator until \"start\"");
  } else if (able.empty()) {
    chooser.choose(nullptr, "no host of its line is up and able");
  } else if (moved != nullptr) {
    chooser.choose(moved, "moved to " + moved->name + " by the operator until \"clear\"");
  } else {
    const Candidate* best = able.front();
    const Candidate* holder = first_holder(holders);
    if (holder == nullptr || holder == best) {
      chooser.choose(best, best->name + " is the most preferred host that is up and able");
    } else {
      chooser.weigh_return(*holder, *best);
    }
  }
  return std::move(chooser.choice);
}

}  // namespace cluster::core
