#include "sync/sync.h"

#include <algorithm>
#include <chrono>

#include "core/hlc.h"
#include "sync/messages.h"

namespace cluster::sync {

namespace {

// Of those that a peer says it has, whether they are here or not.
constexpr size_t kMaxRootsOfPeer = 4096;
// A clock that was set by more than this is told anew.
constexpr Duration kClockStep = seconds(10);

}  // namespace

bool RootConfig::takes_part(HostId host) const {
  return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

Sync::Sync(Self self, const StoredIndex& stored, uint64_t seed)
    : self_(std::move(self)), rng_(seed) {
  for (const auto& [key, value] : stored) {
    if (key.empty()) continue;
    const size_t end = std::min(key.find('\n'), key.size());
    const std::string name = key.substr(1, end - 1);
    auto [root, fresh] = roots_.try_emplace(
        name, RootConfig{.name = name, .mode = {}, .hosts = {}, .filter = {}}, rng_.next());
    if (key[0] == 'r') {
      if (wire::StoredRoot kept; kept.ParseFromString(value)) root->second.load(kept);
    } else if (end < key.size()) {
      if (wire::StoredEntry kept; kept.ParseFromString(value))
        root->second.load(key.substr(end + 1), kept);
    }
  }
}

void Sync::step(Now now, const FileEvent& event, FileActions& out) {
  Context context{now, out, numbers_, self_};
  const size_t before = out.size();
  judge_clock(context);
  std::visit([&](const auto& e) { on(context, e); }, event);
  judge_clock(context);
  MonoTime wake = kNever;
  for (const std::string& name : configured_) {
    Root& root = roots_.at(name);
    root.finish(context);
    wake = std::min(wake, root.next_deadline());
  }
  if (wake != kNever && (wake != woken_at_ || std::holds_alternative<FileTick>(event)))
    context.emit(FileWake{wake});
  woken_at_ = wake;
  if (out.size() != before || !std::holds_alternative<FileTick>(event)) ++revision_;
}

// ------------------------------------------------------------------------------------- clocks

void Sync::tell_clock(Context& context, const NodeId& node) {
  wire::FileMessage message;
  message.mutable_clock()->set_wall_us(core::wall_us(context.now.wall));
  context.emit(Tell{node, message.SerializeAsString()});
}

// Before the middle one of the others' clocks, of two in the middle the one that is nearer. nullopt: nobody tells.
std::optional<Duration> Sync::lead(Duration own) const {
  std::vector<Duration> leads;
  for (const auto& [node, peer] : peers_)
    if (peer.clock) leads.push_back(own - *peer.clock);
  if (leads.empty()) return std::nullopt;
  std::sort(leads.begin(), leads.end());
  const Duration low = leads[(leads.size() - 1) / 2], high = leads[leads.size() / 2];
  return std::chrono::abs(low) < std::chrono::abs(high) ? low : high;
}

void Sync::judge_clock(Context& context) {
  const Duration own = context.now.wall.time_since_epoch() - context.now.mono.time_since_epoch();
  const bool was_set = clock_told_ && std::chrono::abs(own - *clock_told_) > kClockStep;
  if (was_set)
    for (const auto& [node, peer] : peers_) tell_clock(context, node);
  if (was_set || !clock_told_) clock_told_ = own;
  const std::optional<Duration> ahead = lead(own);
  const bool wrong = ahead && std::chrono::abs(*ahead) > core::kMaxClockLead;
  const bool sure = ahead && !wrong;
  if (wrong && wrong_clock_.empty()) {
    const auto by = std::chrono::duration_cast<seconds>(std::chrono::abs(*ahead)).count();
    wrong_clock_ = "the clock of this host is " + std::to_string(by) + " s " +
                   (*ahead > Duration{} ? "ahead of" : "behind") + " those of the other hosts";
    context.alert("no files are kept alike here: " + wrong_clock_);
  } else if (!wrong && !wrong_clock_.empty()) {
    wrong_clock_.clear();
    context.log("the clock of this host is as those of the others again: files are kept alike");
  }
  const bool judge_stamps = sure && (was_set || !clock_is_sure_);
  clock_is_sure_ = sure;
  for (const std::string& name : configured_) {
    Root& root = roots_.at(name);
    root.clock_is_sure(sure);
    root.hold(context, wrong_clock_);
    if (judge_stamps) root.restamp(context);
  }
}

Root* Sync::configured(const std::string& name) {
  return configured_.contains(name) ? &roots_.at(name) : nullptr;
}

const Root* Sync::root(const std::string& name) const {
  return configured_.contains(name) ? &roots_.at(name) : nullptr;
}

std::vector<ClockOfPeer> Sync::clocks() const {
  std::vector<ClockOfPeer> out;
  for (const auto& [node, peer] : peers_)
    if (peer.clock) out.push_back({peer.host, peer.name, *peer.clock});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.host < b.host; });
  return out;
}

std::vector<RootView> Sync::view() const {
  std::vector<RootView> out;
  for (const std::string& name : configured_) out.push_back(roots_.at(name).view(self_.host));
  return out;
}

std::string Sync::unrest() const {
  for (const std::string& name : configured_)
    if (const std::string why = roots_.at(name).unrest(); !why.empty())
      return std::string(name).append(": ").append(why);
  return "";
}

// Those that have been there before the root was.
void Sync::meet(Context& context, Root& root) {
  for (const auto& [node, peer] : peers_) {
    if (!root.config().takes_part(peer.host)) continue;
    root.peer_up(context, PeerUp{node, peer.host, peer.name});
    if (const auto hello = peer.hellos.find(root.config().name); hello != peer.hellos.end())
      (void)root.hear(context, node, hello->second);
  }
}

void Sync::on(Context& context, const Configured& event) {
  std::set<std::string> now;
  for (const RootConfig& config : event.roots) now.insert(config.name);
  for (const std::string& name : configured_)
    if (!now.contains(name)) roots_.at(name).leave(context);
  for (const RootConfig& config : event.roots) {
    auto [at, fresh] = roots_.try_emplace(config.name, config, rng_.next());
    Root& root = at->second;
    const bool was = configured_.contains(config.name);
    const bool other_hosts = was && root.config().hosts != config.hosts;
    root.configure(context, config);
    root.keep_deletes_for(event.tombstone_keep);
    root.place_at_once(event.placed_at_once);
    if (other_hosts)
      for (const auto& [node, peer] : peers_) root.peer_down(context, node);
    if (!was || other_hosts) meet(context, root);
  }
  configured_ = std::move(now);
}

void Sync::on(Context& context, const PeerUp& event) {
  on(context, PeerDown{event.node});
  peers_[event.node] = {event.host, event.name, {}, {}};
  tell_clock(context, event.node);
  for (const std::string& name : configured_)
    if (Root& root = roots_.at(name); root.config().takes_part(event.host))
      root.peer_up(context, event);
}

void Sync::on(Context& context, const PeerDown& event) {
  if (peers_.erase(event.node) == 0) return;
  for (const std::string& name : configured_) roots_.at(name).peer_down(context, event.node);
}

void Sync::on(Context& context, const Heard& event) {
  const auto peer = peers_.find(event.from);
  if (peer == peers_.end()) return;
  wire::FileMessage message;
  Status heard;
  if (!message.ParseFromString(event.bytes)) {
    heard = Error{"no message about files"};
  } else if (message.has_hello()) {
    const wire::RootHello& hello = message.hello();
    auto& hellos = peer->second.hellos;
    if (hellos.contains(hello.root()) || hellos.size() < kMaxRootsOfPeer)
      hellos[hello.root()] = hello;
    if (Root* root = configured(hello.root())) heard = root->hear(context, event.from, hello);
  } else if (message.has_owner()) {
    const wire::RootOwner& owner = message.owner();
    if (const auto hello = peer->second.hellos.find(owner.root());
        hello != peer->second.hellos.end())
      *hello->second.mutable_owner() = owner;
    if (Root* root = configured(owner.root())) heard = root->hear(context, event.from, owner);
  } else if (message.has_packed()) {
    heard = Error{"a packed message that cannot be unpacked"};
  } else if (message.has_index()) {
    if (Root* root = configured(message.index().root()))
      heard = root->hear(context, event.from, message.index());
  } else if (message.has_clock()) {
    const WallTime theirs{microseconds(
        static_cast<int64_t>(std::min<uint64_t>(message.clock().wall_us(), INT64_MAX / 1000)))};
    if (core::was_ever_set(theirs)) {
      peer->second.clock = theirs.time_since_epoch() - context.now.mono.time_since_epoch();
      ++revision_;
    }
  } else if (message.has_seen()) {
    if (Root* root = configured(message.seen().root()))
      heard = root->hear(context, event.from, message.seen());
  }
  if (heard) return;
  context.alert(
      "what " + peer->second.name +
      " says about files is not sound, and no more of it is taken until it is linked anew: " +
      heard.error());
  on(context, PeerDown{event.from});
}

void Sync::on(Context& context, const Scanned& event) {
  if (Root* root = configured(event.root)) root->scanned(context, event);
}

void Sync::on(Context& context, const RootPaused& event) {
  if (Root* root = configured(event.root)) root->pause(context, event.why);
}

void Sync::on(Context& context, const Placed& event) {
  for (auto& [name, root] : roots_)
    if (root.placing(event.ticket)) return root.placed(context, event);
}

void Sync::on(Context& context, const IndexStored& event) {
  for (auto& [name, root] : roots_)
    if (root.storing(event.ticket)) return root.stored(context, event);
}

void Sync::on(Context& context, const Own& event) {
  if (Root* root = configured(event.root)) return root->own(context, event);
  if (event.waits)
    context.emit(Owned{event.root, event.epoch, event.root + " is not kept alike on this host"});
}

void Sync::on(Context& context, const EndOwning& event) {
  if (Root* root = configured(event.root)) root->end_owning(context);
}

void Sync::on(Context& context, const FileCommand& event) {
  if (Root* root = configured(event.root)) return root->command(context, event);
  context.emit(FileReply{event.request, true, "no root of that name is kept alike on this host"});
}

}  // namespace cluster::sync
