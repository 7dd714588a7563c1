#include "tests/sim/growth.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/sim/watcher.h"
#include "tests/sim/wire.h"
#include "tests/sim/world.h"

namespace cluster::sim {

namespace {

constexpr Duration kWithin = minutes(1);
constexpr Duration kLook = milliseconds(5);
constexpr Duration kRest = seconds(20);
constexpr Duration kCalmAfter = seconds(10);

// Who sees whom up, and what is said meanwhile.
class Eyes final : public Watcher {
 public:
  explicit Eyes(World& world) : world_(world), up_(world.size()) { world.watch(*this); }

  void stepped(Machine& machine, const core::Event* event, const core::Actions& out) override {
    if (event == nullptr) up_[machine.index()].clear();
    for (const core::Action& action : out) {
      if (const auto* send = std::get_if<core::Send>(&action)) {
        ++traffic_.frames;
        traffic_.bytes += send->bytes.size();
        const MessageKind kind = kind_of(send->bytes);
        traffic_.others += kind != MessageKind::kBeat;
        if (kind == MessageKind::kFlood) traffic_.flooded += send->bytes.size();
        if (kind == MessageKind::kRouted) traffic_.routed += send->bytes.size();
        if (kind == MessageKind::kSettings) traffic_.settings += send->bytes.size();
        largest_ = std::max<uint64_t>(largest_, send->bytes.size());
      } else if (const auto* online = std::get_if<core::HostOnline>(&action)) {
        up_[machine.index()].insert(online->host);
      } else if (const auto* offline = std::get_if<core::HostOffline>(&action)) {
        up_[machine.index()].erase(offline->host);
      }
    }
  }

  // Every machine that runs and is not `but` sees all such, and nobody else.
  bool all_see_all(std::optional<MachineId> but = std::nullopt) const {
    std::set<HostId> there;
    for (MachineId m = 0; m < world_.size(); ++m)
      if (counts(m, but)) there.insert(world_.machine(m).id());
    for (MachineId m = 0; m < world_.size(); ++m) {
      if (!counts(m, but)) continue;
      if (up_[m].size() + 1 != there.size()) return false;
      for (const HostId host : up_[m])
        if (!there.contains(host)) return false;
    }
    return true;
  }

  Traffic take_traffic() { return std::exchange(traffic_, {}); }
  uint64_t largest() const { return largest_; }

 private:
  bool counts(MachineId m, std::optional<MachineId> but) const {
    return world_.machine(m).running() && m != but;
  }

  const World& world_;
  std::vector<std::set<HostId>> up_;
  Traffic traffic_;
  uint64_t largest_ = 0;
};

Spec spec_of(size_t hosts) {
  Spec spec;
  for (size_t i = 0; i < hosts; ++i)
    spec.hosts.push_back({HostId(static_cast<uint32_t>(i + 1)), "h" + std::to_string(i + 1), false,
                          World::address_of(i)});
  ServiceSpec web;
  web.name = "web";
  web.preference = {HostId(1), HostId(2), HostId(3)};
  spec.services.push_back(web);
  return spec;
}

std::optional<Duration> until(World& world, const std::function<bool()>& condition) {
  const Instant begin = world.now();
  if (!world.run_until(condition, kWithin, kLook)) return std::nullopt;
  return world.now() - begin;
}

void count_links(World& world, Growth& out) {
  const size_t count = world.size();
  std::vector<std::vector<MachineId>> links(count);
  for (MachineId a = 0; a < count; ++a) {
    if (!world.machine(a).running()) continue;
    for (const core::HostView& host : world.machine(a).view().hosts)
      if (host.path == core::Path::kDirect) links[a].push_back(host.id.value - 1);
  }
  out.fewest_links = count;
  for (MachineId a = 0; a < count; ++a) {
    if (!world.machine(a).running()) continue;
    out.fewest_links = std::min(out.fewest_links, links[a].size());
    out.most_links = std::max(out.most_links, links[a].size());
    out.links += static_cast<double>(links[a].size());
  }
  out.links /= static_cast<double>(count);
  for (MachineId from = 0; from < count; from += std::max<size_t>(1, count / 16)) {
    std::vector<size_t> hops(count);
    std::vector<bool> seen(count);
    std::deque<MachineId> queue{from};
    seen[from] = true;
    while (!queue.empty()) {
      const MachineId at = queue.front();
      queue.pop_front();
      out.most_hops = std::max(out.most_hops, hops[at]);
      for (const MachineId to : links[at]) {
        if (seen[to]) continue;
        seen[to] = true;
        hops[to] = hops[at] + 1;
        queue.push_back(to);
      }
    }
  }
}

}  // namespace

Growth grow(const GrowthOptions& options) {
  std::vector<std::string> names;
  for (size_t i = 0; i < options.hosts; ++i) names.push_back("h" + std::to_string(i + 1));
  World world(options.seed, names);
  world.forget_together();
  Eyes eyes(world);
  const Spec spec = spec_of(options.hosts);
  Rng rng(options.seed);
  for (MachineId a = 0; a < world.size(); ++a) {
    world.machine(a).set_spec(spec);
    for (MachineId b = 0; b < a; ++b)
      world.network().set_latency(
          a, b, rng.between(options.longest_latency / 10, options.longest_latency));
  }
  const MachineId last = options.hosts - 1, lost = options.hosts / 2;
  for (MachineId m = 0; m < last; ++m)
    world.queue().at(
        m == 0 ? options.starts_within : rng.between(Duration(), options.starts_within),
        [&world, m] { world.machine(m).power_on(); });

  Growth out;
  world.run_for(options.starts_within);
  out.whole = until(world, [&] { return eyes.all_see_all(); });
  out.at_start = eyes.take_traffic();
  world.run_for(kCalmAfter);

  eyes.take_traffic();
  world.machine(last).power_on();
  out.join = until(world, [&] { return eyes.all_see_all(); });
  world.run_for(kCalmAfter);
  out.at_join = eyes.take_traffic();
  count_links(world, out);

  eyes.take_traffic();
  out.rested = kRest;
  world.run_for(kRest);
  out.at_rest = eyes.take_traffic();

  bool done = false;
  world.machine(last).command(core::Verb::kMove, "web", HostId(2),
                              [&](const core::Reply&) { done = true; });
  out.move = until(world, [&] { return done; });
  out.at_move = eyes.take_traffic();
  world.run_for(kCalmAfter);

  eyes.take_traffic();
  world.machine(lost).crash_daemon(true);
  out.kill = until(world, [&] { return eyes.all_see_all(); });
  out.at_kill = eyes.take_traffic();
  world.machine(lost).start_engine();
  until(world, [&] { return eyes.all_see_all(); });
  world.run_for(kCalmAfter);

  eyes.take_traffic();
  for (MachineId m = 0; m < world.size(); ++m)
    if (m != lost) world.network().cut(m, lost);
  out.silence = until(world, [&] { return eyes.all_see_all(lost); });
  out.at_silence = eyes.take_traffic();
  out.largest_frame = eyes.largest();
  out.violation = world.violation();
  return out;
}

void print_growth_header() {
  std::printf("%6s %7s %7s %7s %7s %7s %12s %4s %11s %11s %11s %11s %10s %9s %8s\n", "hosts",
              "start", "join", "kill", "silence", "move", "links", "hops", "start kB", "join kB",
              "kill kB", "silence kB", "rest B/s", "rest f/s", "took");
  std::printf("%6s %7s %7s %7s %7s %7s %12s %4s %11s %11s %11s %11s %10s %9s %8s\n", "", "s", "s",
              "s", "s", "s", "min/mean/max", "", "a host", "a host", "a host", "a host", "a host",
              "a host", "s");
}

void print_growth(const GrowthOptions& options, const Growth& growth, double took) {
  const auto hosts = static_cast<double>(options.hosts);
  const auto time = [](const std::optional<Duration>& t) {
    char text[16];
    if (!t) return std::string("never");
    std::snprintf(text, sizeof text, "%.3f", to_seconds(*t));
    return std::string(text);
  };
  const auto kilobytes = [&](const Traffic& t) {
    return static_cast<double>(t.bytes) / hosts / 1e3;
  };
  char links[32];
  std::snprintf(links, sizeof links, "%zu/%.1f/%zu", growth.fewest_links, growth.links,
                growth.most_links);
  std::printf("%6zu %7s %7s %7s %7s %7s %12s %4zu %11.1f %11.1f %11.1f %11.1f %10.0f %9.1f %8.1f\n",
              options.hosts, time(growth.whole).c_str(), time(growth.join).c_str(),
              time(growth.kill).c_str(), time(growth.silence).c_str(), time(growth.move).c_str(),
              links, growth.most_hops, kilobytes(growth.at_start), kilobytes(growth.at_join),
              kilobytes(growth.at_kill), kilobytes(growth.at_silence),
              static_cast<double>(growth.at_rest.bytes) / hosts / to_seconds(growth.rested),
              static_cast<double>(growth.at_rest.frames) / hosts / to_seconds(growth.rested), took);
  const auto say = [&](const char* when, const Traffic& t) {
    std::printf("%6s %s: %llu frames, %.0f kB (records %.0f, end to end %.0f, settings %.0f)\n", "",
                when, static_cast<unsigned long long>(t.frames), static_cast<double>(t.bytes) / 1e3,
                static_cast<double>(t.flooded) / 1e3, static_cast<double>(t.routed) / 1e3,
                static_cast<double>(t.settings) / 1e3);
  };
  say("start", growth.at_start);
  say("join", growth.at_join);
  say("move", growth.at_move);
  say("kill", growth.at_kill);
  say("silence", growth.at_silence);
  std::printf("%6s at rest %llu frames that are no beats; the largest frame %llu B\n", "",
              static_cast<unsigned long long>(growth.at_rest.others),
              static_cast<unsigned long long>(growth.largest_frame));
  if (!growth.violation.empty()) std::printf("! %s\n", growth.violation.c_str());
  std::fflush(stdout);
}

}  // namespace cluster::sim
