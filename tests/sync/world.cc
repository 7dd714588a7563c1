#include "tests/sync/world.h"

#include <algorithm>
#include <cstdio>

#include "wire/files.pb.h"

namespace cluster::sync_sim {

using namespace sync;

namespace {

constexpr Duration kTrouble = seconds(60);
constexpr Duration kPeace = seconds(400);

char name_of_node(const std::string& node) {
  const bool copy = node[7] != 0;
  return static_cast<char>((copy ? 'a' : 'A') + (node[0] ^ (copy ? 0x5c : 0)) - 1);
}

std::string describe(const wire::FileEntry& entry) {
  std::string out = entry.deleted() ? " deleted {" : entry.unsure() ? " unsure {" : " {";
  for (const auto& one : entry.vector())
    out += std::string(1, name_of_node(one.node())) +
           std::to_string(static_cast<int>(one.node()[15])) + ":" +
           std::to_string(one.counter() % 1'000'000'000) + " ";
  return out + "} " + std::to_string(entry.state().type()) + " " + entry.state().content() +
         " mode " + std::to_string(entry.state().mode()) + " edited " +
         std::to_string(entry.edited().wall_us() % 1'000'000'000);
}

}  // namespace

World::World(uint64_t seed, bool told) : told_(told), rng_(seed) {
  const size_t hosts = 2 + rng_.below(4);
  if (rng_.chance(0.25)) mode_ = Mode::kOlder;
  // From numbers of its own: the other worlds are as they were.
  Rng own(~seed);
  if (own.chance(0.5)) tombstone_keep_ = own.between(milliseconds(1500), seconds(6));
  if (mode_ == Mode::kNewer && own.chance(0.3)) mode_ = Mode::kMerge;
  if (own.chance(0.3)) placed_at_once_ = 1 + own.below(4);
  Rng for_owner(~seed ^ 0x6f7765);
  if (mode_ == Mode::kNewer && for_owner.chance(0.3)) mode_ = Mode::kOwner;
  fenced_ = for_owner.chance(0.5);
  for (size_t i = 0; i < hosts; ++i) {
    hosts_.push_back(std::make_unique<Host>(*this, i, rng_.fork()));
    Host& host = *hosts_.back();
    host.set_mode(mode_);
    host.set_skew(rng_.between(milliseconds(-2000), milliseconds(2000)));
    if (told_)
      host.tell = [this, &host](const std::string& what) { tell(name_of(host) + ": " + what); };
  }
}

std::vector<HostId> World::host_ids() const {
  std::vector<HostId> out;
  for (size_t i = 0; i < hosts_.size(); ++i) out.emplace_back(static_cast<uint32_t>(i + 1));
  return out;
}

Host* World::of(NodeId node) {
  for (auto& host : hosts_)
    if (host->node() == node) return host.get();
  return nullptr;
}

// --------------------------------------------------------------------------------------- network

void World::send(const Host& from, NodeId to, std::string bytes) {
  Host* host = of(to);
  if (host == nullptr || !host->running() || !linked(from.index(), host->index())) return;
  sim::Instant& last = arrival_[{from.node(), to}];
  last = std::max(last, queue_.now() + rng_.between(microseconds(200), milliseconds(60)));
  const auto pair = pair_of(from.index(), host->index());
  queue_.at(last, [this, host, pair, number = link_number_[pair], node = from.node(), to,
                   bytes = std::move(bytes)] {
    if (links_.contains(pair) && link_number_[pair] == number && host->running() &&
        host->node() == to)
      host->hear(node, bytes);
  });
}

void World::meet(Host& a, Host& b) {
  if (!a.running() || !b.running()) return;
  ++link_number_[pair_of(a.index(), b.index())];
  a.linked(b);
  b.linked(a);
}

void World::link(size_t a, size_t b) {
  if (!links_.insert(pair_of(a, b)).second) return;
  meet(*hosts_[a], *hosts_[b]);
}

void World::cut(size_t a, size_t b) {
  if (links_.erase(pair_of(a, b)) == 0) return;
  if (hosts_[a]->running() && hosts_[b]->running()) {
    hosts_[a]->unlinked(*hosts_[b]);
    hosts_[b]->unlinked(*hosts_[a]);
  }
}

void World::started(Host& host) {
  for (auto& other : hosts_)
    if (other.get() != &host && linked(host.index(), other->index())) meet(host, *other);
}

void World::stopped(Host& host) {
  for (auto& other : hosts_)
    if (other.get() != &host && linked(host.index(), other->index()) && other->running())
      other->unlinked(host);
}

bool World::source_has(const Host& asker, const std::vector<NodeId>& sources,
                       const std::string& content) {
  return std::any_of(sources.begin(), sources.end(), [&](NodeId node) {
    const Host* source = of(node);
    return source != nullptr && source->running() && linked(asker.index(), source->index()) &&
           source->has(content);
  });
}

// ------------------------------------------------------------------------------------------ faults

// What a host whose memory is lost holds may be taken for older than it is, and what it had deleted may not have been told.
void World::nothing_said_of(Host& host) {
  for (const std::string& content : ended_by_[host.index()]) say_nothing_of(content);
  for (const auto& [path, found] : host.folder().all())
    if (found.state.type != FileType::kFolder) say_nothing_of(found.state.content);
}

// It takes what the others have, whatever its users did meanwhile.
void World::was_away(const Host& host) {
  away_.insert(host.index());
  for (const std::string& content : ended_by_[host.index()]) say_nothing_of(content);
}

void World::was_overruled(char host) {
  for (const std::string& content : ended_by_[static_cast<size_t>(host - 'A')])
    say_nothing_of(content);
}

void World::something_happens() {
  Host& host = *hosts_[rng_.below(hosts_.size())];
  const size_t other = rng_.below(hosts_.size());
  const uint64_t what = rng_.below(100);
  if (mode_ == Mode::kOwner) {
    if (rng_.chance(0.3)) settle_services();
    if (rng_.chance(0.05)) return move_service(host);
    // Few but the service write there.
    if (what < 60 && !host.serves() && rng_.chance(0.7)) return;
  }
  if (what < 60) {
    user_acts(host);
  } else if (what < 75 && other != host.index()) {
    const bool on = linked(host.index(), other);
    tell((on ? "cut " : "link ") + name_of(host) + " " + name_of(*hosts_[other]));
    on ? cut(host.index(), other) : link(host.index(), other);
  } else if (what < 85) {
    if (host.running()) {
      tell(name_of(host) + " crashes");
      for (const std::string& content : host.crash()) say_nothing_of(content);
    } else {
      tell(name_of(host) + " starts");
      host.start();
    }
  } else if (what < 87 && !host.running()) {
    tell(name_of(host) + " loses its state");
    nothing_said_of(host);
    host.lose_state();
  } else if (what < 90) {
    disk_failing_ = rng_.chance(0.3) ? 0.2 : 0;
  } else if (what < 94 && host.braked()) {
    const bool confirm = mode_ == Mode::kOwner || rng_.chance(0.5);
    tell(name_of(host) + (confirm ? " confirms" : " reverts"));
    // Whatever was deleted there is as it was.
    if (!confirm) {
      for (const auto* ended : {&replaced_, &replaced_copies_})
        for (const std::string& content : *ended) say_nothing_of(content);
    }
    host.order(confirm ? FileVerb::kConfirm : FileVerb::kRevert);
  } else if (what < 95) {
    const bool all = rng_.chance(0.5);
    const std::string path = all ? "" : some_path(host, true);
    tell(name_of(host) + " pushes " + (all ? "all" : path));
    if (all || !path.empty()) host.push(path);
  } else if (what < 96) {
    host.scan();
  } else if (what < 97) {
    if (host.running()) tell(name_of(host) + (host.paused() ? " resumes" : " pauses"));
    host.pause(!host.paused());
  } else if (what < 98) {
    set_clock(host, rng_.chance(0.6));
  }
}

// Whoever runs it stops; or else this host starts it, if nobody does whom it would have to ask.
void World::move_service(Host& host) {
  if (host.may_serve()) {
    tell(name_of(host) + " no longer serves");
    return host.end_service();
  }
  const auto in_the_way = [&](const auto& other) {
    return other->may_serve() && (fenced_ || linked(host.index(), other->index()));
  };
  if (!host.running() || std::any_of(hosts_.begin(), hosts_.end(), in_the_way)) return;
  const uint64_t epoch = fenced_ ? ++epoch_ : 1 + rng_.below(++epoch_);
  tell(name_of(host) + " asks to serve, epoch " + std::to_string(epoch));
  host.begin_service(epoch);
}

// Of two that see each other one stops.
void World::settle_services() {
  for (size_t a = 0; a < hosts_.size(); ++a)
    for (size_t b = a + 1; b < hosts_.size(); ++b)
      if (linked(a, b) && hosts_[a]->may_serve() && hosts_[b]->may_serve() &&
          hosts_[b]->running()) {
        tell(name_of(*hosts_[b]) + " gives way to " + name_of(*hosts_[a]));
        hosts_[b]->end_service();
      }
}

void World::placed_below_a_service(const Host& host, const std::string& path) {
  broken(path + " is put in place below the service that runs on " + name_of(host));
}

void World::set_clock(Host& host, bool wrong) {
  host.set_skew(rng_.between(milliseconds(-2000), milliseconds(2000)) +
                (wrong ? rng_.between(minutes(-100), minutes(100)) : Duration{}));
  tell("the clock of " + name_of(host) + (wrong ? " is set wrong" : " is set right"));
}

void World::make_peace() {
  tell("peace");
  disk_failing_ = 0;
  for (size_t a = 0; a < hosts_.size(); ++a)
    for (size_t b = a + 1; b < hosts_.size(); ++b) link(a, b);
  for (auto& host : hosts_) {
    host->pause(false);
    set_clock(*host, false);
    host->start();
  }
  for (auto& host : hosts_) host->scan();
}

// ------------------------------------------------------------------------------------------ checks

// What the host had last of its own, everybody whom it talks to has.
void World::pushed(const Host& host) {
  if (mode_ == Mode::kOwner) return;  // what is not its own is not taken
  const std::vector<PeerOfRoot> peers = host.engine().view().at(0).peers;
  for (const PeerOfRoot& peer : peers) {
    if (!peer.linked) continue;
    const Host& other = *hosts_.at(peer.host.value - 1);
    if (!other.running()) continue;
    const Root& theirs = *other.engine().root(kRoot);
    for (const auto& [path, held] : host.engine().root(kRoot)->all()) {
      const Held* there = theirs.held(path);
      if (held.deleted || !host.pushed_last(path)) continue;
      if (there == nullptr || !there->vector.knows(held.vector))
        broken(name_of(host) + " has pushed " + path + ", and " + name_of(other) + " has it not");
    }
  }
}

void World::broken(const std::string& what) {
  if (result_.broken.empty()) result_.broken = what;
  tell("BROKEN: " + what);
}

void World::tell(const std::string& what) {
  if (!told_) return;
  char time[32];
  std::snprintf(time, sizeof time, "%10.4f ", to_seconds(queue_.now()));
  result_.log += time + what + "\n";
}

// Whoever told of a version told of one thing.
void World::stored(const Host& host, const std::string& value, const std::string& key) {
  if (key.empty() || key[0] != 'e') return;
  wire::StoredEntry stored;
  stored.ParseFromString(value);
  if (!stored.has_entry()) return;
  const wire::FileEntry& entry = stored.entry();
  std::string version = entry.path() + '\0';
  for (const auto& one : entry.vector())
    version += one.node() + std::to_string(one.counter()) + " ";
  version += entry.edited().node() + std::to_string(entry.counter());
  const std::string means = entry.deleted() ? "deleted" : entry.state().SerializeAsString();
  const auto [at, fresh] = meaning_.emplace(version, means);
  if (!fresh && at->second != means)
    broken("a version of " + entry.path() + " means two things, the second at " + name_of(host) +
           (told_ ? describe(entry) : std::string()));
  else
    tell(name_of(host) + " stores " + entry.path() + describe(entry));
}

bool World::at_rest() const {
  return std::all_of(hosts_.begin(), hosts_.end(), [](const auto& host) {
    return host->running() && host->engine().unrest().empty() && !host->braked();
  });
}

void World::check_end() {
  if (!at_rest()) {
    std::string why;
    for (const auto& host : hosts_) {
      const std::string unrest = host->engine().unrest();
      if (unrest.empty() && !host->braked()) continue;
      why += std::string(why.empty() ? "" : "; ") + name_of(*host) + ": " + unrest;
      const RootView root = host->engine().view().at(0);
      for (const std::string& failing : root.failing) why += ", " + failing;
    }
    broken("no rest: " + why);
    return;
  }
  const auto& first = hosts_[0]->folder().all();
  for (const auto& host : hosts_)
    for (size_t i = 0; i < 2; ++i) {
      const auto& one = i == 0 ? first : host->folder().all();
      const auto& other = i == 0 ? host->folder().all() : first;
      for (const auto& [path, found] : one) {
        const auto at = other.find(path);
        if (at == other.end() || !(at->second.state == found.state))
          return broken("A and " + name_of(*host) + " differ in " + path);
      }
    }
  Parts there;
  for (const auto& [path, found] : first) {
    if (found.state.type != FileType::kFolder)
      there.insert(parts_[found.state.content].begin(), parts_[found.state.content].end());
    if (!is_copy(path) && replaced_.contains(found.state.content) &&
        !free_.contains(found.state.content))
      return broken(path + " holds again what was replaced or deleted: " + found.state.content);
  }
  if (collects() || mode_ == Mode::kOwner)
    for (const auto& host : hosts_)
      for (const std::string& content : host->retained())
        there.insert(parts_[content].begin(), parts_[content].end());
  for (const std::string& content : written_)
    if (!there.contains(content) && !dropped_.contains(content) && !free_.contains(content))
      return broken("nobody replaced or deleted it, and it is lost: " + content);
}

Result World::run() {
  tell(std::to_string(hosts_.size()) + " hosts, mode " + std::string(to_string(mode_)));
  for (size_t a = 0; a < hosts_.size(); ++a)
    for (size_t b = a + 1; b < hosts_.size(); ++b)
      if (rng_.chance(0.8)) link(a, b);
  for (auto& host : hosts_) {
    for (size_t i = rng_.below(8); i > 0; --i) user_acts(*host);
    if (rng_.chance(0.9)) host->start();
  }
  const Duration pace = rng_.between(milliseconds(30), seconds(1));
  while (queue_.now() < kTrouble && result_.broken.empty()) {
    const sim::Instant until = queue_.now() + rng_.between(microseconds(1), pace);
    while (queue_.run_next(until) && result_.broken.empty()) {
    }
    something_happens();
  }
  if (result_.broken.empty()) make_peace();
  const sim::Instant end = queue_.now() + kPeace;
  while (result_.broken.empty() && queue_.now() < end) {
    const sim::Instant until = queue_.now() + seconds(5);
    while (queue_.run_next(until) && result_.broken.empty()) {
    }
    if (mode_ == Mode::kOwner) {
      settle_services();
      if (std::none_of(hosts_.begin(), hosts_.end(), [](const auto& h) { return h->may_serve(); }))
        move_service(*hosts_[rng_.below(hosts_.size())]);
    }
    for (auto& host : hosts_)
      if (host->braked()) {
        tell(name_of(*host) + " confirms");
        host->order(FileVerb::kConfirm);
      }
    if (at_rest() && queue_.now() > end - kPeace + seconds(60)) break;
  }
  if (result_.broken.empty()) check_end();
  return result_;
}

Result run(uint64_t seed, bool told) { return World(seed, told).run(); }

}  // namespace cluster::sync_sim
