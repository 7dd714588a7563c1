// An operator's word that what is here is to be everywhere now: it is looked at, and answered once every host that can be
// reached has it, or why one has not.
#include <algorithm>

#include "sync/root.h"

namespace cluster::sync {

namespace {

// For so long it may take to get there.
constexpr Duration kPushPatience = minutes(2);
// What is being looked at already may have been read before the order came.
constexpr int kLooks = 2;

}  // namespace

bool Root::in_push(const Pushing& push, const std::string& path) {
  return push.path.empty() || path == push.path || path.starts_with(push.path + "/");
}

void Root::push(Context& context, const FileCommand& command) {
  const auto refuse = [&](const std::string& why) {
    context.emit(FileReply{command.request, true, why});
  };
  if (const std::string why = why_paused(); !why.empty())
    return refuse(config_.name + " is paused here: " + why);
  if (!active()) return refuse(config_.name + " has not been looked at as a whole yet");
  if (braked_) return refuse("deletes of " + config_.name + " are held back on this host");
  pushes_.push_back({command.request, command.path, 0, context.now.mono + kPushPatience});
  context.emit(Look{config_.name, command.path});
}

// Part of what is pushed was looked at.
void Root::looked_for_pushes(Context& context, const Scanned& seen) {
  for (Pushing& push : pushes_) {
    if (push.looks == kLooks) continue;
    const bool counts =
        push.path.empty()
            ? seen.whole
            : std::any_of(seen.sightings.begin(), seen.sightings.end(),
                          [&](const Sighting& sighting) { return sighting.path == push.path; });
    if (!counts) continue;
    if (++push.looks < kLooks) context.emit(Look{config_.name, push.path});
  }
}

// How far others must have our index to have all of it; nullopt: this host itself has not come to rest with it.
std::optional<uint64_t> Root::needed_for(const Pushing& push) const {
  const auto in = [&](const auto& entry) { return in_push(push, entry.first); };
  if (std::any_of(placing_.begin(), placing_.end(), in) ||
      std::any_of(offers_.begin(), offers_.end(), in) ||
      std::any_of(vanished_.begin(), vanished_.end(), in))
    return std::nullopt;
  uint64_t needed = 0;
  for (auto at = entries_.lower_bound(push.path); at != entries_.end(); ++at) {
    if (!at->first.starts_with(push.path)) break;
    if (in(*at)) needed = std::max(needed, at->second.sequence);
  }
  return needed;
}

std::string Root::why_not_there(const Peer& peer, std::optional<uint64_t> needed) {
  if (!peer.apart.empty()) return peer.apart;
  if (!peer.paused.empty()) return "it is paused there: " + peer.paused;
  if (!needed || peer.they_have < *needed) return "it has not got it yet";
  return "";
}

void Root::drive_pushes(Context& context) {
  for (auto at = pushes_.begin(); at != pushes_.end();) {
    const bool late = context.now.mono >= at->give_up_at;
    if (at->looks < kLooks && !late) {
      ++at;
      continue;
    }
    const std::string what = at->path.empty() ? config_.name : at->path;
    if (at->looks < kLooks) {
      context.emit(FileReply{at->request, true, what + " could not be looked at on this host"});
      at = pushes_.erase(at);
      continue;
    }
    const Held* there = at->path.empty() ? nullptr : held(at->path);
    if (!at->path.empty() && (there == nullptr || there->deleted || vanished_.contains(at->path))) {
      context.emit(FileReply{at->request, true, "nothing is at " + what + " on this host"});
      at = pushes_.erase(at);
      continue;
    }
    const auto needed = needed_for(*at);
    std::string missing;
    size_t having = 0;
    for (const auto& [node, peer] : peers_) {
      const std::string why = why_not_there(peer, needed);
      if (why.empty()) {
        ++having;
      } else {
        missing += "\n" + peer.name + ": " + why;
      }
    }
    const bool done = needed && missing.empty();
    if (!done && !late && std::none_of(peers_.begin(), peers_.end(), [](const auto& peer) {
          return !peer.second.apart.empty() || !peer.second.paused.empty();
        })) {
      ++at;
      continue;
    }
    std::string text = what;
    if (done) {
      text.append(" is on ").append(std::to_string(having));
      text.append(having == 1 ? " other host" : " other hosts");
    } else {
      text.append(" is not everywhere:").append(missing);
    }
    context.emit(FileReply{at->request, !done, std::move(text)});
    at = pushes_.erase(at);
  }
}

void Root::end_pushes(Context& context) {
  for (const Pushing& push : pushes_)
    context.emit(FileReply{push.request, true, config_.name + " is no longer kept alike here"});
  pushes_.clear();
}

}  // namespace cluster::sync
