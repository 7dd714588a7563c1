// One host's whole decision making. Owns no resource of the system; see io.h for what it is told and
// what it asks for. Deterministic: the same Boot and the same calls of start() and step() give the same Actions.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/config.h"
#include "core/io.h"
#include "core/view.h"
#include "core/voters.h"

namespace cluster::core {

// Key and value pairs as Persist wrote them, under keys that the core alone interprets.
using Stored = std::map<std::string, std::string>;

// A service that an earlier engine left with whoever outlived it.
struct LeftService {
  std::string service;
  uint64_t epoch = 0;              // as the start was told
  Script newest = Script::kStart;  // of start and stop
  std::optional<ScriptEnd> how;    // how it ended; nullopt: it runs still, as `run`
  int code = 0;
  RunId run;
  bool dying = false;         // all of it is being killed: ServiceKilled follows
  bool killed = false;        // all of it was, and no start has followed
  MonoTime stop_at, kill_at;  // the newest Guard
};

struct Boot {
  NodeId node;
  std::string node_key;  // public key, DER SubjectPublicKeyInfo
  std::string version;   // of the software
  Config config;
  Stored stored;      // empty at the very first start
  uint64_t seed = 0;  // of the core's own generator; the shell takes it from getrandom(2)
  bool accept_renumbering = false;
  std::vector<LeftService> left;  // in the order of their names
  std::string machine_boot;       // differs after each boot of this machine; empty: cannot be told
  uint64_t first_run = 1;         // no script that runs has this number, or a higher one
};

class Node {
 public:
  explicit Node(Boot boot);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Once, before any event: loads what was stored and starts to act.
  void start(Now now, Actions& out);

  // Time never goes back between calls. Actions are appended, to be performed in order. `more`: the next event has
  // happened already and follows at once, so floods of records that have waited together may be taken in as one.
  void step(Now now, const Event& event, Actions& out, bool more = false);

  View view(Now now) const;
  // Grows with whatever may have changed a view beyond its times: nothing does in a quiet cluster.
  uint64_t revision() const;

  // What of a service is on this host. Idle: nothing, for all that it knows.
  struct Here {
    bool idle = true;
    bool running = false;
    uint64_t epoch = 0;
    uint64_t run_since_us = 0;  // by this host's clock, in microseconds since the epoch
  };
  Here here(const std::string& service) const;

  // Why the service is where it is, host by host; nullopt: no such service.
  std::optional<std::string> explain(Now now, const std::string& service) const;

  // What would run where if these hosts were lost, one line a service.
  std::string simulate(Now now, const std::vector<HostId>& lost) const;

  // nullopt, or why this configuration cannot follow what is stored: a name that has changed its ID.
  static std::optional<std::string> refuse_renumbering(const Stored& stored, const Config& config);
  std::optional<std::string> refuse_renumbering(const Config& config) const;

  // For checkers only: what this host believes, beyond what view() shows.
  struct Untold {
    std::string what;
    MonoTime since;
  };
  struct Inspection {
    uint64_t incarnation = 0;
    bool settled = false;
    bool offline = false;  // as far as it can tell: it hears nobody, or nobody can hear of it
    uint64_t configuration_count = 0;
    std::string settings_digest;
    std::string records_digest;
    std::vector<std::pair<std::string, uint64_t>> epochs;  // highest heard, by service
    std::vector<Untold> untold;                            // of what people are to be told
    PushId push;                                           // the newest that it knows to be decided
    bool push_applied = false;
    bool push_undecided = false;
  };
  Inspection inspect() const;
  const Voters& voters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cluster::core
