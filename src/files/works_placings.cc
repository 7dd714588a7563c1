// What is on its way into the trees.
#include <algorithm>
#include <utility>

#include "files/clock.h"
#include "files/path.h"
#include "files/works.h"

namespace cluster::files {

namespace {

// So many that are ready at once share their syncs.
constexpr size_t kManyPlacings = 3;

}  // namespace

void Works::begin_placing() {
  while (!to_place_.empty() && placings_.size() < kMaxPlacing) {
    sync::Place place = std::move(to_place_.front());
    to_place_.pop_front();
    const auto disk = disks_.find(place.root);
    const Tree* tree = disk == disks_.end() ? nullptr : disk->second.looking->tree();
    if (tree == nullptr) {
      decide(sync::Placed{
          place.ticket, sync::Outcome::kBlocked, "its folder cannot be used now", {}, {}});
      continue;
    }
    const sync::PlaceTicket ticket = place.ticket;
    placings_[ticket] = std::make_unique<Placing>(
        std::move(place), *tree, PlaceRules{.allow_setuid = disk->second.root.allow_setuid},
        retained_, bases_, placing_world(ticket));
  }
}

// Its folder is used no more.
void Works::drop_placings(const std::string& root, const std::string& why) {
  std::vector<sync::PlaceTicket> dropped;
  std::erase_if(to_place_, [&](const sync::Place& place) {
    if (place.root == root) dropped.push_back(place.ticket);
    return place.root == root;
  });
  for (auto at = placings_.begin(); at != placings_.end();) {
    if (at->second->order().root != root) {
      ++at;
      continue;
    }
    dropped.push_back(at->first);
    end_asks_of(at->first);
    at = placings_.erase(at);
  }
  for (const sync::PlaceTicket ticket : dropped)
    decide(sync::Placed{ticket, sync::Outcome::kBlocked, why, {}, {}});
}

Placing::World Works::placing_world(sync::PlaceTicket ticket) {
  return {
      .nodes = [this](const std::string& content) { return nodes(content); },
      .keep_nodes = [this](const std::string& content,
                           const std::string& nodes) { (void)index_->keep_nodes(content, nodes); },
      .sources = [this](const sync::Place& place) { return sources(place); },
      .ask = [this, ticket](NodeId to, wire::ContentAsk ask, uint64_t bytes) -> uint64_t {
        const auto host = hosts_.find(to);
        if (host == hosts_.end()) return 0;
        uint64_t& asked = host->second.asked_bytes;
        LinkSpeed& speed = host->second.speed;
        const uint64_t limit = speed.known() ? kMaxAskedBytes : kMaxAskedBytesAtFirst;
        if (asked != 0 && asked + bytes > limit) return 0;
        if (asked == 0) speed.begin(read_clocks().mono, rested_);
        asked += bytes;
        ask.set_pack(speed.pack_level());
        asks_[++next_ask_] = {ticket, to, bytes};
        ask.set_request(next_ask_);
        wire::FileMessage message;
        *message.mutable_ask() = std::move(ask);
        say(to, message);
        return next_ask_;
      },
      .linked = [this](NodeId node) { return hosts_.contains(node); },
      .wall = [] { return read_clocks().wall; }};
}

// The file that it replaces, and one that holds all of it already under another name.
std::vector<Placing::Source> Works::sources(const sync::Place& place) {
  std::vector<Placing::Source> out;
  const sync::FileState& state = place.entry.state;
  const auto add = [&](const std::string& root, const std::string& path, const sync::Held& held) {
    const auto disk = disks_.find(root);
    if (disk == disks_.end() || disk->second.looking->tree() == nullptr) return;
    out.push_back({disk->second.looking->tree(), path, held.on_disk().content, held.on_disk().size,
                   held.signature});
  };
  for (const auto& [name, disk] : disks_) {
    const sync::Root* root = sync_.root(name);
    if (root == nullptr) continue;
    if (const std::string* path = root->path_with(state.content); path != nullptr) {
      add(name, *path, *root->held(*path));
      break;
    }
  }
  if (place.expected && place.expected->state.type == sync::FileType::kFile)
    if (const sync::Held* held = sync_.root(place.root)->held(place.path);
        held != nullptr && !held->deleted)
      add(place.root, place.path, *held);
  return out;
}

bool Works::step_placings(MonoTime now) {
  bool more = false;
  std::vector<sync::PlaceTicket> done, ready;
  for (auto& [ticket, placing] : placings_) {
    const Placing::Step step = placing->step(now);
    more = more || step == Placing::Step::kMore;
    if (step == Placing::Step::kReady) ready.push_back(ticket);
    if (step == Placing::Step::kDone) done.push_back(ticket);
  }
  finish_placings(ready, done);
  for (const sync::PlaceTicket ticket : done) placed(now, ticket);
  return more || !done.empty() || !ready.empty();
}

// A file alone is synced alone; several share it.
void Works::finish_placings(const std::vector<sync::PlaceTicket>& ready,
                            std::vector<sync::PlaceTicket>& done) {
  std::map<std::string, std::vector<Placing*>> by_root;
  if (!ready.empty()) send();
  for (const sync::PlaceTicket ticket : ready) {
    Placing* placing = placings_.at(ticket).get();
    by_root[placing->order().root].push_back(placing);
  }
  for (auto& [name, placings] : by_root) {
    bool many = placings.size() >= kManyPlacings;
    const Disk& disk = disks_.at(name);
    Place place(*disk.looking->tree(), {});
    if (many) {
      std::vector<StagedFile*> files;
      for (Placing* placing : placings) {
        placing->prepare();
        if (placing->staged() != nullptr) files.push_back(placing->staged());
      }
      many = files.empty() || place.sync(files).ok();
    }
    for (Placing* placing : placings)
      if (placing->finish(many) == Placing::Step::kDone) done.push_back(placing->order().ticket);
    if (!many) continue;
    if (const Status synced = place.sync({}); !synced)
      for (Placing* placing : placings) placing->may_be_lost(synced.error());
  }
}

void Works::placed(MonoTime now, sync::PlaceTicket ticket) {
  const auto at = placings_.find(ticket);
  if (at == placings_.end()) return;  // what came before it has ended its root
  const std::string path = absolute(at->second->order().root, at->second->order().path);
  for (const std::string& warning : at->second->warnings())
    calls_.log(std::string(path).append(": ").append(warning));
  sync::Placed answer = at->second->take_answer();
  const std::string root = at->second->order().root, below = at->second->order().path;
  const bool gone = at->second->order().entry.deleted;
  end_asks_of(ticket);
  placings_.erase(at);
  // Nothing is known of what somebody edited at that very moment either.
  const bool unknown =
      answer.outcome == sync::Outcome::kDone && !gone && answer.found.signature.inode == 0;
  const bool changed = answer.outcome == sync::Outcome::kChanged || unknown;
  if (answer.outcome == sync::Outcome::kDone && !gone) note_base(root, below);
  decide(std::move(answer));
  if (!changed) return;
  if (const auto disk = disks_.find(root); disk != disks_.end())
    disk->second.looking->look(now, below);
}

void Works::end_asks_of(sync::PlaceTicket ticket) {
  for (auto at = asks_.begin(); at != asks_.end();) {
    if (at->second.ticket != ticket) {
      ++at;
      continue;
    }
    if (const auto host = hosts_.find(at->second.to); host != hosts_.end())
      host->second.asked_bytes -= std::min(host->second.asked_bytes, at->second.bytes);
    at = asks_.erase(at);
  }
}

}  // namespace cluster::files
