// Reading stories, and the orders that set up a cluster and let its machines live and die.
#include "tests/scenarios/story.h"

#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/scenarios/words.h"

namespace cluster::scenarios {

using sim::Machine;
using sim::World;

std::vector<Block> parse_story(const std::string& text) {
  std::vector<Block> blocks;
  Block block;
  bool below = false;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (below && line.empty()) {
      blocks.push_back(std::exchange(block, {}));
      below = false;
    } else if (below) {
      block.expected.push_back(line);
    } else if (line == "----") {
      below = true;
    } else {
      block.orders.push_back(line);
    }
  }
  if (below || !block.orders.empty()) blocks.push_back(std::move(block));
  return blocks;
}

std::string print_story(const std::vector<Block>& blocks) {
  std::string out;
  for (const Block& block : blocks) {
    for (const std::string& line : block.orders) out += line + "\n";
    out += "----\n";
    for (const std::string& line : block.expected) out += line + "\n";
    if (&block != &blocks.back()) out += "\n";
  }
  return out;
}

Story::Story() = default;
Story::~Story() = default;

std::vector<std::string> Story::tell(const std::vector<std::string>& orders) {
  for (const std::string& line : orders) {
    size_t comment = line.find('#');
    std::string bare = line.substr(0, comment);
    if (bare.find_first_not_of(' ') == std::string::npos) continue;
    order(bare);
  }
  if (world_ && world_->failed() && (faults_.empty() || faults_.back() != world_->violation()))
    faults_.push_back(world_->violation());
  return chronicle_ ? chronicle_->take() : std::vector<std::string>();
}

void Story::order(const std::string& line) {
  Words words = unfold(split(line));
  if (!set_up(words) && !live(words) && !meddle_with_network(words) && !meddle_with_state(words) &&
      !edit(words) && !operate(words) && !look(words))
    throw std::runtime_error("no such order: " + line);
}

World& Story::world() {
  if (world_) return *world_;
  world_ = std::make_unique<World>(seed_, names_);
  chronicle_ = std::make_unique<Chronicle>(*world_);
  copies_ = std::make_unique<sim::CopyChecks>(*world_);
  numbers_ = std::make_unique<sim::NumberChecks>(*world_);
  rest_ = std::make_unique<sim::RestChecks>(*world_);
  keys_ = std::make_unique<sim::KeyChecks>(*world_);
  needs_ = std::make_unique<sim::NeedsChecks>(*world_);
  alerts_ = std::make_unique<sim::AlertChecks>(*world_);
  pushes_ = std::make_unique<sim::PushChecks>(*world_);
  for (sim::MachineId i = 0; i < world_->size(); ++i) {
    Machine& m = world_->machine(i);
    const sim::HostSpec* line = spec_.host(m.name());
    bool fixed = line != nullptr && !line->dynamic;
    world_->network().set_address(i, fixed ? line->address : world_->fresh_address(),
                                  nat_[m.name()]);
    m.set_spec(spec_);
  }
  return *world_;
}

Machine& Story::machine(const std::string& host) {
  for (const std::string& n : names_)
    if (n == host) return world().machine(host);
  throw std::runtime_error("no such host: " + host);
}

HostId Story::id(const std::string& host) const {
  const sim::HostSpec* line = spec_.host(host);
  if (line == nullptr) throw std::runtime_error("no such host: " + host);
  return line->id;
}

std::string Story::name(HostId host) const {
  const sim::HostSpec* line = spec_.host(host);
  return line == nullptr ? "nobody" : line->name;
}

std::vector<Machine*> Story::machines(const Words& words, size_t from) {
  std::vector<Machine*> out;
  if (words.size() > from && words[from] == "all") {
    for (const std::string& n : names_) out.push_back(&machine(n));
  } else {
    for (size_t i = from; i < words.size(); ++i) out.push_back(&machine(words[i]));
  }
  return out;
}

void Story::hosts(const Words& words) {
  uint32_t line = 0;
  spec_.hosts.clear();
  for (size_t i = 1; i < words.size(); ++i) {
    ++line;
    if (words[i] == "-") continue;
    std::string host = words[i];
    char mark = host.back();
    bool dynamic = mark == '*' || mark == '^' || mark == '~';
    if (dynamic) host.pop_back();
    bool known = false;
    for (const std::string& n : names_) known |= n == host;
    if (!known && world_)
      throw std::runtime_error("a new machine in the middle of a story: " + host);
    if (!known) names_.push_back(host);
    nat_[host] = mark == '^'   ? sim::Nat::kSymmetric
                 : mark == '~' ? sim::Nat::kCone
                               : sim::Nat::kNone;
    size_t index = 0;
    while (names_[index] != host) ++index;
    spec_.hosts.push_back(
        {HostId(line), host, dynamic, dynamic ? "" : "10.0.0." + std::to_string(index + 1)});
  }
}

void Story::change(sim::ServiceSpec& s, const std::string& key, const std::string& value) {
  if (key == "status") {
    s.has_status = value != "no";
  } else if (key == "failback") {
    s.failback = {};
    if (value == "never") {
      s.failback.never = true;
    } else if (value != "immediate") {
      s.failback.stability = duration(value);
    }
  } else if (key == "ownership") {
    s.ownership = value == "majority" ? core::Ownership::kMajority : core::Ownership::kPeers;
  } else if (key == "owns_files") {
    s.owns_files = value == "yes";
  } else if (key == "margin") {
    s.fence_margin = duration(value);
  } else if (key == "start_timeout") {
    s.start_timeout = duration(value);
  } else if (key == "stop_timeout") {
    s.stop_timeout = duration(value);
  } else if (key == "status_interval") {
    s.status_interval = duration(value);
  } else if (key == "failure_window") {
    s.failure_window = duration(value);
  } else if (key == "max_failures") {
    s.max_failures = static_cast<uint32_t>(std::stoul(value));
  } else if (key == "fall") {
    s.fall = static_cast<uint32_t>(std::stoul(value));
  } else if (key == "rise") {
    s.rise = static_cast<uint32_t>(std::stoul(value));
  } else if (key == "with") {
    s.with = value;
  } else if (key == "after") {  // after=A,B
    s.after.clear();
    std::istringstream names(value);
    for (std::string name; std::getline(names, name, ',');) s.after.push_back(name);
  } else if (key == "folder") {
    s.folder_digest = std::stoull(value);
  } else {
    throw std::runtime_error("no such key of a service: " + key);
  }
}

// service NAME HOST... [KEY=VALUE...]
void Story::service(const Words& words) {
  sim::ServiceSpec* s = spec_.service(words.at(1));
  if (s == nullptr) {
    spec_.services.push_back({});
    s = &spec_.services.back();
    s->name = words[1];
  }
  std::vector<HostId> preference;
  for (size_t i = 2; i < words.size(); ++i) {
    size_t equal = words[i].find('=');
    if (equal == std::string::npos) {
      preference.push_back(id(words[i]));
    } else {
      change(*s, words[i].substr(0, equal), words[i].substr(equal + 1));
    }
  }
  if (!preference.empty()) s->preference = preference;
}

bool Story::set_up(const Words& words) {
  const std::string& verb = words[0];
  if (verb == "seed") {
    seed_ = std::stoull(words.at(1));
  } else if (verb == "hosts") {
    hosts(words);
  } else if (verb == "machine") {  // one without a line of its own
    names_.push_back(words.at(1));
  } else if (verb == "service") {
    service(words);
  } else if (verb == "unservice") {
    std::erase_if(spec_.services, [&](const auto& s) { return s.name == words.at(1); });
  } else if (verb == "times") {  // times HOST BEAT DEAD
    for (Machine* m : machines({words.at(1)}, 0))
      m->set_times(duration(words.at(2)), duration(words.at(3)));
  } else if (verb == "rekey") {  // rekey INTERVAL; for all, before they boot
    spec_.rekey_interval = duration(words.at(1));
  } else if (verb == "mesh") {  // mesh N: up to so many hosts are all linked with each other
    spec_.full_mesh_hosts = std::stoul(words.at(1));
  } else if (verb == "tally") {  // who sees whom is counted, not told
    world();
    chronicle_->tally();
  } else if (verb == "tell-alerts") {  // and not only what each host says of itself
    world();
    chronicle_->tell_alerts();
  } else if (verb == "monitor") {  // monitor HOST…; for all, before they boot
    spec_.monitor.emplace();
    for (size_t i = 1; i < words.size(); ++i) spec_.monitor->push_back(id(words[i]));
  } else if (verb == "probe") {  // hosts ask an address outside
    spec_.probe = true;
  } else if (verb == "latency") {  // latency A B TIME
    world().network().set_latency(machine(words.at(1)).index(), machine(words.at(2)).index(),
                                  duration(words.at(3)));
  } else {
    return false;
  }
  return true;
}

bool Story::live(const Words& words) {
  static const std::pair<const char*, std::function<void(Machine&)>> kOrders[] = {
      {"boot", &Machine::power_on},
      {"crash", &Machine::power_off},
      {"kill", &Machine::crash_engine},
      {"restart", &Machine::start_engine},
      {"freeze", &Machine::freeze},
      {"thaw", &Machine::thaw},
      {"sleep", &Machine::sleep},
      {"sleep-in-order", &Machine::plan_sleep},
      {"miss-waking", &Machine::miss_waking},
      {"wake", &Machine::wake},
      {"leave", &Machine::leave},
      {"move-address", &Machine::change_address},
      {"kill-both", [](Machine& m) { m.crash_daemon(false); }},
      {"fence", [](Machine& m) { m.crash_daemon(true); }},
  };
  if (words[0] == "run") {
    world().run_for(duration(words.at(1)));
    return true;
  }
  for (const auto& [verb, function] : kOrders) {
    if (words[0] != verb) continue;
    for (Machine* m : machines(words, 1)) {
      // A machine starts for the first time with the files as they are now, unless told otherwise.
      if (m->engine() == 0 && !installed_.contains(m->name())) m->set_spec(spec_);
      function(*m);
    }
    return true;
  }
  return false;
}

}  // namespace cluster::scenarios
