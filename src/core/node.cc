#include "core/node.h"

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

namespace {

// Decisions that follow from decisions: each round changes something local, so few suffice.
constexpr int kMaxRounds = 16;
// A deadline that has passed and that nothing has moved is looked at again after this.
constexpr Duration kShortestWait = milliseconds(1);

}  // namespace

Node::Node(Boot boot) : state_(std::make_unique<State>(std::move(boot))) {}
Node::~Node() = default;

void Node::start(Now now, Actions& out) {
  Context context{now, out, state_->rng};
  state_->start(context);
  state_->finish_step(context);
}

void Node::step(Now now, const Event& event, Actions& out, bool more) {
  Context context{now, out, state_->rng};
  if (state_->gathered && !std::holds_alternative<Received>(event)) state_->finish_step(context);
  if (state_->left) return;
  state_->notice_stall(context);
  state_->note_chores(event);
  state_->handle(context, event);
  if (!more || !state_->gathered) state_->finish_step(context);
}

Knowledge::Knowledge(Boot b)
    : boot(std::move(b)),
      self(boot.node),
      config(boot.config),
      rng(boot.seed),
      members(boot.node),
      settings(boot.node) {
  ENSURE(self && config.host(config.self) != nullptr);
}

Node::State::State(Boot b) : Knowledge(std::move(b)) {}

void Node::State::start(Context& context) {
  links.configure(config.beat_interval, config.dead_time);
  dialer.configure(config.beat_interval, config.dead_time);
  configure_mesh();
  wire::StoredNode kept;
  if (auto it = boot.stored.find(kNodeKey); it != boot.stored.end())
    kept.ParseFromString(it->second);
  incarnation = kept.incarnation() + 1;
  settings.load(boot.stored);
  load_maintenance(context);
  keyring.load(boot.stored);
  orders.load(boot.stored);
  push.kept.load(boot.stored);
  grants.load(boot.stored, context.now.mono);
  load_memory();
  load_ledger();
  alerts.load(settings, self);
  note_host_names();
  recollection.since = recollection.asked_from = context.now.mono;
  begin_listening(context.now.mono);
  settling_since = context.now.mono;
  store_incarnation(context);
  // First what follows from an edit, so that none is lost.
  consider_hosts_file(context, succession.of_older_version || hosts_file_edited());
  store_configuration(context);
  configure_services(context);
  adopt_left(context);
  check_left_running(context);
}

void Node::State::store_configuration(Context& context) {
  orders.read_file(config);
  wire::StoredNames names;
  for (const HostEntry& host : config.hosts) {
    auto* binding = names.add_bindings();
    binding->set_host(host.id.value);
    binding->set_name(host.name);
  }
  persist(context, {orders.to_write(), {kNamesKey, names.SerializeAsString()}});
}

// While no engine of this host ran.
bool Node::State::hosts_file_edited() const {
  auto it = boot.stored.find(kNamesKey);
  wire::StoredNames then;
  if (it == boot.stored.end() || !then.ParseFromString(it->second)) return false;
  Names names;
  for (const auto& binding : then.bindings()) names.push_back(binding.name());
  std::sort(names.begin(), names.end());
  return names != succession.file;
}

std::optional<std::string> Node::refuse_renumbering(const Stored& stored, const Config& config) {
  auto it = stored.find(kNamesKey);
  wire::StoredNames names;
  if (it == stored.end() || !names.ParseFromString(it->second)) return std::nullopt;
  for (const auto& binding : names.bindings()) {
    const HostEntry* host = config.host(binding.name());
    if (host == nullptr || host->id.value == binding.host()) continue;
    return "host " + binding.name() + " was line " + std::to_string(binding.host()) +
           " of the hosts file and is now line " + std::to_string(host->id.value) +
           "; expected the same line (comment lines out instead of deleting them), or "
           "--accept-renumbering";
  }
  return std::nullopt;
}

std::optional<std::string> Node::refuse_renumbering(const Config& config) const {
  for (const HostEntry& known : state_->config.hosts) {
    const HostEntry* host = config.host(known.name);
    if (host == nullptr || host->id == known.id) continue;
    return "host " + known.name + " was line " + std::to_string(known.id.value) +
           " of the hosts file and is now line " + std::to_string(host->id.value) +
           "; expected the same line, or a restart with --accept-renumbering";
  }
  return std::nullopt;
}

// Messages and ended scripts say for themselves where they change anything of how this host is linked.
void Node::State::note_chores(const Event& event) {
  const bool quiet =
      std::holds_alternative<Received>(event) || std::holds_alternative<Tick>(event) ||
      std::holds_alternative<ScriptEnded>(event) || std::holds_alternative<ServiceKilled>(event) ||
      std::holds_alternative<ProbeAnswered>(event) || std::holds_alternative<SleepPlanned>(event) ||
      std::holds_alternative<FilesSaid>(event) || std::holds_alternative<ConfigPush>(event) ||
      std::holds_alternative<ConfigValidated>(event) ||
      std::holds_alternative<ConfigApplied>(event) || std::holds_alternative<AlertSent>(event) ||
      std::holds_alternative<Noticed>(event);
  if (quiet) return;
  secrets.due = true;
  if (!std::holds_alternative<Persisted>(event)) ways.due = true;
}

void Node::State::handle(Context& context, const Event& event) {
  std::visit([&](const auto& e) { on(context, e); }, event);
}

void Node::State::on(Context& context, const ScriptEnded& event) {
  for (auto& [name, service] : services)
    if (service.script_ended(context, *this, event)) break;
  dirty = true;
}

void Node::State::on(Context& context, const ServiceKilled& event) {
  Service* killed = service(event.service);
  if (killed == nullptr) return;
  if (!event.all) {
    context.alert(AlertKind::kStopFailed, event.service, Severity::kCritical,
                  "service " + event.service +
                      " was killed here, and it cannot be shown that nothing "
                      "of it is left");
    if (leases.contains(event.service) && killed->entry().fence == Fence::kReboot)
      context.emit(Reboot{"something of service " + event.service +
                          " may be left after its lease has ended"});
  }
  killed->killed(context, *this);
  dirty = true;
}

void Node::State::on(Context& context, const Persisted& event) {
  ledger_stored(context, event.ticket);
  auto it = continuations.find(event.ticket);
  if (it == continuations.end()) return;
  const Continuation next = std::move(it->second);
  continuations.erase(it);
  if (std::holds_alternative<StoredIncarnation>(next)) {
    speaking = true;
    incarnation_pause = Duration{};
    end_muteness(context);
    news[self] = LinkId{};
    greet_all(context);
  } else if (const auto* claim = std::get_if<StoredClaim>(&next)) {
    auto own_claim = claims.find(claim->service);
    if (own_claim != claims.end() && own_claim->second.ticket == event.ticket)
      own_claim->second.stored = true;
    disk.pause = Duration{};
  } else if (const auto* candidate = std::get_if<StoredCandidate>(&next)) {
    candidate_stored(context, *candidate);
    return;
  } else if (const auto* proof = std::get_if<StoredProof>(&next)) {
    proof_stored(context, *proof, event.ticket);
    return;
  } else if (const auto* grant = std::get_if<StoredGrant>(&next)) {
    grant_stored(context, *grant);
  } else if (const auto* remembered = std::get_if<StoredMemory>(&next)) {
    memory_stored(context, *remembered);
  } else if (const auto* set = std::get_if<StoredVoters>(&next)) {
    voters_stored(*set);
  } else if (const auto* vow = std::get_if<StoredVow>(&next)) {
    vow_stored(context, *vow);
  } else if (const auto* vouched = std::get_if<StoredVouch>(&next)) {
    vouch_stored(context, *vouched);
  } else if (std::holds_alternative<StoredTrial>(next)) {
    trial_stored(context);
  } else if (const auto* forgetting = std::get_if<StoredForgetting>(&next)) {
    secrets_forgotten(context, forgetting->request);
  } else if (std::holds_alternative<StoredUpkeeps>(next)) {
    upkeep_stored(event.ticket);
  } else if (const auto* begun = std::get_if<StoredBegun>(&next)) {
    begun_stored(context, *begun);
  } else if (const auto* pushed = std::get_if<StoredPushStep>(&next)) {
    push_stored(context, *pushed);
  } else {
    settings_stored(context, std::get<StoredSettings>(next).request, true, "");
  }
  dirty = true;
}

void Node::State::on(Context& context, const PersistFailed& event) {
  ledger.under_way.erase(event.ticket);
  auto it = continuations.find(event.ticket);
  if (it == continuations.end()) return;
  const Continuation next = std::move(it->second);
  continuations.erase(it);
  if (const auto* candidate = std::get_if<StoredCandidate>(&next)) {
    candidate_not_stored(context, *candidate);
    return;
  }
  if (const auto* proof = std::get_if<StoredProof>(&next)) {
    proof_not_stored(context, *proof, event.ticket);
    return;
  }
  dirty = true;
  if (const auto* forgetting = std::get_if<StoredForgetting>(&next)) {
    context.emit(Reply{forgetting->request, Refusal::kFailed,
                       "the secrets are forgotten only until a restart: " + event.reason});
  } else if (const auto* grant = std::get_if<StoredGrant>(&next)) {
    grant_not_stored(context, *grant, event.reason);
  } else if (std::holds_alternative<StoredMemory>(next)) {
    recollection.storing = false;
    recollection.ask_at = context.now.mono + config.dead_time;
  } else if (std::holds_alternative<StoredVouch>(next)) {
    vouch_not_stored();
  } else if (std::holds_alternative<StoredVoters>(next)) {
    succession.store_at = context.now.mono + config.dead_time;
  } else if (std::holds_alternative<StoredIncarnation>(next)) {
    incarnation_not_stored(context, event.reason);
  } else if (std::holds_alternative<StoredVow>(next) || std::holds_alternative<StoredTrial>(next) ||
             std::holds_alternative<StoredUpkeeps>(next)) {
    disk_refuses(context, event.reason);
  } else if (const auto* begun = std::get_if<StoredBegun>(&next)) {
    begun_not_stored(context, *begun, event.reason);
  } else if (const auto* pushed = std::get_if<StoredPushStep>(&next)) {
    push_not_stored(context, *pushed, event.reason);
  } else if (const auto* claim = std::get_if<StoredClaim>(&next)) {
    claim_not_stored(context, *claim, event.reason);
  } else {
    settings_stored(context, std::get<StoredSettings>(next).request, false, event.reason);
  }
}

void Node::State::on(Context& context, const LocalAddresses& event) {
  addresses = event.addresses;
  dirty = true;
  for (const HostEntry& host : config.hosts)
    if (mesh.full() || dialer.failures(host.id) > 0) dialer.at_once(host.id);
  static_cast<void>(context);
}

void Node::State::on(Context& context, const ConfigChanged& event) {
  const Names names_before = succession.file;
  const Config before = std::exchange(config, event.config);
  note_host_names();
  if (succession.file != names_before) begin_asking_anew(context.now.mono);
  links.configure(config.beat_interval, config.dead_time);
  dialer.configure(config.beat_interval, config.dead_time);
  configure_mesh();
  digest_at = kNever;
  for (auto& [node, at] : rotate_at)
    at = std::min<MonoTime>(at, context.now.mono + config.rekey_interval);
  access_dirty = true;
  for (const HostEntry& host : before.hosts) {
    const HostEntry* now = config.host(host.id);
    if (now != nullptr && now->name == host.name) {
      if (*now != host) dialer.at_once(host.id);
      continue;
    }
    dialer.forget(context, host.id);
    openings.forget(host.id);
    relay_waits.erase(host.id);
    if (hosts_announced.erase(host.id) > 0) context.emit(HostOffline{host.id, host.name});
    drop_links(
        context, [&](const Link& link) { return link.host == host.id; },
        "the host is no longer in the hosts file");
  }
  for (const HostEntry& host : config.hosts) announce_host(context, host.id);
  consider_hosts_file(context, names_before != succession.file);
  store_configuration(context);
  read_maintenance();
  configure_services(context);
  forget_watches();
  // What could not be applied may do now.
  if (!push.applying) push.apply_due = true;
  if (before.beat_interval != config.beat_interval || before.dead_time != config.dead_time)
    for (auto& [id, link] : links.all())
      if (link.greeted) say_hello(context, link, false);
  dirty = true;
}

void Node::State::on(Context& context, const Leave&) { begin_leaving(context, "asked to leave"); }

void Node::State::on(Context&, const Tick&) {}

void Node::State::begin_leaving(Context& context, const std::string& why) {
  if (leaving) return;
  leaving = true;
  dirty = ways.due = true;
  context.log(LogLevel::kInfo, "leaving the cluster: " + why);
}

void Node::State::leave_when_done(Context& context) {
  if (!leaving || left) return;
  for (const auto& [name, service] : services) {
    const bool dead = !leases.contains(name) || service.killed_whole();
    if (left_alone(name) && !service.checking()) continue;
    if (!service.idle() && !(service.stop_failed() && dead)) return;
  }
  left = true;
  for (PendingCommand& pending : commands)
    context.emit(
        Reply{pending.command.request, Refusal::kLeaving, "this host is leaving the cluster"});
  commands.clear();
  hand_over_alerts(context);
  if (push.own)
    context.emit(
        Reply{push.own->request, Refusal::kLeaving,
              "this host is leaving the cluster; what becomes of the push the others will tell"});
  push.own.reset();
  rebuild_record(context);
  for (auto& [id, box] : outboxes) box.not_before = MonoTime{};
  flood_pending(context);
  std::vector<LinkId> open;
  for (const auto& [id, link] : links.all()) open.push_back(id);
  for (LinkId id : open) context.emit(CloseLink{id, "this host leaves"});
  context.emit(Left{});
}

// A wake-up that comes later than the dead time means that this host slept, or stood still: the others
// have taken it for down, and may have taken over.
void Node::State::notice_stall(Context& context) {
  if (woken_at == kNever || context.now.mono <= woken_at + config.dead_time) return;
  distrust_view(context, "this host stood still for " + in_seconds(context.now.mono - woken_at));
}

StoreTicket Node::State::persist(Context& context, std::vector<Write> writes) {
  const StoreTicket ticket(next_ticket++);
  context.emit(Persist{ticket, std::move(writes)});
  return ticket;
}

// Everything that follows from what the event changed, in an order in which each part has what it needs:
// who is up, whether we may act, where services belong, what is owed to operators, what others are told.
void Node::State::decide(Context& context) {
  ++revision;
  for (int round = 0; dirty && round < kMaxRounds; ++round) {
    dirty = false;
    if (context.now.mono >= incarnation_again_at) store_incarnation(context);
    alerts.try_again(context.now.mono);
    receive_own_messages(context);
    refresh_members(context);
    count_electorate();
    settle_if_possible(context);
    confirm_session();
    drive_services(context);
    drive_maintenance(context);
    drive_push(context);
    lift_refusals(context);
    settle_commands(context);
  }
  leave_when_done(context);
  if (left) return;
  rebuild_record(context);
  drive_alerts(context);
  flood_pending(context);
  review_at = next_service_deadline(context.now.mono);
}

void Node::State::finish_step(Context& context) {
  gathered = false;
  if (left) return;
  for (LinkId id : links.tick(context)) {
    const Link* link = links.find(id);
    const std::string reason = link->established ? "silent for longer than the dead time"
                                                 : "no greeting within the dead time";
    drop_link(context, id, reason, true);
  }
  for (const wire::Setting& setting : settings.due(context.now.wall))
    if (settings.merge(context.now.wall, setting) == Merged::kApplied)
      apply_setting(context, setting, false);
  const MonoTime now = context.now.mono;
  drive_isolation(context);
  drive_disk(context);
  notice_sleep_over(context);
  drive_voters(context);
  if (own.clock_never_set() == was_ever_set(context.now.wall)) dirty = true;
  if (dirty || lease_due(now) || now >= review_at || now >= next_news() || now >= next_push(now) ||
      now >= ledger.tell_at || now >= alerts.at || now >= alerts.hosts.at ||
      now >= members.next_deadline(config.dead_time)) {
    dirty = true;
    decide(context);
    if (left) return;
  }
  if (now >= orders_ask_at) ask_again_for_orders(context);
  drive_memory(context);
  drive_renewals(context);
  drive_guards(context);
  drive_sleep(context);
  if (ways.is_due(now)) {
    drive_files(context);
    drive_mesh(context);
    drive_relays(context);
    // Who is expected is said before he is dialled: what authenticates him may have to be derived first.
    secrets.due = secrets.due || access_dirty || !met.empty();
    tell_access(context);
    dial_all(context);
    ways.done(std::min({next_dial(now), next_relay(), next_mesh()}));
  }
  if (access_dirty || !met.empty() || secrets.is_due(now)) {
    close_windows(now);
    drive_rotations(context);
    tell_access(context);
    secrets.done(next_rotation());
  }
  raise_what_was_said(context);
  MonoTime next = next_deadline(now);
  if (next <= now) next = now + kShortestWait;
  if (next != woken_at) {
    woken_at = next;
    if (next != kNever) context.emit(Wake{next});
  }
}

MonoTime Node::State::next_deadline(MonoTime now) const {
  return std::min({links.next_deadline(), members.next_deadline(config.dead_time), review_at,
                   ledger.tell_at, ways.at, secrets.at, isolation.look_at, disk.again_at,
                   disk.mute ? kNever : disk.mute_from, sleep.over_at, next_guard(), renew_at,
                   next_lease_deadline(now), next_voters_deadline(), next_news(), next_push(now),
                   alerts.at, alerts.hosts.at, orders_ask_at});
}

// ---------------------------------------------------------------------------------- for the shell

View Node::view(Now now) const { return state_->view(now); }

uint64_t Node::revision() const { return state_->revision; }

const Voters& Node::voters() const { return state_->voters; }

Node::Inspection Node::inspect() const {
  Inspection out;
  out.incarnation = state_->incarnation;
  out.settled = state_->settled;
  out.offline = state_->isolation.offline || state_->disk.mute;
  out.configuration_count = state_->orders.version().count;
  out.settings_digest = std::to_string(state_->settings.digest());
  for (const auto& [node, member] : state_->members.all()) {
    if (!member.up) continue;
    out.records_digest += node.brief() + ":" + std::to_string(member.record.incarnation()) + "." +
                          std::to_string(member.record.sequence()) + " ";
  }
  for (const auto& [service, epoch] : state_->voter.epochs())
    out.epochs.emplace_back(service, epoch);
  for (const OwnAlert& own : state_->alerts.raised)
    out.untold.push_back({own.alert.text, own.since});
  for (const auto& [key, watch] : state_->alerts.watches)
    if (watch.has_news()) out.untold.push_back({key, watch.news_since()});
  out.push = state_->push.kept.committed();
  out.push_applied = state_->push.kept.applied();
  out.push_undecided = state_->push.kept.prepared().has_value();
  return out;
}

}  // namespace cluster::core
