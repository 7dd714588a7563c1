#include "config/needs.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/needs.h"
#include "core/sound.h"

namespace cluster::config {

namespace {

using core::Relation;
using Kind = core::Relation::Kind;

constexpr const char* kOther = "the name of another service";

bool refuse_name(const std::string& name, const char* key, const core::ServiceEntry& entry,
                 const NeedsLines& lines, Report& report) {
  const int line = key == std::string("with") ? lines.with : lines.after;
  if (!core::is_service_name(name)) {
    report.fault(lines.file, line, std::string(key) + " names " + in_quotes(name), kOther);
    return true;
  }
  if (name != entry.name) return false;
  report.fault(lines.file, line, std::string(key) + " names the service itself", kOther);
  return true;
}

bool share_a_host(const core::ServiceEntry& a, const core::ServiceEntry& b) {
  return std::any_of(a.preference.begin(), a.preference.end(), [&](HostId host) {
    return std::find(b.preference.begin(), b.preference.end(), host) != b.preference.end();
  });
}

std::vector<Relation> relations_of(const core::ServiceEntry& entry) {
  std::vector<Relation> out;
  if (!entry.with.empty()) out.push_back({Kind::kWith, entry.name, entry.with});
  for (const std::string& before : entry.after) out.push_back({Kind::kAfter, entry.name, before});
  return out;
}

class Check {
 public:
  Check(std::vector<core::ServiceEntry>& services, const std::vector<NeedsLines>& lines,
        bool at_start, Report& report)
      : services_(services), lines_(lines), at_start_(at_start), report_(report) {
    for (size_t i = 0; i < services.size(); ++i) place_[services[i].name] = i;
  }

  void run() {
    std::vector<Relation> known;
    size_t count = 0;
    for (const core::ServiceEntry& entry : services_) {
      for (const Relation& relation : relations_of(entry)) {
        if (++count == kMaxRelations + 1)
          refuse(relation, "the services of this host have too many relations",
                 "at most " + std::to_string(kMaxRelations));
        if (exists(relation)) known.push_back(relation);
      }
    }
    core::Relations together;
    together.take(std::move(known));
    for (const core::Circle& circle : together.circles())
      refuse(circle.ignored, word(circle.ignored) + " closes a circle: " + core::to_string(circle),
             "services of which none comes after itself");
  }

 private:
  static std::string word(const Relation& relation) {
    return (relation.kind == Kind::kWith ? "with = " : "after = ") + relation.on;
  }

  bool exists(const Relation& relation) {
    const auto other = place_.find(relation.on);
    if (other == place_.end()) {
      refuse(relation, word(relation) + ", which the services file does not have",
             "the name of a service in the services file");
      return false;
    }
    const core::ServiceEntry& entry = services_[place_.at(relation.service)];
    const NeedsLines& lines = lines_[place_.at(relation.service)];
    if (relation.kind == Kind::kWith && !share_a_host(entry, services_[other->second]))
      report_.warn(lines.file, lines.with,
                   word(relation) +
                       ", but no host is on the lines of both in the services file, "
                       "so this one never runs; expected a host on both");
    return true;
  }

  void refuse(const Relation& relation, const std::string& wrong, const std::string& expected) {
    const size_t place = place_.at(relation.service);
    const NeedsLines& lines = lines_[place];
    Report own;
    own.fault(lines.file, relation.kind == Kind::kWith ? lines.with : lines.after, wrong, expected);
    report_.merge(own, at_start_);
    core::ServiceEntry& entry = services_[place];
    if (!entry.runnable) return;
    entry.runnable = false;
    entry.unrunnable_why = to_string(own.faults().front());
  }

  std::vector<core::ServiceEntry>& services_;
  const std::vector<NeedsLines>& lines_;
  const bool at_start_;
  Report& report_;
  std::map<std::string, size_t> place_;
};

}  // namespace

void read_needs(const ConfValues& conf, core::ServiceEntry& entry, NeedsLines& lines,
                Report& report) {
  lines = {conf.file(), conf.line_of("after"), conf.line_of("with")};
  if (const auto* with = conf.find("with"))
    if (!refuse_name(with->texts.front(), "with", entry, lines, report))
      entry.with = with->texts.front();
  const auto* after = conf.find("after");
  if (after == nullptr) return;
  if (after->texts.size() > core::kMaxAfter) {
    report.fault(lines.file, lines.after,
                 "after names " + std::to_string(after->texts.size()) + " services",
                 "at most " + std::to_string(core::kMaxAfter));
    return;
  }
  std::set<std::string> once;
  for (const std::string& name : after->texts) {
    if (refuse_name(name, "after", entry, lines, report)) continue;
    if (!once.insert(name).second) {
      report.fault(lines.file, lines.after, "after names " + in_quotes(name) + " twice",
                   "each service once");
      continue;
    }
    entry.after.push_back(name);
  }
}

void check_needs(std::vector<core::ServiceEntry>& services, const std::vector<NeedsLines>& lines,
                 bool at_start, Report& report) {
  Check(services, lines, at_start, report).run();
}

}  // namespace cluster::config
