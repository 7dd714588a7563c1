// One folder that several hosts keep alike, as one of them sees it.
//
// Its index says what every path holds here, and which version that is; the disk wins over it, always. What is found there and
// the index does not say is an edit. Only what is stored in the index is told to others, so that no version ever means two things. Others
// offer versions of their indexes; one that this host lacks is placed, after what has to come before it; one that
// met another unknowing is resolved, and what does not stay is kept as a file of its own before anybody hears that the two
// are one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sync/context.h"
#include "sync/entry.h"
#include "sync/io.h"
#include "sync/peers.h"
#include "sync/view.h"
#include "wire/files.pb.h"

namespace cluster::sync {

// What has gone is a delete once nothing more has gone for this long: whoever moves or replaces a file puts it back.
inline constexpr Duration kDeletePause = milliseconds(500);
inline constexpr Duration kLongestDeletePause = seconds(10);
// More deletes than this at once, which are more than half of all there is, wait for an operator's word.
inline constexpr size_t kDeletesWithoutAsking = 10;
// A folder that another host deleted, while something lives in it that no host has deleted, lives again after this.
inline constexpr Duration kFolderPatience = seconds(3);
// A delete that all hosts have is remembered for so long at least: what they say of it may still be on its way.
inline constexpr Duration kLongestDeleteRest = hours(1);
inline constexpr Duration kLongestCollectInterval = minutes(10);
// How often it is noted that another host is there.
inline constexpr Duration kLongestContactInterval = hours(1);
// Likewise that all of what the owner has is here.
inline constexpr Duration kWholeInterval = minutes(1);
// A host that is linked and has not said yet whether it keeps this root is waited for no longer.
inline constexpr Duration kGreetPatience = seconds(2);
inline constexpr Duration kFirstRetry = milliseconds(200);
inline constexpr Duration kLongestRetry = minutes(1);

// What a path held before.
struct Former {
  Dot dot;
  std::vector<Dot> merges;
  std::string content;
};
inline constexpr size_t kMaxFormer = 8;
// A file that is larger is not merged.
inline constexpr uint64_t kMaxMergedBytes = 1 << 20;

// What a path of this host holds.
struct Held : Entry {
  std::optional<FileState> here;  // what the disk holds, where that is not `state`: it cannot here
  Signature signature;            // unless deleted
  uint64_t sequence = 0;          // in the index
  uint64_t deleted_since =
      0;  // by this host's clock, in microseconds since the epoch; 0: not yet stored
  std::vector<Former> former;  // in mode merge, the newest first

  const FileState& on_disk() const { return here ? *here : state; }
  Found found() const { return {on_disk(), signature}; }
};

class Root {
 public:
  // `index` names its index, if none is stored.
  Root(RootConfig config, uint64_t index) : config_(std::move(config)), index_(index) {}

  const RootConfig& config() const { return config_; }
  void load(const std::string& path, const wire::StoredEntry& stored);
  void load(const wire::StoredRoot& stored);
  void configure(Context& context, RootConfig config);
  void clock_is_sure(bool sure) { clock_is_sure_ = sure; }  // others have the same time
  // Deletes are remembered until all hosts have them, and no longer than this for those that are away.
  void keep_deletes_for(Duration keep) { tombstone_keep_ = keep; }
  void place_at_once(size_t paths) { placed_at_once_ = paths; }
  void leave(
      Context&
          context);  // it is no longer configured: nothing happens until it is again, and has been scanned

  void peer_up(Context& context, const PeerUp& peer);
  void peer_down(Context& context, const NodeId& node);
  // An error: the peer sends what no host of this kind does.
  Status hear(Context& context, const NodeId& from, const wire::RootHello& hello);
  Status hear(Context& context, const NodeId& from, const wire::RootIndex& index);
  Status hear(Context& context, const NodeId& from, const wire::RootSeen& seen);
  Status hear(Context& context, const NodeId& from, const wire::RootOwner& owner);

  void scanned(Context& context, const Scanned& seen);
  void pause(Context& context, const std::string& why);
  // Nothing is taken or told, as the clock of this host is wrong. Empty: it is not.
  void hold(Context& context, const std::string& why);
  // Its clock is as those of others, or has been set: what is stamped too far ahead here nobody takes, and is made anew, now.
  void restamp(Context& context);
  void placed(Context& context, const Placed& answer);
  void stored(Context& context, const IndexStored& answer);
  void command(Context& context, const FileCommand& command);
  void own(Context& context, const Own& order);
  void end_owning(Context& context);

  // After any of these, once: what time brings, what is to be stored, what peers are to be told.
  void finish(Context& context);
  MonoTime next_deadline() const;

  bool placing(PlaceTicket ticket) const { return by_ticket_.contains(ticket); }
  bool storing(IndexTicket ticket) const { return storing_ && storing_->ticket == ticket; }
  // What the index says of a path; null: nothing. Valid until the next call.
  const Held* held(const std::string& path) const;
  const std::map<std::string, Held>& all() const { return entries_; }
  // One of the files that hold this content; null: none is known.
  const std::string* path_with(const std::string& content) const;
  // The path that the file of this inode has by the index; null: none.
  const std::string* path_of(const Signature& signature) const;
  // It may be merged one day: what it holds is to be kept, as long as it does or held it before.
  bool may_be_merged(const Entry& entry) const;
  // In mode owner: this host writes it, and takes nothing from others.
  bool owns() const { return !own_.none(); }
  // The name of the other host that does; empty: none is linked.
  std::string written_by() const;
  bool holds_deletes_back() const { return braked_; }
  // What is still to be done; empty: nothing, until something happens.
  std::string unrest() const;
  RootView view(HostId self) const;

 private:
  struct Offer {
    Entry entry;
    uint64_t sequence = 0;
    Away away = Away::kPresent;  // was its host, when it made that
    bool own = false;            // that host itself did
    bool pulled = false;         // this host was away
  };
  // What becomes of what stood there.
  enum class Giving : uint8_t {
    kUsual,
    kAgainstDelete,  // one host edited what another deleted
    kLost,           // it was made in a run that lost
  };
  struct Placing {
    PlaceTicket ticket;
    Entry entry;
    std::string set_aside;
    Entry copy;                   // what is set aside, or what this is
    std::string copy_for;         // this keeps beside what does not stay of that path
    std::string move_from;        // that path becomes this one,
    Entry move_gone;              // and is then deleted by this version
    std::string merge_base;       // it is put together with what is here,
    std::vector<Dot> merges;      // which makes one of these edits
    std::optional<Place> action;  // waits until what is intended is stored
    bool look_again = false;
    bool own = false;  // a version that this host has already
    Giving giving = Giving::kUsual;
  };
  struct Retry {
    MonoTime at = kNever;
    Duration pause{};
    std::string why;
  };
  struct Pushing {
    RequestId request;
    std::string path;  // empty: all
    int looks = 0;     // since it was ordered
    MonoTime give_up_at;
  };
  struct Beginning {
    Own order;
    MonoTime greeted_by;    // kNever: that has passed
    std::string waits_for;  // as it was logged
  };
  struct Storing {
    IndexTicket ticket;
    uint64_t up_to = 0;
    std::set<std::string> paths;
  };

  bool active() const { return configured_ && scanned_ && paused_.empty() && held_.empty(); }
  static bool is_ahead(const Edit& edit, WallTime now);
  std::string why_paused() const { return paused_.empty() ? held_ : paused_; }

  // root.cc: this host's own edits
  uint64_t next_counter(const Context& context, const Entry& after);
  Entry edited(Context& context, const Entry* ours, uint64_t wished_us);
  void sight(Context& context, const Sighting& sighting, bool first);
  void edit(Context& context, const std::string& path, const Found& found, bool first);
  bool is_as_intended(const std::string& path, const Found& found) const;
  bool put_back_edit(Context& context, const std::string& path, const Found& found);
  bool others_master(const Held& ours, const NodeId& self) const;
  MonoTime deletes_due() const;
  void judge_vanished(Context& context);
  bool brakes(Context& context);
  void forget_vanished(Context& context);
  void take_back_vanished();
  void update_deleted(Context& context, const std::string& path);
  void drive_restoring(Context& context);
  bool all_hosts_are_here() const;
  void give_up_restoring(Context& context, const std::string& path);
  void update(const std::string& path, Entry entry, const Found& found);
  void count(const std::string& path, const Held& held, bool in);
  void measure(uint64_t has, PeerOfRoot& out) const;
  void update_known(const std::string& path, Entry entry);  // the disk stays as it is

  // root_push.cc: what is to be everywhere now
  static bool in_push(const Pushing& push, const std::string& path);
  void push(Context& context, const FileCommand& command);
  void looked_for_pushes(Context& context, const Scanned& seen);
  std::optional<uint64_t> needed_for(const Pushing& push) const;
  static std::string why_not_there(const Peer& peer, std::optional<uint64_t> needed);
  void drive_pushes(Context& context);
  void end_pushes(Context& context);

  // root_offers.cc: others' versions
  void consider(Context& context, const std::string& path);
  void consider_waiting(Context& context);
  bool act_on(Context& context, const std::string& path, const Offer& offer);
  bool take(Context& context, const std::string& path, Entry entry, const Entry* aside,
            Giving giving = Giving::kUsual);
  const Offer& best_of(const std::map<NodeId, Offer>& offers) const;
  bool parent_is_there(Context& context, const std::string& path);
  bool folder_is_free(Context& context, const std::string& path, const Entry& entry);
  void revive(Context& context, const std::string& path, const Entry* known);
  void keep_copy(Context& context, const std::string& path, const Entry& other);
  std::string free_copy_path(const std::string& path, const Entry& other) const;
  bool copy_is_held(const std::string& path, const Entry& other) const;
  void place(Context& context, const std::string& path, Placing placing,
             const std::optional<Found>& expected);
  std::vector<NodeId> sources_of(const std::string& path, const Entry& entry) const;
  bool has_better_offer(const std::string& path, const Entry& than) const;
  bool put_off_now(MonoTime now, const std::string& path) const;
  void look_after(Context& context, const std::string& path);
  bool has_live_children(const std::string& path) const;
  bool children_are_moving(const std::string& path) const;
  void put_off(Context& context, const std::string& path, const std::string& why);

  // root_moves.cc: what gets another name
  void sight_all(Context& context, const Scanned& seen, bool first);
  const std::string* vanished_at(const Found& found) const;
  void has_moved(Context& context, const std::string& from);
  void find_what_moves(Context& context, const std::string& path, Placing& placing) const;
  bool is_wanted_elsewhere(const std::string& path, const Held& ours) const;
  void end_move(Context& context, const Placing& placing, bool moved);

  // root_merges.cc: what two edits of one text make of it
  static void note_former(Held& held, const Entry& next);
  static void load_former(Held& held, const wire::StoredEntry& stored);
  static void store_former(const Held& held, wire::StoredEntry& out);
  bool begin_merge(Context& context, const std::string& path, const Offer& offer,
                   bool theirs_stays);
  void end_merge(Context& context, const std::string& path, const Placing& placing,
                 const Found& found);

  // root_deletes.cc: when deletes are forgotten, and who has missed them
  Duration collect_interval() const;
  void collect(Context& context);
  uint64_t all_hosts_have(const HostId& self) const;  // up to there
  uint64_t linked_hosts_have() const;
  void forget_delete(const std::string& path, bool all_have);
  void judge_own_absence(const Context& context);
  void note_contact(const Context& context);
  void judge_away(Context& context, const NodeId& node, Peer& peer, const wire::RootHello& hello);
  bool was_forgotten(const Entry& entry) const;
  bool is_overruled(const Offer& offer, const Held* ours) const;
  void overrule(Context& context, const std::string& path, const Entry& theirs);

  // root_owner.cc: whose versions count, in mode owner
  void drive_owning(Context& context);
  MonoTime owning_due() const;
  void drive_beginning(Context& context);
  std::string waits_for() const;
  std::string too_far_behind(const Context& context, std::optional<Duration> max_lag) const;
  void begin_owning(Context& context, const Own& order);
  void take_over(Context& context, const std::string& path);
  void looked_for_end(Context& context, const Scanned& seen);
  void end_run(Context& context);
  void close(Context& context);
  void hear_of(const Lineage& lineage);
  void outdo(Context& context);
  bool counts_against_others() const;
  void take_over_all(Context& context, uint64_t epoch);
  void judge_whole(Context& context);
  std::optional<bool> follow(Context& context, const std::string& path, const Offer& offer);
  bool may_follow(const Entry& entry) const;
  bool will_own() const;
  bool drop_what_the_last_run_lacks(Context& context);
  bool drop(Context& context, const std::string& path);
  void tell_of_lost(Context& context);
  void drop_strays_in(Context& context, const std::string& path);
  bool has_passed_over(const Entry& ours, const Entry& theirs) const;
  void hold_own(Context& context, const std::string& path, const Entry& theirs);
  wire::RootOwner owner_state() const;
  void tell_owner(Context& context);
  void load_owning(const wire::StoredRoot& stored);
  void store_owning(wire::StoredRoot& out) const;
  const Peer* other_owner() const;
  HostId owner(HostId self) const;

  // root_peers.cc
  void say_hello(Context& context, const NodeId& node, Peer& peer);
  void drop_offers(Context& context, const NodeId& node);
  void send_index(Context& context, const NodeId& node, Peer& peer);
  bool hear_same(const NodeId& from, Peer& peer, const wire::RootIndex::Same& same);
  void tell_seen(Context& context, const NodeId& node, Peer& peer);
  void store(Context& context);
  wire::StoredEntry to_store(const std::string& path) const;
  std::string entry_key(const std::string& path) const;

  RootConfig config_;
  bool configured_ = false;
  std::string paused_, held_;
  bool scanned_ = false;
  bool clock_is_sure_ = false;
  bool memory_ = false;  // the index was stored before this engine began

  uint64_t index_ = 0;
  uint64_t sequence_ = 0, stored_sequence_ = 0;
  std::map<std::string, Held> entries_;
  std::map<uint64_t, std::string> by_sequence_;
  std::map<std::string, std::string> by_content_;  // a file that holds, or held, it
  std::map<uint64_t, uint64_t> by_inode_;          // the sequence of what is there
  uint64_t live_ = 0, live_bytes_ = 0;             // paths, and what their files hold
  std::set<std::string> dirty_;                    // to be stored
  bool root_dirty_ = false;                        // and so is what is known of the root itself
  std::optional<Storing> storing_;
  MonoTime store_again_at_ = kNever;
  Duration store_pause_{};
  uint64_t stores_ = 0, stores_done_ = 0;

  Duration tombstone_keep_ = kTombstoneKeep;
  std::set<std::pair<uint64_t, std::string>> tombstones_;  // by deleted_since
  MonoTime collect_at_ = MonoTime::min();
  // Of deletes that were forgotten before all hosts had them: the last of them in this index, what they knew of, and when
  // the last was made.
  uint64_t horizon_ = 0;
  VersionVector forgotten_;
  uint64_t forgotten_us_ = 0;
  uint64_t own_counter_ = 0;  // the last that this node gave: none is given twice
  uint64_t contact_us_ = 0;   // by this host's clock, when it last was with another host
  bool absent_ = false;       // that was too long ago
  bool met_none_ = true;      // it never was

  std::map<NodeId, Peer> peers_;
  std::map<NodeId, Position> positions_;  // of their indexes, as stored
  struct Gone {
    std::string name;
    uint64_t index_has = 0;  // of this index it had so far
    WallTime since;
  };
  std::map<HostId, Gone> gone_;  // peers that were linked, since this engine began
  std::map<std::string, std::map<NodeId, Offer>> offers_;
  std::map<std::string, std::string> offered_contents_;  // a file that was offered with it
  std::map<std::string, Placing> placing_;
  size_t placed_at_once_ = kPlacedAtOnce;
  std::set<std::string> waiting_;  // to be considered once fewer are being placed
  std::map<PlaceTicket, std::string> by_ticket_;
  std::map<std::string, Entry> intended_;  // what is being put there
  std::set<std::string> to_be_seen_;  // what is there is not what was expected, and will be told
  std::map<std::string, Retry> retries_;
  static constexpr MonoTime kRipe = MonoTime::min();
  // Deletes that wait until then: of a folder for what is in it, of a file for its content to be had elsewhere.
  std::map<std::string, MonoTime> folder_waits_;

  std::map<std::string, MonoTime> vanished_;  // not there, and not yet deletes; since when
  bool braked_ = false;
  std::set<std::string> restoring_;
  std::vector<Pushing> pushes_;
  std::set<std::string> keeps_edit_;  // what its creator made of it is nowhere any more
  // In mode owner.
  Lineage known_;           // the latest run that was heard of,
  Lineage own_;             // and that of this host, while it goes on
  uint64_t run_epoch_ = 0;  // of the service in it
  bool runs_ = false;  // as this engine was told: an earlier one may have died with its service
  bool owns_alone_ = false;  // nobody else may
  uint64_t since_us_ = 0;    // by this host's clock, of its last run
  std::optional<Beginning> beginning_;
  std::optional<int> end_looks_;  // it is to end once the root was looked at so often
  bool whole_ = false;            // all that was made in known_ is here: nobody makes more of it
  bool follows_ = false;          // likewise, and its owner, which is linked, may make more
  uint64_t whole_us_ = 0;         // by this host's clock, when it last had all of it
  MonoTime whole_again_at_ = kNever;  // that is noted
  bool consider_all_ = false;
  Lineage pinned_in_;       // people were told of what lost to it
  std::string told_owner_;  // what the others were told of all this

  // Contents, one of this host and one of another, that cannot be merged.
  std::map<std::string, std::pair<std::string, std::string>> apart_;
};

}  // namespace cluster::sync
