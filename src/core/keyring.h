// Whom this host knows, and by what: for each line of the hosts file the node key that is known for it,
// and for each node the secrets shared with it. docs/keys.md has the argument for its rules.
//
// A pair of nodes begins with the passphrases. Rotation replaces what they share: both store a
// *candidate* before either relies on it, and what was *kept* until then is dropped only once the other
// end has proved that it has the candidate. So at every moment both have one of the two in common,
// whatever crashes. To a key that operators let in anew (a *readmission*) the passphrases are open once
// more, beside what is shared, until that pair has rotated.
//
// Owns no decision about time or links: core/node_keys.cc does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/io.h"
#include "core/node.h"

namespace cluster::core {

class Keyring {
 public:
  struct Binding {
    NodeId node;
    uint64_t readmission = 0;  // how many keys operators have let in for this line

    bool operator==(const Binding&) const = default;
  };

  struct Pair {
    std::optional<PairSecret> kept;       // proved by both; none: the passphrases
    std::optional<PairSecret> candidate;  // stored here, not yet proved by the other
    uint64_t readmission = 0;             // the newest under which it has rotated, or begun anew

    uint64_t count() const { return kept ? kept->generation.count : 0; }
    // Whether the passphrases are open to it, of a line that was readmitted so often.
    bool passphrases_open(uint64_t readmissions) const {
      return !kept || readmission < readmissions;
    }
    // What authenticates it. First what both have proved: a candidate may be overwritten at the other end while
    // a handshake goes on.
    std::vector<PairSecret> accepted(uint64_t readmissions) const;
  };

  void load(const Stored& stored);

  bool empty() const { return bindings_.empty(); }             // this host has met nobody, ever
  const Binding* binding(const std::string& host_name) const;  // null: nobody has been met yet
  const Pair& pair(const NodeId& node) const;
  // Whether that node, which is to be the known one, may use the passphrases.
  bool passphrases_open(const std::string& host_name) const;

  // Each of these is in force at once; what it returns is to be stored.
  std::vector<Write> bind(const std::string& host_name, const Binding& binding);
  // It came by the passphrases after a readmission: nothing else is shared any more.
  std::vector<Write> begin_anew(const std::string& host_name);
  std::vector<Write> forget_all_pairs();

  // The candidate is proved: it is kept, the former dropped. To be stored by writes_of().
  void promote(const std::string& host_name, const NodeId& node);
  // A pair as it is, with its binding: without that its secrets would open nothing after a restart.
  std::vector<Write> writes_of(const std::string& host_name, const NodeId& node) const;

  // A candidate counts only once it is stored: first this is written, then it is added.
  std::vector<Write> with_candidate(const std::string& host_name, const NodeId& node,
                                    const PairSecret& candidate) const;
  void add_candidate(const NodeId& node, const PairSecret& candidate);

 private:
  std::vector<Write> writes_of(const std::string& host_name, const NodeId& node,
                               const Pair& pair) const;

  std::map<std::string, Binding> bindings_;
  std::map<NodeId, Pair> pairs_;
};

// A readmission as a setting carries it.
std::string to_text(const Keyring::Binding& binding);
std::optional<Keyring::Binding> parse_binding(const std::string& text);

}  // namespace cluster::core
