#include "core/links.h"

#include <algorithm>

namespace cluster::core {

namespace {

// Beats due within this part of an interval go out together, in one wake-up.
constexpr int kCoalesceDivisor = 2;

bool beats(const Link& link) { return link.established && !link.moved; }

}  // namespace

void Links::configure(Duration beat, Duration dead) {
  beat_ = beat;
  dead_ = dead;
}

Link& Links::add(Now now, const LinkUp& up) {
  Link link;
  link.id = up.link;
  link.node = up.node;
  link.host = up.host;
  link.address = up.address;
  link.dialled = static_cast<bool>(up.dial);
  link.ordinal = next_ordinal_++;
  link.generation = up.generation;
  link.relay = up.relay;
  link.beat = beat_;
  link.dead = dead_;
  link.up_at = link.last_received = link.last_beat = now.mono;
  return links_.insert_or_assign(up.link, std::move(link)).first->second;
}

void Links::erase(LinkId id) { links_.erase(id); }

Link* Links::find(LinkId id) {
  auto it = links_.find(id);
  return it == links_.end() ? nullptr : &it->second;
}

const Link* Links::to(const NodeId& node) const {
  for (const auto& [id, link] : links_)
    if (link.established && !link.relay && link.node == node) return &link;
  return nullptr;
}

const Link* Links::to(HostId host) const {
  for (const auto& [id, link] : links_)
    if (link.established && !link.relay && link.host == host) return &link;
  return nullptr;
}

const Link* Links::session(const NodeId& node) const {
  if (const Link* direct = to(node)) return direct;
  for (const auto& [id, link] : links_)
    if (link.established && !link.moved && link.node == node) return &link;
  return nullptr;
}

Link* Links::relayed(const NodeId& node) {
  for (auto& [id, link] : links_)
    if (link.relay && link.node == node) return &link;
  return nullptr;
}

bool Links::any(HostId host) const {
  return std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
    return !entry.second.relay && entry.second.host == host;
  });
}

void Links::hear(Now now, Link& link) {
  link.last_received = now.mono;
  link.graced = false;
}

void Links::hear_hello(Now now, Link& link, const wire::Hello& hello) {
  hear(now, link);
  link.heard_hello = true;
  link.peer_dialling = hello.dialling();
  link.peer_incarnation = hello.incarnation();
  link.beat = std::max(beat_, bounded_time(hello.beat_us()));
  link.dead = std::max(dead_, bounded_time(hello.dead_us()));
}

void Links::hear_beat(Context& context, Link& link, const wire::Beat& beat) {
  const MonoTime now = context.now.mono;
  link.peer_sent_us = beat.sent_us();
  link.peer_beat_at = now;
  const Duration up = now - link.up_at;
  if (beat.echo_us() != 0 && beat.echo_us() <= static_cast<uint64_t>(to_us(up))) {
    const Duration since = up - microseconds(static_cast<int64_t>(beat.echo_us()));
    const Duration held = bounded_time(beat.held_us());
    if (since >= held) link.rtt = since - held;
  }
  if (beats(link) && now - link.last_beat >= link.beat / 2) send_beat(context, link);
}

void Links::send_beat(Context& context, Link& link) {
  const MonoTime now = context.now.mono;
  wire::Message message;
  wire::Beat& beat = *message.mutable_beat();
  beat.set_sent_us(static_cast<uint64_t>(to_us(now - link.up_at)));
  if (link.peer_sent_us != 0) {
    beat.set_echo_us(link.peer_sent_us);
    beat.set_held_us(static_cast<uint64_t>(to_us(now - link.peer_beat_at)));
  }
  link.last_beat = now;
  context.emit(Send{link.id, message.SerializeAsString(), Priority::kControl});
}

bool Links::doubtful(MonoTime now) const {
  size_t established = 0, silent = 0;
  for (const auto& [id, link] : links_) {
    if (!link.established || link.relay) continue;
    ++established;
    silent += late(link, now);
  }
  return established >= 2 && 2 * silent > established;
}

MonoTime Links::silence_deadline(const Link& link) const {
  return link.last_received + link.dead + (link.graced ? link.beat : Duration{});
}

std::vector<LinkId> Links::tick(Context& context) {
  const MonoTime now = context.now.mono;
  bool due = false;
  std::vector<LinkId> silent;
  for (auto& [id, link] : links_) {
    if (now >= silence_deadline(link)) {
      if (link.established && !link.relay && !link.graced && doubtful(now)) {
        link.graced = true;
      } else {
        silent.push_back(id);
      }
    }
    due = due || (beats(link) && now >= link.last_beat + link.beat);
  }
  if (due) {
    for (auto& [id, link] : links_)
      if (beats(link) && now >= link.last_beat + link.beat - link.beat / kCoalesceDivisor)
        send_beat(context, link);
  }
  return silent;
}

MonoTime Links::next_deadline() const {
  MonoTime next = kNever;
  for (const auto& [id, link] : links_) {
    next = std::min(next, silence_deadline(link));
    if (beats(link)) next = std::min(next, link.last_beat + link.beat);
  }
  return next;
}

}  // namespace cluster::core
