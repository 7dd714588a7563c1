#include "core/keyring.h"

#include <charconv>

#include "base/ensure.h"
#include "core/sound.h"
#include "wire/cluster.pb.h"

namespace cluster::core {

namespace {

constexpr std::string_view kBindingPrefix = "key/";
constexpr std::string_view kPairPrefix = "pair/";

template <class Function>
void each_below(const Stored& stored, std::string_view prefix, Function function) {
  for (auto it = stored.lower_bound(std::string(prefix));
       it != stored.end() && it->first.starts_with(prefix); ++it)
    function(it->first.substr(prefix.size()), it->second);
}

void set(wire::StoredPair::Secret& out, const PairSecret& secret) {
  out.set_count(secret.generation.count);
  out.set_hash(secret.generation.hash);
  out.set_sealed(secret.sealed);
}

PairSecret secret_of(const wire::StoredPair::Secret& stored) {
  return {{stored.count(), stored.hash()}, stored.sealed()};
}

Write to_write(const NodeId& node, const Keyring::Pair& pair) {
  wire::StoredPair stored;
  if (pair.kept) set(*stored.mutable_kept(), *pair.kept);
  if (pair.candidate) set(*stored.mutable_candidate(), *pair.candidate);
  stored.set_readmission(pair.readmission);
  return {std::string(kPairPrefix) + node.hex(), stored.SerializeAsString()};
}

Write to_write(const std::string& host_name, const Keyring::Binding& binding) {
  wire::StoredBinding stored;
  stored.set_node(binding.node.raw());
  stored.set_readmission(binding.readmission);
  return {std::string(kBindingPrefix) + host_name, stored.SerializeAsString()};
}

}  // namespace

void Keyring::load(const Stored& stored) {
  each_below(stored, kBindingPrefix, [&](const std::string& host_name, const std::string& bytes) {
    wire::StoredBinding kept;
    if (!kept.ParseFromString(bytes)) return;
    if (const auto node = NodeId::from_raw(kept.node()))
      bindings_[host_name] = {*node, kept.readmission()};
  });
  each_below(stored, kPairPrefix, [&](const std::string& hex, const std::string& bytes) {
    wire::StoredPair kept;
    const auto node = NodeId::from_hex(hex);
    if (!node || !kept.ParseFromString(bytes)) return;
    Pair& pair = pairs_[*node];
    if (kept.has_kept()) pair.kept = secret_of(kept.kept());
    if (kept.has_candidate()) pair.candidate = secret_of(kept.candidate());
    pair.readmission = kept.readmission();
  });
}

const Keyring::Binding* Keyring::binding(const std::string& host_name) const {
  auto it = bindings_.find(host_name);
  return it == bindings_.end() ? nullptr : &it->second;
}

const Keyring::Pair& Keyring::pair(const NodeId& node) const {
  static const Pair kNone;
  auto it = pairs_.find(node);
  return it == pairs_.end() ? kNone : it->second;
}

std::vector<PairSecret> Keyring::Pair::accepted(uint64_t readmissions) const {
  std::vector<PairSecret> out = {kept.value_or(PairSecret{})};
  if (candidate) out.push_back(*candidate);
  if (kept && passphrases_open(readmissions)) out.emplace_back();
  return out;
}

std::vector<Write> Keyring::bind(const std::string& host_name, const Binding& binding) {
  std::vector<Write> writes;
  auto it = bindings_.find(host_name);
  if (it != bindings_.end() && it->second == binding) return writes;
  if (it != bindings_.end() && it->second.node != binding.node && pairs_.erase(it->second.node) > 0)
    writes.push_back({std::string(kPairPrefix) + it->second.node.hex(), std::nullopt});
  bindings_[host_name] = binding;
  writes.push_back(to_write(host_name, binding));
  return writes;
}

bool Keyring::passphrases_open(const std::string& host_name) const {
  const Binding* known = binding(host_name);
  return known == nullptr || pair(known->node).passphrases_open(known->readmission);
}

std::vector<Write> Keyring::writes_of(const std::string& host_name, const NodeId& node,
                                      const Pair& pair) const {
  std::vector<Write> writes = {to_write(node, pair)};
  if (const Binding* known = binding(host_name)) writes.push_back(to_write(host_name, *known));
  return writes;
}

std::vector<Write> Keyring::writes_of(const std::string& host_name, const NodeId& node) const {
  return writes_of(host_name, node, pair(node));
}

std::vector<Write> Keyring::begin_anew(const std::string& host_name) {
  const Binding& known = bindings_.at(host_name);
  Pair& pair = pairs_[known.node];
  pair = {std::nullopt, std::nullopt, known.readmission};
  return writes_of(host_name, known.node, pair);
}

void Keyring::promote(const std::string& host_name, const NodeId& node) {
  Pair& pair = pairs_[node];
  ENSURE(pair.candidate);
  pair.kept = std::move(pair.candidate);
  pair.candidate.reset();
  if (const Binding* known = binding(host_name); known != nullptr && known->node == node)
    pair.readmission = known->readmission;
}

std::vector<Write> Keyring::forget_all_pairs() {
  std::vector<Write> writes;
  for (const auto& [node, pair] : pairs_)
    writes.push_back({std::string(kPairPrefix) + node.hex(), std::nullopt});
  pairs_.clear();
  return writes;
}

std::vector<Write> Keyring::with_candidate(const std::string& host_name, const NodeId& node,
                                           const PairSecret& candidate) const {
  Pair next = pair(node);
  next.candidate = candidate;
  return writes_of(host_name, node, next);
}

void Keyring::add_candidate(const NodeId& node, const PairSecret& candidate) {
  Pair& pair = pairs_[node];
  // What was proved while this was being stored stays.
  if (candidate.generation.count == pair.count() + 1) pair.candidate = candidate;
}

std::string to_text(const Keyring::Binding& binding) {
  return binding.node.hex() + " " + std::to_string(binding.readmission);
}

std::optional<Keyring::Binding> parse_binding(const std::string& text) {
  const size_t blank = text.find(' ');
  if (blank == std::string::npos) return std::nullopt;
  const auto node = NodeId::from_hex(std::string_view(text).substr(0, blank));
  Keyring::Binding out;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + blank + 1, end, out.readmission);
  if (!node || error != std::errc() || stop != end || out.readmission == 0 ||
      out.readmission > kMaxLeap)
    return std::nullopt;
  out.node = *node;
  return out;
}

}  // namespace cluster::core
