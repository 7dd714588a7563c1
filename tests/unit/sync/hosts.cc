#include "tests/unit/sync/hosts.h"

#include <algorithm>
#include <iterator>
#include <sstream>

#include "base/ensure.h"
#include "core/hlc.h"

namespace cluster::sync {

NodeId TestHost::node() const {
  NodeId out;
  out.bytes[0] = static_cast<uint8_t>(id_);
  out.bytes[15] = life_;
  return out;
}

Now TestHost::now() const { return {hosts_.mono_, hosts_.wall_ + clock_error}; }

void TestHost::start() {
  engine_ = std::make_unique<Sync>(
      Self{node(), HostId(id_), std::string(1, static_cast<char>('A' + id_ - 1))}, stored_,
      id_ * 100 + life_);
  RootConfig config{.name = "data", .mode = hosts_.mode_, .hosts = {}, .filter = {}};
  for (uint32_t id = 1; id <= hosts_.hosts_.size(); ++id) config.hosts.emplace_back(id);
  step(Configured{{config}, hosts_.keep_});
  hosts_.drain();
  scan();
  for (const auto& [a, b] : std::set(hosts_.links_)) {
    if (a != this || !b->running()) continue;
    step(PeerUp{b->node(), HostId(b->id_), "peer"});
    b->step(PeerUp{node(), HostId(id_), "peer"});
  }
  hosts_.drain();
}

void TestHost::scan() {
  Scanned seen{"data", true, {}};
  for (const auto& [path, found] : folder_) seen.sightings.push_back({path, found});
  for (const auto& [path, held] : engine_->root("data")->all())
    if (!held.deleted && !folder_.contains(path)) seen.sightings.push_back({path, std::nullopt});
  step(seen);
}

void TestHost::push(const std::string& path) {
  step(FileCommand{RequestId(1), FileVerb::kPush, "data", path});
  hosts_.drain();
}

void TestHost::begin(uint64_t epoch, std::optional<Duration> max_lag, bool alone) {
  step(Own{"data", epoch, alone, true, core::wall_us(now().wall), max_lag});
  hosts_.drain();
}

void TestHost::found_running(uint64_t epoch, bool alone) {
  step(Own{"data", epoch, alone, false, core::wall_us(now().wall), {}});
  hosts_.drain();
}

void TestHost::end() {
  step(EndOwning{"data"});
  hosts_.drain();
}

void TestHost::pause(const std::string& why) {
  step(RootPaused{"data", why});
  hosts_.drain();
}

void TestHost::stop() {
  engine_.reset();
  for (const auto& [a, b] : hosts_.links_)
    if (a == this && b->running()) b->step(PeerDown{node()});
  hosts_.drain();
}

void TestHost::lose_state() {
  ENSURE(!running(), "lost while it runs");
  stored_.clear();
  ++life_;
}

void TestHost::write(const std::string& path, const std::string& text) {
  write_unseen(path, text);
  if (!running()) return;
  look(path);
  hosts_.drain();
}

void TestHost::write_unseen(const std::string& path, const std::string& text) {
  Found& found = folder_[path];
  found.state.content = digest(text);
  found.state.size = text.size();
  found.state.mode = 0644;
  found.state.mtime_ns =
      std::chrono::duration_cast<Duration>(now().wall.time_since_epoch()).count();
  found.signature.inode = ++inode_;
  bases_.insert(found.state.content);
}

void TestHost::remove(const std::string& path) {
  folder_.erase(path);
  if (!running()) return;
  look(path);
  hosts_.drain();
}

std::vector<Duration> TestHost::offsets() const {
  std::vector<Duration> out;
  for (const ClockOfPeer& clock : engine_->clocks())
    out.push_back(clock.base - (now().wall.time_since_epoch() - now().mono.time_since_epoch()));
  return out;
}

std::optional<std::string> TestHost::read(const std::string& path) const {
  const auto at = folder_.find(path);
  if (at == folder_.end()) return std::nullopt;
  return at->second.state.content.substr(0, at->second.state.size);
}

std::set<std::string> TestHost::copies(const std::string& path) const {
  std::set<std::string> out;
  for (const auto& [name, found] : folder_)
    if (name.compare(0, path.size() + 10, path + ".conflict-") == 0) out.insert(*read(name));
  return out;
}

void TestHost::look(const std::string& path) {
  if (path.empty()) return scan();
  const auto at = folder_.find(path);
  step(Scanned{
      "data", false, {{path, at == folder_.end() ? std::nullopt : std::optional(at->second)}}});
}

// Texts are words: whatever one side has changed of each.
std::optional<std::string> TestHost::merged(const Place& place, const std::string& here) const {
  if (!bases_.contains(place.merge_base)) return std::nullopt;
  const auto words = [](const std::string& content) {
    std::istringstream in(content.substr(0, content.find('\0')));
    return std::vector<std::string>(std::istream_iterator<std::string>(in), {});
  };
  const auto base = words(place.merge_base), ours = words(here),
             theirs = words(place.entry.state.content);
  if (ours.size() != base.size() || theirs.size() != base.size()) return std::nullopt;
  std::string out;
  for (size_t i = 0; i < base.size(); ++i) {
    if (ours[i] != base[i] && theirs[i] != base[i] && ours[i] != theirs[i]) return std::nullopt;
    out += (i == 0 ? "" : " ") + (ours[i] == base[i] ? theirs[i] : ours[i]);
  }
  return out;
}

void TestHost::step(FileEvent event) { hosts_.events_.emplace_back(this, std::move(event)); }

void Hosts::drain() {
  if (std::exchange(draining_, true)) return;
  while (!events_.empty()) {
    const auto [host, event] = std::move(events_.front());
    events_.pop_front();
    if (!host->running()) continue;
    FileActions actions;
    host->engine_->step(host->now(), event, actions);
    for (FileAction& action : actions) host->perform(action);
  }
  draining_ = false;
}

void TestHost::perform(FileAction& action) {
  if (auto* tell = std::get_if<Tell>(&action)) {
    TestHost* to = hosts_.of(tell->to);
    if (to != nullptr && to->running() && hosts_.links_.contains({this, to}))
      to->step(Heard{node(), tell->bytes});
  } else if (auto* place = std::get_if<Place>(&action)) {
    put(*place);
  } else if (auto* look_at = std::get_if<Look>(&action)) {
    look(look_at->path);
  } else if (auto* index = std::get_if<StoreIndex>(&action)) {
    for (const IndexWrite& write : index->writes) {
      if (write.value) {
        stored_[write.key] = *write.value;
      } else {
        stored_.erase(write.key);
      }
    }
    step(IndexStored{index->ticket, ""});
  } else if (auto* wake = std::get_if<FileWake>(&action)) {
    wake_ = wake->at;
  } else if (auto* reply = std::get_if<FileReply>(&action)) {
    answer_ = (reply->refused ? "refused: " : "done: ") + reply->text;
  } else if (auto* owned = std::get_if<Owned>(&action)) {
    begun_ = owned->refused.empty() ? "runs" : "refused: " + owned->refused;
  } else if (auto* log = std::get_if<FileLog>(&action)) {
    logs_ += log->text + "\n";
  } else if (auto* alert = std::get_if<FileAlert>(&action)) {
    alerts_ += alert->text + "\n";
  }
}

void TestHost::put(const Place& place) {
  Placed answer{place.ticket, Outcome::kDone, "", {}, {}};
  if (!refuses_.empty()) {
    answer.outcome = Outcome::kFailed;
    answer.why = refuses_;
    return step(answer);
  }
  const auto there = folder_.find(place.path);
  FileState state = place.entry.state;
  if (!place.merge_base.empty()) {
    const auto text = merged(place, there->second.state.content);
    if (!text) {
      answer.outcome = Outcome::kApart;
      answer.why = "the two touch the same lines";
      return step(answer);
    }
    state.content = digest(*text);
    state.size = text->size();
    bases_.insert(place.entry.state.content);
  }
  if (!place.set_aside.empty()) {
    answer.copy = folder_[place.set_aside] = there->second;
  } else if (there != folder_.end()) {
    retained_.insert(there->second.state.content);
    if (place.pin) pinned_.insert(there->second.state.content);
  }
  if (place.entry.deleted) {
    folder_.erase(place.path);
  } else {
    answer.found = folder_[place.path] = {state, {.inode = ++inode_}};
    bases_.insert(state.content);
  }
  step(answer);
}

Hosts::Hosts(size_t count, Mode mode, Duration keep) : mode_(mode), keep_(keep) {
  for (uint32_t id = 1; id <= count; ++id)
    hosts_.push_back(std::unique_ptr<TestHost>(new TestHost(*this, id)));
  for (auto& host : hosts_) host->start();
  for (size_t a = 0; a < count; ++a)
    for (size_t b = a + 1; b < count; ++b) link(a, b);
}

TestHost* Hosts::of(NodeId node) {
  for (auto& host : hosts_)
    if (host->node() == node) return host.get();
  return nullptr;
}

void Hosts::link(size_t a, size_t b) {
  TestHost &one = *hosts_[a], &other = *hosts_[b];
  links_.insert({&one, &other});
  links_.insert({&other, &one});
  if (!one.running() || !other.running()) return;
  one.step(PeerUp{other.node(), HostId(other.id_), "peer"});
  other.step(PeerUp{one.node(), HostId(one.id_), "peer"});
  drain();
}

void Hosts::cut(size_t a, size_t b) {
  TestHost &one = *hosts_[a], &other = *hosts_[b];
  links_.erase({&one, &other});
  links_.erase({&other, &one});
  if (!one.running() || !other.running()) return;
  one.step(PeerDown{other.node()});
  other.step(PeerDown{one.node()});
  drain();
}

void Hosts::pass(Duration time) {
  const MonoTime end = mono_ + time;
  while (true) {
    MonoTime next = end;
    for (auto& host : hosts_)
      if (host->running()) next = std::min(next, host->wake_);
    next = std::max(next, mono_);
    wall_ += next - mono_;
    mono_ = next;
    bool any = false;
    for (auto& host : hosts_)
      if (host->running() && host->wake_ <= mono_) {
        host->wake_ = kNever;
        host->step(FileTick{});
        any = true;
      }
    drain();
    if (!any && mono_ >= end) return;
  }
}

}  // namespace cluster::sync
