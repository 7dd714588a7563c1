#include "files/works.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "files/clock.h"
#include "files/packing.h"
#include "files/path.h"

namespace cluster::files {

namespace {

constexpr Duration kExpireInterval = minutes(10);
constexpr char kIdentityPrefix = 'i';
// Files that take longer than this are shown on their way, anew so often.
constexpr Duration kLongTransfer = seconds(1);
constexpr size_t kMaxTransfersShown = 5;  // of a root

bool is_long(const Placing& placing, MonoTime now) {
  return placing.since() && now - *placing.since() >= kLongTransfer;
}

// What is kept beside the decisions' own entries.
sync::StoredIndex take_entries(store::Index& index, std::map<std::string, std::string>& identities,
                               std::map<std::string, WallTime>& confirmed) {
  sync::StoredIndex all = index.take_stored();
  std::erase_if(all, [&](const auto& one) {
    const auto& [key, value] = one;
    const char prefix = key.empty() ? '\0' : key[0];
    if (prefix == kIdentityPrefix) identities[key.substr(1)] = value;
    if (prefix == kConfirmedPrefix)
      confirmed[key.substr(1)] = WallTime(Duration(std::strtoll(value.c_str(), nullptr, 10)));
    return prefix == kIdentityPrefix || prefix == kConfirmedPrefix;
  });
  return all;
}

}  // namespace

Works::Works(std::unique_ptr<store::Index> index, Retained retained, Bases bases, sync::Self self,
             uint64_t seed, KeeperCalls calls)
    : calls_(std::move(calls)),
      index_(std::move(index)),
      retained_(std::move(retained)),
      bases_(std::move(bases)),
      sync_(std::move(self), take_entries(*index_, identities_, confirmed_), seed),
      serving_(Serving::World{[this](const wire::ContentAsk& ask) { return open(ask); },
                              [this](NodeId to, std::string frame) {
                                to_send_.emplace_back(Frame{to, std::move(frame)});
                              }}) {}

// ------------------------------------------------------------------------------- the decisions

void Works::decide(sync::FileEvent event) {
  events_.push_back(std::move(event));
  if (std::exchange(deciding_, true)) return;
  while (!events_.empty()) {
    const sync::FileEvent next = std::move(events_.front());
    events_.pop_front();
    sync::FileActions actions;
    sync_.step(read_clocks(), next, actions);
    for (sync::FileAction& action : actions) perform(action);
  }
  deciding_ = false;
}

void Works::perform(sync::FileAction& action) {
  if (auto* tell = std::get_if<sync::Tell>(&action)) {
    to_send_.emplace_back(core::FilesSaid{tell->to, packed(std::move(tell->bytes))});
  } else if (auto* place = std::get_if<sync::Place>(&action)) {
    to_place_.push_back(std::move(*place));
  } else if (auto* look = std::get_if<sync::Look>(&action)) {
    if (const auto disk = disks_.find(look->root); disk == disks_.end()) {
      return;
    } else if (look->path.empty()) {
      disk->second.looking->look_at_all(read_clocks().mono);
    } else {
      disk->second.looking->look(read_clocks().mono, look->path);
    }
  } else if (auto* index = std::get_if<sync::StoreIndex>(&action)) {
    to_store_.push_back(std::move(*index));
  } else if (auto* wake = std::get_if<sync::FileWake>(&action)) {
    wake_ = wake->at;
  } else if (auto* changed = std::get_if<sync::FileChanged>(&action)) {
    calls_.changed(absolute(changed->root, changed->path));
  } else if (auto* conflict = std::get_if<sync::FileConflict>(&action)) {
    const std::string copy =
        conflict->copy.empty() ? std::string() : absolute(conflict->root, conflict->copy);
    calls_.conflict(absolute(conflict->root, conflict->path), copy);
  } else if (auto* alert = std::get_if<sync::FileAlert>(&action)) {
    calls_.alert(alert->text);
  } else if (auto* owned = std::get_if<sync::Owned>(&action)) {
    this->owned(*owned);
  } else if (auto* log = std::get_if<sync::FileLog>(&action)) {
    calls_.log(log->text);
  } else if (auto* reply = std::get_if<sync::FileReply>(&action)) {
    const auto answer = answers_.find(reply->request);
    if (answer == answers_.end()) return;
    const Answer done = std::move(answer->second);
    answers_.erase(answer);
    done(reply->refused ? Result<std::string>(Error{reply->text})
                        : Result<std::string>(reply->text));
  }
}

// After all that one step decides, so that what happens at once is stored at once.
void Works::store() {
  while (!to_store_.empty()) {
    send();
    const sync::StoreIndex index = std::move(to_store_.front());
    to_store_.pop_front();
    const Status stored = index_->write(index.writes);
    decide(sync::IndexStored{index.ticket, stored ? std::string() : stored.error()});
  }
}

// Together, as whoever sends them on can then do that in one packet; nothing that takes long is begun before.
void Works::send() {
  for (auto& one : to_send_) {
    if (auto* frame = std::get_if<Frame>(&one)) {
      calls_.give(frame->to, std::move(frame->bytes));
    } else {
      calls_.say(std::move(std::get<core::FilesSaid>(one)));
    }
  }
  to_send_.clear();
}

void Works::configure(Roots roots) {
  retain_ = roots.retain;
  std::map<std::string, sync::LocalRoot> wanted;
  for (sync::LocalRoot& root : roots.roots) wanted.emplace(root.config.name, root);
  for (auto at = disks_.begin(); at != disks_.end();) {
    const auto now = wanted.find(at->first);
    const bool stays = now != wanted.end() && now->second == at->second.root;
    if (stays) {
      ++at;
      continue;
    }
    drop_placings(at->first, "the configuration has changed");
    at = disks_.erase(at);
  }
  sync::Configured configured{{}, roots.tombstone_keep};
  for (const auto& [name, root] : wanted) configured.roots.push_back(root.config);
  decide(std::move(configured));
  for (const auto& [name, root] : wanted)
    if (!disks_.contains(name)) add_root(root);
}

void Works::add_root(const sync::LocalRoot& root) {
  const std::string& name = root.config.name;
  disks_[name] = {root, std::make_unique<Looking>(root, names_, looking_world(name))};
}

Looking::World Works::looking_world(const std::string& name) {
  return {.root = [this, name] { return sync_.root(name); },
          .scanned =
              [this](sync::Scanned seen) {
                for (const sync::Sighting& sighting : seen.sightings)
                  if (sighting.found) note_base(seen.root, sighting.path);
                decide(std::move(seen));
              },
          .paused =
              [this, name](const std::string& why) {
                decide(sync::RootPaused{name, why});
                if (!why.empty()) drop_placings(name, why);
              },
          .read =
              [this](const Content& content) {
                if (!content.nodes.empty())
                  (void)index_->keep_nodes(content.digest, to_bytes(content.nodes));
              },
          .leftover = [this, name](const std::string& path,
                                   Leftover kind) { clear_leftover(name, path, kind); },
          .log = calls_.log,
          .known_identity = [this, name] { return identities_[name]; },
          .keep_identity =
              [this, name](const std::string& identity) {
                identities_[name] = identity;
                (void)index_->write({{kIdentityPrefix + name, identity}});
              }};
}

void Works::clear_leftover(const std::string& name, const std::string& path, Leftover kind) {
  const Disk& disk = disks_.at(name);
  const std::string target = join(folder_of(path), target_of_leftover(name_of(path)));
  const bool in_use = std::any_of(placings_.begin(), placings_.end(), [&](const auto& placing) {
    const sync::Place& order = placing.second->order();
    return order.root == name && (order.path == target || order.path.size() > 200);
  });
  // What is new may be resumed, by whoever brings that content there.
  if (in_use || kind == Leftover::kNew || disk.looking->tree() == nullptr) return;
  Place place(*disk.looking->tree(), {});
  const Outcome outcome = place.clear_leftover(path, {&retained_, name, "", read_clocks().wall});
  if (!outcome.done() && !outcome.reason.empty()) calls_.log(name + ": " + outcome.reason);
}

// ------------------------------------------------------------------------------------- placing

NodeMap Works::nodes(const std::string& content) {
  auto stored = index_->nodes(content);
  if (!stored || !*stored) return {};
  return nodes_from(**stored);
}

// --------------------------------------------------------------------------------- other hosts

void Works::say(NodeId to, const wire::FileMessage& message) {
  to_send_.emplace_back(core::FilesSaid{to, message.SerializeAsString()});
}

void Works::peer_up(const core::FilesPeerUp& peer) {
  hosts_[peer.node] = {};
  decide(sync::PeerUp{peer.node, peer.host, peer.name});
}

void Works::peer_down(const core::FilesPeerDown& peer) {
  hosts_.erase(peer.node);
  serving_.peer_down(peer.node);
  for (auto& [ticket, placing] : placings_) placing->peer_down(peer.node);
  std::erase_if(asks_, [&](const auto& ask) { return ask.second.to == peer.node; });
  decide(sync::PeerDown{peer.node});
}

void Works::heard(const core::FilesHeard& heard) {
  const auto host = hosts_.find(heard.from);
  if (host == hosts_.end()) return;
  if (is_bulk(heard.bytes)) {
    std::string unpacked;
    if (const auto bulk = bulk_from(heard.bytes, unpacked); bulk)
      given(heard.from, *bulk, heard.bytes.size());
    return;
  }
  wire::FileMessage message;
  const bool sound = message.ParseFromString(heard.bytes);
  if (sound && message.has_packed()) {
    decide(sync::Heard{heard.from, unpacked(message.packed()).value_or(heard.bytes)});
  } else if (sound && message.has_ask()) {
    serving_.ask(heard.from, std::move(*message.mutable_ask()));
  } else {
    decide(sync::Heard{heard.from, heard.bytes});
  }
}

void Works::given(NodeId from, const Bulk& bulk, uint64_t came) {
  const wire::ContentGiven& given = bulk.given;
  const auto ask = asks_.find(given.request());
  if (ask == asks_.end() || ask->second.to != from) return;
  const auto placing = placings_.find(ask->second.ticket);
  if (placing != placings_.end()) placing->second->given(read_clocks().mono, given, bulk.bytes);
  Host& host = hosts_.at(from);
  host.speed.came(read_clocks().mono, rested_, came, microseconds(given.took_us()));
  if (!given.last()) return;
  uint64_t& asked = host.asked_bytes;
  asked -= std::min(asked, ask->second.bytes);
  asks_.erase(ask);
}

Result<Serving::Opened> Works::open(const wire::ContentAsk& ask) {
  const auto disk = disks_.find(ask.root());
  const sync::Root* root = sync_.root(ask.root());
  if (disk == disks_.end() || root == nullptr || disk->second.looking->tree() == nullptr)
    return Error{"that root cannot be read there now"};
  std::string path = ask.path();
  const sync::Held* held = root->held(path);
  if (held == nullptr || held->deleted || held->on_disk().content != ask.content()) {
    const std::string* other = root->path_with(ask.content());
    held = other == nullptr ? nullptr : root->held(*other);
    if (other != nullptr) path = *other;
  }
  Serving::Opened out;
  if (held != nullptr && !held->deleted) {
    Tree::Opened opened = disk->second.looking->tree()->open_to_read(path);
    out.fd = std::move(opened.fd);
    out.size = held->on_disk().size;
  } else if (auto versions = retained_.list(ask.root(), ask.path()); versions) {
    for (const RetainedVersion& version : *versions) {
      if (version.state.content != ask.content()) continue;
      if (auto fd = retained_.open_version(version); fd) out.fd = std::move(*fd);
      out.size = version.state.size;
      break;
    }
  }
  if (!out.fd) return Error{"it has changed there"};
  out.nodes = nodes(ask.content());
  return out;
}

// ---------------------------------------------------------------------------------------- time

bool Works::step() {
  const MonoTime now = read_clocks().mono;
  if (now >= wake_) {
    wake_ = sync::kNever;
    decide(sync::FileTick{});
  }
  if (!asks_.empty() || serving_.busy()) memory_.moving(now);
  memory_.step(now);
  bool more = serving_.step();
  for (auto& [name, disk] : disks_) more = disk.looking->step(now) || more;
  begin_placing();
  more = step_placings(now) || more;
  store();
  send();
  more = step_bases() || more;
  expire(now);
  if (now >= show_at_ && std::any_of(placings_.begin(), placings_.end(), [&](const auto& placing) {
        return is_long(*placing.second, now);
      })) {
    show_at_ = now + kLongTransfer;
    ++revision_;
  }
  return more || (!to_place_.empty() && placings_.size() < kMaxPlacing);
}

void Works::expire(MonoTime now) {
  if (sweep_ != nullptr) {
    if (!sweep_->step(10)) sweep_.reset();
  } else if (now >= expire_at_ && retain_ != Duration{}) {
    expire_at_ = now + kExpireInterval;
    forget_bases();
    sweep_ = std::make_unique<Retained::Sweep>(
        retained_.expire(read_clocks().wall - retain_,
                         [this](const RetainedVersion& version) { return is_spared(version); }));
  }
}

MonoTime Works::next() const {
  MonoTime out = std::min({wake_, expire_at_, memory_.next()});
  for (const auto& [name, disk] : disks_) out = std::min(out, disk.looking->next());
  // Answers that do not come.
  if (!placings_.empty()) out = std::min(out, read_clocks().mono + seconds(1));
  return out;
}

std::vector<int> Works::fds() const {
  std::vector<int> out;
  for (const auto& [name, disk] : disks_)
    if (disk.looking->fd() >= 0) out.push_back(disk.looking->fd());
  return out;
}

void Works::readable(int fd) {
  for (auto& [name, disk] : disks_)
    if (disk.looking->fd() == fd) disk.looking->changed(read_clocks().mono);
}

std::vector<sync::RootView> Works::view() const {
  std::vector<sync::RootView> out = sync_.view();
  for (sync::RootView& root : out)
    if (const auto disk = disks_.find(root.name); disk != disks_.end())
      root.path = disk->second.root.path;
  const MonoTime now = read_clocks().mono;
  for (const auto& [ticket, placing] : placings_) {
    if (!is_long(*placing, now)) continue;
    const sync::Place& order = placing->order();
    const auto root = std::find_if(out.begin(), out.end(),
                                   [&](const sync::RootView& r) { return r.name == order.root; });
    if (root != out.end() && root->transfers.size() < kMaxTransfersShown)
      root->transfers.push_back(
          {order.path, order.entry.state.size, placing->bytes_here(), now - *placing->since()});
  }
  return out;
}

std::string Works::absolute(const std::string& root, const std::string& path) const {
  const auto disk = disks_.find(root);
  return disk == disks_.end() ? path : disk->second.root.path + "/" + path;
}

}  // namespace cluster::files
