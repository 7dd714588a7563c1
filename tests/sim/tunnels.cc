#include "tests/sim/tunnels.h"

#include <algorithm>
#include <cstring>

#include "base/digest.h"
#include "base/ensure.h"

namespace cluster::sim {

namespace {

// As the transport has it for all that is not authenticated.
constexpr Duration kHandshakeTime = seconds(5);

void append(std::string& out, uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

uint64_t number_at(const std::string& bytes, size_t at) {
  uint64_t number = 0;
  ENSURE(at + sizeof number <= bytes.size());
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

constexpr size_t kNumber = sizeof(uint64_t);

}  // namespace

Tunnels::End* Tunnels::find(const Key& key) {
  const auto it = ends_.find(key);
  return it == ends_.end() ? nullptr : &it->second;
}

Tunnels::End* Tunnels::find(MachineId at, LinkId link) {
  for (auto& [key, end] : ends_)
    if (key.first == at && end.link == link && link && !end.ending) return &end;
  return nullptr;
}

void Tunnels::deliver(const Key& key, core::Event event) {
  queue_.after(Duration(),
               [this, at = key.first, life = lives_[key.first], event = std::move(event)] {
                 if (life == lives_[at]) machines_.deliver(at, event);
               });
}

void Tunnels::perform(MachineId at, const core::OpenRelay& action) {
  const Key key{at, action.relay};
  ENSURE(!ends_.contains(key));
  End& end = ends_[key];
  end.open = action;
  end.room = action.room;
  end.early = rng_.chance(0.5);
  queue_.after(kHandshakeTime, [this, key, life = lives_[at]] {
    const End* late = find(key);
    if (life == lives_[key.first] && late != nullptr && !late->link)
      fail(key, "not authenticated in time");
  });
  if (!action.dials) return;
  end.session = next_session_++;
  std::string hello;
  append(hello, at);
  append(hello, end.session);
  for (MachineId peer = 0; peer < machines_.count(); ++peer) {
    if (machines_.node(peer) != action.node) continue;
    for (const core::Generation& known : machines_.credentials(at, peer)) {
      append(hello, known.count);
      append(hello, known.hash);
    }
    break;
  }
  say(key, end, Word::kHello, hello);
}

void Tunnels::perform(MachineId at, const core::RelayIn& action) {
  const Key key{at, action.relay};
  End* end = find(key);
  if (end == nullptr) return;
  end->in += action.bytes;
  while (end != nullptr && end->in.size() >= kNumber) {
    const uint64_t header = number_at(end->in, 0);
    const auto size = static_cast<size_t>(header >> 8);
    if (end->in.size() < kNumber + size) return;
    const std::string bytes = end->in.substr(kNumber, size);
    end->in.erase(0, kNumber + size);
    hear(key, *end, static_cast<Word>(header & 0xff), bytes);
    end = find(key);
  }
}

void Tunnels::perform(MachineId at, const core::RelayRoom& action) {
  const Key key{at, action.relay};
  End* end = find(key);
  if (end == nullptr) return;
  end->room += action.bytes;
  flush(key, *end);
}

void Tunnels::perform(MachineId at, const core::CloseRelay& action) {
  const Key key{at, action.relay};
  const End* end = find(key);
  if (end == nullptr) return;
  if (end->link && !end->ending) deliver(key, core::LinkDown{end->link, action.reason});
  ends_.erase(key);
}

bool Tunnels::send(MachineId at, LinkId link, const std::string& bytes) {
  End* end = find(at, link);
  if (end == nullptr) return false;
  say({at, end->open.relay}, *end, Word::kFrame, bytes);
  return true;
}

bool Tunnels::close(MachineId at, LinkId link) {
  End* end = find(at, link);
  if (end == nullptr) return false;
  const Key key{at, end->open.relay};
  end->ending = true;
  say(key, *end, Word::kGoodbye);
  return true;
}

std::optional<core::PairSecret> Tunnels::derive(MachineId at, LinkId link, uint64_t count) {
  const End* end = find(at, link);
  if (end == nullptr) return std::nullopt;
  const uint64_t hash =
      Digest().add(end->used.hash).add(end->session).add(end->used.count).add(count).value();
  return core::PairSecret{{count, hash}, "sealed " + std::to_string(hash)};
}

void Tunnels::engine_died(MachineId at) {
  ++lives_[at];
  std::erase_if(ends_, [at](const auto& entry) { return entry.first.first == at; });
}

bool Tunnels::joined(MachineId a, MachineId b) const {
  for (const auto& [key, end] : ends_)
    for (const auto& [other_key, other] : ends_)
      if (key.first == a && other_key.first == b && end.link && other.link &&
          end.session == other.session)
        return true;
  return false;
}

void Tunnels::say(const Key& key, End& end, Word word, const std::string& bytes) {
  append(end.out, uint64_t{bytes.size()} << 8 | static_cast<uint64_t>(word));
  end.out += bytes;
  flush(key, end);
}

void Tunnels::flush(const Key& key, End& end) {
  while (end.room > 0 && !end.out.empty()) {
    const size_t part = std::min({end.room, end.out.size(), core::kMaxRelayBytes});
    deliver(key, core::RelayOut{key.second, end.out.substr(0, part)});
    end.out.erase(0, part);
    end.room -= part;
  }
  if (!end.ending || !end.out.empty()) return;
  deliver(key, core::RelayEnded{key.second, "closed"});
  ends_.erase(key);
}

void Tunnels::fail(const Key& key, const std::string& why) {
  deliver(key, core::RelayEnded{key.second, why});
  ends_.erase(key);
}

void Tunnels::hear(const Key& key, End& end, Word word, const std::string& bytes) {
  if (end.ending) return;
  switch (word) {
    case Word::kHello: return hear_hello(key, end, bytes);
    case Word::kProof: return hear_proof(key, end, bytes);
    case Word::kOwnProof:
      if (!machines_.admits(key.first, end.peer) || machines_.node(end.peer) != end.open.node)
        return fail(key, "its key is not let in");
      if (bytes.empty()) say(key, end, Word::kWelcome);
      return up(key, end);
    case Word::kWelcome: return up(key, end);
    case Word::kFrame:
      if (end.link) deliver(key, core::Received{end.link, bytes});
      return;
    case Word::kGoodbye:
      if (end.link) deliver(key, core::LinkDown{end.link, "closed by the peer"});
      return fail(key, "closed by the peer");
  }
}

void Tunnels::hear_hello(const Key& key, End& end, const std::string& bytes) {
  end.peer = static_cast<MachineId>(number_at(bytes, 0));
  end.session = number_at(bytes, kNumber);
  std::vector<core::Generation> offered;
  for (size_t at = 2 * kNumber; at < bytes.size(); at += 2 * kNumber)
    offered.push_back({number_at(bytes, at), number_at(bytes, at + kNumber)});
  const auto used = network_.choose(end.peer, key.first, offered);
  if (!used) return fail(key, "no secret in common");
  end.used = *used;
  std::string proof;
  append(proof, key.first);
  append(proof, used->count);
  append(proof, used->hash);
  append(proof, machines_.admits(key.first, end.peer));
  say(key, end, Word::kProof, proof);
}

void Tunnels::hear_proof(const Key& key, End& end, const std::string& bytes) {
  end.peer = static_cast<MachineId>(number_at(bytes, 0));
  end.used = {number_at(bytes, kNumber), number_at(bytes, 2 * kNumber)};
  const auto peer = machines_.name_of(key.first, end.peer);
  if (!peer || peer->host != end.open.host || machines_.node(end.peer) != end.open.node ||
      !machines_.admits(key.first, end.peer))
    return fail(key, "the peer is not whom we wanted");
  // Its refusal is read together with its proof.
  if (number_at(bytes, 3 * kNumber) == 0) return fail(key, "it does not let this host in");
  say(key, end, Word::kOwnProof, end.early ? "early" : "");
  if (end.early) up(key, end);
}

void Tunnels::up(const Key& key, End& end) {
  if (end.link) return;
  const auto peer = machines_.name_of(key.first, end.peer);
  if (!peer) return fail(key, "the peer is not in the hosts file");
  end.link = LinkId(kFirstLink + 2 * end.session + (end.open.dials ? 0 : 1));
  deliver(key, core::LinkUp{end.link, machines_.node(end.peer), peer->host, peer->name, DialId(),
                            "relayed", end.used, key.second});
}

}  // namespace cluster::sim
