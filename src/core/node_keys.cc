// Who is let in, how pairs replace their secrets, and the way back for a host that lost its state.

#include <algorithm>

#include "base/digest.h"
#include "core/node_state.h"

namespace cluster::core {

namespace {

constexpr std::string_view kReadmitted = "readmitted/";
// How long an operator's word that the next new key of a host is right holds.
constexpr Duration kReadmissionWindow = minutes(10);
// A host that is refused dials again several times in so many dead times.
constexpr int kOutcastDeadTimes = 3;
// How often the same refused key is news.
constexpr Duration kRefusedKeyAgain = hours(1);
// In a row; one may be undone by a link that breaks.
constexpr uint32_t kFailedRotationsToTell = 5;

wire::Message rotation_message(wire::Rotation::Step step, const Generation& generation) {
  wire::Message message;
  message.mutable_rotation()->set_step(step);
  message.mutable_rotation()->set_count(generation.count);
  message.mutable_rotation()->set_hash(generation.hash);
  return message;
}

Generation generation_of(const wire::Rotation& rotation) {
  return {rotation.count(), rotation.hash()};
}

}  // namespace

// ---------------------------------------------------------------------------------------- admission

// What the handshake let in by what it had been told may have been overtaken by what is known now.
std::string Node::State::why_not_admitted(const LinkUp& up, MonoTime now) const {
  if (const auto window = readmitting.find(up.host);
      window != readmitting.end() && now < window->second && up.generation == Generation{})
    return "";
  const Keyring::Binding* known = keyring.binding(name_of(up.host));
  if (known != nullptr && known->node != up.node)
    return "its key " + up.node.brief() + " is not the one known for it, " + known->node.brief();
  return still_shared(up.host, up.node, up.generation)
             ? ""
             : "the secret that it used has been replaced";
}

// A handshake may have begun before the pair replaced its secret.
bool Node::State::still_shared(HostId host, const NodeId& node,
                               const Generation& generation) const {
  if (generation == Generation{}) return keyring.passphrases_open(name_of(host));
  // What handshakes go by until the proof of the next is stored.
  const auto unstored = proving.find(node);
  if (unstored != proving.end() && unstored->second.before.kept &&
      unstored->second.before.kept->generation == generation)
    return true;
  const Keyring::Pair& pair = keyring.pair(node);
  return (pair.kept && pair.kept->generation == generation) ||
         (pair.candidate && pair.candidate->generation == generation);
}

void Node::State::on(Context& context, const KeyRefused& event) {
  const Keyring::Binding* known = keyring.binding(name_of(event.host));
  if (known == nullptr || known->node == event.node) return;
  auto& [node, until] = refused_keys[event.host];
  if (node == event.node && context.now.mono < until) return;
  node = event.node;
  until = context.now.mono + kRefusedKeyAgain;
  const std::string name = name_of(event.host);
  context.alert(AlertKind::kKey, name, Severity::kCritical,
                "a host at " + event.address + " says that it is " + name + ", with the key " +
                    event.node.brief() + " instead of " + known->node.brief() +
                    "; it is refused. If " + name + " lost its state: clusterctl readmit " + name,
                Digest().add(name).add(event.node.raw()).value());
}

// The others know this host by another key. Until they let it in they run its services, so it starts none.
void Node::State::not_admitted(Context& context, HostId by) {
  if (outcast_until == MonoTime{})
    context.alert(AlertKind::kKey, name_of(config.self), Severity::kCritical,
                  "host " + name_of(by) +
                      " knows this host by another key; to be let in: "
                      "clusterctl readmit " +
                      name_of(config.self) + " on another host");
  outcast_until = context.now.mono + kOutcastDeadTimes * config.dead_time;
}

void Node::State::learn_key(Context& context, const LinkUp& up) {
  const std::string name = name_of(up.host);
  const Keyring::Binding* known = keyring.binding(name);
  const Keyring::Pair& pair = keyring.pair(up.node);
  if (known == nullptr) {
    persist(context, keyring.bind(name, {up.node, 0}));
  } else if (up.generation == Generation{}) {
    if (known->node != up.node || !keyring.passphrases_open(name))
      readmit(context, up.host, {up.node, known->readmission + 1});
    begin_anew(context, up.host, up.node);
  } else if (pair.candidate && pair.candidate->generation == up.generation) {
    secret_proved(context, up.host, up.node);
    // Whatever else this pair is linked by is older than that.
    drop_links(
        context, [&](const Link& link) { return link.node == up.node; },
        "the secret that it used has been replaced");
  }
  // At first contact at once; after a restart of this host the old secret counts as new.
  const Duration age_left = keyring.pair(up.node).kept ? config.rekey_interval : Duration{};
  rotate_at.try_emplace(up.node, context.now.mono + age_left);
  access_dirty = true;
}

// By the passphrases: what was shared before (with an old disk of that host) is of no use.
void Node::State::begin_anew(Context& context, HostId host, const NodeId& node) {
  if (!keyring.pair(node).kept) return;
  rotations.erase(node);
  proving.erase(node);
  rotate_at.erase(node);
  persist(context, keyring.begin_anew(name_of(host)));
}

void Node::State::readmit(Context& context, HostId host, const Keyring::Binding& binding) {
  const std::string name = name_of(host);
  readmitting.erase(host);
  context.alert(AlertKind::kKey, name, Severity::kWarning,
                "host " + name + " is let in again, with the key " + binding.node.brief());
  const wire::Setting setting =
      settings.write(context.now.wall, std::string(kReadmitted) + name, to_text(binding));
  if (settings.merge(context.now.wall, setting) == Merged::kApplied) {
    apply_setting(context, setting, false);
  } else {
    apply_readmission(context, setting);
  }
}

// A readmission that some member has allowed, and all follow.
void Node::State::apply_readmission(Context& context, const wire::Setting& setting) {
  if (!setting.key().starts_with(kReadmitted)) return;
  const std::string name = setting.key().substr(kReadmitted.size());
  const auto binding = parse_binding(setting.value());
  if (!binding || name == name_of(config.self)) return;
  // Counted from an older state than ours: the word holds, and the count goes on.
  const Keyring::Binding* known = keyring.binding(name);
  const HostEntry* host = config.host(name);
  if (known != nullptr && binding->readmission < known->readmission && host != nullptr)
    return readmit(context, host->id, {binding->node, known->readmission + 1});
  if (auto writes = keyring.bind(name, *binding); !writes.empty())
    persist(context, std::move(writes));
  access_dirty = true;
  if (host == nullptr) return;
  readmitting.erase(host->id);
  drop_links(
      context,
      [&](const Link& link) { return link.host == host->id && link.node != binding->node; },
      "another key was let in for this host");
}

void Node::State::learn_key_of_record(Context& context, const wire::Record& record,
                                      const NodeId& node) {
  const HostEntry* host = config.host(HostId(record.host()));
  if (host == nullptr || host->id == config.self || keyring.binding(host->name) != nullptr) return;
  persist(context, keyring.bind(host->name, {node, 0}));
  met.push_back(host->id);
}

void Node::State::open_for_readmission(Context& context, const Command& command) {
  readmitting[command.host] = context.now.mono + kReadmissionWindow;
  access_dirty = true;
  const std::string name = name_of(command.host);
  context.log(LogLevel::kInfo, "the next new key of host " + name + " is let in, for 10 minutes");
  context.emit(Reply{command.request, Refusal::kNone,
                     "the next new key of " + name + " is let in, for 10 minutes"});
}

// Its secrets are of no use any more (an old backup): it comes with the passphrases again.
// The disk is an older one: neither what it knows of secrets holds, nor what it has granted.
void Node::State::forget_secrets(Context& context, const Command& command) {
  lose_memory(context);
  auto writes = keyring.forget_all_pairs();
  if (writes.empty()) return secrets_forgotten(context, command.request);
  const StoreTicket ticket = persist(context, std::move(writes));
  continuations[ticket] = StoredForgetting{command.request};
  rotations.clear();
  proving.clear();
  rotate_at.clear();
  access_dirty = true;
  drop_links(
      context, [](const Link&) { return true; }, "this host has forgotten its secrets");
}

void Node::State::secrets_forgotten(Context& context, RequestId request) {
  context.emit(Reply{request, Refusal::kNone,
                     "this host has forgotten its secrets; let it in again on another host: "
                     "clusterctl readmit " +
                         name_of(config.self)});
}

// What the shell has to know to authenticate others; told only where it changes.
void Node::State::tell_access(Context& context) {
  const std::vector<HostId> only = std::exchange(met, {});
  if (!std::exchange(access_dirty, false)) {
    for (const HostId host : only)
      if (const HostEntry* entry = config.host(host)) tell_access_of(context, *entry);
    return;
  }
  for (const HostEntry& host : config.hosts) tell_access_of(context, host);
  std::erase_if(access_told,
                [&](const auto& entry) { return config.host(entry.first) == nullptr; });
}

void Node::State::tell_access_of(Context& context, const HostEntry& host) {
  if (host.id == config.self) return;
  SetAccess access;
  access.host = host.id;
  access.expected = wants(host.id);
  if (const Keyring::Binding* known = keyring.binding(host.name)) {
    access.node = known->node;
    const auto unstored = proving.find(known->node);
    const Keyring::Pair& pair =
        unstored == proving.end() ? keyring.pair(known->node) : unstored->second.before;
    access.secrets = pair.accepted(known->readmission);
  }
  const auto window = readmitting.find(host.id);
  access.open = window != readmitting.end() && context.now.mono < window->second;
  if (access.open &&
      std::find(access.secrets.begin(), access.secrets.end(), PairSecret{}) == access.secrets.end())
    access.secrets.emplace_back();
  const auto [told, first] = access_told.try_emplace(host.id, access);
  if (!first && told->second == access) return;
  told->second = access;
  context.emit(std::move(access));
}

void Node::State::close_windows(MonoTime now) {
  if (std::erase_if(readmitting, [&](const auto& entry) { return now >= entry.second; }) > 0)
    access_dirty = true;
}

// ---------------------------------------------------------------------------------------- rotation

bool Node::State::rotates(const Link& link) const {
  return config.self < link.host && links.session(link.node) == &link;
}

// When this end begins the next over that link; kNever: it does not. Over a session through others not before the first
// try for a direct link is over, nor during a later one, for a new secret would undo what comes of that: its ports
// would be in TIME_WAIT, and the way through the routers barred for long.
MonoTime Node::State::rotation_due(const Link& link) const {
  if (!rotates(link) || rotations.contains(link.node) || proving.contains(link.node)) return kNever;
  const MonoTime due = rotate_at.at(link.node);
  if (!link.relay) return due;
  return std::max({due, link.up_at + kOpeningAfter + kOpeningTime, openings.open_until(link.host)});
}

void Node::State::drive_rotations(Context& context) {
  const MonoTime now = context.now.mono;
  for (auto it = rotations.begin(); it != rotations.end();) {
    const bool late = now >= it->second.give_up_at;
    if (late && ++rotations_failed[it->first] == kFailedRotationsToTell)
      context.alert(AlertKind::kRotation, name_of(it->first), Severity::kWarning,
                    "the secret shared with " + name_of(it->first) + " could not be replaced in " +
                        std::to_string(kFailedRotationsToTell) + " tries; it stays in use");
    if (late)
      rotate_at[it->first] = now + context.rng.between(config.dead_time, 2 * config.dead_time);
    it = late ? rotations.erase(it) : std::next(it);
  }
  for (auto& [node, pending] : proving)
    if (now >= pending.again_at) store_proof(context, node, pending);
  for (const auto& [id, link] : links.all()) {
    if (now < rotation_due(link)) continue;
    begin_rotation(context, link, {keyring.pair(link.node).count() + 1, 0});
  }
}

void Node::State::begin_rotation(Context& context, const Link& link, const Generation& wanted) {
  Rotating& rotating = rotations[link.node];
  rotating = {link.id, wanted, {}, false, context.now.mono + config.dead_time};
  context.emit(DeriveSecret{link.id, wanted.count});
}

MonoTime Node::State::next_rotation() const {
  MonoTime next = kNever;
  for (const auto& [node, rotating] : rotations) next = std::min(next, rotating.give_up_at);
  for (const auto& [node, pending] : proving) next = std::min(next, pending.again_at);
  for (const auto& [id, link] : links.all()) next = std::min(next, rotation_due(link));
  for (const auto& [host, until] : readmitting) next = std::min(next, until);
  return next;
}

// The attempt that this link is for, if the link is still the one of its pair.
Rotating* Node::State::rotating_over(LinkId id) {
  const Link* link = links.find(id);
  if (link == nullptr || links.session(link->node) != link) return nullptr;
  auto it = rotations.find(link->node);
  return it == rotations.end() || it->second.link != id ? nullptr : &it->second;
}

void Node::State::on(Context& context, const SecretDerived& event) {
  Rotating* rotating = rotating_over(event.link);
  if (rotating == nullptr || event.secret.generation.count != rotating->wanted.count) return;
  const Link& link = *links.find(event.link);
  if (!rotates(link) && event.secret.generation != rotating->wanted) {
    context.log(LogLevel::kWarning, name_of(link.host) +
                                        " offers another secret than the one that follows from "
                                        "this session; it is not taken");
    rotations.erase(link.node);
    return;
  }
  rotating->secret = event.secret;
  const StoreTicket ticket =
      persist(context, keyring.with_candidate(name_of(link.host), link.node, event.secret));
  continuations[ticket] = StoredCandidate{link.node, event.link, event.secret.generation};
}

void Node::State::candidate_stored(Context& context, const StoredCandidate& stored) {
  Rotating* rotating = rotating_over(stored.link);
  if (rotating == nullptr || rotating->secret.generation != stored.generation) return;
  const Link& link = *links.find(stored.link);
  keyring.add_candidate(link.node, rotating->secret);
  access_dirty = true;
  if (rotates(link)) {
    rotating->offered = true;
    send(context, link, rotation_message(wire::Rotation::OFFER, stored.generation));
  } else {
    rotations.erase(link.node);
    accepted[link.node] = {link.id, links.newest_ordinal()};
    send(context, link, rotation_message(wire::Rotation::ACCEPTED, stored.generation));
  }
}

void Node::State::candidate_not_stored(Context& context, const StoredCandidate& stored) {
  rotations.erase(stored.node);
  rotate_at[stored.node] = context.now.mono + config.dead_time;
}

// The other end has the candidate: the former secret is dropped, here at once, and for handshakes once that is
// stored, for a crash before would bring it back.
void Node::State::secret_proved(Context& context, HostId host, const NodeId& node) {
  Proving& pending = proving[node];
  pending.host = host;
  pending.before = keyring.pair(node);
  keyring.promote(name_of(host), node);
  rotations_failed.erase(node);
  store_proof(context, node, pending);
  rotations.erase(node);
  rotate_at[node] = context.now.mono + config.rekey_interval;
}

void Node::State::store_proof(Context& context, const NodeId& node, Proving& pending) {
  pending.ticket = persist(context, keyring.writes_of(name_of(pending.host), node));
  pending.again_at = kNever;
  const Link* link = links.session(node);
  continuations[pending.ticket] = StoredProof{node, link == nullptr ? LinkId() : link->id};
}

void Node::State::proof_stored(Context& context, const StoredProof& stored, StoreTicket ticket) {
  const auto pending = proving.find(stored.node);
  if (pending == proving.end() || pending->second.ticket != ticket) return;
  proving.erase(pending);
  access_dirty = true;
  const Link* link = links.find(stored.link);
  if (link != nullptr && rotates(*link))
    send(context, *link,
         rotation_message(wire::Rotation::SETTLED, keyring.pair(stored.node).kept->generation));
}

void Node::State::proof_not_stored(Context& context, const StoredProof& stored,
                                   StoreTicket ticket) {
  const auto pending = proving.find(stored.node);
  if (pending == proving.end() || pending->second.ticket != ticket) return;
  // The disk may have either; both do, as long as no other takes their place. It is stored again later.
  pending->second.ticket = StoreTicket{};
  pending->second.again_at = context.now.mono + config.dead_time;
}

void Node::State::receive_rotation(Context& context, const Link& link,
                                   const wire::Rotation& rotation) {
  secrets.due = true;
  if (links.session(link.node) != &link) return;
  const Generation named = generation_of(rotation);
  const auto has_candidate = [&] {
    const auto& candidate = keyring.pair(link.node).candidate;
    return candidate && candidate->generation == named;
  };
  switch (rotation.step()) {
    case wire::Rotation::OFFER: {
      if (rotates(link) || proving.contains(link.node)) return;
      const Accepted& last = accepted[link.node];
      if (link.id != last.link && link.ordinal <= last.newest_ordinal) {
        drop_link(context, link.id, "its offer may be one that was given up since", true);
        return;
      }
      // Whoever goes on from our candidate has proved it: only its settling was lost.
      const Keyring::Pair& pair = keyring.pair(link.node);
      if (pair.candidate && named.count == pair.candidate->generation.count + 1)
        secret_proved(context, link.host, link.node);
      if (named.count == keyring.pair(link.node).count() + 1)
        begin_rotation(context, link, named);
      else
        drop_link(context, link.id, "its offer does not follow what is shared", true);
      return;
    }
    case wire::Rotation::ACCEPTED: {
      const Rotating* rotating = rotating_over(link.id);
      if (rotating != nullptr && rotating->offered && has_candidate())
        secret_proved(context, link.host, link.node);
      return;
    }
    case wire::Rotation::SETTLED:
      if (!rotates(link) && has_candidate()) secret_proved(context, link.host, link.node);
      return;
    default: return;  // of a newer version
  }
}

}  // namespace cluster::core
