// sim --seeds N [--first S] [--jobs J] [--plant NAME] [--large] [--twice]: N random runs, and what came of them.
// sim --seed S [--quiet] [--plant NAME] [--large]: one of them, told in full. --large: up to 9 hosts, 10 to 40 services.
// sim --growth N[,N…] [--seed S]: what clusters of so many hosts cost (growth.h).
// Exit code: 0 all clean, 10 a safety invariant broken, 11 liveness, 12 a crash, 2 wrong usage.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/batch.h"
#include "tests/sim/faults.h"
#include "tests/sim/growth.h"
#include "tests/sim/run.h"

namespace {

using namespace cluster;
using namespace cluster::sim;

constexpr int kWrongUsage = 2;
constexpr size_t kMaxListed = 20;

struct Options {
  BatchOptions batch;
  bool single = false;
  bool told = true;
  std::vector<uint64_t> growth;
};

int usage() {
  std::fprintf(stderr,
               "usage: sim --seeds N [--first S] [--jobs J] [--plant NAME] [--large] [--twice]\n"
               "       sim --seed S [--quiet] [--plant NAME] [--large]\n"
               "       sim --growth HOSTS[,HOSTS…] [--seed S]\nplants:");
  for (const PlantName& p : plants()) std::fprintf(stderr, " %s", std::string(p.name).c_str());
  std::fprintf(stderr, "\n");
  return kWrongUsage;
}

bool number(const char* text, uint64_t& out) {
  auto [end, error] = std::from_chars(text, text + std::strlen(text), out);
  return error == std::errc() && *end == '\0';
}

// Separated by commas, each at least 3 and at most 2000.
bool numbers(std::string text, std::vector<uint64_t>& out) {
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    uint64_t value = 0;
    if (!number(text.substr(at, end - at).c_str(), value) || value < 3 || value > 2000)
      return false;
    out.push_back(value);
    at = end + 1;
  }
  return true;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--twice") {
      options.batch.twice = true;
      continue;
    }
    if (name == "--large") {
      options.batch.large = true;
      continue;
    }
    if (name == "--quiet" || name == "--trace") {
      options.told = name == "--trace";
      continue;
    }
    if (++i == argc) return false;
    uint64_t value = 0;
    if (name == "--growth") {
      if (!numbers(argv[i], options.growth)) return false;
      continue;
    }
    if (name == "--plant") {
      auto plant = plant_of(argv[i]);
      if (!plant) return false;
      options.batch.plant = *plant;
      continue;
    }
    if (!number(argv[i], value)) return false;
    if (name == "--seeds") {
      options.batch.seeds = value;
    } else if (name == "--first") {
      options.batch.first = value;
    } else if (name == "--jobs" && value > 0 && value <= 256) {
      options.batch.jobs = static_cast<unsigned>(value);
    } else if (name == "--seed") {
      options.single = true;
      options.batch.first = value;
    } else {
      return false;
    }
  }
  return true;
}

void print(const Outcome& o) {
  std::printf("seed %llu: %s at %.3f s: %s\n", static_cast<unsigned long long>(o.seed),
              to_string(o.verdict), to_seconds(o.at), o.violation.c_str());
}

int run_one(const Options& options) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(options.batch.first));
  std::fflush(stdout);
  Outcome o = run({options.batch.first, options.batch.plant, options.told, options.batch.large});
  if (o.verdict != Verdict::kClean) print(o);
  std::printf("%s after %llu steps; digest %016llx\n", to_string(o.verdict),
              static_cast<unsigned long long>(o.steps), static_cast<unsigned long long>(o.digest));
  return static_cast<int>(o.verdict);
}

int run_many(const Options& options) {
  std::printf("seeds %llu to %llu\n", static_cast<unsigned long long>(options.batch.first),
              static_cast<unsigned long long>(options.batch.first + options.batch.seeds - 1));
  std::fflush(stdout);
  auto begun = std::chrono::steady_clock::now();
  std::map<Verdict, uint64_t> verdicts;
  std::vector<uint64_t> faults(Faults::kinds());
  uint64_t runs = 0, steps = 0, all_faults = 0;
  double simulated = 0;
  std::vector<Outcome> failures;
  run_batch(options.batch, [&](const Outcome& o) {
    ++runs;
    ++verdicts[o.verdict];
    steps += o.steps;
    simulated += to_seconds(o.at);
    for (size_t i = 0; i < o.faults.size(); ++i)
      faults[i] += o.faults[i], all_faults += o.faults[i];
    if (o.verdict == Verdict::kClean) return;
    failures.push_back(o);
    if (failures.size() <= kMaxListed) print(o);
    std::fflush(stdout);
  });
  double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();

  std::printf("faults:");
  for (size_t i = 0; i < faults.size(); ++i)
    std::printf(" %s %llu", Faults::name(i), static_cast<unsigned long long>(faults[i]));
  std::printf(
      "\n%llu runs of %.1f simulated hours, %llu faults, %llu steps: %llu clean, %llu safety, "
      "%llu liveness, %llu crash; %.0f runs a minute\n",
      static_cast<unsigned long long>(runs), simulated / 3600,
      static_cast<unsigned long long>(all_faults), static_cast<unsigned long long>(steps),
      static_cast<unsigned long long>(verdicts[Verdict::kClean]),
      static_cast<unsigned long long>(verdicts[Verdict::kSafety]),
      static_cast<unsigned long long>(verdicts[Verdict::kLiveness]),
      static_cast<unsigned long long>(verdicts[Verdict::kCrash]),
      static_cast<double>(runs) * 60 / took);
  for (Verdict v : {Verdict::kCrash, Verdict::kSafety, Verdict::kLiveness})
    if (verdicts[v] > 0) return static_cast<int>(v);
  return 0;
}

int run_growth(const Options& options) {
  print_growth_header();
  for (const uint64_t hosts : options.growth) {
    GrowthOptions growth;
    growth.hosts = hosts;
    growth.seed = options.batch.first;
    const auto begun = std::chrono::steady_clock::now();
    const Growth result = grow(growth);
    print_growth(growth, result,
                 std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) return usage();
  if (!options.growth.empty()) return run_growth(options);
  return options.single ? run_one(options) : run_many(options);
}
