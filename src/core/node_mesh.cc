// Which links this host keeps where there are too many hosts for a link with each, and how news goes over few links
// without going over each of them many times.

#include <algorithm>

#include "core/node_state.h"

namespace cluster::core {

namespace {

// A host that was not linked for so many dead times is missed: another takes its place.
constexpr int kMissedAfter = 4;
// A link that nothing asks for any more stays for so many dead times.
constexpr int kSpareAfter = 12;
// Of a part of the mesh about so many hosts try in each dead time whether there is another part.
constexpr size_t kExplorersAtOnce = 8;
// News goes out at once over a link that has been quiet, and then after pauses that grow while there is more.
constexpr Duration kFirstFloodPause = milliseconds(10);
constexpr Duration kLongestFloodPause = milliseconds(200);
// Likewise new edges of this host: its first is told at once, so that it is seen.
constexpr Duration kFirstEdgePause = milliseconds(100);
constexpr Duration kLongestEdgePause = milliseconds(400);
constexpr Duration kCompareAfter = milliseconds(500);

Duration grown(Duration pause, bool rested, Duration first, Duration longest) {
  return rested || pause == Duration{} ? first : std::min<Duration>(2 * pause, longest);
}

}  // namespace

bool Node::State::linked_with(HostId host) const { return links.to(host) != nullptr; }

void Node::State::configure_mesh() {
  mesh.configure(config);
  members.many(mesh.crowded());
  mesh_state = {};
  ways.due = true;
}

bool Node::State::wants(HostId host) const {
  // A new key has to come here to be let in.
  return mesh.full() || host == mesh_state.explored || readmitting.contains(host) ||
         std::binary_search(mesh_state.wanted.begin(), mesh_state.wanted.end(), host);
}

void Node::State::drive_mesh(Context& context) {
  if (mesh.full() || leaving) return;
  choose_links(context);
  explore(context);
  spare_links(context);
  // Of whom others tell nothing has to be known here.
  const size_t told = std::erase_if(lost, [&](const auto& entry) {
    const Member* member = members.find(entry.first);
    return member != nullptr && member->reachable && !wants(member->host);
  });
  dirty = dirty || told > 0;
}

void Node::State::choose_links(Context& context) {
  const MonoTime now = context.now.mono;
  const Duration patience = kMissedAfter * config.dead_time;
  auto& without = mesh_state.without_link;
  std::erase_if(without, [&](const auto& entry) { return linked_with(entry.first); });
  // Nobody stands in for hosts that may be just about to come.
  const auto& places = mesh.places();
  const bool late = std::any_of(places.begin(), places.end(), [&](HostId host) {
    const auto since = without.find(host);
    return since != without.end() && now >= since->second + config.dead_time;
  });
  std::vector<HostId> wanted = mesh.choose([&](HostId host) {
    const auto since = without.find(host);
    const bool place = std::binary_search(places.begin(), places.end(), host);
    return Mesh::Standing{(late || place) && members.up(host),
                          since != without.end() && now >= since->second + patience};
  });
  mesh_state.choose_at = kNever;
  for (const HostId host : wanted) {
    if (linked_with(host)) continue;
    const auto [since, fresh] = without.try_emplace(host, now);
    for (const Duration wait : {Duration(config.dead_time), patience})
      if (now < since->second + wait)
        mesh_state.choose_at = std::min(mesh_state.choose_at, since->second + wait);
    if (fresh && !mesh.dials_first(host))
      dialer.hold(host, now + context.rng.between(config.beat_interval / 2, config.beat_interval));
  }
  // What was missed is tried again once it is asked for anew, if not before long.
  std::erase_if(without, [&](const auto& entry) {
    return !std::binary_search(wanted.begin(), wanted.end(), entry.first) &&
           now >= entry.second + kSpareAfter * patience;
  });
  for (const HostId host : mesh_state.wanted)
    if (!std::binary_search(wanted.begin(), wanted.end(), host)) dialer.cancel(context, host);
  if (wanted == mesh_state.wanted) return;
  mesh_state.wanted = std::move(wanted);
  access_dirty = true;
}

// Two parts of a mesh that know nothing of each other, of whom none is at another's places: each host now and then
// tries one of those that it does not see.
void Node::State::explore(Context& context) {
  const MonoTime now = context.now.mono;
  if (mesh_state.explored != HostId{} && !dialer.dialling(mesh_state.explored) &&
      dialer.failures(mesh_state.explored) > 0)
    mesh_state.explored = HostId{};
  if (now < mesh_state.explore_at) return;
  const bool alone = std::none_of(links.all().begin(), links.all().end(), [](const auto& entry) {
    return entry.second.established && !entry.second.relay;
  });
  // Not where all may be starting: each try may cost both ends a line to derive, while the first links wait for theirs.
  const bool first = mesh_state.explore_at == MonoTime::min();
  const Duration pause =
      alone && !first && !keyring.empty() ? config.beat_interval : config.dead_time;
  mesh_state.explore_at = now + context.rng.between(pause, 2 * pause);
  mesh_state.explored = HostId{};
  if (first) return;
  std::vector<HostId> unseen;
  for (const HostId host : mesh.others())
    if (!members.up(host) && !links.any(host) && !wants(host)) unseen.push_back(host);
  if (unseen.empty()) {
    mesh_state.explore_at = kNever;
    return;
  }
  // Of those who see the same a few try.
  if (context.rng.below(1 + hosts_announced.size() / kExplorersAtOnce) > 0) return;
  mesh_state.explored = unseen[context.rng.below(unseen.size())];
  dialer.at_once(mesh_state.explored);
  access_dirty = true;
}

// Only whoever made a link ends it, and not where nobody else leads to its other end.
void Node::State::spare_links(Context& context) {
  const MonoTime now = context.now.mono;
  auto& since = mesh_state.spare_since;
  mesh_state.spare_at = kNever;
  std::vector<LinkId> spared;
  for (const auto& [id, link] : links.all()) {
    if (!link.established || link.relay || !link.dialled || wants(link.host)) {
      since.erase(id);
      continue;
    }
    const MonoTime at = since.try_emplace(id, now).first->second + kSpareAfter * config.dead_time;
    if (now < at) {
      mesh_state.spare_at = std::min(mesh_state.spare_at, at);
    } else if (members.reachable_around(links, link.node)) {
      spared.push_back(id);
    } else {
      since[id] = now;
      mesh_state.spare_at = std::min(mesh_state.spare_at, now + kSpareAfter * config.dead_time);
    }
  }
  std::erase_if(since, [&](const auto& entry) { return links.find(entry.first) == nullptr; });
  for (const LinkId id : spared) {
    Link* link = links.find(id);
    wire::Message message;
    message.mutable_spared();
    send(context, *link, message);
    link->spared = true;
    drop_link(context, id, "other links serve as well", true);
  }
}

MonoTime Node::State::next_mesh() const {
  if (mesh.full() || leaving) return kNever;
  return std::min({mesh_state.choose_at, mesh_state.explore_at, mesh_state.spare_at});
}

// Somebody who was not there may be now.
void Node::State::mesh_changed(const UpChange& change) {
  if (mesh.full()) return;
  if (!change.up) {
    if (mesh_state.explore_at == kNever) mesh_state.explore_at = MonoTime::min();
  } else if (wants(change.host) && !links.any(change.host) && mesh.dials_first(change.host)) {
    dialer.at_once(change.host);
  }
}

// ------------------------------------------------------------------------------------------------ news

// Which of its links this host tells others of.
void Node::State::tell_edges(MonoTime now) {
  std::set<LinkId> counting;
  for (const auto& [id, link] : links.all())
    if (members.counts(link)) counting.insert(id);
  EdgePace& pace = edge_pace;
  pace.due = kNever;
  if (counting == pace.told) return;
  const bool grows =
      std::includes(counting.begin(), counting.end(), pace.told.begin(), pace.told.end());
  if (mesh.crowded() && grows && !pace.told.empty() && now < pace.not_before) {
    pace.due = pace.not_before;
    return;
  }
  pace.told = std::move(counting);
  pace.pause = grown(pace.pause, now >= pace.not_before + kLongestEdgePause, kFirstEdgePause,
                     kLongestEdgePause);
  pace.not_before = now + pace.pause;
}

void Node::State::queue_news() {
  for (const auto& [id, link] : links.all()) {
    if (!link.established || link.relay) continue;
    Outbox& box = outboxes[id];
    if (news.contains(link.node)) {
      for (const NodeId& node : box.left_to_them)
        if (!members.joined(node, link.node)) box.owed.insert(node);
      std::erase_if(box.left_to_them, [&](const NodeId& node) { return box.owed.contains(node); });
    }
    for (const auto& [node, source] : news) {
      if (source == id || node == link.node) continue;
      const bool told_there = node != self && members.joined(node, link.node);
      (told_there ? box.left_to_them : box.owed).insert(node);
      (told_there ? box.owed : box.left_to_them).erase(node);
    }
  }
  news.clear();
}

void Node::State::send_news(Context& context) {
  const MonoTime now = context.now.mono;
  for (auto it = outboxes.begin(); it != outboxes.end();) {
    const Link* link = links.find(it->first);
    if (link == nullptr) {
      it = outboxes.erase(it);
      continue;
    }
    Outbox& box = it++->second;
    if (box.owed.empty() || now < box.not_before) continue;
    std::vector<const wire::Record*> records;
    for (const NodeId& node : box.owed) records.push_back(&members.find(node)->record);
    send_records(context, *link, records, false);
    box.owed.clear();
    box.pause = grown(box.pause, now >= box.not_before + kLongestFloodPause, kFirstFloodPause,
                      kLongestFloodPause);
    box.not_before = now + box.pause;
  }
}

// The peer has just told of it, so it need not be told.
void Node::State::peer_has(const Link& link, const NodeId& node) {
  const auto box = outboxes.find(link.id);
  if (box == outboxes.end()) return;
  box->second.owed.erase(node);
  box->second.left_to_them.erase(node);
}

MonoTime Node::State::next_news() const {
  MonoTime next = std::min(edge_pace.due, digest_at);
  for (const auto& [id, box] : outboxes)
    if (!box.owed.empty()) next = std::min(next, box.not_before);
  return next;
}

// Not before a change of settings has come around, or neighbours would tell each other what is on its way.
void Node::State::tell_digest(Context& context) {
  if (!mesh.crowded()) return;
  const MonoTime now = context.now.mono;
  const uint64_t digest = settings.digest();
  std::vector<Link*> behind;
  for (auto& [id, link] : links.all())
    if (link.established && !link.relay && link.digest_told != digest) behind.push_back(&link);
  if (behind.empty()) {
    digest_at = kNever;
    return;
  }
  if (digest_at == kNever) digest_at = now + kCompareAfter;
  if (now < digest_at) return;
  digest_at = kNever;
  wire::Message message;
  message.mutable_compared()->set_settings_digest(digest);
  for (Link* link : behind) {
    link->digest_told = digest;
    send(context, *link, message);
  }
}

}  // namespace cluster::core
