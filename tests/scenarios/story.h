// Scenarios as text that reads like a story, after etcd's rafttest:
//
//   # What this is about.
//   hosts S L* P*            one line each; * is dynamic, ^ dynamic behind NAT, - an empty line
//   service web L S P
//   boot S P
//   settle
//   ----
//   what happened, line by line, up to the next blank line
//
// Orders up to `----` are carried out, and what happened meanwhile must be what is written below. The
// words are listed in README.md. `expect` and the simulator's checkers fail a story whatever stands
// below the line.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/scenarios/chronicle.h"
#include "tests/sim/alert_checks.h"
#include "tests/sim/checks.h"
#include "tests/sim/key_checks.h"
#include "tests/sim/needs_checks.h"
#include "tests/sim/push_checks.h"
#include "tests/sim/rest.h"
#include "tests/sim/spec.h"
#include "tests/sim/world.h"

namespace cluster::scenarios {

struct Block {
  std::vector<std::string> orders;  // as written, comments and blank lines included
  std::vector<std::string> expected;
};

std::vector<Block> parse_story(const std::string& text);
std::string print_story(const std::vector<Block>& blocks);

class Story {
 public:
  Story();
  ~Story();

  // Carries out the orders and returns what happened. An order that cannot be understood throws
  // std::runtime_error.
  std::vector<std::string> tell(const std::vector<std::string>& orders);
  // What was broken so far: expectations that did not hold, invariants.
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  using Words = std::vector<std::string>;

  void order(const std::string& line);
  bool set_up(const Words& words);
  bool live(const Words& words);
  bool meddle_with_network(const Words& words);
  bool meddle_with_state(const Words& words);
  bool edit(const Words& words);
  bool operate(const Words& words);
  bool look(const Words& words);

  void hosts(const Words& words);
  void service(const Words& words);
  void change(sim::ServiceSpec& service, const std::string& key, const std::string& value);
  void behave(const Words& words);
  void command(const Words& words);
  void push(const std::string& at, bool background);
  void expect(const Words& words);
  // Empty: it holds; else what is the case instead.
  std::string objection(const Words& words);
  void within(const Words& words);
  void settle(const Words& words);
  void show();
  void show_view(sim::Machine& machine);

  sim::World& world();
  sim::Machine& machine(const std::string& name);
  HostId id(const std::string& name) const;
  std::string name(HostId id) const;
  std::vector<sim::Machine*> machines(const Words& words, size_t from);
  bool running(const std::string& host);

  uint64_t seed_ = 1;
  sim::Spec spec_;
  std::vector<std::string> names_;
  std::map<std::string, sim::Nat> nat_;
  std::set<std::string> installed_;  // machines whose files were put in place by an order
  std::map<std::string, core::Stored> backups_;
  std::unique_ptr<sim::World> world_;
  std::unique_ptr<Chronicle> chronicle_;
  std::unique_ptr<sim::CopyChecks> copies_;
  std::unique_ptr<sim::NumberChecks> numbers_;
  std::unique_ptr<sim::RestChecks> rest_;
  std::unique_ptr<sim::KeyChecks> keys_;
  std::unique_ptr<sim::NeedsChecks> needs_;
  std::unique_ptr<sim::AlertChecks> alerts_;
  std::unique_ptr<sim::PushChecks> pushes_;
  std::vector<std::string> faults_;
};

}  // namespace cluster::scenarios
