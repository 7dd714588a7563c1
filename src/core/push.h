// Pushed configurations as a host remembers them: what it has voted for, and what was decided.
//
// docs/push.md has the argument. A host prepares one push at a time, and never one that is not newer than all that it has
// heard of; so what it has not voted for yet it can promise never to vote for. Whoever pushes decides, by what it has stored:
// a push is committed from the moment on at which its host has stored that, and no other may say so before.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/io.h"
#include "core/node.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

// Where the files are stored: wire::PushFiles, with the passphrases of the hosts file.
inline constexpr char kPushPreparedKey[] = "push/prepared";
inline constexpr char kPushCommittedKey[] = "push/committed";

// For how long hosts may look at a push, and store it, before it ends.
inline constexpr Duration kVotePatience = seconds(30);
// How often those are asked again who have not answered.
inline constexpr Duration kAskEvery = seconds(1);

PushId push_id(const wire::Version& version);
void set_push_id(wire::Version* out, PushId id);
PushFiles files_of(const wire::PushFiles& files);
void set_files(wire::PushFiles* out, const PushFiles& files);
std::string numbered(PushId id);  // "configuration 3", for people
// Of a push by that node with that count.
PushId name_push(uint64_t count, const NodeId& pusher, const PushFiles& files);

// For logs: what a peer said, and what is stored under that key, without the hosts file of a push, which holds passphrases.
std::string without_passphrases(const std::string& message);
std::string stored_without_passphrases(const std::string& key, const std::string& value);

class Pushed {
 public:
  // Undecided as far as this host knows.
  struct Prepared {
    PushId id;
    NodeId pusher;
    std::vector<NodeId> participants;
    PushFiles files;
  };

  void load(const Stored& stored);

  PushId seen() const { return seen_; }
  PushId aborted() const { return aborted_; }
  PushId committed() const { return committed_; }
  const NodeId& pusher() const { return pusher_; }  // of what was committed
  const PushFiles& files() const { return files_; }
  bool applied() const { return applied_; }
  const std::string& refused() const { return refused_; }  // why it cannot be applied here
  bool outstanding() const { return committed_ && !applied_; }
  const std::optional<Prepared>& prepared() const { return prepared_; }

  // Newer than all that this host has heard of, so that it may still vote for it.
  bool may_prepare(PushId id) const { return id > seen_ && id > committed_; }
  // This host has not voted for it, and with `renounce` never will.
  bool may_renounce(PushId id) const { return id > voted_ && id > committed_; }

  void prepare(Prepared prepared);
  void renounce(PushId id);
  void abort(PushId id);
  void commit(PushId id, const NodeId& pusher, PushFiles files);
  void note_applied();
  void note_refused(std::string why);

  // What differs from what was stored before; all of it where that is not known.
  std::vector<Write> to_writes(const Pushed* before) const;
  wire::PushStanding standing() const;

 private:
  PushId seen_, voted_, aborted_, committed_;
  NodeId pusher_;
  PushFiles files_;
  bool applied_ = false;
  std::string refused_;
  std::optional<Prepared> prepared_;
};

}  // namespace cluster::core
