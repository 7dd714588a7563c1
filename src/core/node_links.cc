#include <google/protobuf/arena.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/node_state.h"
#include "wire/framing.h"

namespace cluster::core {

namespace {

constexpr Duration kClockAlertPause = minutes(10);
// What goes into one message, where there is more: well below what a peer takes.
constexpr int kSettingsPerMessage = 512;
// As much as most messages take once they are read.
constexpr size_t kRoomToRead = 4096;
static_assert(kSettingsPerMessage <= kMaxSettingsPerMessage);

}  // namespace

// --------------------------------------------------------------------------------- coming and going

void Node::State::on(Context& context, const LinkUp& event) {
  const HostEntry* host = config.host(event.host);
  if (host == nullptr || event.host == config.self || event.node == self) {
    context.emit(CloseLink{event.link, "no other host of the hosts file"});
    return;
  }
  if (const std::string why = why_not_admitted(event, context.now.mono); !why.empty()) {
    context.log(LogLevel::kWarning, "host " + name_of(event.host) + " is not let in: " + why);
    context.emit(CloseLink{event.link, why});
    if (event.dial) dialer.failed(context, event.host);
    return;
  }
  if (Relay* relay = relays.find(event.relay); relay != nullptr) {
    relay->linked = true;
  } else if (event.relay) {
    context.emit(CloseLink{event.link, "the session that it ran over has ended"});
    return;
  }
  learn_key(context, event);
  // Of two crossing dials the lower ID's stays, so ours is not needed where the peer is lower.
  if (!event.dial && !event.relay && event.host < config.self) dialer.cancel(context, event.host);
  if (event.dial) dialer.linked(event.host);
  Link& link = links.add(context.now, event);
  if (speaking) greet(context, link);
}

void Node::State::on(Context& context, const LinkDown& event) {
  drop_link(context, event.link, event.reason, false);
}

void Node::State::say_hello(Context& context, const Link& link, bool dialling) {
  wire::Message message;
  wire::Hello& hello = *message.mutable_hello();
  hello.set_protocol(kProtocol);
  hello.set_incarnation(incarnation);
  hello.set_beat_us(static_cast<uint64_t>(to_us(config.beat_interval)));
  hello.set_dead_us(static_cast<uint64_t>(to_us(config.dead_time)));
  hello.set_dialling(dialling);
  send(context, link, message);
}

void Node::State::greet(Context& context, Link& link) {
  bool dialling = dialer.dialling(link.host);
  for (const auto& [id, other] : links.all())
    dialling = dialling || (id != link.id && other.node == link.node && other.dialled);
  say_hello(context, link, dialling && !link.dialled && !link.relay);
  link.greeted = true;
  establish(context, link.id);
}

void Node::State::greet_all(Context& context) {
  for (LinkId id : links.where([](const Link& link) { return !link.greeted; }))
    if (Link* link = links.find(id)) greet(context, *link);
}

void Node::State::establish(Context& context, LinkId id) {
  Link* link = links.find(id);
  if (link == nullptr || link->established || !link->greeted || !link->heard_hello) return;
  if (!still_shared(link->host, link->node, link->generation)) return overtaken(context, *link);
  if (link->relay) return established_through_others(context, *link);
  if (give_way(context, *link)) return;
  link->established = true;
  ways.due = secrets.due = true;
  if (Link* relayed = links.relayed(link->node)) move_from(context, *relayed);
  lost.erase(link->node);
  probes.erase(link->host);
  dialer.at_once(link->host);
  openings.forget(link->host);
  context.log(bad_input.link_level(context.now.mono, link->host),
              "linked with " + name_of(link->host) + " (" + link->address +
                  (link->dialled ? ", dialled)" : ", accepted)"));
  send_everything(context, *link);
  dirty = true;
}

// The pair has replaced its secret meanwhile, over its session through others. How the two got through to each other
// is no less open to the next handshake, so that is tried at once.
void Node::State::overtaken(Context& context, const Link& link) {
  context.log(LogLevel::kInfo, "a link with " + name_of(link.host) + " (" + link.address +
                                   ") begins anew: the secret that it used has been replaced");
  openings.forget(link.host);
  drop_link(context, link.id, "the secret that it used has been replaced", true);
}

void Node::State::established_through_others(Context& context, Link& link) {
  link.established = true;
  ways.due = secrets.due = true;
  relay_waits.erase(link.host);
  const auto hop = members.next_hop(link.node);
  context.log(LogLevel::kInfo, "joined with " + name_of(link.host) +
                                   (hop ? " through " + name_of(*hop) : std::string()));
  if (links.to(link.node) != nullptr) move_from(context, link);
  dirty = true;
}

// A pair keeps one link: the newest, but of two dials that crossed the lower ID's. True: `fresh` went.
bool Node::State::give_way(Context& context, Link& fresh) {
  std::vector<Link*> others;
  for (auto& [id, other] : links.all())
    if (id != fresh.id && other.established && !other.relay && other.host == fresh.host)
      others.push_back(&other);
  for (Link* other : others) {
    if (other->node != fresh.node && !Links::late(*other, context.now.mono)) {
      context.alert(AlertKind::kKey, name_of(fresh.host), Severity::kWarning,
                    "two nodes at once say that they are " + name_of(fresh.host) +
                        "; the newcomer at " + fresh.address + " is turned away");
      drop_link(context, fresh.id, "another node is linked as this host", true);
      return true;
    }
    const Link& ours = other->dialled ? *other : fresh;
    const bool crossed = other->node == fresh.node && other->dialled != fresh.dialled &&
                         ours.peer_dialling && other->peer_incarnation == fresh.peer_incarnation;
    const bool other_is_lowers = other->dialled == (config.self < fresh.host);
    other->peer_dialling = fresh.peer_dialling = false;
    if (crossed && other_is_lowers) {
      drop_link(context, fresh.id, "the dial that crossed it stays", true);
      return true;
    }
    drop_link(context, other->id, "replaced by a newer link", true);
  }
  return false;
}

void Node::State::drop_link(Context& context, LinkId id, const std::string& reason, bool close) {
  Link* found = links.find(id);
  if (found == nullptr) return;
  const Link link = *found;
  links.erase(id);
  std::erase_if(rotations, [&](const auto& entry) { return entry.second.link == id; });
  if (close) context.emit(CloseLink{id, reason});
  dirty = ways.due = secrets.due = true;
  if (link.relay) {
    if (link.established && !link.moved)
      context.log(bad_input.link_level(context.now.mono, link.host),
                  "no longer joined with " + name_of(link.host) + ": " + reason);
    return;
  }
  dialer.link_lost(link.host, link.rtt);
  if (!link.established || links.to(link.node) != nullptr || link.spared) return;
  const bool replaced = std::any_of(links.all().begin(), links.all().end(), [&](const auto& entry) {
    const Link& other = entry.second;
    return other.node == link.node && !other.relay && other.greeted && other.heard_hello;
  });
  if (replaced) return;
  // It was left for the link that has ended now: a new one is made.
  if (const Link* relayed = links.relayed(link.node); relayed != nullptr && relayed->moved)
    drop_link(context, relayed->id, "the direct link has ended", true);
  context.log(bad_input.link_level(context.now.mono, link.host),
              "link with " + name_of(link.host) + " ended: " + reason);
  LostLink loss{link.peer_incarnation, context.now.mono - link.last_received, wire::Lost::SILENT};
  const Member* member = members.find(link.node);
  if (member != nullptr && member->record.leaving()) loss.proof = wire::Lost::GOODBYE;
  lost[link.node] = loss;
  members.lost_link(link.node, link.last_received);
  if (close || link.dialled || member == nullptr) return;
  std::optional<DialTarget> target = parse_address(link.address);
  if (target && own_address(*member, *target)) {
    target->own = true;
    probes[link.host] = *target;
  }
}

// ---------------------------------------------------------------------------------------- messages

void Node::State::on(Context& context, const Received& event) {
  Link* link = links.find(event.link);
  if (link == nullptr) return;
  Links::hear(context.now, *link);
  // Read into memory that is given back at once: what is kept of a message is copied out of it.
  alignas(std::max_align_t) std::array<char, kRoomToRead> room;
  google::protobuf::Arena arena(room.data(), room.size());
  wire::Message& message = *google::protobuf::Arena::CreateMessage<wire::Message>(&arena);
  const bool parsed = message.ParseFromString(event.bytes);
  if (gathered && !message.has_flood() && !message.has_beat()) {
    finish_step(context);
    link = links.find(event.link);
    if (link == nullptr || left) return;
  }
  auto fault = parsed ? unsound(message) : kUnreadable;
  if (!fault && !message.has_hello() && !link->established) fault = "it comes before the greeting";
  if (fault) return refuse_message(context, *link, *fault);
  if (message.has_hello()) {
    links.hear_hello(context.now, *link, message.hello());
    establish(context, event.link);
    return;
  }
  if (link->relay) return receive_through_others(context, *link, message);
  switch (message.body_case()) {
    case wire::Message::kBeat: links.hear_beat(context, *link, message.beat()); break;
    case wire::Message::kFlood: receive_flood(context, *link, message.flood()); break;
    case wire::Message::kSettings: receive_settings(context, *link, message.settings()); break;
    case wire::Message::kRouted: receive_routed(context, message.routed()); break;
    case wire::Message::kRotation: receive_rotation(context, *link, message.rotation()); break;
    case wire::Message::kCompared:
      compare_settings(context, *link, message.compared().settings_digest());
      break;
    case wire::Message::kSpared: link->spared = true; break;
    case wire::Message::kFiles: receive_files(context, *link, message.files()); break;
    default: break;  // of a newer version: not for us
  }
}

void Node::State::refuse_message(Context& context, const Link& link, const std::string& fault) {
  bad_input.note(context, link.host, name_of(link.host) + " (" + link.address + ")", fault);
  drop_link(context, link.id, "malformed message", true);
  gathered = false;
}

// What the pair says to each other alone: the graph is known from neighbours.
void Node::State::receive_through_others(Context& context, Link& link,
                                         const wire::Message& message) {
  switch (message.body_case()) {
    case wire::Message::kBeat: links.hear_beat(context, link, message.beat()); break;
    case wire::Message::kRotation: receive_rotation(context, link, message.rotation()); break;
    case wire::Message::kRouted:
      if (message.routed().to() == self.raw() && message.routed().from() == link.node.raw())
        receive_routed(context, message.routed());
      break;
    case wire::Message::kFiles: receive_files(context, link, message.files()); break;
    case wire::Message::kMoved:
      link.peer_moved = true;
      if (link.moved) drop_link(context, link.id, "there is a direct link", true);
      break;
    default: break;
  }
}

void Node::State::send(Context& context, const Link& link, const wire::Message& message,
                       Priority priority) {
  std::string bytes = message.SerializeAsString();
  if (bytes.size() > wire::kMaxFrameBytes) {
    context.log(LogLevel::kError, "a message of " + std::to_string(bytes.size()) +
                                      " bytes is not sent: it is too large for a frame");
    return;
  }
  context.emit(Send{link.id, std::move(bytes), priority});
}

void Node::State::send_settings(Context& context, const Link& link,
                                const std::vector<wire::Setting>& entries) {
  wire::Message message;
  size_t bytes = 0;
  for (const wire::Setting& setting : entries) {
    if (message.settings().settings_size() == kSettingsPerMessage || bytes > kBytesPerMessage) {
      send(context, link, message);
      message.Clear();
      bytes = 0;
    }
    *message.mutable_settings()->add_settings() = setting;
    bytes += setting.ByteSizeLong();
  }
  if (message.has_settings()) send(context, link, message);
}

void Node::State::send_everything(Context& context, const Link& link) {
  send_settings(context, link, settings.all());
  rebuild_record(context);
  std::vector<const wire::Record*> records;
  for (const auto& [node, member] : members.all()) records.push_back(&member.record);
  send_records(context, link, records, true);
  outboxes.erase(link.id);
}

void Node::State::receive_settings(Context& context, Link& link, const wire::Stamped& stamped) {
  std::vector<wire::Setting> applied;
  for (const wire::Setting& setting : stamped.settings()) {
    switch (settings.merge(context.now.wall, setting)) {
      case Merged::kOld:
      case Merged::kInvalid: break;
      case Merged::kTooFarAhead: {
        wire::Routed refusal;
        *refusal.mutable_setting_refused()->mutable_setting() = setting;
        refusal.mutable_setting_refused()->set_now_us(wall_us(context.now.wall));
        route(context, link.node, std::move(refusal));
        break;
      }
      case Merged::kApplied:
        applied.push_back(setting);
        apply_setting(context, setting, true);
        break;
    }
  }
  if (!applied.empty()) store_settings(context, applied);
}

void Node::State::setting_refused(Context& context, const NodeId& from,
                                  const wire::SettingRefused& refusal) {
  const auto judges = std::count_if(links.all().begin(), links.all().end(), [&](const auto& entry) {
    const Member* member = members.find(entry.second.node);
    return entry.second.established && !entry.second.relay &&
           !(member != nullptr && member->record.clock_never_set());
  });
  const wire::Setting& setting = refusal.setting();
  const auto again = settings.refused(context.now.wall, from, setting, refusal.now_us(),
                                      static_cast<size_t>(judges));
  if (!again) return;
  if (!is_ahead(setting.wall_us(), wall_us(context.now.wall)) &&
      context.now.mono >= clock_alert_again_at) {
    clock_alert_again_at = context.now.mono + kClockAlertPause;
    context.alert(AlertKind::kClock, name_of(config.self), Severity::kWarning,
                  "this host's clock is ahead of those of most others; its settings "
                  "are stamped anew");
  }
  persist(context, {Settings::to_write(*again)});
  setting_news.push_back(*again);
  dirty = true;
}

// Whatever a link has lost, or a wrong clock has refused, comes to light where two neighbours compare.
void Node::State::compare_settings(Context& context, const Link& link, uint64_t theirs) {
  const uint64_t ours = settings.digest();
  if (theirs == 0 || theirs == ours || !link.established) return;
  auto& told = settings_compared[link.node];
  if (told == std::make_pair(ours, theirs)) return;
  told = {ours, theirs};
  send_settings(context, link, settings.all());
}

void Node::State::refresh_members(Context& context) {
  members_line.reset();
  for (const UpChange& change : members.refresh(context.now, links, config.dead_time)) {
    ways.due = alerts.hosts.due = true;
    mesh_changed(change);
    if (!change.up) voter.forget(change.node);
    announce_host(context, change.host);
  }
}

// A host may have two nodes at a time: one that was, and one with a new key.
void Node::State::announce_host(Context& context, HostId id) {
  const HostEntry* host = config.host(id);
  const bool up = members.up(id);
  if (host == nullptr || id == config.self || hosts_announced.contains(id) == up) return;
  if (up) {
    hosts_announced.insert(id);
    context.emit(HostOnline{id, host->name});
  } else {
    hosts_announced.erase(id);
    context.emit(HostOffline{id, host->name});
  }
}

}  // namespace cluster::core
