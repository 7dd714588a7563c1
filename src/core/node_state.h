// The inside of a Node, shared by the files that implement it: node.cc and each node_*.cc that is named below.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/node_knowledge.h"

namespace cluster::core {

inline constexpr uint32_t kMaxHops = 16;

struct Node::State final : Knowledge, ServiceWorld {
  explicit State(Boot boot);

  // node.cc: events in, the order of decisions after each, time
  void start(Context& context);
  void handle(Context& context, const Event& event);
  void on(Context& context, const LinkUp& event);
  void on(Context& context, const LinkDown& event);
  void on(Context& context, const Received& event);
  void on(Context& context, const DialFailed& event);
  void on(Context& context, const LocalAddresses& event);
  void on(Context& context, const ScriptEnded& event);
  void on(Context& context, const ServiceKilled& event);
  void on(Context& context, const Persisted& event);
  void on(Context& context, const PersistFailed& event);
  void on(Context& context, const ConfigChanged& event);
  void on(Context& context, const Command& event);
  void on(Context& context, const Leave& event);
  void on(Context& context, const Tick& event);
  void on(Context& context, const SecretDerived& event);
  void on(Context& context, const KeyRefused& event);
  void on(Context& context, const RelayOut& event);
  void on(Context& context, const RelayEnded& event);
  void on(Context& context, const ProbeAnswered& event);
  void on(Context& context, const SleepPlanned& event);
  void on(Context& context, const FilesSaid& event);
  void on(Context& context, const AlertSent& event);
  void on(Context& context, const Noticed& event);
  void on(Context& context, const ConfigPush& event);
  void on(Context& context, const ConfigValidated& event);
  void on(Context& context, const ConfigApplied& event);
  void notice_stall(Context& context);
  void note_chores(const Event& event);
  void decide(Context& context);
  void finish_step(Context& context);
  MonoTime next_deadline(MonoTime now) const;
  void store_configuration(Context& context);
  bool hosts_file_edited() const;
  StoreTicket persist(Context& context, std::vector<Write> writes);
  void begin_leaving(Context& context, const std::string& why);
  void leave_when_done(Context& context);

  // node_links.cc: links
  void say_hello(Context& context, const Link& link, bool dialling);
  void greet(Context& context, Link& link);
  void greet_all(Context& context);
  void establish(Context& context, LinkId id);
  void overtaken(Context& context, const Link& link);
  void established_through_others(Context& context, Link& link);
  bool give_way(Context& context, Link& fresh);
  void send_everything(Context& context, const Link& link);
  void drop_link(Context& context, LinkId id, const std::string& reason, bool close);
  template <class Predicate>
  void drop_links(Context& context, Predicate predicate, const std::string& reason) {
    for (LinkId id : links.where(predicate)) drop_link(context, id, reason, true);
  }
  void refuse_message(Context& context, const Link& link, const std::string& fault);
  void receive_settings(Context& context, Link& link, const wire::Stamped& stamped);
  void setting_refused(Context& context, const NodeId& from, const wire::SettingRefused& refusal);
  void compare_settings(Context& context, const Link& link, uint64_t theirs);
  void send_settings(Context& context, const Link& link, const std::vector<wire::Setting>& entries);
  void send(Context&, const Link&, const wire::Message&, Priority = Priority::kControl);
  void receive_through_others(Context& context, Link& link, const wire::Message& message);
  void refresh_members(Context& context);
  void announce_host(Context& context, HostId host);

  // node_flood.cc: records
  void receive_flood(Context& context, Link& link, const wire::Flood& flood);
  void hear_record(Context& context, Link& link, HeardRecord& heard, std::set<NodeId>& older);
  void send_records(Context&, const Link&, const std::vector<const wire::Record*>&, bool greeting);
  void flood_pending(Context& context);

  // node_routing.cc: messages from end to end; false: there is no way to that node now
  bool route(Context& context, const NodeId& to, wire::Routed message,
             Priority priority = Priority::kControl);
  void pass_on(Context& context, const NodeId& to, wire::Routed message);
  void receive_routed(Context& context, const wire::Routed& message);
  void receive_own_messages(Context& context);

  // node_dial.cc: whom to dial, and where
  void dial_all(Context& context);
  MonoTime next_dial(MonoTime now) const;
  std::optional<DialTarget> dial_target(const HostEntry& host, MonoTime now) const;
  std::optional<Sight> sight_of(const HostEntry& host) const;
  std::vector<DialTarget> candidate_targets(const Sight& sight) const;
  void drive_opening(Context& context, const HostEntry& host);
  MonoTime opening_due(const HostEntry& host) const;
  void receive_opening(Context& context, const NodeId& from);
  void begin_opening(Context& context, const HostEntry& host, const Sight& sight);
  bool own_address(const Member& member, const DialTarget& target) const;

  // node_mesh.cc: which links it keeps where hosts are many
  bool linked_with(HostId host) const;
  void configure_mesh();
  bool wants(HostId host) const;
  void drive_mesh(Context& context);
  void choose_links(Context& context);
  void explore(Context& context);
  void spare_links(Context& context);
  MonoTime next_mesh() const;
  void mesh_changed(const UpChange& change);
  void tell_edges(MonoTime now);
  void queue_news();
  void send_news(Context& context);
  void peer_has(const Link& link, const NodeId& node);
  MonoTime next_news() const;
  void tell_digest(Context& context);

  // node_relay.cc: sessions through others
  void drive_relays(Context& context);
  MonoTime next_relay() const;
  void relay_over(Context& context, const Relay& relay);
  void end_relay(Context& context, RelayId id, const std::string& reason);
  void receive_relayed(Context& context, const NodeId& from, const wire::Relayed& piece);
  Relay* accept_relay(Context& context, const NodeId& from, const wire::Relayed& piece);
  void move_from(Context& context, Link& relayed);

  // node_keys.cc: who is let in, and by what secret
  bool still_shared(HostId host, const NodeId& node, const Generation& generation) const;
  std::string why_not_admitted(const LinkUp& up, MonoTime now) const;
  void not_admitted(Context& context, HostId by);
  void learn_key(Context& context, const LinkUp& up);
  void learn_key_of_record(Context& context, const wire::Record& record, const NodeId& node);
  void begin_anew(Context& context, HostId host, const NodeId& node);
  void readmit(Context& context, HostId host, const Keyring::Binding& binding);
  void apply_readmission(Context& context, const wire::Setting& setting);
  void open_for_readmission(Context& context, const Command& command);
  void close_windows(MonoTime now);
  void secrets_forgotten(Context& context, RequestId request);
  void forget_secrets(Context& context, const Command& command);
  void tell_access(Context& context);
  void tell_access_of(Context& context, const HostEntry& host);
  bool rotates(const Link& link) const;
  MonoTime rotation_due(const Link& link) const;
  void drive_rotations(Context& context);
  void begin_rotation(Context& context, const Link& link, const Generation& wanted);
  MonoTime next_rotation() const;
  Rotating* rotating_over(LinkId id);
  void candidate_stored(Context& context, const StoredCandidate& stored);
  void candidate_not_stored(Context& context, const StoredCandidate& stored);
  void secret_proved(Context& context, HostId host, const NodeId& node);
  void store_proof(Context& context, const NodeId& node, Proving& pending);
  void proof_stored(Context& context, const StoredProof& stored, StoreTicket ticket);
  void proof_not_stored(Context& context, const StoredProof& stored, StoreTicket ticket);
  void receive_rotation(Context& context, const Link& link, const wire::Rotation& rotation);

  // node_files.cc: with whom files are talked about
  void drive_files(Context& context);
  void receive_files(Context& context, const Link& link, const std::string& bytes);

  // node_record.cc: this host's own record, incarnation, settled start, session
  void rebuild_record(Context& context);
  wire::Record make_record(Now now) const;
  void add_edges(wire::Record& record) const;
  void heard_own_record(Context& context, const wire::Record& record);
  void store_incarnation(Context& context);
  void incarnation_not_stored(Context& context, const std::string& why);
  void settle_if_possible(Context& context);
  void meet_session(Context& context, const wire::Record& record);
  void confirm_session();
  void distrust_view(Context& context, const std::string& why);
  void begin_settling(MonoTime now);

  // node_services.cc: placement, driving the services; node_claims.cc: claims and votes
  void configure_services(Context& context);
  void ask_again_for_orders(Context& context);
  Service& service_made(const Now& now, const ServiceEntry& entry);
  Service& service_even_if_gone(const Now& now, const std::string& name);
  void adopt_left(Context& context);
  void check_left_running(Context& context);
  // Leaders are where `placed` has them, by default as of the last decision.
  PlacementInput placement_input(const Order& order, const Placed& placed,
                                 const std::set<HostId>& lost = {}) const;
  PlacementInput placement_input(const Order& order) const {
    return placement_input(order, choices);
  }
  Candidate candidate_for(const Order& order, HostId host, MonoTime cleared,
                          const Placed& placed) const;
  wire::Holding own_holding(const Order& order, MonoTime now) const;
  const wire::Holding* holding_of(const Member& member, const std::string& service) const;
  std::string why_not_able(const Order& order, MonoTime now) const;
  void drive_services(Context& context);
  void drive(Context& context, const Order& order);
  void claim_or_wait(Context& context, const Order& order);
  bool held_by_none_or_stopping(const std::string& service) const;
  void begin_claim(Context& context, const Order& order);
  void ask(Context& context, const std::string& service, OwnClaim& claim, const NodeId& voter);
  bool just_freed(MonoTime now, const std::string& service, OwnClaim& claim) const;
  void ask_if_due(Context& context, const std::string& service, OwnClaim& claim,
                  const NodeId& voter, bool freed);
  Duration patience() const;
  void pursue_claim(Context& context, const Order& order);
  void claim_won(Context& context, const Order& order);
  void drop_claim(Context& context, const std::string& service);
  void retry_later(Context& context, const std::string& service);
  void receive_claim(Context& context, const NodeId& from, const wire::Claim& claim);
  const wire::Holding* holding_if_up(const NodeId& node, const std::string& service) const;
  bool claims_now(const NodeId& node, const std::string& service) const;
  void receive_answer(Context& context, const NodeId& from, const wire::Answer& answer);
  Situation situation(MonoTime now, const std::string& service, const NodeId& claimant) const;
  void lift_refusals(Context& context);
  bool runs_elsewhere(const std::string& service) const;
  size_t rank(const Order& order, const NodeId& node) const;
  void note_owner(const std::string& service, HostId host);
  const Member* member_of(HostId host) const;
  std::pair<Reason, HostId> start_reason(const Order& order) const;
  Reason stop_reason(const Order* order, const Choice& choice) const;
  Service* service(const std::string& name);
  const Service* service(const std::string& name) const;
  RunId run_script(Context& context, const Service& service, Script script, Reason reason,
                   HostId from, HostId to) override;
  std::vector<std::pair<std::string, std::string>> environment(const Service& service,
                                                               Reason reason, HostId from,
                                                               HostId to) const;
  void service_ended(Context& context, const Service& service) override;
  void bar_changed(Context& context, const Service& service) override;
  const std::string& members_text() const;
  MonoTime next_service_deadline(MonoTime now) const;

  // node_needs.cc: what relations among services hold up
  static void tell_relations(const ServiceEntry& entry, wire::Holding& holding);
  void read_relations(Context& context);
  static bool has(const ServiceEntry& entry, const Relation& relation);
  void put_in_sequence();
  Placed place_all(MonoTime now, const std::set<HostId>& gone) const;
  void bind(Candidate& host, const wire::Holding& holding, const Placed& placed) const;
  const Order& led_by(const Order& order) const;
  HostId stop_failed_on(const std::string& service) const;
  HostId stuck_on(const std::string& service, HostId chosen) const;
  std::string why_not_yet(Relation::Kind kind, const std::string& service) const;
  std::string why_waits(const std::string& service) const;
  bool leaderless(const std::string& service) const;
  bool belongs_here(const std::string& service) const;
  bool stops_later(const std::string& service) const;
  static void say_relations(ServiceView& out, const wire::Holding* told);
  std::string explain_relations(const ServiceView& seen) const;

  // node_leases.cc: ownership majority: leases of this host, and its votes
  bool by_majority(const std::string& service) const;
  std::string why_no_claim(const std::string& service) const;
  std::vector<NodeId> reachable_voters() const;
  void count_electorate();
  std::string voter_name(const NodeId& node) const;
  void pursue_lease(Context& context, const Order& order);
  void hold_lease(const std::string& service, const OwnClaim& claim);
  void end_lease(Context& context, const std::string& service);
  void adopt_lease(const LeftService& left);
  void drive_leases(Context& context);
  void drive_renewals(Context& context);
  void renew(Context& context);
  void receive_lease_claim(Context& context, const NodeId& from, const wire::Claim& claim);
  std::optional<wire::Answer::Verdict> against(const Context& context, const NodeId& from,
                                               const wire::Claim& claim,
                                               const Situation& situation) const;
  void give(Context& context, const NodeId& to, const wire::Answer& answer, Duration length,
            uint64_t asked_us, uint64_t incarnation);
  void grant_stored(Context& context, const StoredGrant& stored);
  void receive_renewal(Context& context, const NodeId& from, const wire::Renewal& renewal);
  void receive_renewed(Context& context, const NodeId& from, const wire::Renewed& renewed);
  void release_grant(Context& context, const NodeId& from, const wire::Release& release);

  // node_memory.cc: what a voter has to know before it votes
  void load_memory();
  Write memory_to_write(bool whole) const;
  void memory_stored(Context& context, const StoredMemory& stored);
  void lose_memory(Context& context);
  void note_host_names();
  void begin_asking_anew(MonoTime now);
  bool memory_wanted() const;
  void drive_memory(Context& context);
  void say_whom_memory_waits_for(Context& context);
  std::string why_no_memory() const;
  MonoTime remembers_from() const;
  bool is_told_by_enough(const Voters& set, const std::map<std::string, const Told*>& told) const;
  void try_to_remember(Context& context);
  void receive_recall(Context& context, const NodeId& from, const wire::Recall& recall);
  void receive_recalled(Context& context, const NodeId& from, const wire::Recalled& recalled);
  void hear_epochs(Context& context, const wire::Recalled& recalled, std::vector<Write>& writes);
  std::map<std::string, const Told*> told_by_name(MonoTime asked_from) const;
  std::optional<Voters> newest_told(const std::map<std::string, const Told*>& told) const;
  wire::Recalled recalled_here(const wire::Recall& recall) const;

  // node_ledger.cc
  void load_ledger();
  StoreTicket persist_as_voter(Context& context, std::vector<Write> writes);
  void ledger_stored(Context& context, StoreTicket ticket);
  void add_ledgers(wire::Record& record) const;
  void hear_ledgers(Context& context, const wire::Record& record);
  static bool was_put_back(const Member& member);
  void hear_own_ledger(Context& context, uint64_t length);

  // node_founding.cc
  std::set<std::string> released_from_vouch() const;
  bool bound_by_vouch(const Voters& set) const;
  bool is_first_start() const;
  bool give_up_dead_founding(Context& context);
  bool goes_by_our_file(const wire::Recalled& answer, const Voters& set) const;
  bool may_found_with(const wire::Recalled& answer) const;
  bool vouches_to(const NodeId& node) const;
  void vouch_to(Context& context, const NodeId& node, const wire::Recall& recall);
  void vouch_stored(Context& context, const StoredVouch& stored);
  void vouch_not_stored();
  bool lease_due(MonoTime now) const;
  MonoTime next_lease_deadline(MonoTime now) const;

  // node_voters.cc: how the voters change
  const std::string& own_name() const;
  void consider_hosts_file(Context& context, bool edited);
  bool hosts_files_agree() const;
  void wish_for_what_all_files_name(Context& context);
  void settle_wish(Context& context);
  void store_voters(Context& context);
  void voters_stored(const StoredVoters& stored);
  void adopt_voters(Context& context, const Voters& set);
  void alert_of_others_voters(Context& context);
  bool is_behind(const Member& member) const;
  void tell_voters(Context& context);
  void notice_others_voters(Context& context);
  wire::VoterStanding voter_standing() const;
  void receive_propose(Context& context, const NodeId& from, const wire::Propose& propose);
  void vow_stored(Context& context, const StoredVow& stored);
  std::string whom_maintenance_keeps() const;
  std::string why_no_ballot() const;
  void put_off_proposal(Context& context);
  void give_up_proposal(Context& context);
  void ask_to_promise_or_accept(Context& context);
  void drive_proposal(Context& context);
  void receive_proposed(Context& context, const NodeId& from, const wire::Proposed& proposed);
  void catch_up(Context& context);
  void hear_of_voters(Context& context, const NodeId& from, MonoTime asked,
                      const wire::Recalled& recalled);
  void look_whether_caught_up(Context& context);
  void become_whole_if_caught_up(Context& context);
  void drive_voters(Context& context);
  MonoTime next_voters_deadline() const;
  std::string why_voters_stay() const;
  VotersView voters_view() const;
  void say_why_voters_stay(Context& context);

  // node_isolation.cc: whether it is this host that is offline
  MonoTime alone_from() const;
  void drive_isolation(Context& context);
  void end_isolation(Context& context, std::string_view why);
  void begin_listening(MonoTime now);
  std::string why_offline(const Order& order) const;

  // node_sleep.cc: what is handed over before this machine sleeps
  void end_sleep(Context& context, const std::string& why);
  bool leaves_before_sleep(const std::string& service) const;
  bool keeps_awake(const std::string& name, const Service& service) const;
  void notice_sleep_over(Context& context);
  void drive_sleep(Context& context);

  // node_disk.cc: what a host does not do that can store nothing
  void claim_not_stored(Context& context, const StoredClaim& claim, const std::string& why);
  void grant_not_stored(Context& context, const StoredGrant& stored, const std::string& why);
  void disk_refuses(Context& context, const std::string& why);
  void trial_stored(Context& context);
  void begin_muteness(MonoTime now);
  void end_muteness(Context& context);
  void drive_disk(Context& context);
  std::string why_not_stored(const Order& order) const;

  // node_guard.cc: for how long what runs here may go on without this core
  void drive_guards(Context& context);
  void say_guard(Context& context, const Service& service);
  MonoTime next_guard() const;

  // node_maintenance.cc: what is left alone while its host is looked after
  void load_maintenance(Context& context);
  void read_maintenance();
  void store_settings(Context& context, const std::vector<wire::Setting>& changed);
  void upkeep_stored(StoreTicket ticket);
  void store_upkeep_again(Context& context);
  uint64_t known_upkeep(const std::string& host) const;
  void add_maintenance(wire::Record& record) const;
  bool lists_upkeep(const Member& member, uint64_t token) const;
  bool in_maintenance() const;
  HostId keeper_of(const std::string& service) const;
  bool left_alone(const std::string& service) const;
  void drive_maintenance(Context& context);
  MonoTime next_maintenance() const;
  void propose_maintenance(Context& context);
  void set_maintenance(Context& context,
                       const std::vector<std::pair<std::string, std::string>>& entries);
  void refuse_maintenance(Context& context, const std::string& why);
  void forget_maintenance(Context& context, const Maintenance& none);
  std::string who_does_not_know(uint64_t token) const;
  std::string why_not_begun(const Maintenance& ours) const;
  void begin_maintenance(Context& context, const Maintenance& ours);
  void store_begun(Context& context, const BegunMaintenance& begun);
  void begun_stored(Context& context, const StoredBegun& stored);
  void begun_not_stored(Context& context, const StoredBegun& stored, const std::string& why);
  void leave_services_alone(Context& context);
  void yield_to_other_keepers(Context& context);
  void maintenance_over(Context& context);
  void end_maintenance(Context& context, const Maintenance& ours);
  void keep_on(Context& context, Maintenance ours);

  // node_push.cc: the configuration that this host pushes; node_pushed.cc: and what becomes of those of others
  void store_push(Context& context, Pushed next, StoredPushStep step);
  void push_stored(Context& context, const StoredPushStep& stored);
  void push_not_stored(Context& context, const StoredPushStep& stored, const std::string& why);
  std::optional<std::pair<Refusal, std::string>> refuse_push(const ConfigPush& event,
                                                             MonoTime now) const;
  void ask_for_votes(Context& context);
  void vote(Context& context, const NodeId& to, PushId id, wire::PushVote::Verdict verdict,
            const std::vector<std::string>& faults = {}, const NodeId& pusher = {});
  void abort_own_push(Refusal refusal, std::string why);
  void drive_own_push(Context& context);
  void answer_own_push(Context& context);
  std::string push_report(const OwnPush& own) const;
  void receive_push_prepare(Context& context, const NodeId& from, const wire::PushPrepare& asked);
  void receive_push_vote(Context& context, const NodeId& from, const wire::PushVote& vote);
  void receive_push_ask(Context& context, const NodeId& from, const wire::PushAsk& ask);
  void receive_push_told(Context& context, const NodeId& from, const wire::PushTold& told);
  PushId newest_committed() const;
  bool known_aborted(const Pushed::Prepared& prepared) const;
  bool undecided() const;
  bool pusher_is_up() const;
  bool in_doubt_for_long(MonoTime now) const;
  void drive_push(Context& context);
  void resolve_prepared(Context& context);
  void fetch_push(Context& context, PushId id);
  void apply_push(Context& context);
  MonoTime next_push(MonoTime now) const;
  const std::string& push_refused(HostId host) const;
  PushView push_view() const;

  // node_orders.cc: operators' commands and the settings
  std::optional<std::pair<Refusal, std::string>> refuse(const Command& command, MonoTime now) const;
  void write_settings(Context& context, PendingCommand& pending,
                      const std::vector<std::pair<std::string, std::string>>& entries);
  void apply_setting(Context& context, const wire::Setting& setting, bool stored);
  void settings_stored(Context& context, RequestId request, bool ok, const std::string& why);
  void settle_commands(Context& context);
  uint64_t failures_of(HostId host, const std::string& service) const;
  std::optional<Reply> outcome(const PendingCommand& pending, MonoTime now) const;
  std::optional<Reply> outcome_of_start(const PendingCommand& pending, const Order& order,
                                        MonoTime now) const;
  bool stopped_by_operator(const std::string& service) const;
  HostId moved_to(const std::string& service) const;
  bool standby(HostId host) const;
  std::optional<std::pair<Refusal, std::string>> refuse_for_maintenance(
      const Command& command) const;
  std::vector<std::pair<std::string, std::string>> maintenance_ended(HostId host) const;
  std::optional<Reply> outcome_of_maintenance(const PendingCommand& pending) const;

  // node_view.cc: snapshots for people
  View view(Now now) const;
  const Member* teller_of(const Order& order, const Member* holder) const;
  static void say_ownership(ServiceView& out, const Member& teller, const wire::Holding& told);
  Standing standing(const Order& order) const;
  ServiceView service_view(const Order& order, MonoTime now) const;
  HostView host_view(const HostEntry& host) const;
  std::string address_of(HostId host) const;
  std::string name_of(HostId host) const;
  std::string name_of(const NodeId& node) const;
  void announce_services(Context& context);

  // node_alerts.cc: who tells people of what; node_told.cc: what they were told of last
  wire::Record::AlertDuty alert_duty() const;
  std::vector<NodeId> alert_senders(HostId but);
  Turn alert_turn(MonoTime since, HostId about);
  void watch_hosts(Context& context);
  void watch_service(Context& context, const Order& order, const Standing& seen);
  void tell_news(Context& context, const std::string& key, Watch& watch, LastTold told,
                 const std::pair<std::string, HostId>& about, MonoTime& again_at);
  void raise(AlertKind kind, const std::string& subject, Severity severity, const std::string& text,
             MonoTime now, uint64_t instance = 0);
  void raise_what_was_said(const Context& context);
  void ask_to_send(Context& context, const NodeId& sender, OwnAlert& ours);
  void drive_raised(Context& context);
  void hand_over_alerts(Context& context);
  void hear_alert(Context& context, const NodeId& from, const wire::RaisedAlert& message);
  void take_alert(Context& context, const NodeId& from, const RaisedAlert& alert);
  void answer_alert(Context& context, const NodeId& to, uint64_t key);
  void sending_failed(Context& context, const std::string& why);
  void drive_alerts(Context& context);
  void forget_watches();
  void note_told(Context& context, const std::string& key);
  void set_told(Context& context, const std::string& key, LastTold last);
  void write_told(Context& context, const std::string& key, const Telling& told);
};

}  // namespace cluster::core
