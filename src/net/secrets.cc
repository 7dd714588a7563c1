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

std::string cache_entry(HostId host) {
  return std::string(kCachePrefix) + std::to_string(host.value);
}

std::string bound_to(const HostLine& line) {
  return joined(kCacheLabel, std::to_string(line.id.value), line.name, line.passphrase);
}

}  // namespace

struct Secrets::Line {
  HostLine line;
  std::string output;  // empty: being derived

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
    if (output && output->size() == kSecretBytes)
      entry->output = std::move(*output);
    else
      derive(line);
    entry->line = std::move(line);
    lines_[entry->line.id] = std::move(entry);
  }
  for (const auto& [id, gone] : before)
    if (!lines_.contains(id) && cache_.save) cache_.save(cache_entry(id), std::nullopt);
}

void Secrets::derive(const HostLine& line) {
  const bool accepted = worker_->run([this, line]() -> Background::Done {
    const std::string salt = joined(kLineLabel, std::to_string(line.id.value), line.name);
    return [this, line, output = scrypt(line.passphrase, salt, kSecretBytes)]() mutable {
      derived(line, std::move(output));
    };
  });
  // A hosts file has fewer lines than the worker's queue has room.
  ENSURE(accepted);
  ++deriving_;
}

void Secrets::derived(const HostLine& line, std::string output) {
  --deriving_;
  // The line may have changed again meanwhile.
  const auto found = lines_.find(line.id);
  if (found != lines_.end() && found->second->line == line && found->second->output.empty()) {
    if (cache_.save) cache_.save(cache_entry(line.id), seal(cache_key_, output, bound_to(line)));
    found->second->output = std::move(output);
  }
  if (ready() && ready_changed_) ready_changed_();
}

bool Secrets::ready() const { return deriving_ == 0; }

std::optional<std::string> Secrets::name(HostId host) const {
  const auto found = lines_.find(host);
  if (found == lines_.end()) return std::nullopt;
  return found->second->line.name;
}

std::vector<Credential> Secrets::credentials(HostId host) const {
  const auto own = lines_.find(self_);
  const auto other = lines_.find(host);
  if (host == self_ || own == lines_.end() || other == lines_.end() ||
      own->second->output.empty() || other->second->output.empty())
    return {};
  const Line& low = self_ < host ? *own->second : *other->second;
  const Line& high = self_ < host ? *other->second : *own->second;
  std::string both = joined(low.output, high.output);
  std::string info = joined(kPairLabel, std::to_string(low.line.id.value), low.line.name,
                            std::to_string(high.line.id.value), high.line.name);
  std::vector<Credential> known;
  known.push_back({Generation{}, hkdf_sha256(both, "", info, kSecretBytes)});
  wipe(both);
  return known;
}

std::optional<std::string> Secrets::admit(HostId host, const NodeId& node,
                                          const std::string& spki) const {
  return admission_ ? admission_(host, node, spki) : std::nullopt;
}

}  // namespace cluster::net
