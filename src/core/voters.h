// Who votes on services of ownership `majority`, and how that changes: docs/ownership.md.
//
// Sets of voters are numbered. Which set follows set n is one decision of Paxos (Lamport, "Paxos Made Simple") among
// the voters of n: a ballot needs the promises of a quorum, then its acceptance. Set n + 1 is `joint`
// at first: whatever needs a quorum needs one of n as well.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

// A ballot that has not come to its end so long after its first sending counts no more for whoever began it. So
// whoever lost its memory has waited for this before it hears what the others have promised and accepted.
inline constexpr Duration kLongestBallot = seconds(2);
inline constexpr Duration kBallotForgotten = milliseconds(2050);

// One is never made twice: a draw is no other's.
struct Ballot {
  uint64_t round = 0;  // 0: none
  uint64_t draw = 0;

  auto operator<=>(const Ballot&) const = default;
};

wire::Ballot to_wire(const Ballot& ballot);
Ballot ballot_of(const wire::Ballot& ballot);

using Names = std::vector<std::string>;  // of lines of the hosts file, sorted

// The hosts that vote.
struct Voters {
  uint64_t number = 0;  // 0: none is known
  Names names;
  Names before = {};    // while it is joint: the voters of the set before
  uint64_t origin = 0;  // of the first set, from which all others follow

  static Voters first(Names names);

  bool joint() const { return !before.empty(); }
  size_t quorum() const { return names.size() / 2 + 1; }
  // In either set that counts.
  bool contains(const std::string& name) const;
  // So many that no others can do without them, in each set that counts.
  bool enough(const std::set<std::string>& of) const;
  // The newest moment at which such had been asked by what they have answered; MonoTime::min() where too few have.
  MonoTime counted(const std::map<std::string, MonoTime>& answered) const;
  // Whoever stands there has one, and it does not follow from the same.
  bool is_foreign(const wire::VoterStanding& standing) const;
  // Alike where it is the same set, joint or not.
  uint64_t hash() const;
};

bool is_among(const Names& names, const std::string& name);
bool is_quorum(const Names& names, const std::set<std::string>& of);
// More than half of them but for that one: such know of all that a quorum did, itself among it.
bool is_most_others(const Names& names, const std::string& self, const std::set<std::string>& of);
// The newest moment at which so many had been asked by what they have answered; MonoTime::min() where too few have.
MonoTime counted_from(std::vector<MonoTime> answered, size_t quorum);
std::string listed(const Names& names);  // "A, B and C"

// Before there is a first set: the list of hosts by which others may count this one as a host that knows of no other.
struct Vouch {
  Names list;
  std::set<std::string> to;  // those others, of the list

  // Those of them that may have founded a set by it, as they have not said since that they go by another list.
  std::set<std::string> open(const std::set<std::string>& released) const;
  // Whether a set by that list may come to decide anything though self, who has gone over to another, has no part in it:
  // those that may have founded it are a quorum, or so many that one more may learn from them what has been granted.
  bool binds(const std::string& self, const std::set<std::string>& released) const;
};

wire::VoterSet to_wire(const Voters& voters);
Voters voters_of(const wire::VoterSet& set);
// Of whom it tells; number 0: the names are those of a hosts file.
Voters voters_of(const wire::Recalled& recalled);

// What a voter has promised and accepted in the decision on the set after its own.
struct Vow {
  Ballot promised, accepted;
  Names next;  // that was accepted; empty: nothing

  // False: it has promised a higher one.
  bool promise(const Ballot& ballot);
  bool accept(const Ballot& ballot, const Names& names);
  // Others' answers make good what was forgotten.
  void hear(const Vow& other);
};

// A ballot of this host, which counts what voters answer.
class Proposal {
 public:
  // wish: what is proposed where nothing was accepted before; empty: then nothing is.
  Proposal(Voters over, Ballot ballot, Names wish, MonoTime now);

  const Ballot& ballot() const { return ballot_; }
  // A message to those that have not answered; nullopt: there is nothing to be decided.
  std::optional<wire::Propose> message() const;
  bool answered(const std::string& voter) const;
  // Nobody else is asked before this host itself has promised.
  bool asks_itself() const { return promised_.empty(); }
  bool over(MonoTime now) const { return now >= began_ + kLongestBallot; }
  bool accepting() const { return accepting_; }

  // An answer of that voter. True: something follows from it.
  bool hear(MonoTime now, const std::string& voter, const wire::Proposed& answer);
  // Once a quorum has accepted.
  std::optional<Voters> chosen() const;

 private:
  Voters over_;
  Ballot ballot_;
  Names value_;
  Ballot value_of_;  // the ballot in which it was accepted; none: it is this host's wish
  MonoTime began_;
  bool accepting_ = false;
  std::set<std::string> promised_, accepted_;
};

}  // namespace cluster::core
