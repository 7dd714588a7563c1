#include "tests/sync/host.h"

#include <algorithm>

#include "tests/sync/world.h"

namespace cluster::sync_sim {

using namespace sync;

namespace {

// When simulated time begins.
constexpr uint64_t kEpochUs = 1'800'000'000'000'000;

NodeId node_of(size_t index, uint64_t life) {
  NodeId out;
  out.bytes[0] = static_cast<uint8_t>(index + 1);
  out.bytes[15] = static_cast<uint8_t>(life);
  return out;
}

std::string name_of(size_t index) { return std::string(1, static_cast<char>('A' + index)); }

bool same_place(const Signature& one, const Signature& other) {
  return one.inode == other.inode && one.ctime_ns == other.ctime_ns;
}

}  // namespace

Host::Host(World& world, size_t index, Rng rng)
    : world_(world), index_(index), rng_(rng), node_(node_of(index, 1)), lives_(1) {}

uint64_t Host::wall_us() const {
  return kEpochUs + static_cast<uint64_t>(to_us(world_.queue().now() + skew_ + hours(3)));
}

bool Host::has(const std::string& content) const {
  return retained_.contains(content) ||
         std::any_of(folder_.all().begin(), folder_.all().end(),
                     [&](const auto& path) { return path.second.state.content == content; });
}

bool Host::knows(const std::string& path, const std::string& content) const {
  if (engine_ != nullptr) {
    const Held* held = engine_->root(kRoot)->held(path);
    return held != nullptr && !held->deleted && held->state.content == content;
  }
  wire::StoredEntry stored;
  const auto at = stored_.find(std::string("e") + kRoot + '\n' + path);
  return at != stored_.end() && stored.ParseFromString(at->second) &&
         stored.entry().state().content() == content && !stored.entry().deleted();
}

void Host::later(Duration low, Duration high, std::function<void()> task) {
  world_.queue().after(rng_.between(low, high),
                       [this, engine = engine_number_, task = std::move(task)] {
                         if (engine_ != nullptr && engine == engine_number_) task();
                       });
}

void Host::start() {
  if (engine_) return;
  ++engine_number_;
  waits_ = false;
  last_store_ = world_.queue().now();
  engine_ = std::make_unique<Sync>(
      Self{node_, HostId(static_cast<uint32_t>(index_ + 1)), name_of(index_)}, stored_,
      rng_.next());
  step(Configured{
      {RootConfig{.name = kRoot, .mode = mode_, .hosts = world_.host_ids(), .filter = {}}},
      world_.tombstone_keep(),
      world_.placed_at_once()});
  asks_ = false;
  if (mode_ == Mode::kOwner && serves_)
    step(Own{kRoot, epoch_, world_.fenced(), false, since_us_, {}});
  // What runs is looked for first.
  if (mode_ == Mode::kOwner && !serves_)
    later(microseconds(1), seconds(2), [this] {
      if (!may_serve()) step(EndOwning{kRoot});
    });
  world_.started(*this);
  later(milliseconds(1), milliseconds(300), [this] {
    scan();
    scan_again();
  });
}

void Host::scan_again() {
  later(seconds(10), seconds(20), [this] {
    scan();
    scan_again();
  });
}

VersionVector Host::stored_version(const std::string& path) const {
  wire::StoredEntry stored;
  const auto at = stored_.find(std::string("e") + kRoot + '\n' + path);
  if (at == stored_.end() || !stored.ParseFromString(at->second) || !stored.has_entry()) return {};
  const auto entry = from_wire(stored.entry());
  return entry ? entry->vector : VersionVector();
}

void Host::ended(const std::string& path, const std::string& content) {
  if (engine_ != nullptr)
    ended_.push_back({path, content, engine_->root(kRoot)->held(path)->vector});
}

std::vector<std::string> Host::crash() {
  if (!engine_) return {};
  engine_.reset();
  paused_ = asks_ = false;
  if (serves_) serves_ = rng_.chance(0.5);
  ++engine_number_;
  world_.stopped(*this);
  std::vector<std::string> out;
  for (const Ended& each : std::exchange(ended_, {}))
    if (!stored_version(each.path).knows(each.version)) out.push_back(each.content);
  return out;
}

void Host::lose_state() {
  stored_.clear();
  bases_.clear();
  node_ = node_of(index_, ++lives_);
}

void Host::linked(const Host& other) {
  step(PeerUp{other.node(), HostId(static_cast<uint32_t>(other.index() + 1)),
              name_of(other.index())});
}

void Host::unlinked(const Host& other) { step(PeerDown{other.node()}); }

void Host::hear(NodeId from, const std::string& bytes) { step(Heard{from, bytes}); }

void Host::order(FileVerb verb) { step(FileCommand{RequestId(1), verb, kRoot, ""}); }

void Host::push(const std::string& path) {
  if (std::exchange(waits_, true)) return;
  pushed_ = path;
  step(FileCommand{kPushRequest, FileVerb::kPush, kRoot, path});
}

void Host::pause(bool on) {
  if (!running() || paused_ == on) return;
  paused_ = on;
  step(RootPaused{kRoot, on ? "it is not mounted" : ""});
  if (!on) scan();
}

void Host::begin_service(uint64_t epoch) {
  asks_ = true;
  epoch_ = epoch;
  since_us_ = wall_us();
  step(Own{kRoot, epoch, world_.fenced(), true, since_us_, {}});
}

void Host::end_service() {
  asks_ = serves_ = false;
  step(EndOwning{kRoot});
}

bool Host::braked() const { return engine_ != nullptr && engine_->view().at(0).held_back != 0; }

void Host::touched(const std::string& path) {
  if (engine_ == nullptr || rng_.chance(0.2)) return;
  later(milliseconds(1), milliseconds(40), [this, path] { look(path); });
}

void Host::look(const std::string& path) {
  if (path.empty()) return scan();
  Scanned seen{kRoot, false, {}};
  seen.sightings.push_back({path, folder_.look(path)});
  for (const std::string& child : folder_.below(path))
    seen.sightings.push_back({child, folder_.look(child)});
  const Root* root = engine_->root(kRoot);
  if (!seen.sightings[0].found)
    for (const auto& [held_path, held] : root->all())
      if (!held.deleted && held_path.compare(0, path.size() + 1, path + "/") == 0)
        seen.sightings.push_back({held_path, std::nullopt});
  step(seen);
}

void Host::scan() {
  if (engine_ == nullptr) return;
  const Root* root = engine_->root(kRoot);
  Scanned seen{kRoot, true, {}};
  for (const auto& [path, found] : folder_.all()) {
    const Held* held = root->held(path);
    if (held == nullptr || held->deleted || !same_place(held->signature, found.signature))
      seen.sightings.push_back({path, found});
  }
  for (const auto& [path, held] : root->all())
    if (!held.deleted && !folder_.look(path)) seen.sightings.push_back({path, std::nullopt});
  step(seen);
}

void Host::step(const FileEvent& event) {
  if (engine_ == nullptr) return;
  if (const auto* seen = std::get_if<Scanned>(&event))
    for (const Sighting& sighting : seen->sightings)
      if (sighting.found) bases_.insert(sighting.found->state.content);
  FileActions actions;
  const Now now{MonoTime(world_.queue().now() + seconds(1)), WallTime(microseconds(wall_us()))};
  engine_->step(now, event, actions);
  for (FileAction& action : actions) perform(action);
}

void Host::perform(FileAction& action) {
  if (auto* said = std::get_if<Tell>(&action)) {
    world_.send(*this, said->to, std::move(said->bytes));
  } else if (auto* place = std::get_if<Place>(&action)) {
    if (tell) tell("is to place " + place->path + " ticket " + std::to_string(place->ticket.value));
    perform_place(*place);
  } else if (auto* look_at = std::get_if<Look>(&action)) {
    later(milliseconds(1), milliseconds(30), [this, path = look_at->path] { look(path); });
  } else if (auto* index = std::get_if<StoreIndex>(&action)) {
    store(std::move(*index));
  } else if (auto* wake = std::get_if<FileWake>(&action)) {
    const sim::Instant at = wake->at.time_since_epoch() - seconds(1);
    world_.queue().at(at, [this, engine = engine_number_] {
      if (engine == engine_number_) step(FileTick{});
    });
  } else if (auto* reply = std::get_if<FileReply>(&action)) {
    if (reply->request != kPushRequest) return;
    waits_ = false;
    if (!reply->refused) world_.pushed(*this);
  } else if (auto* owned = std::get_if<Owned>(&action)) {
    if (tell) tell("is to serve: " + owned->refused);
    if (!asks_ || owned->epoch != epoch_) return;
    asks_ = false;
    serves_ = owned->refused.empty();
  } else if (auto* alert = std::get_if<FileAlert>(&action)) {
    if (tell) tell("alert: " + alert->text);
    if (alert->text.find("this host was away") != std::string::npos) world_.was_away(*this);
  } else if (auto* log = std::get_if<FileLog>(&action)) {
    if (tell) tell("log: " + log->text);
    const size_t away = log->text.find(", which was away too long");
    if (away != std::string::npos) world_.was_overruled(log->text[away - 1]);
  } else if (auto* conflict = std::get_if<FileConflict>(&action)) {
    if (tell) tell("conflict " + conflict->path + " " + conflict->copy);
  }
}

void Host::store(StoreIndex index) {
  // In order: none overtakes the one before.
  last_store_ = std::max(last_store_, world_.queue().now()) +
                rng_.between(microseconds(200), milliseconds(15));
  world_.queue().at(last_store_, [this, engine = engine_number_, index = std::move(index)] {
    if (engine_ == nullptr || engine != engine_number_) return;
    if (world_.disk_fails(rng_)) return step(IndexStored{index.ticket, "no space left on device"});
    for (const IndexWrite& write : index.writes) {
      if (write.value) {
        stored_[write.key] = *write.value;
        world_.stored(*this, *write.value, write.key);
      } else {
        stored_.erase(write.key);
      }
    }
    // It may die between the storing and the word of it.
    later(microseconds(1), milliseconds(2), [this, ticket = index.ticket] {
      step(IndexStored{ticket, ""});
    });
  });
}

void Host::perform_place(const Place& place) {
  later(milliseconds(1), milliseconds(80), [this, place] {
    const Placed answer = put_in_place(place);
    if (tell)
      tell("ticket " + std::to_string(place.ticket.value) + " outcome " +
           std::to_string(static_cast<int>(answer.outcome)));
    later(microseconds(10), milliseconds(5), [this, place, answer] {
      step(answer);
      if (answer.outcome == Outcome::kChanged)
        later(milliseconds(1), milliseconds(10), [this, path = place.path] { look(path); });
    });
  });
}

Placed Host::put_in_place(const Place& place) {
  if (serves_) world_.placed_below_a_service(*this, place.path);
  const auto refused = [&](Outcome outcome, const char* why) {
    return Placed{place.ticket, outcome, why, {}, {}};
  };
  const auto there = folder_.look(place.path);
  if (there.has_value() != place.expected.has_value() ||
      (there && !same_place(there->signature, place.expected->signature)))
    return refused(Outcome::kChanged, "");
  const FileState& state = place.entry.state;
  const bool gone = place.entry.deleted;
  if (!gone && !folder_.holds_folder(parent_of(place.path)))
    return refused(Outcome::kBlocked, "its folder is not there");
  const bool stays_folder = !gone && state.type == FileType::kFolder;
  if (there && there->state.type == FileType::kFolder && !stays_folder &&
      !folder_.below(place.path).empty())
    return refused(Outcome::kBlocked, "folder is not empty");
  if (world_.disk_fails(rng_)) return refused(Outcome::kFailed, "no space left on device");
  if (!gone && state.type == FileType::kFile && !has(state.content) &&
      !world_.source_has(*this, place.sources, state.content))
    return refused(Outcome::kUnavailable, "nobody has it");
  Placed answer{place.ticket, Outcome::kDone, "", {}, {}};
  if (const auto from = folder_.look(place.move_from);
      from && same_place(from->signature, place.move_expected.signature) && !rng_.chance(0.1)) {
    answer.moved = true;
    answer.found = {state, folder_.rename(place.move_from, place.path)};
    if (tell) tell("moves " + place.move_from + " to " + place.path);
    return answer;
  }
  FileState state_there = state;
  if (!place.merge_base.empty()) {
    if (!bases_.contains(place.merge_base)) return refused(Outcome::kApart, "no base");
    const auto merged =
        world_.merged(place.merge_base, there->state.content, place.entry.state.content);
    if (!merged) return refused(Outcome::kApart, "it touches the same lines");
    bases_.insert(state.content);
    state_there.content = *merged;
    state_there.size = place.entry.state.size + there->state.size;
    if (tell) tell("merges " + place.path + " into " + *merged);
  }
  if (!place.set_aside.empty()) {
    if (folder_.look(place.set_aside)) return refused(Outcome::kFailed, "another is kept there");
    answer.copy = {there->state, folder_.put(place.set_aside, there->state)};
  } else if (there && there->state.type != FileType::kFolder) {
    retained_.insert(there->state.content);
  }
  if (gone) {
    folder_.remove(place.path);
  } else {
    answer.found = {state_there, folder_.put(place.path, state_there)};
    bases_.insert(state_there.content);
  }
  if (tell) tell((gone ? "removes " : "places ") + place.path);
  return answer;
}

}  // namespace cluster::sync_sim
