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
  if (std::string why = bound_elsewhere(host); !why.empty()) return why;
  if (!host.settled && !host.holds) return "has not settled since it started";
  return "";
}

// Nothing else is in the way than that this host, or one for its leader, has not settled.
bool only_settles(const Candidate& host) {
  if (!host.up || host.standby || !host.able) return false;
  if (!host.leader.empty() && host.leader_host == HostId{}) return host.leader_settles;
  return bound_elsewhere(host).empty() && !host.settled && !host.holds;
}

std::string why_nobody(const std::vector<Candidate>& candidates) {
  const auto bound = std::find_if(candidates.begin(), candidates.end(),
                                  [](const Candidate& host) { return !host.leader.empty(); });
  if (bound == candidates.end()) return "no host of its line is up and able";
  if (bound->leader_host == HostId{}) return "it " + bound_elsewhere(*bound);
  const std::string where =
      "it runs only where " + bound->leader + " does, on " + bound->leader_place;
  const auto there = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& host) {
    return host.host == bound->leader_host;
  });
  if (there == candidates.end()) return where + ", which is not on its line";
  return where + ", and that host cannot run it: " + against(*there);
}

std::string why_best(const Candidate& best) {
  if (!best.leader.empty())
    return best.name + " is where " + best.leader + " belongs, with which it runs";
  return best.name + " is the most preferred host that is up and able";
}

// Both lists are in order of preference. Whoever runs it counts before who is about to have stopped it.
const Candidate* first_holder(const std::vector<const Candidate*>& holders) {
  for (const Candidate* holder : holders)
    if (!holder->stopping) return holder;
  return holders.empty() ? nullptr : holders.front();
}

// Of several that run it, where each has written files that others follow: whose count, until all others have stopped. The
// preferred one may have started just now, with what it had when it was last seen.
const Candidate* longest_runner(const std::vector<const Candidate*>& holders) {
  const Candidate* longest = nullptr;
  size_t running = 0;
  for (const Candidate* holder : holders) {
    if (holder->run_since_us == 0) continue;
    ++running;
    if (holder->stopping) continue;
    if (longest == nullptr || holder->run_since_us < longest->run_since_us) longest = holder;
  }
  return running > 1 ? longest : nullptr;
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
      choose(&better, why_best(better));
      return;
    }
    choice.review_at = from;
    choose(&holder, "runs on " + holder.name + "; " + better.name +
                        " is preferred and takes over once it has been up for " +
                        in_seconds(from - better.up_since));
  }
};

}  // namespace

std::string bound_elsewhere(const Candidate& host) {
  if (host.leader.empty() || host.leader_host == host.host) return "";
  const std::string with = "runs only with " + host.leader;
  return with + (host.leader_host == HostId{} ? ", which is to run nowhere: " + host.leader_place
                                              : ", which belongs on " + host.leader_place);
}

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
    chooser.choose(nullptr, why_nobody(input.candidates));
    chooser.choice.settles =
        std::any_of(input.candidates.begin(), input.candidates.end(), only_settles);
  } else if (const Candidate* longest = longest_runner(holders)) {
    chooser.choose(longest, longest->name + " has run it for longest, and what it wrote counts");
  } else if (moved != nullptr) {
    chooser.choose(moved, "moved to " + moved->name + " by the operator until \"clear\"");
  } else {
    const Candidate* best = able.front();
    const Candidate* holder = first_holder(holders);
    if (holder == nullptr || holder == best) {
      chooser.choose(best, why_best(*best));
    } else {
      chooser.weigh_return(*holder, *best);
    }
  }
  return std::move(chooser.choice);
}

}  // namespace cluster::core
