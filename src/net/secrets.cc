#include "net/secrets.h"

#include <algorithm>

#include "base/ensure.h"
#include "net/background.h"
#include "net/crypto.h"

namespace cluster::net {
namespace {

constexpr size_t kSecretBytes = 48;
constexpr std::string_view kCachePrefix = "net/secret/";
constexpr std::string_view kCacheLabel = "cluster secrets cache 1";
constexpr std::string_view kLineLabel = "cluster hosts line 1";
constexpr std::string_view kPairLabel = "cluster pair 1";
constexpr std::string_view kNextLabel = "cluster next pair secret 1";
constexpr std::string_view kHashLabel = "cluster pair secret hash 1";

std::string cache_entry(HostId host) {
  return std::string(kCachePrefix) + std::to_string(host.value);
}

// What a sealed secret of a pair is bound to.
std::string bound_to(const NodeId& node, const Generation& generation) {
  return joined(kNextLabel, node.raw(), std::to_string(generation.count),
                std::to_string(generation.hash));
}

std::string bound_to(const HostLine& line) {
  return joined(kCacheLabel, std::to_string(line.id.value), line.name, line.passphrase);
}

}  // namespace

struct Secrets::Line {
  HostLine line;
  std::string output;  // empty: not derived yet
  bool deriving = false;

  ~Line() {
    wipe(output);
    wipe(line.passphrase);
  }
};

Secrets::Secrets(event_base* base, const Identity& identity, SecretCache cache)
    : cache_(std::move(cache)),
      cache_key_(identity.derive(kCacheLabel)),
      worker_(std::make_unique<Background>(base, 1)) {}

Secrets::~Secrets() { wipe(cache_key_); }

void Secrets::set_lines(HostId self, std::vector<HostLine> lines) {
  self_ = self;
  std::stable_sort(lines.begin(), lines.end(), [self](const HostLine& a, const HostLine& b) {
    return (a.id == self) > (b.id == self);
  });
  const bool all_at_once = lines.size() <= kDerivedAtOnce;
  std::map<HostId, std::unique_ptr<Line>> before = std::exchange(lines_, {});
  for (HostLine& line : lines) {
    const auto old = before.find(line.id);
    if (old != before.end() && old->second->line == line) {
      lines_.insert(before.extract(old));
      continue;
    }
    const std::optional<std::string> sealed =
        cache_.load ? cache_.load(cache_entry(line.id)) : std::nullopt;
    std::optional<std::string> output;
    if (sealed) output = unseal(cache_key_, *sealed, bound_to(line));
    auto entry = std::make_unique<Line>();
    if (output && output->size() == kSecretBytes) entry->output = std::move(*output);
    const auto access = access_.find(line.id);
    entry->line = std::move(line);
    if (all_at_once || entry->line.id == self ||
        (access != access_.end() && access->second.expected))
      derive(*entry, true);
    lines_[entry->line.id] = std::move(entry);
  }
  for (const auto& [id, gone] : before)
    if (!lines_.contains(id) && cache_.save) cache_.save(cache_entry(id), std::nullopt);
}

void Secrets::derive(Line& entry, bool awaited) const {
  if (!entry.output.empty() || std::exchange(entry.deriving, true)) return;
  const bool accepted = worker_->run([this, line = entry.line, awaited]() -> Background::Done {
    const std::string salt = joined(kLineLabel, std::to_string(line.id.value), line.name);
    return [this, line, awaited, output = scrypt(line.passphrase, salt, kSecretBytes)]() mutable {
      derived(line, std::move(output), awaited);
    };
  });
  // A hosts file has fewer lines than the worker's queue has room.
  ENSURE(accepted);
  awaited_ += awaited;
}

void Secrets::derived(const HostLine& line, std::string output, bool awaited) const {
  awaited_ -= awaited;
  // The line may have changed again meanwhile.
  const auto found = lines_.find(line.id);
  if (found != lines_.end() && found->second->line == line && found->second->output.empty()) {
    if (cache_.save) cache_.save(cache_entry(line.id), seal(cache_key_, output, bound_to(line)));
    found->second->output = std::move(output);
  }
  if (on_derived_) on_derived_(awaited && ready());
}

bool Secrets::deriving(HostId host) const {
  return std::any_of(lines_.begin(), lines_.end(), [&](const auto& entry) {
    const Line& line = *entry.second;
    return (entry.first == host || entry.first == self_) && line.deriving && line.output.empty();
  });
}

std::optional<std::string> Secrets::name(HostId host) const {
  const auto found = lines_.find(host);
  if (found == lines_.end()) return std::nullopt;
  return found->second->line.name;
}

void Secrets::set_access(core::SetAccess access) {
  const HostId host = access.host;
  const auto line = lines_.find(host);
  if (access.expected && line != lines_.end()) derive(*line->second, false);
  access_[host] = std::move(access);
}

core::PairSecret Secrets::derive_next(const Handshake::Peer& peer, uint64_t count) const {
  std::string secret = hkdf_sha256(peer.next_secret_key, "",
                                   joined(kNextLabel, std::to_string(count)), kSecretBytes);
  core::PairSecret next;
  next.generation.count = count;
  for (const char byte : sha256(joined(kHashLabel, secret)).substr(0, sizeof(uint64_t)))
    next.generation.hash = next.generation.hash << 8 | static_cast<uint8_t>(byte);
  next.sealed = seal(cache_key_, secret, bound_to(peer.node, next.generation));
  wipe(secret);
  return next;
}

std::vector<Credential> Secrets::credentials(HostId host, const NodeId& node) const {
  std::vector<Credential> known;
  const auto access = access_.find(host);
  if (access == access_.end()) return known;
  // Another key may prove the passphrases too: only who has proved them is told why he is refused.
  static const std::vector<core::PairSecret> initial(1);
  for (const core::PairSecret& secret :
       access->second.node == node ? access->second.secrets : initial) {
    if (secret.generation == Generation{}) {
      if (auto passphrases = of_passphrases(host)) known.push_back(std::move(*passphrases));
    } else if (auto plain = unseal(cache_key_, secret.sealed, bound_to(node, secret.generation))) {
      known.push_back({secret.generation, std::move(*plain)});
    }
  }
  return known;
}

std::optional<Credential> Secrets::of_passphrases(HostId host) const {
  const auto own = lines_.find(self_);
  const auto other = lines_.find(host);
  if (host == self_ || own == lines_.end() || other == lines_.end()) return std::nullopt;
  if (other->second->output.empty()) derive(*other->second, false);
  if (own->second->output.empty() || other->second->output.empty()) return std::nullopt;
  const Line& low = self_ < host ? *own->second : *other->second;
  const Line& high = self_ < host ? *other->second : *own->second;
  std::string both = joined(low.output, high.output);
  std::string info = joined(kPairLabel, std::to_string(low.line.id.value), low.line.name,
                            std::to_string(high.line.id.value), high.line.name);
  Credential initial{Generation{}, hkdf_sha256(both, "", info, kSecretBytes)};
  wipe(both);
  return initial;
}

std::optional<std::string> Secrets::admit(HostId host, const NodeId& node) const {
  const auto access = access_.find(host);
  if (access == access_.end()) return "nothing is known yet of who may come in";
  if (!access->second.node || access->second.node == node || access->second.open)
    return std::nullopt;
  const std::string called = name(host).value_or(std::to_string(host.value));
  return called + " is known by the key " + access->second.node->brief() + ", not by " +
         node.brief() + "; if it lost its state: clusterctl readmit " + called;
}

}  // namespace cluster::net
